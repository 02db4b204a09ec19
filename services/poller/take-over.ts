// What an owner of a host does before it polls: it learns what it does not know yet of the answers that are held.
import type { Kafka } from '#platform/kafka/client.ts'
import type { ReadRecord } from '#platform/kafka/own-partitions.ts'
import { readSpan, spanOf } from '#platform/kafka/read-span.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import { pause } from '#platform/process/retry.ts'
import { pollPartitions, pollsTopic, rawTopic } from '#schemas/topics.ts'
import { adoptedPoll, type RecordedAnswers } from './adopted.ts'
import type { Host } from './hosts.ts'
import type { Memory } from './memory.ts'
import type { Metrics } from './metrics.ts'
import type { PollMeans, Right } from './poll-window.ts'

export interface TakeOver {
  /**
   * Reads the polls in partitions that other members have, once: a host whose address changed has its memory in the
   * partition of the address before. Then adopts every answer of the host that lies in raw without its poll. Tries again
   * until it is done or the signal aborts.
   *
   * @param assigned partitions of `polls` that this process has read to their ends
   */
  host: (host: Host, right: Right, assigned: readonly number[], signal: AbortSignal) => Promise<void>
  /** Adopts the answer of one identity, when it lies in raw without its poll. Tries again likewise. */
  identity: (host: Host, right: Right, identity: string) => Promise<void>
}

export interface TakeOverParts {
  kafka: Kafka
  registry: Registry
  means: PollMeans
  memory: Memory
  recorded: RecordedAnswers
  metrics: Metrics
  /** Takes records of polls. */
  read: (records: ReadRecord[]) => Promise<void>
}

/** Ms between two attempts while Kafka or the registry is away. */
const againMs = 1_000

export function createTakeOver(parts: TakeOverParts): TakeOver {
  const { kafka, means, read } = parts
  const known = new Set<number>()
  let last: Promise<unknown> = Promise.resolve()

  const readElsewhere = async (): Promise<void> => {
    if (known.size === pollPartitions) return
    const span = [...(await spanOf(kafka, pollsTopic.name))].filter(([partition]) => !known.has(partition))
    if (span.length === 0) return
    await readSpan(kafka, pollsTopic.name, new Map(span), read)
    for (const [partition] of span) known.add(partition)
  }
  const untilDone = async (what: string, signal: AbortSignal, work: () => Promise<void>): Promise<void> => {
    while (!signal.aborted) {
      try {
        return await work()
      } catch (error) {
        means.log.warn({ err: error }, `${what}: trying again`)
        await pause(againMs, signal)
      }
    }
  }
  return {
    async host(host, right, assigned, signal) {
      for (const partition of assigned) known.add(partition)
      // One host after the other: the first reads for all.
      const reading = last.then(() => untilDone('the other polls cannot be read', signal, readElsewhere))
      last = reading
      await reading
      await untilDone('the ends of raw cannot be read', signal, () => adopt(parts, host, right))
    },
    identity: (host, right, identity) =>
      untilDone('the ends of raw cannot be read', right.signal, () => adopt(parts, host, right, identity)),
  }
}

/** Records the polls of answers that have none, oldest first in each partition of raw. */
async function adopt(parts: TakeOverParts, host: Host, right: Right, identity?: string): Promise<void> {
  const { kafka, registry, means, memory, recorded, metrics } = parts
  for (const [source, datasets] of Map.groupBy(host.datasets, (hosted) => hosted.source)) {
    const topic = rawTopic(source).name
    const span = recorded.unrecorded(source, await spanOf(kafka, topic))
    if (span.size === 0) continue
    const decoder = registry.decoder('RawResponse')
    await readSpan(kafka, topic, span, async (records) => {
      await decoder.prepare(records.map(({ value }) => value))
      for (const { value, partition, offset } of records) {
        const raw = decoder.decode(value)
        if ('reason' in raw || (identity !== undefined && raw.requestIdentity !== identity)) continue
        const hosted = datasets.find(({ dataset }) => dataset.name === raw.dataset)
        const adopter = { host: host.name, poller: means.poller, origin: means.origin }
        const before = memory.known(raw.requestIdentity)
        const poll = hosted && adoptedPoll(raw, { partition, offset }, hosted, adopter, before)
        if (poll === undefined || !right.holds()) continue
        await means.publisher.poll(poll)
        memory.remember(poll, means.clock.now())
        metrics.adoptedAnswers.inc({ dataset: poll.dataset })
        const { requestIdentity, outcome, fetchedAt } = poll
        means.log.info({ requestIdentity, outcome, fetchedAt, partition, offset }, 'adopted an answer without its poll')
      }
    })
  }
}
