// What a new owner does before it polls a host: it reads the rest of the state, and completes what the last owner
// began.

import { partitionOfHost } from '#core/host.ts'
import type { Host } from '#core/hosts.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import type { ReadRecord } from '#platform/kafka/own-partitions.ts'
import { offsetRange, rangesBetween, readRanges } from '#platform/kafka/read-range.ts'
import { DecodeFailure, type Registry } from '#platform/kafka/registry.ts'
import { pause } from '#platform/process/retry.ts'
import { pollSchema, rawResponseSchema } from '#schemas/generated/records.ts'
import { filesLane, pollerMemoryTopic, pollPartitions, pollsTopic, rawTopic } from '#schemas/topics.ts'
import type { Metrics } from './metrics.ts'
import { type LeaseGuard, type PollDependencies, record } from './poll-window.ts'
import { carriedFor, type PollerState } from './poller-state.ts'
import { reconstructPoll, sourceOf } from './reconstruct-poll.ts'

export interface TakeOver {
  /**
   * Prepares a host for polling. Reads the other partitions of poller-memory once: if an upstream had another address
   * before, its records are in another partition. Reads the end of the poll log. Writes missing polls and overwritten
   * memory. Retries each step until the signal aborts.
   */
  host: (host: Host, lease: LeaseGuard, assigned: readonly number[], signal: AbortSignal) => Promise<void>
  /** If raw holds an answer of the identity whose poll is not recorded, records that poll. */
  identity: (host: Host, lease: LeaseGuard, identity: string) => Promise<void>
  restore: (host: Host, lease: LeaseGuard) => Promise<void>
}

export interface TakeOverParts {
  kafka: Kafka
  registry: Registry
  deps: PollDependencies
  known: PollerState
  hosts: readonly Host[]
  metrics: Metrics
  read: (records: ReadRecord[]) => Promise<void>
}

const retryMs = 1_000

export function createTakeOver(parts: TakeOverParts): TakeOver {
  const { kafka, deps, known, read } = parts
  const partitionsRead = new Set<number>()
  const logsRead = new WeakMap<LeaseGuard, Promise<void>>()
  let last: Promise<unknown> = Promise.resolve()

  const readOtherPartitions = async (): Promise<void> => {
    if (partitionsRead.size === pollPartitions && known.isMigrated) return
    const span = [...(await offsetRange(kafka, pollerMemoryTopic.name))].filter(([part]) => !partitionsRead.has(part))
    await readRanges(kafka, pollerMemoryTopic.name, new Map(span), read)
    if (!known.isMigrated) throw new Error(`${pollerMemoryTopic.name} is not complete: run provisioning`)
    for (const [partition] of span) partitionsRead.add(partition)
  }
  const untilDone = async (what: string, signal: AbortSignal, work: () => Promise<void>): Promise<void> => {
    while (!signal.aborted) {
      try {
        return await work()
      } catch (error) {
        deps.log.warn({ err: error }, `${what}: trying again`)
        await pause(retryMs, signal)
      }
    }
  }
  return {
    async host(host, lease, assigned, signal) {
      for (const partition of assigned) partitionsRead.add(partition)
      // Hosts take turns: the first one reads for all, so that the others need not.
      const reading = last.then(() => untilDone('the memory cannot be read', signal, readOtherPartitions))
      last = reading
      // All hosts of a partition share one lease, so the log is read once per lease.
      const log =
        logsRead.get(lease) ?? untilDone('the end of the log cannot be read', signal, () => readLog(parts, host))
      logsRead.set(lease, log)
      await Promise.all([reading, log])
      await untilDone('the log cannot be written', signal, () => completeLog(parts, host, lease))
      await untilDone('memory cannot be written again', signal, () => restore(parts, host, lease))
      await untilDone('the ends of raw cannot be read', signal, () => recordMissingPolls(parts, host, lease))
    },
    identity: (host, lease, identity) =>
      untilDone('the ends of raw cannot be read', lease.signal, () => recordMissingPolls(parts, host, lease, identity)),
    restore: (host, lease) =>
      untilDone('memory cannot be written again', lease.signal, () => restore(parts, host, lease)),
  }
}

