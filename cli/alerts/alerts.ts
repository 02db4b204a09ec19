import { Command } from 'commander'
import { describeEvent } from '#core/alerts/describe-rule.ts'
import { queryDataset } from '#core/alerts/rule.ts'
import { readInstant } from '#core/instant.ts'
import { checkTell } from '#operations/alerts/endpoints.ts'
import { alertEvent, alertHistory, deliveriesOf, unknownRules } from '#operations/alerts/history.ts'
import { queryRuns } from '#operations/alerts/query-runs.ts'
import { deleteRule, findRule, listRules, readRules, saveRule } from '#operations/alerts/rules.ts'
import { checkRuleMemory } from '#operations/alerts/selected-series.ts'
import { endSilence, heldBack, listSilences, silence } from '#operations/alerts/silences.ts'
import { checkQuery } from '#operations/alerts/test-query.ts'
import { printable } from '#platform/process/printable.ts'
import { UserError } from '#platform/process/user-error.ts'
import { utcText } from '#platform/process/utc-text.ts'
import { whoAmI } from '#platform/process/who.ts'
import { aligned } from '../aligned.ts'
import { endpointCommands } from './endpoints.ts'
import { type AlertClients, type AlertOptions, print, readWritten, withAlerts, withOptions } from './parts.ts'
import { type JudgedNow, reasonLines, ruleLines } from './rule-lines.ts'
import { silenceLines } from './silence-lines.ts'
import { testCommand } from './test-rule.ts'

export const alerts = (): Command =>
  new Command('alerts')
    .description('save alert rules, test them on the past, silence them, and show their history')
    .addCommand(withOptions(new Command('list')).description('all rules').action(list))
    .addCommand(
      withOptions(new Command('show')).description('a rule as JSON, which `set` takes').argument('<rule>').action(show),
    )
    .addCommand(
      withOptions(new Command('set'))
        .description('save a rule, or several; each change is a version')
        .argument('<file>', 'JSON: a rule or a list of rules; - reads standard input')
        .option('--why <text>', 'the reason, which is kept with the version', '')
        .action(set),
    )
    .addCommand(
      withOptions(new Command('delete'))
        .description('delete a rule; its history stays')
        .argument('<rule>')
        .option('--why <text>', 'the reason', '')
        .action(remove),
    )
    .addCommand(testCommand())
    .addCommand(
      withOptions(new Command('history'))
        .description('what was told, the newest first')
        .argument('[rule]')
        .option('--since <instant>', 'such as 2026-11-20T00:00Z (default: a week ago)')
        .option('--limit <n>', 'how many at most', '50')
        .action(history),
    )
    .addCommand(
      withOptions(new Command('explain'))
        .description('the numbers behind an alert, and to whom it was told')
        .argument('<id>', 'as `history` and the messages name it; its first 8 characters are enough')
        .action(explain),
    )
    .addCommand(
      withOptions(new Command('silence'))
        .description('do not send alerts for a while; they are still in the history')
        .argument('[rule]', 'id of the rule; * stands for any characters', '*')
        .requiredOption('--for <duration>', 'such as PT2H or P1D')
        .requiredOption('--why <text>', 'the reason')
        .option('--dataset <name>', 'only of this dataset', '*')
        .option('--key <key>', 'only of this key', '*')
        .action(silenceRules),
    )
    .addCommand(withOptions(new Command('silences')).description('the silences that are not over').action(silences))
    .addCommand(
      withOptions(new Command('unsilence')).description('end a silence now').argument('<id>').action(unsilence),
    )
    .addCommand(endpointCommands())

async function list(options: AlertOptions): Promise<void> {
  const { rules, runs, unknown } = await withAlerts(options, async (parts) => ({
    rules: await listRules(parts),
    ...(await judgedNow(parts)),
  }))
  if (options.json)
    return print(
      rules.map(({ rule, ...rest }) => ({
        ...{ ...rest, rule: JSON.parse(rule), query: runs.get(rest.id) ?? null },
        unknown: unknown?.filter(({ ruleId }) => ruleId === rest.id) ?? null,
      })),
    )
  if (rules.length === 0)
    return void process.stderr.write(
      'there is no rule yet; examples/alerts/ has some: `npx tidemark alerts set FILE`\n',
    )
  process.stdout.write(`${ruleLines(rules, { runs, unknown }).join('\n')}\n`)
  if (unknown === null) process.stderr.write(unknownIsUnknown)
}

const unknownIsUnknown = 'the store does not answer: whether a rule is unknown cannot be said\n'

/** How rules are judged now: what the alerter says, and what it told. */
const judgedNow = async ({ store, stack, nowMs }: AlertClients): Promise<JudgedNow> => ({
  runs: await queryRuns(stack.endpoints.health.alerter),
  unknown: await unknownRules(store, await nowMs()),
})

async function show(id: string, options: AlertOptions): Promise<void> {
  const { found, now } = await withAlerts(options, async (parts) => ({
    found: await findRule(parts, id),
    now: await judgedNow(parts),
  }))
  process.stdout.write(`${JSON.stringify(JSON.parse(found.rule), null, 2)}\n`)
  for (const line of reasonLines(found, now)) process.stderr.write(`${line}\n`)
  if (now.unknown === null) process.stderr.write(unknownIsUnknown)
}

