// kafkajs resolves a send without some of its partitions when a broker dies while it is under way, and their records are
// nowhere (tulios/kafkajs pull request 1798). The broker here is real; what loses a partition stands before it.
import type { Kafka, ProducerRecord } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { topicsOf } from '#core/source-topics.ts'
import { createKafka } from '#platform/kafka/client.ts'
import { consume } from '#platform/kafka/consume.ts'
import type { Subscription } from '#platform/kafka/process-batch.ts'
import { openProducer, type Producer } from '#platform/kafka/produce.ts'
import { provisionSchemas, provisionTopics } from '#platform/kafka/provision.ts'
import { RecordRun } from '#platform/kafka/record-batch.ts'
import { openRegistry, type Registry } from '#platform/kafka/registry.ts'
import { ok } from '#platform/kafka/verdict.ts'
import { connectionSettings, readConfig } from '#platform/process/config.ts'
import { createLogger } from '#platform/process/log.ts'
import { TransientError } from '#platform/process/transient-error.ts'
import { rawResponseSchema, type Series, seriesSchema, timeseriesSliceSchema } from '#schemas/generated/records.ts'
import type { Topic } from '#schemas/topics.ts'
import { subscribeTo } from '#services/normalizer/handle.ts'
import type { Dataset } from '#sources/source.ts'
import { declaredSource } from '../support/declared-source.ts'
import { rawResponse } from '../support/raw-responses.ts'
import { type RealParts, startRealParts } from '../support/real-parts.ts'
import { eventually } from './poller-parts.ts'
import { readRecords } from './read-records.ts'

const topic = (name: string, partitions: number, record: Topic['record'] = null): Topic => ({
  name,
  key: 'a number',
  retentionImpact: '',
  record,
  partitions,
  config: {},
})
const topics = [topic('sent', 4), topic('input', 1, seriesSchema), topic('output', 4), topic('refused', 1)]

let parts: RealParts
let config: ReturnType<typeof readConfig<typeof connectionSettings>>
let kafka: Kafka
let registry: Registry

beforeAll(async () => {
  parts = await startRealParts({ kafka: true, registry: true })
  config = readConfig(connectionSettings, { ...parts.environment, CLICKHOUSE_URL: 'http://unused' })
  kafka = createKafka(config, 'test')
  await provisionTopics(kafka, topics, 1)
  await provisionSchemas(config, topics)
  registry = openRegistry(config)
})
afterAll(() => parts?.stop())

/**
 * The same cluster, but what the first `times` sends of many records have for their last partition is lost: the broker
 * never gets it, and the reply does not name the partition. kafkajs did so within a send over several partitions; the
 * producer may send each by itself.
 */
function losing(times: number): { kafka: Kafka; lost: string[] } {
  const lost: string[] = []
  let left = times
  const producer = (config: Parameters<Kafka['producer']>[0]) => {
    const real = kafka.producer(config)
    const send = async (record: ProducerRecord) => {
      const runs = record.messages.filter((message) => message instanceof RecordRun)
      if (left === 0 || runs.flatMap(({ records }) => records).length < 10) return real.send(record)
      left--
      const victim = runs.at(-1)?.partition
      const isLost = ({ partition }: { partition?: number }) => partition === victim
      lost.push(...runs.filter(isLost).flatMap(({ records }) => records.map(({ record }) => String(record.key))))
      const messages = record.messages.filter((message) => !isLost(message))
      return messages.length === 0 ? [] : real.send({ ...record, messages })
    }
    return new Proxy(real, { get: (target, name) => (name === 'send' ? send : Reflect.get(target, name)) })
  }
  const lossy = new Proxy(kafka, {
    get: (target, name) => (name === 'producer' ? producer : Reflect.get(target, name)),
  })
  return { kafka: lossy, lost }
}

/** How many records of each key a topic holds. */
async function counts(name: string): Promise<Map<string, number>> {
  const byKey = Map.groupBy(await readRecords(kafka, name), ({ key }) => key)
  return new Map([...byKey].map(([key, records]) => [key, records.length]))
}

const keys = Array.from({ length: 200 }, (_, index) => `k${index}`)

test('a send acknowledged for some partitions only is not taken for acknowledged', async () => {
  const loser = losing(1)
  const producer: Producer = await openProducer(loser.kafka)
  const records = keys.map((key) => ({ key, value: Buffer.from('v') }))
  const error = await producer.send('sent', records).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(TransientError)
  expect(loser.lost.length).toBeGreaterThan(20)
  const after = await counts('sent')
  expect([...after.keys()].toSorted()).toEqual(keys.filter((key) => !loser.lost.includes(key)).toSorted())

  expect(await producer.send('sent', records)).toHaveLength(200)
  const again = await counts('sent')
  expect(again.size).toBe(200)
  for (const key of keys) expect(again.get(key)).toBe(loser.lost.includes(key) ? 1 : 2)
  await producer.disconnect()
})

