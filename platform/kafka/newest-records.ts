import type { RecordSchema } from '#schemas/record-schema.ts'
import type { Topic } from '#schemas/topics.ts'
import type { Logger } from '../process/log.ts'
import type { Kafka } from './client.ts'
import { follow } from './follow.ts'
import { offsetRange, readRanges } from './read-range.ts'
import { DecodeFailure, type Registry } from './registry.ts'

/** The newest record of each key of a compacted topic. */
export interface NewestRecords<T> {
  values: () => T[]
  get: (key: string) => T | undefined
  /** How often a record was read. Whoever compares it with an earlier one learns whether something changed. */
  version: () => number
  stop: () => Promise<void>
}

type Warn = Pick<Logger, 'warn'>
type TypedTopic<T> = Pick<Topic, 'name'> & { record: RecordSchema<T> }

interface KeyedValue {
  offset: number
  key: Buffer | null
  value: Buffer | null
}

/** Returns what applies the records of a compacted topic to a map: a tombstone deletes its key. */
function reader<T>({ name, record }: TypedTopic<T>, registry: Registry, newest: Map<string, T>, log: Warn) {
  const decoder = registry.decoder(record)
  return async (records: readonly KeyedValue[]): Promise<void> => {
    await decoder.prepare(records.map(({ value }) => value))
    for (const { offset, key, value } of records) {
      const id = key?.toString() ?? ''
      if (value === null) {
        newest.delete(id)
        continue
      }
      const decoded = decoder.decode(value)
      if (decoded instanceof DecodeFailure)
        log.warn({ topic: name, offset, why: decoded.message }, 'a record cannot be read: passed over')
      else newest.set(id, decoded)
    }
  }
}

/** Reads a compacted topic once, to its end of now. */
export async function readNewest<T>(
  kafka: Kafka,
  registry: Registry,
  topic: TypedTopic<T>,
  log: Warn,
): Promise<Map<string, T>> {
  const newest = new Map<string, T>()
  const read = reader(topic, registry, newest, log)
  await readRanges(kafka, topic.name, await offsetRange(kafka, topic.name), read)
  return newest
}

/** Reads a compacted topic, and follows it. @param crash called if it can no longer be read; it must end the process */
export async function followNewest<T>(
  { kafka, registry }: { kafka: Kafka; registry: Registry },
  topic: TypedTopic<T>,
  log: Warn,
  crash: (error: Error) => void,
): Promise<NewestRecords<T>> {
  const newest = new Map<string, T>()
  const apply = reader(topic, registry, newest, log)
  let version = 0
  const span = await offsetRange(kafka, topic.name)
  await readRanges(kafka, topic.name, span, apply)
  const starts = [...span].map(([partition, { to }]) => ({ topic: topic.name, partition, offset: to }))
  const read = async (records: readonly KeyedValue[]): Promise<void> => {
    await apply(records)
    version++
  }
  const stop = await follow(kafka, starts, read, crash)
  return {
    values: () => [...newest.values()],
    get: (key) => newest.get(key),
    version: () => version,
    stop,
  }
}
