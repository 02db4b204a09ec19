import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs'
import { LRUCache } from 'lru-cache'
import { TransientError } from '../process/transient-error.ts'
import { type StoredRecord, storedRecord, type TopicRanges } from './read-range.ts'

/** Reads single records at any place, one after the other or many at a time, over one connection. */
export interface RecordReader {
  /** Returns the offsets that the topic has now, by partition. @throws TransientError */
  ranges: (topic: string) => Promise<TopicRanges>
  /** Returns the record; undefined if the topic no longer has it. @throws TransientError after 30 s without an answer */
  read: (topic: string, partition: number, offset: number) => Promise<StoredRecord | undefined>
  close: () => Promise<void>
}

export interface RecordReaderOptions {
  /** Limit of the records that are kept in memory, bytes. */
  maxCachedBytes: number
  /** Called if the reader can no longer read. */
  crash: (error: Error) => void
}

const patienceMs = 30_000

/** Opens a reader of these topics. Commits no offsets. */
export async function openRecordReader(
  kafka: Kafka,
  topics: readonly string[],
  { maxCachedBytes, crash }: RecordReaderOptions,
): Promise<RecordReader> {
  const admin = kafka.admin()
  const consumer = kafka.consumer({
    groupId: `tidemark-records-${crypto.randomUUID()}`,
    maxWaitTimeInMs: 100,
    allowAutoTopicCreation: false,
  })
  const fetches = new Fetches(consumer, topics)
  const cache = new LRUCache<string, StoredRecord>({
    maxSize: maxCachedBytes,
    sizeCalculation: ({ value }) => 1_024 + (value?.length ?? 0),
  })
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) crash(payload.error)
  })
  await Promise.all([admin.connect(), consumer.connect()])
  await consumer.subscribe({ topics: [...topics], fromBeginning: true })
  await consumer.run({ autoCommit: false, eachBatch: async (payload) => fetches.take(payload) })
  return {
    ranges: async (topic) => {
      const offsets = await admin.fetchTopicOffsets(topic).catch((cause: unknown) => {
        throw new TransientError(`Kafka does not say which offsets ${topic} has`, { cause })
      })
      return new Map(offsets.map(({ partition, low, high }) => [partition, { from: Number(low), to: Number(high) }]))
    },
    read: async (topic, partition, offset) => {
      const place = `${topic}/${partition}/${offset}`
      const record = cache.get(place) ?? (await fetches.ask(topic, partition, offset))
      if (record !== undefined) cache.set(place, record)
      return record
    },
    close: async () => {
      await Promise.all([admin.disconnect(), consumer.disconnect()])
    },
  }
}

/** Those who wait for records of a partition, and the offset from which it is fetched. */
interface Queue {
  topic: string
  partition: number
  fetchedFrom: number
  waiting: { offset: number; resolve: (record: StoredRecord | undefined) => void }[]
}

/** Lets a consumer fetch only what is waited for: a partition is paused while nobody waits for a record of it. */
class Fetches {
  readonly #consumer: Consumer
  readonly #topics: readonly string[]
  readonly #queues = new Map<string, Queue>()
  /** The consumer can be moved only while it is a member of its group. */
  #isMember = false

  constructor(consumer: Consumer, topics: readonly string[]) {
    this.#consumer = consumer
    this.#topics = topics
    const { GROUP_JOIN, REBALANCING, CRASH, STOP } = consumer.events
    consumer.on(GROUP_JOIN, () => this.#join())
    for (const name of [REBALANCING, CRASH, STOP] as const) {
      consumer.on(name, () => {
        this.#isMember = false
      })
    }
  }

  ask(topic: string, partition: number, offset: number): Promise<StoredRecord | undefined> {
    return new Promise((resolve, reject) => {
      const place = `${topic}/${partition}`
      const queue = this.#queues.get(place) ?? { topic, partition, fetchedFrom: 0, waiting: [] }
      this.#queues.set(place, queue)
      const waiting = { offset, resolve: (record: StoredRecord | undefined) => done(record) }
      const timer = setTimeout(() => {
        queue.waiting = queue.waiting.filter((each) => each !== waiting)
        reject(new TransientError(`Kafka does not give ${topic} partition ${partition} offset ${offset}`))
      }, patienceMs)
      const done = (record: StoredRecord | undefined): void => {
        clearTimeout(timer)
        resolve(record)
      }
      queue.waiting.push(waiting)
      if (queue.waiting.length === 1) this.#fetchNext(queue)
    })
  }

  /** Hands the records of a batch to those who wait for them. */
  take({ batch }: EachBatchPayload): void {
    const { topic, partition } = batch
    const queue = this.#queues.get(`${topic}/${partition}`) ?? { topic, partition, fetchedFrom: 0, waiting: [] }
    const last = Number(batch.lastOffset())
    // An offset that was fetched, and is not in the batch, was deleted or compacted away.
    const isDecided = ({ offset }: { offset: number }): boolean => offset >= queue.fetchedFrom && offset <= last
    const decided = queue.waiting.filter(isDecided)
    queue.waiting = queue.waiting.filter((each) => !isDecided(each))
    for (const { offset, resolve } of decided) {
      const message = batch.messages.find((each) => Number(each.offset) === offset)
      resolve(message && storedRecord(topic, partition, message))
    }
    this.#fetchNext(queue)
  }

  #join(): void {
    this.#isMember = true
    this.#consumer.pause(this.#topics.map((topic) => ({ topic })))
    for (const queue of this.#queues.values()) this.#fetchNext(queue)
  }

  #fetchNext(queue: Queue): void {
    if (!this.#isMember) return
    const { topic, partition } = queue
    if (queue.waiting.length === 0) {
      this.#consumer.pause([{ topic, partitions: [partition] }])
      return
    }
    queue.fetchedFrom = Math.min(...queue.waiting.map(({ offset }) => offset))
    this.#consumer.seek({ topic, partition, offset: String(queue.fetchedFrom) })
    this.#consumer.resume([{ topic, partitions: [partition] }])
  }
}
