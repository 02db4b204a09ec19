import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { isOfWindows, isQuery, type QueryCondition, type Rule, ruleSchema } from '#core/alerts/rule.ts'
import type { Transition } from '#core/alerts/transition.ts'
import { readInstant } from '#core/instant.ts'
import { type Backtest, backtest } from '#operations/alerts/backtest.ts'
import { findRule, readRules } from '#operations/alerts/rules.ts'
import { namesInstant, queryInstants } from '#operations/alerts/test-query.ts'
import { UserError } from '#platform/process/user-error.ts'
import { utcText } from '#platform/process/utc-text.ts'
import { aligned } from '../aligned.ts'
import { type AlertOptions, print, readWritten, withAlerts, withOptions } from './parts.ts'

interface TestOptions extends AlertOptions {
  from?: string
  to?: string
  asKnown?: boolean
}

const monthMs = 30 * 86_400_000
const maxLines = 50

export const testCommand = (): Command =>
  withOptions(new Command('test'))
    .description('when a rule would have alerted in the past, by the code of the alerter')
    .argument('<rule>', 'id of a saved rule, or a file with rules; - reads standard input')
    .option('--from <instant>', 'such as 2026-11-01T00:00Z (default: 30 days ago)')
    .option('--to <instant>', 'default: now')
    .option('--as-known', 'judge each point by what was known when it became known, not by the values of today')
    .action(run)

async function run(named: string, options: TestOptions): Promise<void> {
  const { json, asKnown: isAsKnown = false } = options
  const isFile = named === '-' || existsSync(named)
  const written = isFile ? readRules(await readWritten(named)) : undefined
  const results = await withAlerts(options, async (parts) => {
    const toMs = options.to === undefined ? await parts.nowMs() : readInstant(options.to, '--to')
    const fromMs = options.from === undefined ? toMs - monthMs : readInstant(options.from, '--from')
    if (fromMs >= toMs) throw new UserError('--from lies behind --to.')
    const saved = written === undefined ? await findRule(parts, named) : undefined
    const rules = written ?? [ruleSchema.parse(JSON.parse(saved?.rule ?? ''))]
    const tested: { rule: Rule; result: Backtest }[] = []
    for (const rule of rules) {
      // A file of examples has rules of all kinds.
      if (rules.length > 1 && isOfWindows(rule.when)) {
        process.stderr.write(`${rule.id} is about windows, not values: it is passed over\n`)
        continue
      }
      const request = { rule, version: saved?.version ?? 1, fromMs, toMs, isAsKnown }
      if (isQuery(rule.when)) announce(rule.id, rule.when, fromMs, toMs)
      tested.push({ rule, result: await backtest(isQuery(rule.when) ? parts.reader : parts.store, request) })
    }
    return tested
  })
  if (json) return print(results.map(({ rule, result }) => ({ rule: rule.id, ...result })))
  for (const { rule, result } of results) process.stdout.write(reportOf(rule, result, isAsKnown))
}

function announce(id: string, when: QueryCondition, fromMs: number, toMs: number): void {
  const runs = queryInstants(when, fromMs, toMs).length
  const how = namesInstant(when.sql)
    ? `the query is asked ${runs} times about the past`
    : 'the query is asked once, now: to test it on the past, write {at:DateTime64(3)} in place of now()'
  process.stderr.write(`${id}: ${how}\n`)
}

function reportOf(
  { id }: Rule,
  { transitions, series, points, undefinedPoints = 0, runs }: Backtest,
  isAsKnown: boolean,
): string {
  const fired = transitions.filter(({ kind }) => kind === 'firing' || kind === 'happened')
  const shown = fired.slice(-maxLines).map((each) => line(each, transitions))
  const head = ['since', 'until', 'lasted', 'series', 'value', 'compared']
  const lines = shown.length > 0 ? aligned([head, ...shown]) : []
  if (fired.length > maxLines) lines.push(`(the last ${maxLines} of them; --json prints all)`)
  const times = fired.length === 1 ? 'once' : `${fired.length} times`
  const judgedRows = `${points} rows of ${series} keys in ${runs === 1 ? 'one answer' : `${runs} answers`}`
  const judgedPoints = `${points} points of ${series} series, ${isAsKnown ? 'as they were known' : 'as they are known now'}`
  lines.push(`${id} would have alerted ${times}: ${runs === undefined ? judgedPoints : judgedRows}.`)
  if (undefinedPoints > 0)
    lines.push(
      `For ${undefinedPoints} of them the condition was undefined: too few samples in the window, or a ratio to zero or below.`,
    )
  return `${lines.join('\n')}\n`
}

function line({ id, onsetMs, endsMs, dataset, key, facts }: Transition, all: readonly Transition[]): string[] {
  const end = endsMs ?? all.find(({ firingId, kind }) => firingId === id && kind === 'resolved')?.endsMs ?? null
  const lasted = end === null ? '' : lengthText(end - onsetMs)
  const figures = [facts.value, facts.compared].map((value) =>
    value === null ? '' : String(Number(value.toPrecision(6))),
  )
  return [utcText(onsetMs), end === null ? 'still' : utcText(end), lasted, `${dataset} ${key}`, ...figures]
}

function lengthText(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  if (minutes === 0) return `${Math.round(ms / 1_000)} s`
  if (minutes < 60) return `${minutes} min`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