test('and the consume loop sends the whole batch again before it commits', async () => {
  const encode = await registry.encoder('input', seriesSchema)
  const plain = await openProducer(kafka)
  const series = { dataset: 'd', labels: {}, unit: 'MW', step: 3600, transformVersion: 1, emittedAt: 0 }
  await plain.send(
    'input',
    keys.map((key) => ({ key, value: encode({ ...series, key }) })),
  )
  await plain.disconnect()

  const loser = losing(2)
  const producer = await openProducer(loser.kafka)
  const echo: Subscription<Series> = {
    topic: 'input',
    record: seriesSchema,
    deadLetterTopic: 'refused',
    handle: (batch) => batch.map(({ record: { key } }) => ok([{ topic: 'output', key, value: Buffer.from(key) }])),
  }
  await consumeAll(echo, producer, 200)
  await producer.disconnect()
  expect(loser.lost.length).toBeGreaterThan(20)
  const output = await counts('output')
  expect([...output.keys()].toSorted()).toEqual(keys.toSorted())
  expect(await counts('refused')).toEqual(new Map())
})

/** Consumes a topic until so many of its records are done. */
async function consumeAll(subscription: Subscription, producer: Producer, records: number): Promise<void> {
  let done = 0
  const crashes: Error[] = []
  const consumption = await consume({
    kafka,
    groupId: `of ${subscription.topic}`,
    service: { name: 'test', version: '0' },
    subscriptions: [subscription],
    shape: { minBytes: 1, maxWaitMs: 50, maxBytesPerPartition: 1024 * 1024, concurrentPartitions: 1 },
    registry,
    producer,
    log: createLogger('test', 'silent'),
    onCommitted: (batch) => {
      done += batch.records
    },
    crash: (error) => crashes.push(error),
  })
  await eventually('all is committed', async () => done >= records || crashes.length > 0)
  await consumption.stop()
  expect(crashes).toEqual([])
}

/** A source of its own, whose answers say which keys they name, and how many values each has. */
async function sourceNamed(name: string, timeseriesConfig: Topic['config']) {
  const declared = declaredSource({ name })
  const [dataset] = declared.datasets
  if (!dataset) throw new Error('no dataset')
  const explode: Dataset['explode'] = ({ body, window: { startMs } }) => {
    const named = Object.entries<number>(JSON.parse(body.toString()))
    const slices = named.map(([key, count]) => ({
      key,
      startMs,
      stepS: 60,
      values: new Array(count).fill(1),
      flags: [],
    }))
    return { slices, ignored: {} }
  }
  const source = { ...declared, datasets: [{ ...dataset, explode }] }
  const topicsOfSource = topicsOf(source).map((each) =>
    each.record === timeseriesSliceSchema ? { ...each, config: { ...each.config, ...timeseriesConfig } } : each,
  )
  await provisionTopics(kafka, topicsOfSource, 1)
  await provisionSchemas(config, topicsOfSource)
  return { source, dataset: dataset.name }
}

/** Writes answers and has the normalizer's own code do them. */
async function normalizeAll(
  { source, dataset }: Awaited<ReturnType<typeof sourceNamed>>,
  answers: Record<string, number>[],
  producer: Producer,
): Promise<void> {
  const encode = await registry.encoder(`${source.name}.raw`, rawResponseSchema)
  const plain = await openProducer(kafka)
  const raws = answers.map((answer, index) => {
    const body = Buffer.from(JSON.stringify(answer))
    return rawResponse({ startMs: 0, endMs: 60_000 }, body, index, { dataset, requestIdentity: `${dataset}/${index}` })
  })
  await plain.send(
    `${source.name}.raw`,
    raws.map((raw) => ({ key: raw.requestIdentity, value: encode(raw) })),
  )
  await plain.disconnect()
  const noneParked = {
    parked: () => undefined,
    list: () => [],
    park: async () => undefined,
    stop: async () => undefined,
  }
  const counters = { countIgnored: () => undefined, countFlagged: () => undefined }
  const subscription = await subscribeTo(source, { registry, producer }, counters, noneParked, new Set(), Date.now)
  await consumeAll(subscription, producer, answers.length)
}

test('what keys mean is sent again when Kafka did not take it the first time', async () => {
  const source = await sourceNamed('tides', {})
  // So many keys that the loser takes the send of what they mean; each is named once.
  const answer = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`at_${index}`, 2]))
  const loser = losing(1)
  const producer = await openProducer(loser.kafka)
  await normalizeAll(source, [answer], producer)
  await producer.disconnect()
  expect(loser.lost).toHaveLength(20)
  expect([...(await counts('tides.series')).keys()].toSorted()).toEqual(
    Object.keys(answer)
      .map((key) => `tides.hourly/${key}`)
      .toSorted(),
  )
})

test('an answer of which a record is too large for its topic is a dead letter, and nothing of it is sent', async () => {
  // A broker's own limit, where nobody raised it.
  const source = await sourceNamed('floods', { 'max.message.bytes': '1048588' })
  const producer = await openProducer(kafka)
  await normalizeAll(source, [{ a: 2 }, { b: 2, long: 130_000 }, { c: 2 }], producer)
  await producer.disconnect()
  const [letter, ...others] = await readRecords(kafka, 'floods.dlq')
  expect(others).toEqual([])
  expect(letter).toMatchObject({ key: 'floods.hourly/1', headers: { 'tidemark-reason': 'too-large' } })
  // A value takes nine bytes.
  expect(letter?.headers['tidemark-message']).toMatch(/^a record of 1170\d{3} bytes is too large for floods.timeseries/)
  expect([...(await counts('floods.timeseries')).keys()].toSorted()).toEqual(['floods.hourly/a', 'floods.hourly/c'])
  expect([...(await counts('floods.series')).keys()].toSorted()).toEqual(['floods.hourly/a', 'floods.hourly/c'])
})
