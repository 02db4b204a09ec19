// Follows a topic of tidemark and prints each point that is news as one line of JSON. Reads from the topic's beginning,
// commits nothing, and holds what it has seen in memory: see docs/subscribing.md before you build on it.
//
//   npm install kafkajs @kafkajs/confluent-schema-registry
//   KAFKA_BROKERS=127.0.0.1:17300 SCHEMA_REGISTRY_URL=http://127.0.0.1:17301/apis/ccompat/v7 node subscribe.mjs
//
//   --topic jao.timeseries        another source's slices
//   --from 2026-11-21T08:00:00Z   only what became known then or later
//   --skip-replays                without history that was done again
//   --to-end                      stop where the topic ends now
import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import { Kafka, logLevel } from 'kafkajs'

const { values: options } = parseArgs({
  options: {
    topic: { type: 'string', default: 'jao.timeseries' },
    from: { type: 'string' },
    'skip-replays': { type: 'boolean', default: false },
    'to-end': { type: 'boolean', default: false },
  },
})
const { topic } = options
const fromMs = options.from === undefined ? 0 : Date.parse(options.from)
if (Number.isNaN(fromMs)) throw new Error(`--from ${options.from} is no time: write 2026-11-21T08:00:00Z`)

const registry = new SchemaRegistry({
  host: process.env.SCHEMA_REGISTRY_URL ?? 'http://127.0.0.1:17301/apis/ccompat/v7',
})
const brokers = (process.env.KAFKA_BROKERS ?? '127.0.0.1:17300').split(',')
const kafka = new Kafka({ clientId: 'subscribe', brokers, logLevel: logLevel.WARN })

// A record is written after it became known, so the offset of a time misses nothing; a minute is for clocks that differ.
const admin = kafka.admin()
await admin.connect()
const starts = await admin.fetchTopicOffsetsByTimestamp(topic, Math.max(fromMs - 60_000, 0))
const ends = await admin.fetchTopicOffsets(topic)
await admin.disconnect()
const startOf = (partition) => Number(starts.find((start) => start.partition === partition).offset)
const unread = new Map(ends.map(({ partition, high }) => [partition, Number(high)]))
for (const [partition, end] of unread) if (startOf(partition) >= end) unread.delete(partition)
// A consumer that is disconnected while it starts may take minutes to end, or never end: none is started for nothing.
if (options['to-end'] && unread.size === 0) process.exit()

const held = new Map()

function take(slice, isReplay) {
  if (slice.knownAt < fromMs || (isReplay && options['skip-replays'])) return
  // The newer answer counts, and of the same answer the newer reading (transformVersion is below 4096).
  const version = slice.knownAt * 4096 + slice.transformVersion
  slice.values.forEach((value, index) => {
    const ts = slice.start + index * slice.step * 1000
    const point = `${slice.dataset}/${slice.key}/${ts}`
    if (version <= (held.get(point) ?? -1)) return // a repeat, or an older answer
    held.set(point, version)
    print({ slice, ts, value, isReplay })
  })
}

function print({ slice: { dataset, key, knownAt, transformVersion }, ts, value, isReplay }) {
  const times = { ts: new Date(ts).toISOString(), knownAt: new Date(knownAt).toISOString() }
  console.log(JSON.stringify({ dataset, key, ...times, value, transformVersion, replay: isReplay }))
}

const consumer = kafka.consumer({ groupId: `subscribe-${randomUUID()}` })
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })
const stopped = new Promise((resolve, reject) => {
  consumer.on(consumer.events.CRASH, ({ payload }) => payload.restart || reject(payload.error))
  const running = consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      // The schema's id stands in the first bytes of the value. What cannot be read ends the program.
      const slice = await registry.decode(message.value).catch(reject)
      if (slice === undefined) return
      take(slice, message.headers.replay !== undefined)
      if (Number(message.offset) + 1 >= unread.get(partition)) unread.delete(partition)
      if (options['to-end'] && unread.size === 0) resolve()
    },
  })
  running.catch(reject)
})
for (const { partition } of starts) consumer.seek({ topic, partition, offset: String(startOf(partition)) })
await stopped.finally(() => consumer.disconnect())
