import { partitionOfHost } from '#core/host.ts'
import { noMemory } from '#core/poll-memory.ts'
import { requestIdentity } from '#core/request-identity.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { openProducer } from '#platform/kafka/produce.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import { whoAmI } from '#platform/process/who.ts'
import { type Poll, pollSchema, type RawResponse, rawResponseSchema } from '#schemas/generated/records.ts'
import { fileHost, filesLane, pollPartitions, pollsTopic, rawTopic } from '#schemas/topics.ts'
import type { Window } from '#sources/source.ts'
import type { RawWithoutBody } from './sent-before.ts'

export interface Chunk {
  selector: string
  /** Window of the raw record. Default: the second in which the chunk is sent. */
  window?: Window
  url: string
  headers: Record<string, string>
  body: Buffer
  contentHash: string
}

export interface ChunkSender {
  /**
   * Sends a chunk, with a known_at greater than that of all earlier chunks. Returns when the next chunk can be sent;
   * `flush` waits for acknowledgements. When Kafka has acknowledged the raw record and its poll, calls `acknowledged`
   * with the request identity.
   */
  send: (chunk: Chunk, acknowledged: (identity: string) => void) => Promise<void>
  /** Writes the poll of a raw record whose sender crashed before it wrote the poll. */
  record: (unrecorded: RawWithoutBody) => Promise<void>
  /** Waits until Kafka has acknowledged the raw record and the poll of each chunk. @throws the first failure, once */
  flush: () => Promise<void>
  /** Returns what was sent: first and last known_at (ms UTC), and the positions in raw as `partition/offset`. */
  sent: () => { chunks: number; fromMs: number; toMs: number; places: ReadonlySet<string> }
  close: () => Promise<void>
}

const maxInFlight = 4

/** Opens a sender of chunks. @param newestKnownAt the newest known_at of earlier runs, ms UTC */
export async function openChunkSender(
  { kafka, registry }: { kafka: Kafka; registry: Registry },
  source: string,
  dataset: string,
  newestKnownAt: number,
): Promise<ChunkSender> {
  const raw = rawTopic(source).name
  const encodeRaw = await registry.encoder(raw, rawResponseSchema)
  const encodePoll = await registry.encoder(pollsTopic.name, pollSchema)
  const producer = await openProducer(kafka)
  const inFlight = new Set<Promise<void>>()
  const places = new Set<string>()
  let failure: unknown
  let knownAt = newestKnownAt
  let fromMs = 0
  let chunks = 0

  const writeDown = async (poll: Poll): Promise<void> => {
    const record = { key: poll.requestIdentity, value: encodePoll(poll) }
    await producer.send(pollsTopic.name, [{ ...record, partition: partitionOfHost(poll.host, pollPartitions) }])
  }
  const deliver = async (response: Omit<RawResponse, 'body'>, bytes: number, value: Buffer): Promise<void> => {
    const [written] = await producer.send(raw, [{ key: response.requestIdentity, value }], { compress: true })
    if (written === undefined) throw new Error(`Kafka says nothing of a record sent to ${raw}`)
    places.add(`${written.partition}/${written.offset}`)
    chunks++
    await writeDown(pollOf({ raw: response, bytes, ...written }))
  }
  const throwFailure = (): void => {
    const thrown = failure
    failure = undefined
    if (thrown !== undefined) throw thrown
  }
  return {
    send: async ({ selector, window, body, ...chunk }, acknowledged) => {
      while (inFlight.size >= maxInFlight) await Promise.race(inFlight)
      throwFailure()
      knownAt = Math.max(Date.now(), knownAt + 1)
      if (fromMs === 0) fromMs = knownAt
      const second = Math.floor(knownAt / 1000) * 1000
      const { startMs, endMs } = window ?? { startMs: second, endMs: second + 1000 }
      const identity = requestIdentity(dataset, window ?? null, selector)
      const response = {
        ...{ dataset, requestIdentity: identity, windowStart: startMs, windowEnd: endMs, status: 200, ...chunk },
        ...{ sentAt: knownAt, fetchedAt: knownAt, origin: 'file', confirms: false },
      }
      const delivery = deliver(response, body.length, encodeRaw({ ...response, body }))
        .then(() => acknowledged(identity))
        .catch((error) => {
          failure ??= error
        })
        .finally(() => inFlight.delete(delivery))
      inFlight.add(delivery)
    },
    record: (unrecorded) => writeDown(pollOf(unrecorded)),
    flush: async () => {
      await Promise.all(inFlight)
      throwFailure()
    },
    sent: () => ({ chunks, fromMs, toMs: knownAt, places }),
    close: () => producer.disconnect(),
  }
}

const pollOf = ({ raw, bytes, partition, offset }: RawWithoutBody): Poll => ({
  requestIdentity: raw.requestIdentity,
  dataset: raw.dataset,
  host: fileHost,
  windowStart: raw.windowStart,
  windowEnd: raw.windowEnd,
  lane: filesLane,
  sentAt: raw.sentAt,
  fetchedAt: raw.fetchedAt,
  outcome: 'changed',
  status: null,
  durationMs: 0,
  bytes,
  contentHash: raw.contentHash,
  error: null,
  errorBody: null,
  rawPartition: partition,
  rawOffset: offset,
  requestsReadTo: null,
  pausedUntil: null,
  pauseReason: null,
  poller: whoAmI(),
  origin: raw.origin,
  memory: {
    ...noMemory,
    lastGoodFetchedAt: raw.fetchedAt,
    lastGoodHash: raw.contentHash,
    lastChangedAt: raw.fetchedAt,
    hadRows: true,
  },
  changesState: true,
})
