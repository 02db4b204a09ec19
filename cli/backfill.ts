import { Command } from 'commander'
import { Problem } from '#infra/local/problem.ts'
import type { StackFile } from '#infra/local/stack-file.ts'
import { createKafka, type Kafka } from '#platform/kafka/client.ts'
import { follow } from '#platform/kafka/follow.ts'
import { endsOf } from '#platform/kafka/progress.ts'
import { openRegistry, type Registry } from '#platform/kafka/registry.ts'
import type { BusinessDay } from '#platform/polling/business-day.ts'
import { partitionOfHost } from '#platform/polling/host.ts'
import { requestIdentity } from '#platform/polling/request-identity.ts'
import { requestWindows } from '#platform/polling/request-windows.ts'
import { createRequests } from '#platform/polling/requests.ts'
import { kafkaSettings, readConfig, registrySettings } from '#platform/process/config.ts'
import { pause } from '#platform/process/retry.ts'
import type { Poll } from '#schemas/generated/records.ts'
import { deadLetterTopic, pollPartitions, pollsTopic, rawTopic } from '#schemas/topics.ts'
import { sources } from '#sources/index.ts'
import { backfillDays } from './backfill-days.ts'
import { createProgress } from './backfill-progress.ts'
import { reportOf, reportText } from './backfill-report.ts'
import { findRunningStack } from './directories.ts'
import { pollerStatus } from './poller-status.ts'
import { refusals, untilQueryable } from './until-queryable.ts'

interface BackfillOptions {
  from: string
  to: string
  data?: string
  json?: boolean
}

export const backfill = (): Command =>
  new Command('backfill')
    .description('fetch windows of the past, also those that are held; returns when their rows can be queried')
    .argument('<dataset>', sources.flatMap(({ datasets }) => datasets.map(({ name }) => name)).join(', '))
    .requiredOption('--from <day>', "first day, YYYY-MM-DD, in the dataset's zone")
    .requiredOption('--to <day>', 'last day, included')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)')
    .option('--json', 'print what came of it as JSON')
    .addHelpText(
      'after',
      '\nExit code 1 when a window could not be fetched; one that had nothing yet, or only a part, is named and no error.\nCan be interrupted and started again: the poller goes on with what was asked for.',
    )
    .action(run)

async function run(name: string, options: BackfillOptions): Promise<void> {
  const { source, dataset } = find(name)
  const stack = findRunningStack(options.data)
  const { now, datasets } = await pollerStatus(stack)
  const days = backfillDays(dataset, options.from, options.to, Date.parse(now))
  const host = datasets.find((known) => known.dataset === name)?.host
  if (host === undefined) throw new Problem(`The running poller does not know ${name}: is it of another version?`)
  const config = readConfig(
    { ...kafkaSettings, ...registrySettings },
    { ...process.env, KAFKA_BROKERS: stack.endpoints.kafka, SCHEMA_REGISTRY_URL: stack.endpoints.registry },
  )
  const parts = { kafka: createKafka(config, 'tidemark-backfill'), registry: openRegistry(config) }
  const letters = { dlq: deadLetterTopic(source).name, raw: rawTopic(source).name }
  const lettersBefore = (await endsOf(parts.kafka, letters.dlq)).get(0) ?? 0

  const polls = await pollAll(stack, parts, { dataset: name, host, days })
  if (!options.json) process.stderr.write('fetched; waiting until the rows can be queried\n')
  await untilQueryable(parts.kafka, source)
  const refused = await refusals(parts.kafka, letters, lettersBefore)

  const report = reportOf(
    name,
    polls.map(({ day, poll }) => ({ day, poll, refusal: refused.get(`${poll.rawPartition}/${poll.rawOffset}`) })),
  )
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : reportText(report))
  if (report.failed.length > 0) process.exitCode = 1
}

function find(name: string) {
  for (const { name: source, datasets } of sources) {
    const dataset = datasets.find((known) => known.name === name)
    if (dataset !== undefined) return { source, dataset }
  }
  const names = sources.flatMap(({ datasets }) => datasets.map((dataset) => dataset.name)).join(', ')
  throw new Problem(`There is no dataset ${name}; there is: ${names}.`)
}

interface Wanted {
  dataset: string
  host: string
  days: BusinessDay[]
}

const lookEveryMs = 500

/** Asks for all windows and follows `polls` until each was polled well, or in vain as often as the poller tries. */
async function pollAll(
  stack: StackFile,
  { kafka, registry }: { kafka: Kafka; registry: Registry },
  { dataset, host, days }: Wanted,
): Promise<{ day: string; poll: Poll }[]> {
  const partition = partitionOfHost(host, pollPartitions)
  const offset = (await endsOf(kafka, pollsTopic.name)).get(partition) ?? 0
  const requests = createRequests()
  const windows = days.map(({ window }) => window)
  const written = await requestWindows(kafka, registry, { dataset, host, windows, requestedBy: 'tidemark backfill' })
  for (const { request, at } of written) requests.ask(request, at)

  const last = new Map<string, Poll>()
  const decoder = registry.decoder('Poll')
  const stop = await follow(kafka, { topic: pollsTopic.name, partition, offset }, async (records) => {
    await decoder.prepare(records.map(({ value }) => value))
    for (const { value, writtenAtMs } of records) {
      const poll = decoder.decode(value)
      if ('reason' in poll) continue
      const before = requests.open().length
      // A poll in the lane of requests answers, whatever clocks did since; the poller counts in the same way.
      const { requestIdentity: identity, lane } = poll
      requests.polled(poll, writtenAtMs, lane === 'requested' ? requests.newestOffset(identity) : undefined)
      if (requests.open().length < before) last.set(poll.requestIdentity, poll)
    }
  })
  const progress = createProgress(days.length, process.stderr)
  const interrupted = (): void => {
    progress.stop()
    process.stderr.write('interrupted: the poller goes on with what was asked for; start it again to see the end\n')
    process.exit(130)
  }
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
  try {
    for (;;) {
      const status = await pollerStatus(stack).catch(() => undefined)
      progress.show(
        last.size,
        status?.budgets.find((budget) => budget.host === host),
      )
      if (requests.open().length === 0) break
      await pause(lookEveryMs)
    }
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
    progress.stop()
    await stop()
  }
  return days.map(({ day, window }) => ({ day, poll: last.get(requestIdentity(dataset, window)) as Poll }))
}
