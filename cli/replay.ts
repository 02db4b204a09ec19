import { Command, InvalidArgumentError } from 'commander'
import type { SourcedDataset } from '#core/datasets.ts'
import { parseDay } from '#core/day.ts'
import { datasetNames, findDataset } from '#core/find-dataset.ts'
import type { StackFile } from '#local/stack-file.ts'
import { dryRun } from '#operations/history/dry-run.ts'
import type { SpanParts } from '#operations/history/explode-span.ts'
import { type WindowRange, windowsOfDays } from '#operations/history/raw-span.ts'
import { newReplay, runReplay } from '#operations/history/replay.ts'
import { openReplayLog, readReplays } from '#operations/history/replay-log.ts'
import { wouldChange } from '#operations/history/stage.ts'
import { refuseOlderVersion } from '#operations/normalizer/versions.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import { openProducer } from '#platform/kafka/produce.ts'
import { readConfig, tracingSettings } from '#platform/process/config.ts'
import { UserError } from '#platform/process/user-error.ts'
import { startTracing } from '#platform/tracing/trace.ts'
import type { Replay } from '#schemas/generated/records.ts'
import type { Dataset } from '#sources/source.ts'
import { abortWhenStackStops } from './abort-when-stack-stops.ts'
import { dataDirectory, findRunningStack } from './directories.ts'
import { requireSameNormalizer } from './normalizer-versions.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { beginsText, dryRunText, replayedText } from './replay-report.ts'
import { connectTo } from './stack-clients.ts'
import { readingInto, type StepProgress, stepProgress } from './step-progress.ts'
import { withParts } from './with-parts.ts'

interface ReplayOptions {
  from?: string
  to?: string
  dryRun?: boolean
  rate?: number
  resume?: string
  why?: string
  data?: string
  json?: boolean
}

const wouldChangeCode = 3
const goneAfterMs = 10_000

export const replay = (): Command =>
  new Command('replay')
    .description("run today's explode over all answers ever fetched; what it no longer yields is erased")
    .argument('<dataset>', datasetNames())
    .option('--from <day>', "first delivery day, YYYY-MM-DD, in the dataset's zone (default: the first there is)")
    .option('--to <day>', 'last delivery day, included (default: the last there is)')
    .option('--dry-run', 'change nothing: say what would change; exit code 0 when nothing, 3 when something would')
    .option('--rate <answers>', 'answers a second at the most (default: as fast as live data stay fresh)', rate)
    .option('--resume <id>', 'go on with a replay that was interrupted')
    .option('--why <text>', 'the reason, for the audit in table and topic replays')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print what came of it as JSON')
    .addHelpText(
      'after',
      '\nSafe to interrupt at any moment and to do twice. The running normalizer must be of this release. To roll back,\nrelease the old code under a higher transform version and replay.',
    )
    .action(run)

function rate(text: string): number {
  const answers = Number(text)
  if (Number.isFinite(answers) && answers > 0) return answers
  throw new InvalidArgumentError('a number of answers a second, greater than 0.')
}

async function run(name: string, options: ReplayOptions): Promise<void> {
  const sourced = findDataset(name)
  const windows = readDays(sourced.dataset, options.from, options.to)
  if (options.resume !== undefined && (options.from || options.to || options.dryRun)) {
    throw new UserError(
      '--resume goes on with the days of the replay that it names: leave --from, --to and --dry-run out.',
    )
  }
  const stack = findRunningStack(options.data)
  const work = async () => {
    const clients = connectTo(stack, 'replay')
    const producer = await openProducer(clients.kafka)
    const progress = stepProgress(process.stderr)
    const parts = { ...clients, producer }
    try {
      if (options.dryRun) {
        const find = () => dryRun(parts, sourced, windows, readingInto(progress), progress.say)
        const found = await oneAtATime(stack, 'replay-dry-run', find)
        progress.stop()
        process.stdout.write(
          options.json ? `${JSON.stringify(found)}\n` : dryRunText(found, sourced.dataset.records?.topics),
        )
        if (!options.json)
          process.stderr.write(`nothing was written${wouldChange(found) ? '; without --dry-run it is done' : ''}\n`)
        if (wouldChange(found)) process.exitCode = wouldChangeCode
        return
      }
      const wanted =
        options.resume === undefined
          ? await newReplay(parts, sourced, windows, options.why ?? '')
          : await interrupted(parts, sourced, options.resume)
      await oneAtATime(stack, `replay-${wanted.id}`, () => doReplay(stack, parts, sourced, wanted, options, progress))
    } finally {
      progress.stop()
      await producer.disconnect()
      await clients.store.close()
    }
  }
  await abortWhenStackStops(stack, goneAfterMs, () => withParts(stack, work))
}

async function doReplay(
  stack: StackFile,
  parts: SpanParts & { store: Store },
  sourced: SourcedDataset,
  wanted: Replay,
  options: ReplayOptions,
  progress: StepProgress,
): Promise<void> {
  const tracing = readConfig(tracingSettings)
  await requireSameNormalizer(stack, [sourced.dataset])
  refuseOlderVersion(sourced.dataset, wanted.fromVersion)
  if (wanted.state === 'finished') {
    throw new UserError(`Replay ${wanted.id} has finished (${wanted.message}): there is nothing to resume.`)
  }
  const log = await openReplayLog(parts.registry, parts.producer)
  const tellLoss = (_: object, text: string) => progress.say(text)
  const stopTracing = await startTracing('replay', tracing, { warn: tellLoss, info: () => {} })
  const replayed = await runReplay(parts, log, {
    ...{ sourced, replay: wanted, answersPerS: options.rate, progress: readingInto(progress) },
    announced: () => progress.say(beginsText('replay', wanted.id, ` ${wanted.dataset}`)),
    say: progress.say,
  }).finally(stopTracing)
  progress.stop()
  process.stdout.write(options.json ? `${JSON.stringify(replayed)}\n` : replayedText(replayed))
}

async function interrupted(parts: SpanParts, { dataset }: SourcedDataset, id: string): Promise<Replay> {
  const replays = await readReplays(parts.kafka, parts.registry)
  const found = replays.find((known) => known.id === id)
  if (found?.kind !== 'replay' || found.dataset !== dataset.name) {
    const open = replays.filter(({ kind, state, dataset: of }) => {
      return kind === 'replay' && state !== 'finished' && of === dataset.name
    })
    const names = open.map((known) => known.id).join(', ') || 'none'
    throw new UserError(`There is no replay ${id} of ${dataset.name}; not finished: ${names}.`)
  }
  if (found.toVersion === dataset.transformVersion) return found
  throw new UserError(
    `Replay ${id} began with transform version ${found.toVersion}, this release has ${dataset.transformVersion}: start a new one.`,
  )
}

/** @throws UserError if a day is invalid, or if `from` is after `to` */
function readDays(dataset: Dataset, from: string | undefined, to: string | undefined): WindowRange {
  const first = from === undefined ? undefined : parseDay('--from', from)
  const last = to === undefined ? undefined : parseDay('--to', to)
  if (first !== undefined && last !== undefined && first > last) {
    throw new UserError(`--from ${first} is after --to ${last}: the first day comes first.`)
  }
  return windowsOfDays(dataset.calendar.zone, first, last)
}
