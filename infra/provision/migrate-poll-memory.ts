// Fills topic poller-memory from topic `polls` once, for data of releases that had no poller-memory.

import {
  type MemoryRecord,
  migrationMarkerKey,
  migrationMarkerPartition,
  migrationMarkerRecord,
} from '#core/memory-records.ts'
import { type Kafka, withAdmin } from '#platform/kafka/client.ts'
import { withProducer } from '#platform/kafka/produce.ts'
import { offsetRange, readRanges, recordsIn, type TopicRanges } from '#platform/kafka/read-range.ts'
import { DecodeFailure, type Registry } from '#platform/kafka/registry.ts'
import { pause } from '#platform/process/retry.ts'
import { slowNotice } from '#platform/process/slow-notice.ts'
import { UserError } from '#platform/process/user-error.ts'
import { pollerMemorySchema, pollSchema } from '#schemas/generated/records.ts'
import { pollerMemoryTopic, pollsTopic } from '#schemas/topics.ts'
import { createPollsFold, type PollsFold } from './polls-fold.ts'

export interface MigratedPolls {
  polls: number
  identities: number
  seconds: number
}

export interface PollMemoryMigration {
  kafka: Kafka
  registry: Registry
  say: (text: string) => void
  /** Timeout for a killed poller to leave its consumer group, ms; default 20 s. */
  patienceMs?: number
}

/**
 * Reads topic `polls`, and writes the newest poll of each identity and the pauses of hosts to the poller's memory. Then
 * writes a record that marks the memory as complete. If that record exists, does nothing and returns undefined. Safe to
 * repeat after a crash. Must run before retention shortens `polls`.
 * @throws UserError if pollers run
 */
export async function migratePollMemory(options: PollMemoryMigration): Promise<MigratedPolls | undefined> {
  const { kafka, registry, say } = options
  if (await isMigrated(kafka)) return undefined
  const startedMs = performance.now()
  const span = await offsetRange(kafka, pollsTopic.name)
  const records = recordsIn(span.values())
  if (records > 0) {
    await refuseWhilePollersRun(options)
    say(`carrying over ${records.toLocaleString('en')} polls to ${pollerMemoryTopic.name}, once`)
  }
  const { fold, polls } = await foldPolls(kafka, registry, span, say)
  return withProducer(kafka, async (producer) => {
    const encode = await registry.encoder(pollerMemoryTopic.name, pollerMemorySchema)
    const write = (partition: number, memories: readonly MemoryRecord[]) =>
      producer.send(
        pollerMemoryTopic.name,
        memories.map(({ key, record }) => ({ key, value: encode(record), partition })),
      )
    for (const [partition, memories] of fold.records()) await write(partition, memories)
    if (records > 0) await refuseWhilePollersRun(options)
    const identities = fold.identities()
    await write(migrationMarkerPartition, [migrationMarkerRecord({ at: Date.now(), polls, identities })])
    return { polls, identities, seconds: Math.round(performance.now() - startedMs) / 1_000 }
  })
}

async function isMigrated(kafka: Kafka): Promise<boolean> {
  const span = (await offsetRange(kafka, pollerMemoryTopic.name)).get(migrationMarkerPartition)
  let found = false
  await readRanges(kafka, pollerMemoryTopic.name, new Map(span && [[migrationMarkerPartition, span]]), (records) => {
    found ||= records.some((record) => record.key?.toString() === migrationMarkerKey)
  })
  return found
}

/** Default of `patienceMs`. A killed poller stays in its consumer group until its session times out. */
const defaultPatienceMs = 20_000

/** @throws UserError if the group `poller` still has members after `patienceMs` */
async function refuseWhilePollersRun({
  kafka,
  say,
  patienceMs = defaultPatienceMs,
}: PollMemoryMigration): Promise<void> {
  const waiting = slowNotice(say)
  return withAdmin(kafka, async (admin) => {
    for (const endMs = performance.now() + patienceMs; ; await pause(200)) {
      const { groups } = await admin.describeGroups(['poller'])
      const members = groups.flatMap((group) => group.members)
      if (members.length === 0) return
      const hosts = [...new Set(members.map(({ clientHost }) => clientHost.replace(/^\//, '')))].join(', ')
      if (performance.now() > endMs) {
        throw new UserError(
          `Pollers are running (at ${hosts}), and what polls tells is to be carried over to ${pollerMemoryTopic.name} first: stop them and start again.`,
        )
      }
      waiting(`waiting until the pollers at ${hosts} are gone`)
    }
  })
}

const sayEveryMs = 5_000

async function foldPolls(
  kafka: Kafka,
  registry: Registry,
  span: TopicRanges,
  say: (text: string) => void,
): Promise<{ fold: PollsFold; polls: number }> {
  const fold = createPollsFold(Date.now())
  const decoder = registry.decoder(pollSchema)
  const all = recordsIn(span.values()).toLocaleString('en')
  let polls = 0
  let saidMs = performance.now()
  await readRanges(kafka, pollsTopic.name, span, async (records) => {
    await decoder.prepare(records.map(({ value }) => value))
    for (const { value, ...at } of records) {
      const poll = decoder.decode(value)
      if (value === null || poll instanceof DecodeFailure)
        say(`passed over a record of polls at ${at.partition}/${at.offset}`)
      else fold.take(poll, value, at)
    }
    polls += records.length
    if (performance.now() - saidMs < sayEveryMs) return
    saidMs = performance.now()
    say(`${polls.toLocaleString('en')} of ${all} polls read`)
  })
  return { fold, polls }
}
