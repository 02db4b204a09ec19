// Follows a source of tidemark and prints each point that is news as one line of JSON, and each point that a newer answer
// withdraws. Reads the source's slices and answers from their beginning, commits nothing, and holds what it has seen in
// memory: see docs/subscribing.md before you build on it.
//
//   npm install kafkajs @kafkajs/confluent-schema-registry
//   KAFKA_BROKERS=127.0.0.1:17300 SCHEMA_REGISTRY_URL=http://127.0.0.1:17301/apis/ccompat/v7 node subscribe.mjs
//
//   --topic jao.timeseries        another source's slices; its answers are on jao.answers
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
if (!topic.endsWith('.timeseries')) end(`--topic ${topic} is not a topic of slices: write jao.timeseries`)
const answersTopic = topic.replace(/timeseries$/, 'answers')
const topics = [topic, answersTopic]
const fromMs = options.from === undefined ? 0 : Date.parse(options.from)
if (Number.isNaN(fromMs)) end(`--from ${options.from} is not a time: write 2026-11-21T08:00:00Z`)

function end(why) {
  console.error(why)
  process.exit(1)
}

const registry = new SchemaRegistry({
  host: process.env.SCHEMA_REGISTRY_URL ?? 'http://127.0.0.1:17301/apis/ccompat/v7',
})
const brokers = (process.env.KAFKA_BROKERS ?? '127.0.0.1:17300').split(',')
const kafka = new Kafka({ clientId: 'subscribe', brokers, logLevel: logLevel.WARN })

// A record is written after it became known, so the offset of a time misses nothing; a minute is for clocks that differ.
const admin = kafka.admin()
await admin.connect()
const there = await admin.listTopics()
const starts = new Map()
const unread = new Set()
for (const topic of topics) {
  if (!there.includes(topic)) end(`There is no topic ${topic} at ${brokers}`)
  for (const { partition, offset } of await admin.fetchTopicOffsetsByTimestamp(topic, Math.max(fromMs - 60_000, 0)))
    starts.set(`${topic} ${partition}`, { topic, partition, offset })
  for (const { partition, high } of await admin.fetchTopicOffsets(topic)) {
    const place = starts.get(`${topic} ${partition}`)
    place.end = Number(high)
    if (Number(place.offset) < place.end) unread.add(place)
  }
}
await admin.disconnect()
// A consumer that is disconnected while it starts may take minutes to end, or never end: none is started for nothing.
if (options['to-end'] && unread.size === 0) process.exit()

/** The newest version of each point, and the request identity that named it, by point. */
const held = new Map()
/** Of each request identity: the version of the newest answer that names a point, by point. */
const named = new Map()
/** Of each request identity: the newest answer of which a slice was read, and how many points of it. */
const read = new Map()
/** Of each request identity: the newest accepted answer. */
const accepted = new Map()

/** The newer answer counts, and of the same answer the newer reading (transformVersion is below 4096). */
const versionOf = ({ knownAt, transformVersion }) => knownAt * 4096 + transformVersion

function takeSlice(slice, replay) {
  const { dataset, key, identity } = slice
  const version = versionOf(slice)
  slice.values.forEach((value, index) => {
    const ts = slice.start + index * slice.step * 1000
    const point = JSON.stringify([dataset, key, ts])
    count(identity, point, version)
    if (version <= (held.get(point)?.version ?? -1)) return // a repeat, or an older answer
    held.set(point, { version, identity })
    print({ dataset, key, ts, value, withdrawn: false, replay }, slice)
  })
  withdraw(identity, replay)
}

/** Counts each point of the newest answer once. */
function count(identity, point, version) {
  if (!named.has(identity)) named.set(identity, new Map())
  const points = named.get(identity)
  if (version <= (points.get(point) ?? -1)) return
  points.set(point, version)
  const newest = read.get(identity)
  if (newest === undefined || version > newest.version) read.set(identity, { version, points: 1 })
  else if (version === newest.version) newest.points++
}

function takeAnswer(answer, replay) {
  const newest = accepted.get(answer.identity)
  if (!answer.replaces || (newest && versionOf(answer) <= versionOf(newest))) return
  accepted.set(answer.identity, answer)
  withdraw(answer.identity, replay)
}

/** Once all points of the newest answer were read, what older answers of its identity named and it did not is withdrawn. */
function withdraw(identity, replay) {
  const answer = accepted.get(identity)
  if (answer === undefined) return
  const version = versionOf(answer)
  const newest = read.get(identity)
  if ((newest?.version === version ? newest.points : 0) !== answer.points || newest?.version > version) return
  for (const [point, was] of named.get(identity) ?? []) {
    if (was >= version) continue
    named.get(identity).delete(point)
    const { version: stands, identity: namedBy } = held.get(point)
    if (namedBy !== identity || stands >= version) continue
    held.set(point, { version, identity })
    const [dataset, key, ts] = JSON.parse(point)
    print({ dataset, key, ts, value: null, withdrawn: true, replay }, answer)
  }
}

function print({ dataset, key, ts, value, withdrawn, replay }, { knownAt, transformVersion }) {
  const times = { ts: new Date(ts).toISOString(), knownAt: new Date(knownAt).toISOString() }
  console.log(JSON.stringify({ dataset, key, ...times, value, withdrawn, transformVersion, replay }))
}

const consumer = kafka.consumer({ groupId: `subscribe-${randomUUID()}` })
await consumer.connect()
await consumer.subscribe({ topics, fromBeginning: true })
const stopped = new Promise((resolve, reject) => {
  consumer.on(consumer.events.CRASH, ({ payload }) => payload.restart || reject(payload.error))
  const running = consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, partition, message }) => {
      // The schema's id stands in the first bytes of the value. What cannot be read ends the program.
      const record = await registry.decode(message.value).catch(reject)
      if (record === undefined) return
      const replay = message.headers.replay !== undefined
      if (record.knownAt >= fromMs && !(replay && options['skip-replays'])) {
        if (topic === answersTopic) takeAnswer(record, replay)
        else takeSlice(record, replay)
      }
      const place = starts.get(`${topic} ${partition}`)
      if (Number(message.offset) + 1 >= place.end) unread.delete(place)
      if (options['to-end'] && unread.size === 0) resolve()
    },
  })
  running.catch(reject)
})
for (const { topic, partition, offset } of starts.values()) consumer.seek({ topic, partition, offset })
await stopped.finally(() => consumer.disconnect())
