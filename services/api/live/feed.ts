// One consumer reads what is new on the topics, for all clients of the live stream.
import { eventData } from '#core/alerts/event-data.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { highWatermarks } from '#platform/kafka/consumer-lag.ts'
import { follow } from '#platform/kafka/follow.ts'
import type { ReadRecord } from '#platform/kafka/own-partitions.ts'
import { readRanges } from '#platform/kafka/read-range.ts'
import type { Decoder, Registry } from '#platform/kafka/registry.ts'
import { alertEventsTopic } from '#schemas/alert-topics.ts'
import { completenessTopic } from '#schemas/completeness-topics.ts'
import type {
  AcceptedAnswer,
  AlertEvent,
  CompletenessChange,
  Poll,
  TimeseriesSlice,
} from '#schemas/generated/records.ts'
import type { RecordSchema } from '#schemas/record-schema.ts'
import { answersTopic, pollsTopic, timeseriesTopic } from '#schemas/topics.ts'
import { sources } from '#sources/index.ts'
import type { Partition } from './cursor.ts'

export const recordKinds = ['slice', 'answer', 'poll', 'class', 'alert'] as const
export type RecordKind = (typeof recordKinds)[number]

export interface LiveEvent {
  kind: RecordKind
  dataset: string
  /** Null unless the event is of one series. */
  key: string | null
  /** What happened, as JSON. */
  json: string
  /** Number of the partition in `partitions`, and the offset after the event. */
  partition: number
  next: number
}

export interface LiveFeed {
  partitions: readonly Partition[]
  /** The next offset of each partition. */
  offsets: () => readonly number[]
  /** Calls `take` for each new event, in the order of its partition. Returns the offsets before the first of them. */
  join: (take: (event: LiveEvent) => void) => { offsets: readonly number[]; leave: () => void }
  /** Reads events again: of each partition those from an offset to before another. */
  readAgain: (from: readonly number[], to: readonly number[], take: (event: LiveEvent) => void) => Promise<void>
  stop: () => Promise<void>
}

/** Starts to read at the end of the topics. @param crash called if they can no longer be read; it must end the process */
export async function openFeed(
  { kafka, registry }: { kafka: Kafka; registry: Registry },
  crash: (error: Error) => void,
): Promise<LiveFeed> {
  const kinds = new Map(topics().map(({ name, kind, schema }) => [name, { kind, decoder: registry.decoder(schema) }]))
  const ends = new Map<string, Map<number, number>>()
  for (const topic of kinds.keys()) ends.set(topic, await highWatermarks(kafka, topic))
  const partitions = [...ends].flatMap(([topic, offsets]) =>
    [...offsets.keys()].toSorted((one, other) => one - other).map((partition) => ({ topic, partition })),
  )
  const numbers = new Map(partitions.map(({ topic, partition }, index) => [`${topic}/${partition}`, index]))
  const offsets = partitions.map(({ topic, partition }) => ends.get(topic)?.get(partition) ?? 0)
  const listeners = new Set<(event: LiveEvent) => void>()

  const eventsOf = async (
    topic: string,
    records: { partition: number; offset: number; value: Buffer | null }[],
  ): Promise<LiveEvent[]> => {
    const reading = kinds.get(topic)
    if (reading === undefined) return []
    const { kind, decoder } = reading
    await decoder.prepare(records.map(({ value }) => value))
    return records.flatMap(({ partition, offset, value }) => {
      const shown = shownRecord(kind, decoder, value)
      const number = numbers.get(`${topic}/${partition}`)
      return shown === undefined || number === undefined ? [] : [{ ...shown, partition: number, next: offset + 1 }]
    })
  }
  const read = async (records: ReadRecord[]): Promise<void> => {
    for (const event of await eventsOf(records[0]?.topic ?? '', records)) {
      // A batch that is delivered again brings nothing new.
      if (event.next <= (offsets[event.partition] ?? 0)) continue
      offsets[event.partition] = event.next
      for (const take of listeners) take(event)
    }
  }
  const from = partitions.map((partition, index) => ({ ...partition, offset: offsets[index] ?? 0 }))
  const stop = await follow(kafka, from, read, crash)
  return {
    partitions,
    offsets: () => offsets,
    join: (take) => {
      listeners.add(take)
      return { offsets: [...offsets], leave: () => void listeners.delete(take) }
    },
    readAgain: async (from, to, take) => {
      for (const topic of kinds.keys()) {
        const ranges = partitions.flatMap((each, index) =>
          each.topic === topic ? [[each.partition, { from: from[index] ?? 0, to: to[index] ?? 0 }] as const] : [],
        )
        await readRanges(kafka, topic, new Map(ranges), async (records) => {
          for (const event of await eventsOf(topic, records)) take(event)
        })
      }
    },
    stop,
  }
}

function topics(): { name: string; kind: RecordKind; schema: RecordSchema }[] {
  const of = (kind: RecordKind, { name, record }: { name: string; record: RecordSchema | null }) =>
    record === null ? [] : [{ name, kind, schema: record }]
  return [
    ...sources.flatMap(({ name }) => [...of('slice', timeseriesTopic(name)), ...of('answer', answersTopic(name))]),
    ...of('poll', pollsTopic),
    ...of('class', completenessTopic),
    ...of('alert', alertEventsTopic),
  ]
}

type Shown = Pick<LiveEvent, 'kind' | 'dataset' | 'key' | 'json'>

/** Returns what a client sees of a record; undefined if the record cannot be read. */
function shownRecord(kind: RecordKind, decoder: Decoder, value: Buffer | null): Shown | undefined {
  const record = decoder.decode(value) as object
  if (!('dataset' in record)) return undefined
  if (kind === 'slice') {
    const { dataset, key, start, step, values, knownAt, unit, flags, raw } = record as TimeseriesSlice
    return shown(kind, dataset, key, {
      dataset,
      key,
      start: iso(start),
      step_s: step,
      values,
      known_at: iso(knownAt),
      unit,
      flags,
      raw,
    })
  }
  if (kind === 'answer') {
    const { dataset, requestIdentity, windowStart, windowEnd, knownAt, points, keys, replaces, raw } =
      record as AcceptedAnswer
    const window = { window_start: iso(windowStart), window_end: iso(windowEnd) }
    const about = { known_at: iso(knownAt), points, keys, replaces, raw }
    return shown(kind, dataset, null, { dataset, request_identity: requestIdentity, ...window, ...about })
  }
  if (kind === 'poll') {
    const { dataset, requestIdentity, fetchedAt, outcome, status, error } = record as Poll
    return shown(kind, dataset, null, {
      dataset,
      request_identity: requestIdentity,
      at: iso(fetchedAt),
      outcome,
      status,
      error,
    })
  }
  if (kind === 'alert') {
    const event = record as AlertEvent
    return shown(kind, event.dataset, event.key, eventData(event))
  }
  const change = record as CompletenessChange
  const window = { window_start: iso(change.windowStart), window_end: iso(change.windowEnd) }
  const { previousClass: previous_class, cause, detail } = change
  const about = { class: change.class, previous_class, cause, detail, since: iso(change.since), at: iso(change.at) }
  return shown(kind, change.dataset, null, { dataset: change.dataset, selector: change.selector, ...window, ...about })
}

const shown = (kind: RecordKind, dataset: string, key: string | null, body: object): Shown => ({
  ...{ kind, dataset, key, json: JSON.stringify(body) },
})
const iso = (ms: number): string => new Date(ms).toISOString()
