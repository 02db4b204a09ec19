import { Command } from 'commander'
import { dayAt } from '#core/business-day.ts'
import type { StackFile } from '#local/stack-file.ts'
import { untilQueryable } from '#operations/history/until-queryable.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import { boundOf } from '#platform/clickhouse/deletions.ts'
import { endsOf } from '#platform/kafka/progress.ts'
import { Problem } from '#platform/process/problem.ts'
import { deadLetterTopic, rawTopic, timeseriesTopic } from '#schemas/topics.ts'
import type { Dataset } from '#sources/source.ts'
import { dataDirectory, findRunningStack } from '../directories.ts'
import { datasetNames, findDataset } from '../find-dataset.ts'
import { datasetThatIsPolled, patientPollerStatus } from '../poller-status.ts'
import { connectTo } from '../stack-clients.ts'
import { whileStackRuns } from '../stack-gone.ts'
import { reportOf, reportText } from './backfill-report.ts'
import { type BackfillWindow, backfillWindows, noPast } from './backfill-windows.ts'
import { pollAll } from './poll-all.ts'
import { refusals } from './refused-answers.ts'

interface BackfillOptions {
  from: string
  to: string
  data?: string
  json?: boolean
  confirmEmpty?: boolean
}

/** The supervisor starts a poller that ended within some seconds. */
const pollerPatienceMs = 30_000
/** A stack that is stopped and started at once is away for less. */
const goneAfterMs = 10_000

export const backfill = (): Command =>
  new Command('backfill')
    .description('fetch windows of the past, also those that are held; returns when their rows can be queried')
    .argument('<dataset>', datasetNames())
    .requiredOption('--from <day>', "first day, YYYY-MM-DD, in the dataset's zone")
    .requiredOption('--to <day>', 'last day, included')
    .option(
      '--confirm-empty',
      'believe at once that a window is empty which upstream answers without rows: it withdraws every value of that window',
    )
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print what came of it as JSON')
    .addHelpText(
      'after',
      '\nOf what upstream no longer has the values stay. A window that ended at most REVISIT_DAILY_DAYS ago is asked for again, and a second empty answer at least 10 minutes later withdraws them; of an older one --confirm-empty alone does. They stay known as of the time before, and come back with the next answer that has rows.\nExit code 1 when a window could not be fetched; one that had nothing yet, or only a part, is named and no error.\nCan be interrupted and started again: the poller goes on with what was asked for.',
    )
    .action(run)

async function run(name: string, options: BackfillOptions): Promise<void> {
  const stack = findRunningStack(options.data)
  await whileStackRuns(stack, goneAfterMs, (gone) => backfillFrom(stack, name, options, gone))
}

async function backfillFrom(stack: StackFile, name: string, options: BackfillOptions, gone: AbortSignal) {
  const { source, dataset } = findDataset(name)
  if (dataset.calendar.kind !== 'days') throw noPast(dataset)
  const { now, datasets } = await patientPollerStatus(stack, pollerPatienceMs, () => {
    process.stderr.write('the poller does not answer: waiting for it\n')
  })
  const { host, subjects } = datasetThatIsPolled(datasets, name)
  const windows = backfillWindows(dataset, subjects, options.from, options.to, Date.parse(now))
  const parts = connectTo(stack, 'backfill')
  await refuseDeleted(parts.store, dataset, windows)
  const confirmsEmpty = options.confirmEmpty ?? false
  const letters = { dlq: deadLetterTopic(source.name).name, raw: rawTopic(source.name).name }
  const lettersBefore = (await endsOf(parts.kafka, letters.dlq)).get(0) ?? 0

  const polls = await pollAll(stack, parts, { dataset: name, host, windows, confirmsEmpty }, gone)
  if (!options.json) process.stderr.write('fetched; waiting until the rows can be queried\n')
  await untilQueryable(parts.kafka, source)
  const slices = { topic: timeseriesTopic(source.name).name, registry: parts.registry }
  const refused = await refusals(parts.kafka, letters, lettersBefore, slices)

  const report = reportOf(
    name,
    { from: options.from, to: options.to },
    polls.map(({ name: day, poll, places }) => {
      const refusal = places.map((place) => refused.get(place)).find((why) => why !== undefined)
      return { day, poll, refusal }
    }),
    confirmsEmpty,
  )
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : reportText(report))
  if (report.failed.length > 0) process.exitCode = 1
}

/** @throws Problem when the first of the days was deleted: its answers would be fetched, and not stored */
async function refuseDeleted(
  store: Store,
  { name, calendar }: Dataset,
  windows: readonly BackfillWindow[],
): Promise<void> {
  const bound = await boundOf(store, name).finally(() => store.close())
  const [first] = windows
  if (bound === undefined || first === undefined || first.window.startMs >= bound) return
  const kept = dayAt(calendar.zone, bound)
  throw new Problem(
    `${name} was deleted before ${kept} for good, and nothing of ${first.name} would be stored: begin with --from ${kept}.`,
  )
}