/** Reads recent polls from the poll log. Skips records of unpolled sources by key: they may be many file chunks. */
async function readLog({ kafka, registry, known, hosts }: TakeOverParts, host: Host): Promise<void> {
  const partition = partitionOfHost(host.name, pollPartitions)
  const times = known.unlogged.span(partition)
  if (times === undefined) return
  const span = (await rangesBetween(kafka, pollsTopic.name, times.fromMs, times.toMs)).get(partition)
  const asked = new Set(hosts.flatMap(({ datasets }) => datasets.map(({ source }) => source)))
  const decoder = registry.decoder(pollSchema)
  await readRanges(kafka, pollsTopic.name, new Map(span && [[partition, span]]), async (records) => {
    const ofAsked = records.filter(({ key }) => asked.has(sourceOf(`${key}`)))
    await decoder.prepare(ofAsked.map(({ value }) => value))
    for (const { value, ...at } of ofAsked) {
      const poll = decoder.decode(value)
      if (poll instanceof DecodeFailure) continue
      known.recorded.seen(poll)
      if (poll.lane === filesLane) continue
      known.recent.logged(poll, at)
      known.unlogged.logged(poll)
    }
  })
}

async function completeLog({ deps, known, metrics }: TakeOverParts, host: Host, lease: LeaseGuard): Promise<void> {
  for (const poll of known.unlogged.of(host.name)) {
    if (!lease.holds()) return
    await deps.publisher.poll(poll)
    known.unlogged.logged(poll)
    metrics.completedLogs.inc({ dataset: poll.dataset })
    const { requestIdentity, outcome, fetchedAt } = poll
    deps.log.info({ requestIdentity, outcome, fetchedAt }, 'wrote a poll that the log lacked')
  }
}

/** Writes newer memory again that a slow poller overwrote. Reuses the poll of the slow poller's record. */
async function restore({ deps, known }: TakeOverParts, host: Host, lease: LeaseGuard): Promise<void> {
  for (const [identity, late] of known.overwritten) {
    const state = known.memory.known(identity)
    if (late.host !== host.name || state === undefined) continue
    if (!lease.holds()) return
    known.overwritten.delete(identity)
    const { raw = null, polledAt = late.fetchedAt } = known.memory.remembered(identity) ?? {}
    const poll = { ...late, memory: state.memory, windowStart: state.windowStartMs }
    const carried = { raw, requests: known.requests.progressOf(identity, host.name) }
    await deps.publisher.memory({ poll, carried, polledAt, inLog: true }).catch((error: unknown) => {
      known.overwritten.set(identity, late)
      throw error
    })
    deps.log.info({ requestIdentity: identity, poller: late.poller }, 'wrote memory again that was overwritten late')
  }
}

async function recordMissingPolls(
  parts: TakeOverParts,
  host: Host,
  lease: LeaseGuard,
  identity?: string,
): Promise<void> {
  const { kafka, registry, deps, known, metrics } = parts
  for (const [source, datasets] of Map.groupBy(host.datasets, (hosted) => hosted.source)) {
    const topic = rawTopic(source).name
    const span = known.recorded.unrecorded(source, await offsetRange(kafka, topic))
    if (span.size === 0) continue
    const decoder = registry.decoder(rawResponseSchema)
    await readRanges(kafka, topic, span, async (records) => {
      await decoder.prepare(records.map(({ value }) => value))
      for (const { value, partition, offset } of records) {
        const raw = decoder.decode(value)
        if (raw instanceof DecodeFailure || (identity !== undefined && raw.requestIdentity !== identity)) continue
        const hosted = datasets.find(({ dataset }) => dataset.name === raw.dataset)
        const provenance = { host: host.name, poller: deps.poller, origin: deps.origin }
        const before = known.memory.known(raw.requestIdentity)
        const poll = hosted && reconstructPoll(raw, { partition, offset }, hosted, provenance, before)
        if (poll === undefined) continue
        if (!(await record({ deps, lease, carried: carriedFor(known, host.name) }, poll, 0))) return
        known.memory.remember(poll, deps.clock.now())
        metrics.adoptedAnswers.inc({ dataset: poll.dataset })
        const { requestIdentity, outcome, fetchedAt } = poll
        deps.log.info(
          { requestIdentity, outcome, fetchedAt, partition, offset },
          'recorded the missing poll of an answer',
        )
      }
    })
  }
}
