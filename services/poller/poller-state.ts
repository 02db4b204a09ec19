// The state that a poller builds from the records of poller-memory and poll-requests, in the order of reading.

import { type IdentityProgress, progressOf } from '#core/memory-records.ts'
import { createRequests, type Requests } from '#core/requests.ts'
import type { ReadRecord } from '#platform/kafka/own-partitions.ts'
import { DecodeFailure, type Registry } from '#platform/kafka/registry.ts'
import {
  type IdentityMemory,
  type Poll,
  pollerMemorySchema,
  pollRequestSchema,
  pollSchema,
} from '#schemas/generated/records.ts'
import { pollerMemoryTopic, pollRequestsTopic } from '#schemas/topics.ts'
import { createMemory, type Memory } from './memory.ts'
import type { Metrics } from './metrics.ts'
import type { PollDependencies } from './poll-window.ts'
import { createRecentPolls, type RecentPollKeeper } from './recent-polls.ts'
import { createRecordedAnswers, type RecordedAnswers } from './reconstruct-poll.ts'
import { createFailures, type Failures } from './status.ts'
import { createUnloggedPolls, type UnloggedPolls } from './unlogged-polls.ts'

export interface PollerState {
  memory: Memory
  requests: Requests
  recent: RecentPollKeeper
  unlogged: UnloggedPolls
  recorded: RecordedAnswers
  failures: Failures
  /**
   * Outdated polls that a slow poller wrote over newer memory, by request identity. Until the newer memory is written
   * again, compaction may delete it.
   */
  overwritten: Map<string, Poll>
  isMigrated: boolean
}

export function createPollerState({ log }: Pick<PollDependencies, 'log'>, metrics: Metrics): PollerState {
  const memory = createMemory(({ requestIdentity, poller, memory: { lastGoodFetchedAt, lastChangedAt } }) => {
    metrics.memoriesAhead.inc()
    const details = { requestIdentity, poller, lastGoodFetchedAt, lastChangedAt }
    log.warn(details, 'a poll from more than a day ahead of the clock: its time is not built upon')
  })
  return {
    ...{ memory, requests: createRequests(), recent: createRecentPolls(), unlogged: createUnloggedPolls() },
    ...{ recorded: createRecordedAnswers(), failures: createFailures(), overwritten: new Map(), isMigrated: false },
  }
}

export const carriedFor =
  (
    { memory, requests }: Pick<PollerState, 'memory' | 'requests'>,
    host: string,
  ): ((identity: string) => IdentityProgress) =>
  (identity) => ({
    raw: memory.remembered(identity)?.raw ?? null,
    requests: requests.progressOf(identity, host),
  })

interface LoopSignals {
  wake: () => void
  lift: () => void
  restore: () => void
}

interface ReaderParts {
  registry: Registry
  deps: Pick<PollDependencies, 'clock' | 'log'>
  metrics: Metrics
}

/** Returns a reader of poller-memory and poll-requests that updates `known` and signals the host loops. */
export function createReader(
  parts: ReaderParts,
  known: PollerState,
  loops: ReadonlyMap<string, LoopSignals>,
): (records: ReadRecord[]) => Promise<void> {
  const readMemory = memoryReader(parts, known)
  const readRequests = requestReader(parts, known, loops)
  return async (records) => {
    if (records[0]?.topic === pollRequestsTopic.name) {
      await readRequests(records)
      for (const loop of loops.values()) loop.wake()
      return
    }
    await readMemory(records)
    if (known.overwritten.size > 0) for (const loop of loops.values()) loop.restore()
  }
}

const passOver = ({ deps, metrics }: ReaderParts, topic: string, offset: number, message: string): void => {
  metrics.unreadableRecords.inc({ topic })
  deps.log.warn({ topic, offset }, `passed over a record that cannot be read: ${message}`)
}

function requestReader(parts: ReaderParts, known: PollerState, loops: ReadonlyMap<string, LoopSignals>) {
  const requests = parts.registry.decoder(pollRequestSchema)
  return async (records: ReadRecord[]): Promise<void> => {
    await requests.prepare(records.map(({ value }) => value))
    for (const { topic, value, ...at } of records) {
      const request = requests.decode(value)
      if (request instanceof DecodeFailure) passOver(parts, topic, at.offset, request.message)
      else if (request.liftsPauseOf === null) known.requests.addRequest(request, at)
      else if (known.recent.lifted(request.liftsPauseOf, at)) {
        const { liftsPauseOf: host, requestedBy } = request
        parts.deps.log.info({ host, requestedBy }, 'a pause of this host up to now is lifted')
        loops.get(host)?.lift()
      }
    }
  }
}

function memoryReader(parts: ReaderParts, known: PollerState) {
  const memories = parts.registry.decoder(pollerMemorySchema)
  const polls = parts.registry.decoder(pollSchema)
  const topic = pollerMemoryTopic.name
  return async (records: ReadRecord[]): Promise<void> => {
    await memories.prepare(records.map(({ value }) => value))
    const read = records.map(({ value, ...at }) => ({ ...at, memory: memories.decode(value) }))
    await polls.prepare(
      read.map(({ memory }) => (memory instanceof DecodeFailure ? null : (memory.identity?.poll ?? null))),
    )
    for (const { memory, ...at } of read) {
      if (memory instanceof DecodeFailure) {
        passOver(parts, topic, at.offset, memory.message)
        continue
      }
      known.recent.remembered(at)
      if (memory.host !== null) known.recent.paused(memory.host, at)
      if (memory.carriedOver !== null) known.isMigrated = true
      if (memory.identity === null) continue
      const poll = polls.decode(memory.identity.poll)
      if (poll instanceof DecodeFailure) passOver(parts, topic, at.offset, poll.message)
      else takeIdentity(parts, known, memory.identity, poll, at)
    }
  }
}

function takeIdentity(
  { deps }: ReaderParts,
  known: PollerState,
  identity: IdentityMemory,
  poll: Poll,
  at: Pick<ReadRecord, 'partition' | 'writtenAtMs'>,
): void {
  const { raw, requests } = progressOf(identity)
  const name = poll.requestIdentity
  const isOlder = known.memory.remember(poll, deps.clock.now(), { polledAt: identity.polledAt, raw })
  if (isOlder) known.overwritten.set(name, poll)
  else known.overwritten.delete(name)
  known.requests.addProgress(name, poll.host, requests)
  if (raw !== null) known.recorded.seen({ dataset: poll.dataset, rawPartition: raw.partition, rawOffset: raw.offset })
  known.unlogged.remembered(poll, identity.inLog, at)
  known.failures.seen(poll)
}