async function set(file: string, options: AlertOptions & { why: string }): Promise<void> {
  const rules = readRules(await readWritten(file))
  const saved = await withAlerts(options, async (parts) => {
    await checkTell(parts, rules)
    const records = []
    const nowMs = await parts.nowMs()
    for (const rule of rules) {
      await checkRuleMemory(parts.store, rule)
      await checkQuery(parts.reader, rule, nowMs)
    }
    for (const rule of rules) records.push(await saveRule(parts, rule, { by: whoAmI(), why: options.why }))
    return records
  })
  if (options.json) return print(saved.map(({ id, version }) => ({ id, version })))
  for (const { id, version } of saved) process.stdout.write(`${id} is saved as version ${version}\n`)
}

async function remove(id: string, options: AlertOptions & { why: string }): Promise<void> {
  await withAlerts(options, (parts) => deleteRule(parts, id, { by: whoAmI(), why: options.why }))
  process.stdout.write(`${id} is deleted; \`npx tidemark alerts history ${id}\` shows what it told\n`)
}

const weekMs = 7 * 86_400_000

async function history(
  rule: string | undefined,
  options: AlertOptions & { since?: string; limit: string },
): Promise<void> {
  const limit = Number(options.limit)
  if (!Number.isInteger(limit) || limit < 1 || limit > 10_000)
    throw new UserError(`--limit ${options.limit} is not a number from 1 to 10000.`)
  const sinceMs = options.since === undefined ? undefined : readInstant(options.since, '--since')
  const events = await withAlerts(options, async ({ store, nowMs }) =>
    alertHistory(store, { ruleId: rule ?? null, sinceMs: sinceMs ?? (await nowMs()) - weekMs, limit }),
  )
  if (options.json) return print(events)
  if (events.length === 0) return void process.stderr.write('nothing was told in this time\n')
  for (const event of events) process.stdout.write(`${event.id.slice(0, 8)}  ${describeEvent(event)}\n`)
}

async function explain(id: string, options: AlertOptions): Promise<void> {
  const { event, deliveries } = await withAlerts(options, async ({ store }) => {
    const found = await alertEvent(store, id)
    return { event: found, deliveries: await deliveriesOf(store, found.id) }
  })
  if (options.json) return print({ ...event, deliveries })
  const source = event.dataset.split('.')[0]
  const lines = [
    describeEvent(event),
    '',
    ...aligned([
      ['id', event.id],
      ['rule', `${event.ruleId}, version ${event.ruleVersion}, of ${event.owner}`],
      ['judged', `${utcText(event.at)}`],
      ['known', `${utcText(event.knownAt)}`],
      ['answer', event.rawOffset < 0 ? 'none' : `${source}.raw ${event.rawPartition}/${event.rawOffset}`],
    ]),
    '',
    ...deliveries.map(({ endpoint, state, attempts, endedAt, detail }) => {
      const when = endedAt === null ? '' : ` ${utcText(endedAt)}`
      return printable(`${endpoint}: ${state}${when}, ${attempts} attempts${detail === null ? '' : `, ${detail}`}`)
    }),
    ...(deliveries.length === 0 ? ['It was told to nobody: the rule names no endpoint.'] : []),
    ...(event.value === null || event.dataset === queryDataset ? [] : ['', bytesHint(event)]),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

const bytesHint = ({ dataset, key, pointAt }: { dataset: string; key: string; pointAt: number }): string =>
  `The bytes: npx tidemark explain ${dataset} '${key}' ${new Date(pointAt).toISOString()}`

interface SilenceOptions extends AlertOptions {
  for: string
  why: string
  dataset: string
  key: string
}

async function silenceRules(rule: string, options: SilenceOptions): Promise<void> {
  const { dataset, key, why } = options
  let untilMs: number
  try {
    untilMs = Temporal.Now.instant().toZonedDateTimeISO('UTC').add(options.for).epochMilliseconds
  } catch {
    throw new UserError(`--for ${options.for} is not a length of time such as PT2H or P1D.`)
  }
  const made = await withAlerts(options, (parts) => silence(parts, { rule, dataset, key, untilMs, why, by: whoAmI() }))
  process.stdout.write(`silence ${made.id} lasts until ${utcText(made.untilAt)}\n`)
}

async function silences(options: AlertOptions): Promise<void> {
  const { all, held } = await withAlerts(options, async (parts) => {
    const all = await listSilences(parts)
    return { all, held: await heldBack(parts.store, all, await parts.nowMs()) }
  })
  if (options.json) return print(all.map((each) => ({ ...each, holdsBack: held.get(each.id) ?? 0 })))
  if (all.length === 0) return void process.stderr.write('nothing is silenced\n')
  process.stdout.write(`${silenceLines(all, held).join('\n')}\n`)
}

async function unsilence(id: string, options: AlertOptions): Promise<void> {
  const { untilAt } = await withAlerts(options, (parts) => endSilence(parts, id))
  process.stdout.write(`silence ${id} is over since ${utcText(untilAt)}\n`)
}
