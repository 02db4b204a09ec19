import { Command } from 'commander'
import { type BackupStatus, mebibytes } from '#local/backup-schedule.ts'
import { sourceLine } from '#operations/report/source-states.ts'
import { printable } from '#platform/process/printable.ts'
import { aligned } from './aligned.ts'
import { dataDirectory, findRunningStack, findStack, nothingRuns } from './directories.ts'
import {
  type DatasetStatus,
  inspect,
  type PartStatus,
  type PausedHost,
  type Status,
  type UnreachableHost,
} from './inspect.ts'

export const status = (): Command =>
  new Command('status')
    .description('endpoints, health and version of each part, consumer lag, rows, polls; exit 1 unless all is healthy')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print it as JSON')
    .action(run)

async function run(options: { data?: string; json?: boolean }): Promise<void> {
  if (options.json && findStack(options.data) === undefined) {
    const problems = [`${nothingRuns(options.data)}.`]
    process.stdout.write(`${JSON.stringify({ healthy: false, problems, stack: null })}\n`)
    process.exitCode = 1
    return
  }
  const found = await inspect(findRunningStack(options.data), process.env)
  process.stdout.write(options.json ? `${JSON.stringify(found)}\n` : `${statusText(found)}\n`)
  if (!found.healthy) process.exitCode = 1
}

export function statusText(status: Status): string {
  const {
    healthy,
    stack,
    parts,
    lag,
    rows,
    datasets,
    sources,
    paused,
    silent,
    unfinished,
    parked,
    deadLetters,
    backups,
  } = status
  const unknown = ['  (not known)']
  return [
    `tidemark ${stack.version}, ${healthy ? 'healthy' : stack.state === 'ready' ? 'NOT HEALTHY' : 'starting'}, source ${stack.source.toUpperCase()}${parkedWord(parked?.length ?? 0)}`,
    `data in ${stack.dataDir}, process ${stack.pid}, since ${stack.startedAt}`,
    `console ${stack.endpoints.console}/, API ${stack.endpoints.api}/api/v1`,
    '',
    'Parts',
    ...columns(parts.map(partColumns)),
    '',
    'Behind (records)',
    ...(lag ? lagLines(lag) : unknown),
    '',
    'Rows stored',
    ...(rows ? rowLines(rows) : unknown),
    ...sourceLines(sources ?? []),
    '',
    'Polls (UTC)',
    ...datasetLines(datasets, paused ?? [], silent ?? []),
    ...silentLines(silent ?? []),
    ...pausedLines(paused ?? []),
    ...failureLines(datasets, silent ?? []),
    ...unfinishedLines(unfinished ?? []),
    ...parkedLines(parked ?? []),
    ...letterLines(deadLetters ?? []),
    '',
    'Backups (UTC)',
    ...(backups ? backupLines(backups) : unknown),
  ].join('\n')
}

const parkedWord = (count: number): string => (count === 0 ? '' : `, ${counted(count)} PARKED`)

const sourceLines = (sources: NonNullable<Status['sources']>): string[] =>
  sources.length === 0
    ? []
    : [
        '',
        'Complete (local time; `npx tidemark report` says more)',
        ...sources.map((source) => `  ${printable(sourceLine(source))}`),
      ]

const rowLines = (rows: NonNullable<Status['rows']>): string[] =>
  columns(
    Object.entries(rows).map(([name, { rows: count, beforeMerging }]) => {
      const text = count.toLocaleString('en')
      return [name, beforeMerging ? `${text} before merging (a row that came again counts again)` : text]
    }),
  )

function lagLines(lag: NonNullable<Status['lag']>): string[] {
  const behind = lag.filter(({ records }) => records > 0)
  const done = lag.length - behind.length
  return [
    ...columns(behind.map(({ group, topic, records }) => [group, topic, String(records)])),
    ...(done > 0
      ? [`  nothing in ${behind.length > 0 ? 'the other ' : ''}${done === 1 ? '1 topic' : `${done} topics`}`]
      : []),
  ]
}

/**
 * Returns a line for each active dataset. Counts inactive ones by reason: no API key, switched off, only on request.
 */
function datasetLines(
  datasets: Status['datasets'],
  paused: readonly PausedHost[],
  silent: readonly UnreachableHost[],
): string[] {
  const kinds = Map.groupBy(datasets, kindOf)
  const of = (kind: ReturnType<typeof kindOf>) => kinds.get(kind) ?? []
  const off = of('off')
  const counts = off.length > maxNamed
  const kindsShown = counts ? ['named'] : ['named', 'off']
  const shown = datasets.filter((dataset) => kindsShown.includes(kindOf(dataset)))
  const waiting = Map.groupBy(of('needs'), ({ offBecause }) => offBecause)
  const onDemand = of('on-demand').length
  return [
    ...columns(shown.map((dataset) => datasetColumns(dataset, paused, silent))),
    ...[...waiting].map(([why, { length }]) => `  ${counted(length)} not polled: ${why}`),
    ...(counts ? [...Map.groupBy(off, offWord)].map(([why, { length }]) => `  ${counted(length)} OFF (${why})`) : []),
    ...(onDemand > 0 ? [`  ${counted(onDemand)} on demand only: \`npx tidemark catalogue\` names them`] : []),
  ]
}

function kindOf({
  schedule,
  off,
  offBecause,
  lastPollAt,
  askedFor,
}: DatasetStatus): 'needs' | 'named' | 'off' | 'on-demand' {
  if (offBecause?.startsWith('needs ')) return 'needs'
  if (lastPollAt !== null || askedFor) return 'named'
  if (off.length > 0) return 'off'
  return schedule === 'on-demand' ? 'on-demand' : 'named'
}

