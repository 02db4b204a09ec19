import { Command } from 'commander'
import { parseDay } from '#core/day.ts'
import { datasetNames, findDataset } from '#core/find-dataset.ts'
import { readStoreInstant } from '#core/instant.ts'
import type { StackFile } from '#local/stack-file.ts'
import { requireWindows } from '#operations/report/calendar.ts'
import { type ReadReport, type ReportRequest, readReport } from '#operations/report/report.ts'
import { UserError } from '#platform/process/user-error.ts'
import { abortWhenStackStops } from '../abort-when-stack-stops.ts'
import { openReader, storeProblem } from '../ask-store.ts'
import { dataDirectory, findRunningStack } from '../directories.ts'
import { stackNowMs } from '../stack-now.ts'
import { reportCsv } from './report-csv.ts'
import { instantText, reportText } from './report-text.ts'

interface ReportOptions {
  from?: string
  to?: string
  at?: string
  json?: boolean
  csv?: boolean
  data?: string
}

/** Timeout after which report gives up when the stack is gone, ms. */
const goneAfterMs = 10_000
/** A longer span is a mistake in a year. */
const maxDays = 40 * 366

export const report = (): Command =>
  new Command('report')
    .description('what is there and what is missing: a calendar by dataset, gaps, punctuality, revisions, refusals')
    .argument('[dataset]', `${datasetNames()} (default: all)`)
    .option('--from <day>', 'first day, local time of the dataset (default: 30 days before today)')
    .option('--to <day>', 'last day (default: tomorrow)')
    .option('--at <time>', 'as it was known then (default: the newest instant before which every answer is stored)')
    .option('--json', 'print it as JSON')
    .option('--csv', 'print a row a window as CSV')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .addHelpText(
      'after',
      '\nExit code 3 when a window is late or partial, or more than 1 % of the ticks of the last 24 hours are lost. A window\nthat was first asked for when its time was over does not count. docs/completeness.md says what the classes mean.',
    )
    .action(run)

async function run(name: string | undefined, options: ReportOptions): Promise<void> {
  const asked = readOptions(name, options)
  const stack = findRunningStack(options.data)
  const found = await abortWhenStackStops(stack, goneAfterMs, () => reportIn(stack, asked))
  const columns = process.stdout.columns ?? 100
  const text = (): string => `${reportText(found.report, columns, asked.dataset !== null)}\n`
  if (asked.atMs === null) process.stderr.write(`${instantText(found.settled)}\n`)
  process.stdout.write(
    options.json ? `${JSON.stringify(found.report)}\n` : options.csv ? reportCsv(found.windows) : text(),
  )
  if (found.report.alarms.length > 0) process.exitCode = 3
}

/** @throws UserError if the options do not fit */
export function readOptions(name: string | undefined, options: ReportOptions): Omit<ReportRequest, 'nowMs'> {
  const { json, csv, at } = options
  if (json && csv) throw new UserError('--json and --csv exclude each other: name one of them.')
  const found = name === undefined ? null : findDataset(name).dataset
  if (found !== null) requireWindows(found)
  if ((options.from === undefined) !== (options.to === undefined))
    throw new UserError('--from and --to belong together: name both days.')
  const days =
    options.from === undefined || options.to === undefined
      ? null
      : { from: parseDay('--from', options.from), to: parseDay('--to', options.to) }
  if (days !== null && days.from > days.to) throw new UserError(`--from ${days.from} is after --to ${days.to}.`)
  if (days !== null && Date.parse(days.to) - Date.parse(days.from) > maxDays * 86_400_000)
    throw new UserError(`--from ${days.from} to ${days.to} is more than 40 years: name fewer days.`)
  return { dataset: found?.name ?? null, days, atMs: at === undefined ? null : readStoreInstant(at, '--at') }
}

async function reportIn(stack: StackFile, asked: Omit<ReportRequest, 'nowMs'>): Promise<ReadReport> {
  const store = openReader(stack)
  try {
    return await readReport(store, { ...asked, nowMs: await stackNowMs(stack) })
  } catch (error) {
    throw storeProblem(stack, error as Error)
  } finally {
    await store.close()
  }
}
