// Data for the examples: two simulated days from a real pipeline, then repeated records and a replay by the test.
import { Partitioners } from 'kafkajs'
import type { Kafka } from '#platform/kafka/client.ts'
import { rawResponseSchema, type TimeseriesSlice, timeseriesSliceSchema } from '#schemas/generated/records.ts'
import { createUpstream } from '#simulator/jao/upstream.ts'
import { readRecords } from '../integrity/read-records.ts'
import { type Points, pointName, windowOf } from '../integrity/simulator-client.ts'
import { type Chain, startChain } from '../integrity/whole-chain.ts'
import { rawResponse } from '../support/raw-responses.ts'

/** `revised` is the 25-hour day; its second answer lacks a border. `plain` is a day with one answer. */
export const days = { revised: '2026-10-25', plain: '2026-06-10' }

export const knownAt = { first: Date.parse('2026-11-01T10:00:00Z'), second: Date.parse('2026-11-02T10:00:00Z') }

export const replayed = (points: Points): Points =>
  new Map([...points].map(([name, value]) => [name, value === null ? null : value + 1000]))

export interface PublishedHistory {
  chain: Chain
  /** Points of both answers of `days.revised`, those that its second answer withdraws, and points of `days.plain`. */
  truth: { revisedFirst: Points; revisedSecond: Points; withdrawn: Points; plain: Points }
  /** A topic with the slices of jao.timeseries, with knownAt as Kafka timestamp. The first record is no Avro. */
  timedTopic: string
  /** Creates a topic of slices, and one of answers. Returns a function that writes a slice at the time knownAt. */
  openTopic: (topic: string) => Promise<(slice: Partial<TimeseriesSlice>) => Promise<void>>
}

export async function publishHistory(): Promise<PublishedHistory> {
  const chain = await startChain()
  try {
    return await fill(chain)
  } catch (error) {
    await chain.stop()
    throw error
  }
}

async function fill(chain: Chain): Promise<PublishedHistory> {
  const upstream = createUpstream(11)
  const point = { hourMs: windowOf(days.revised).startMs + 2 * 3_600_000, key: 'border_AT_BE' }
  const atMs = knownAt.second - 3_600_000
  upstream.command({ day: days.revised, atMs, what: { verb: 'redraw' } })
  upstream.command({ day: days.revised, atMs, what: { verb: 'revise', ...point, value: null, salt: 0 } })
  upstream.command({ day: days.revised, atMs, what: { verb: 'vanishKey', key: 'border_AT_CZ' } })
  const truthOf = (day: string, at: number): Points => {
    const published = upstream.published(day, at)
    if (published === undefined) throw new Error(`${day} is not published yet`)
    const { hoursMs, columns, values } = published.contents
    const points = hoursMs.flatMap((hourMs, hour) =>
      columns.map(({ key }, column): [string, number | null] => [
        pointName(key, hourMs),
        values[hour]?.[column] ?? null,
      ]),
    )
    return new Map(points)
  }
  const encodeRaw = await chain.registry.encoder('jao.raw', rawResponseSchema)
  const answer = async (day: string, at: number) => {
    const { startMs, endMs } = windowOf(day)
    const raw = rawResponse({ startMs, endMs }, upstream.body(startMs, endMs, at), at)
    await chain.producer.send('jao.raw', [{ key: raw.requestIdentity, value: encodeRaw(raw) }], { compress: true })
    await chain.settled()
  }
  await answer(days.revised, knownAt.first)
  await answer(days.plain, knownAt.first)
  await answer(days.revised, knownAt.second)
  const revisedFirst = truthOf(days.revised, knownAt.first)
  const withdrawn = [...revisedFirst.keys()].filter((name) => name.startsWith('border_AT_CZ '))
  return {
    chain,
    truth: {
      revisedFirst,
      withdrawn: new Map(withdrawn.map((name) => [name, null])),
      revisedSecond: truthOf(days.revised, knownAt.second),
      plain: truthOf(days.plain, knownAt.first),
    },
    ...(await tellAgain(chain)),
  }
}

async function tellAgain({
  kafka,
  registry,
  producer,
  settled,
}: Chain): Promise<Pick<PublishedHistory, 'timedTopic' | 'openTopic'>> {
  const topic = 'jao.timeseries'
  const encode = await registry.encoder(topic, timeseriesSliceSchema)
  const decoder = registry.decoder(timeseriesSliceSchema)
  const live = await readRecords(kafka, topic)
  await decoder.prepare(live.map(({ value }) => value))
  const slices = live.map(({ value }) => decoder.decode(value)).filter((slice) => 'values' in slice)
  if (slices.length !== live.length) throw new Error(`${live.length - slices.length} records are no slices`)

  const repeats = live.filter((_, index) => index % 3 === 0)
  const replay = slices
    .filter((slice) => slice.knownAt === knownAt.first)
    .map((slice) => {
      const values = slice.values.map((value) => (value === null ? null : value + 1000))
      const value = encode({ ...slice, values, transformVersion: slice.transformVersion + 1 })
      return { key: `${slice.dataset}/${slice.key}`, value, headers: { replay: 'replay-1' } }
    })
  await producer.send(topic, repeats)
  await producer.send(topic, replay)
  await settled()

  const timedTopic = 'timed.timeseries'
  const answers = (await readRecords(kafka, 'jao.answers')).flatMap(({ value }) => value ?? [])
  await createTopics(kafka, timedTopic, 'timed.answers')
  await sendTimed(kafka, timedTopic, [
    { value: Buffer.from('no Avro at all'), atMs: knownAt.first - 3_600_000 },
    ...slices.map((slice) => ({ value: encode(slice), atMs: slice.knownAt })),
    ...replay.map(({ value, headers }) => ({ value, headers, atMs: knownAt.second + 3_600_000 })),
  ])
  await sendTimed(
    kafka,
    'timed.answers',
    answers.map((value) => ({ value, atMs: knownAt.second })),
  )
  return {
    timedTopic,
    openTopic: async (topic) => {
      await createTopics(kafka, topic, topic.replace('timeseries', 'answers'))
      return (slice) => {
        const told = { ...(slices[0] as TimeseriesSlice), ...slice }
        return sendTimed(kafka, topic, [{ value: encode(told), atMs: told.knownAt }])
      }
    },
  }
}

/** Creates topics with two partitions each. One partition stays empty. */
async function createTopics(kafka: Kafka, ...names: string[]): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: names.map((topic) => ({ topic, numPartitions: 2, replicationFactor: 1 })) })
  await admin.disconnect()
}

interface Timed {
  value: Buffer
  headers?: Record<string, string>
  atMs: number
}

async function sendTimed(kafka: Kafka, topic: string, records: Timed[]): Promise<void> {
  const sender = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await sender.connect()
  const messages = records.map(({ atMs, ...message }) => ({ ...message, timestamp: `${atMs}`, partition: 0 }))
  await sender.send({ topic, messages, acks: -1 })
  await sender.disconnect()
}