const datasetColumns = (
  { dataset, off, offBecause, lastPollAt, lastOutcome, askedFor, ...due }: DatasetStatus,
  paused: readonly PausedHost[],
  silent: readonly UnreachableHost[],
): string[] => [
  dataset,
  lastPollAt ? `last ${lastPollAt} ${lastOutcome ?? ''}`.trimEnd() : 'not polled yet',
  off.includes('poller') ? 'not polled' : dueWords(due, paused, silent),
  askedFor ? `asked for: ${askedFor === 1 ? '1 window' : `${askedFor} windows`} waiting` : '',
  off.length > 0 ? `OFF at ${off.join(' and ')} (${offWord({ offBecause })})` : '',
]

/** Returns what switched a dataset off. If only the normalizer leaves it out, it was the setting. */
const offWord = ({ offBecause }: Pick<DatasetStatus, 'offBecause'>): string => offBecause ?? 'DATASET_SCHEDULES'

function dueWords(
  { schedule, nextDueAt, host }: Pick<DatasetStatus, 'schedule' | 'nextDueAt' | 'host'>,
  paused: readonly PausedHost[],
  silent: readonly UnreachableHost[],
): string {
  const pause = paused.find((one) => one.host === host)
  if (pause) return `paused until ${pause.until} by upstream: ${printable(pause.reason)}`
  if (silent.some((one) => one.host === host)) return 'its host does not answer'
  if (schedule === 'on-demand') return 'on demand'
  return nextDueAt ? `next ${nextDueAt}` : 'next not known'
}

const maxNamed = 5

const counted = (count: number): string => (count === 1 ? '1 dataset' : `${count} datasets`)

const pausedLines = (paused: readonly PausedHost[]): string[] => {
  if (paused.length === 0) return []
  const lines = paused.map(({ host, sources, until, reason }) => [
    sources.join(', '),
    host,
    `until ${until}`,
    printable(reason),
  ])
  return ['', 'Left alone, as upstream asked (`tidemark resume HOST` asks again at once)', ...columns(lines)]
}

const silentLines = (silent: readonly UnreachableHost[]): string[] => {
  if (silent.length === 0) return []
  const lines = silent.map(({ sources, since, reason, nextTryAt }) => [
    sources.join(', '),
    `since ${since}`,
    `tried again at ${nextTryAt}`,
    printable(reason),
  ])
  return ['', 'NOT ANSWERING (UTC)', ...columns(lines)]
}

const letterLines = (letters: NonNullable<Status['deadLetters']>): string[] => {
  if (letters.length === 0) return []
  const lines = letters.map(({ reason, dataset, letters: count, topic }) =>
    reason === null
      ? [count.toLocaleString('en'), `records on ${topic}: too many to be read for this`]
      : [count.toLocaleString('en'), printable(reason), printable(dataset ?? '-'), `on ${topic}`],
  )
  return ['', 'Open dead letters (`npx tidemark dlq list --each` names them)', ...columns(lines)]
}

function backupLines({ last, schedule, lastFailure }: BackupStatus): string[] {
  const { nextAt, everyH, keep, directory } = schedule ?? {}
  return [
    last ? `  last good ${last.at}, ${mebibytes(last.bytes)} in ${last.path}` : '  no good one is known',
    schedule
      ? `  next ${nextAt}, every ${everyH} h; ${keep} are kept in ${directory}`
      : '  none is scheduled: BACKUP_DIRECTORY is not set',
    ...(lastFailure ? [`  FAILED at ${lastFailure.at}: ${printable(lastFailure.error)}`] : []),
  ]
}

/** Shortens a text to 60 characters, because a request can name a hundred symbols. */
const shortened = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text)

/** Returns a line for each dataset's last failure. Skips failures of hosts that are listed as unreachable. */
const failureLines = (datasets: Status['datasets'], silent: readonly UnreachableHost[]): string[] => {
  const lines = datasets.flatMap(({ dataset, lastFailure }) => {
    if (lastFailure === null || silent.some(({ reason }) => reason === lastFailure.error)) return []
    const { at, outcome, request, error } = lastFailure
    return [[dataset, `${at} ${outcome}`, shortened(printable(request)), printable(error ?? '')]]
  })
  return lines.length === 0 ? [] : ['', 'Failed last, and not answered well since (UTC)', ...columns(lines)]
}

const unfinishedLines = (unfinished: NonNullable<Status['unfinished']>): string[] => {
  if (unfinished.length === 0) return []
  const lines = unfinished.map(({ id, kind, dataset, who, startedAt }) => [
    `${kind} ${dataset}`,
    `since ${startedAt} by ${printable(who)}`,
    `if it was interrupted: --resume ${id}`,
  ])
  return ['', 'History being done again', ...columns(lines)]
}

const parkedLines = (parked: NonNullable<Status['parked']>): string[] => {
  if (parked.length === 0) return []
  const lines = parked.map(({ dataset, at, message }) => [dataset, `since ${at}`, printable(message)])
  return ['', 'Parked (mend it, then `tidemark dlq release DATASET`)', ...columns(lines)]
}

const partColumns = ({ name, healthy, problem, version, address, pid, restarts }: PartStatus): string[] => [
  healthy ? '✔' : '✘',
  name,
  version ?? '-',
  address,
  pid === null
    ? 'elsewhere'
    : `pid ${pid}${restarts > 0 ? `, started again ${restarts === 1 ? 'once' : `${restarts} times`}` : ''}`,
  problem ?? '',
]

const columns = (lines: string[][]): string[] => aligned(lines).map((line) => `  ${line}`)
