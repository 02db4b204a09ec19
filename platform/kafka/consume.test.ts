import { randomBytes, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { COMPATIBILITY, SchemaType } from '@kafkajs/confluent-schema-registry'
import { type ISocketFactory, Kafka as KafkaClient, logLevel } from 'kafkajs'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Poll, pollSchema, type Series, seriesSchema } from '#schemas/generated/records.ts'
import type { Topic } from '#schemas/topics.ts'
import { type RealParts, startRealParts } from '../../test/support/real-parts.ts'
import { kafkaSettings, readConfig, registrySettings } from '../process/config.ts'
import { TransientError } from '../process/transient-error.ts'
import { createKafka, type Kafka } from './client.ts'
import { type BatchMeasure, type ConsumeOptions, type Consumption, consume } from './consume.ts'
import { follow } from './follow.ts'
import { openLagReader } from './lag-reader.ts'
import { ownPartitions } from './own-partitions.ts'
import { type ConsumedRecord, outputsByTopic, type Subscription } from './process-batch.ts'
import { acknowledged, openProducer, type Producer } from './produce.ts'
import { provisionSchemas, provisionTopics } from './provision.ts'
import { recordBytes } from './record-batch.ts'
import { createRegistryClient, openRegistry, type Registry, subjectOf } from './registry.ts'
import { RefusedSend, TooLargeRecord } from './send-errors.ts'
import { ok, type Verdict } from './verdict.ts'

let parts: RealParts
let kafka: Kafka
let registry: Registry
let producer: Producer
let config: ReturnType<typeof readSettings>
const readSettings = (environment: NodeJS.ProcessEnv) =>
  readConfig({ ...kafkaSettings, ...registrySettings }, environment)

const warnings: string[] = []
process.on('warning', ({ name }) => void warnings.push(name))

beforeAll(async () => {
  parts = await startRealParts({ kafka: true, registry: true })
  config = readSettings(parts.environment)
  kafka = createKafka(config, 'test')
  registry = openRegistry(config)
  producer = await openProducer(kafka)
})
afterAll(async () => {
  await producer?.disconnect()
  await parts?.stop()
})

const series = (key: string): Series => ({
  dataset: 'test.data.set',
  key,
  labels: {},
  unit: 'MW',
  step: 3600,
  transformVersion: 1,
  emittedAt: 0,
})

/** A test's topics: input (Series records), output, dead letters. Topic settings are keyed by the topic's kind. */
async function topicsOfOneTest(
  configs: Partial<Record<'input' | 'output' | 'dead', Topic['config']>> = {},
): Promise<{ input: string; output: string; deadLetters: string; group: string }> {
  const id = randomUUID().slice(0, 8)
  const topic = (name: keyof typeof configs, record: Topic['record']): Topic => ({
    name: `${name}-${id}`,
    key: 'key',
    retentionImpact: '',
    record,
    partitions: 1,
    config: configs[name] ?? {},
  })
  const topics = [topic('input', seriesSchema), topic('output', null), topic('dead', null)]
  await provisionTopics(kafka, topics, 1)
  await provisionSchemas(config, topics)
  return { input: `input-${id}`, output: `output-${id}`, deadLetters: `dead-${id}`, group: `group-${id}` }
}

async function send(topic: string, keys: string[]): Promise<void> {
  const encode = await registry.encoder(topic, seriesSchema)
  await producer.send(
    topic,
    keys.map((key) => ({ key, value: encode(series(key)) })),
  )
}

/** All records in partition 0 of a topic. */
async function readAll(topic: string) {
  const admin = kafka.admin()
  await admin.connect()
  const [end] = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  const messages: { key: string; value: Buffer | null; headers: Record<string, string> }[] = []
  if (!end || end.high === '0') return messages
  const consumer = kafka.consumer({ groupId: `read-${randomUUID()}`, allowAutoTopicCreation: false })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        autoCommit: false,
        eachMessage: async ({ message }) => {
          const headers = Object.fromEntries(Object.entries(message.headers ?? {}).map(([k, v]) => [k, `${v}`]))
          messages.push({ key: `${message.key}`, value: message.value, headers })
          if (BigInt(message.offset) + 1n >= BigInt(end.high)) resolve()
        },
      })
      .catch(reject)
  })
  await consumer.disconnect()
  return messages
}

async function committed(group: string, topic: string): Promise<string | undefined> {
  const admin = kafka.admin()
  await admin.connect()
  const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
  await admin.disconnect()
  return offsets?.partitions[0]?.offset
}

interface Running {
  consumption: Consumption
  measured: BatchMeasure[]
  crashes: Error[]
}

type Topics = Awaited<ReturnType<typeof topicsOfOneTest>>

async function start(
  topics: Topics,
  handle: (batch: ConsumedRecord<Series>[]) => Verdict[] | Promise<Verdict[]>,
  over: Partial<Pick<ConsumeOptions, 'registry' | 'producer' | 'turn' | 'onAssigned'>> & {
    more?: Subscription
  } = {},
): Promise<Running> {
  const measured: BatchMeasure[] = []
  const crashes: Error[] = []
  const consumption = await consume({
    kafka,
    groupId: topics.group,
    service: { name: 'tester', version: '9.9.9' },
    subscriptions: [
      { topic: topics.input, record: seriesSchema, deadLetterTopic: topics.deadLetters, handle },
      ...(over.more ? [over.more] : []),
    ],
    ...(over.turn && { turn: over.turn }),
    ...(over.onAssigned && { onAssigned: over.onAssigned }),
    shape: { minBytes: 1, maxWaitMs: 50, maxBytesPerPartition: 1024 * 1024, concurrentPartitions: 1 },
    registry: over.registry ?? registry,
    producer: over.producer ?? producer,
    log: pino({ level: 'silent' }),
    onCommitted: (batch) => measured.push(batch),
    crash: (error) => crashes.push(error),
  })
  return { consumption, measured, crashes }
}

const until = (check: () => boolean | Promise<boolean>) =>
  expect.poll(check, { timeout: 20_000, interval: 25 }).toBe(true)
const recordsOf = (measured: BatchMeasure[]) => measured.reduce((sum, { records }) => sum + records, 0)

describe('consume', () => {
  it('publishes the outputs, then commits; a restart goes on behind them', async () => {
    const topics = await topicsOfOneTest()
    await send(topics.input, ['a', 'b', 'c'])
    const echo = (batch: ConsumedRecord<Series>[]) =>
      batch.map(({ record }) => ok([{ topic: topics.output, key: record.key, value: Buffer.from(record.unit) }]))
    const first = await start(topics, echo)
    await until(() => recordsOf(first.measured) === 3)
    expect(await committed(topics.group, topics.input)).toBe('3')
    await first.consumption.stop()

    await send(topics.input, ['d'])
    const seen: string[] = []
    const second = await start(topics, (batch) => {
      seen.push(...batch.map(({ record }) => record.key))
      return echo(batch)
    })
    await until(() => recordsOf(second.measured) === 1)
    await second.consumption.stop()
    expect(seen).toEqual(['d'])
    const output = await readAll(topics.output)
    expect(output.map(({ key, value }) => [key, `${value}`])).toEqual(['a', 'b', 'c', 'd'].map((key) => [key, 'MW']))
  })

  it('reads a topic that a later release adds to the group from its beginning; without a record type, as it lies', async () => {
    const [topics, added] = [await topicsOfOneTest(), await topicsOfOneTest()]
    await send(topics.input, ['a'])
    const all = (batch: ConsumedRecord[]) => batch.map(() => ok())
    const earlier = await start(topics, all)
    await until(() => recordsOf(earlier.measured) === 1)
    await earlier.consumption.stop()
    const headers = { why: Buffer.from([0xff, 0]) }
    await producer.send(added.input, [{ key: 'k', value: Buffer.from('no Avro'), headers }])
    const seen: unknown[] = []
    const handle: Subscription['handle'] = (batch) => {
      seen.push(...batch.map(({ record }) => record))
      return all(batch)
    }
    const more = { topic: added.input, record: null, deadLetterTopic: null, handle }
    const later = await start(topics, all, { more })
    await until(() => seen.length === 1)
    await later.consumption.stop()
    const place = { topic: added.input, partition: 0, offset: 0 }
    expect(seen).toMatchObject([{ ...place, key: Buffer.from('k'), value: Buffer.from('no Avro'), headers }])
  })

  it('gives all topics of a group to one member: the members of two groups take turns, and one that stays has both', async () => {
    const [topics, second] = [await topicsOfOneTest(), await topicsOfOneTest()]
    const shares = [topics, { ...second, group: `${second.group}-2` }]
    const added = await topicsOfOneTest()
    const seen: string[] = []
    const member = async (name: string, sinceMs: number) => {
      const assigned: string[][] = [[], []]
      const handle = (batch: ConsumedRecord<Series>[]) => {
        seen.push(...batch.map(({ record }) => `${name} ${record.key}`))
        return batch.map(() => ok([]))
      }
      const more = { topic: added.input, record: seriesSchema, deadLetterTopic: null, handle } as Subscription
      const running = await Promise.all(
        shares.map((share, place) => {
          const onAssigned = (partitions: Record<string, number[]>) => {
            assigned[place] = Object.keys(partitions).toSorted()
          }
          return start(share, handle, { more, turn: { place, sinceMs }, onAssigned })
        }),
      )
      const stop = () => Promise.all(running.map(({ consumption }) => consumption.stop()))
      return { assigned, stop, notReady: () => running.map(({ consumption }) => consumption.notReady()) }
    }
    const topicsOf = (share: number) => [shares[share]?.input ?? '', added.input].toSorted()
    const first = await member('first', 1)
    await until(() => first.assigned.every(({ length }) => length === 2))
    const other = await member('other', 2)
    await until(() => other.assigned[1]?.length === 2 && first.assigned[1]?.length === 0)
    expect(first.assigned).toEqual([topicsOf(0), []])
    expect(other.assigned).toEqual([[], topicsOf(1)])
    // Who stands by in a group is ready.
    await until(() => [...first.notReady(), ...other.notReady()].every((why) => why === undefined))
    for (const { input } of [...shares, added]) await send(input, ['a'])
    await until(() => seen.length === 4)
    expect(seen.toSorted()).toEqual(['first a', 'first a', 'other a', 'other a'])
    await first.stop()
    await until(() => other.assigned[0]?.length === 2)
    expect(other.assigned).toEqual([topicsOf(0), topicsOf(1)])
    for (const { input } of shares) await send(input, ['b'])
    await until(() => seen.length === 6)
    expect(seen.slice(4)).toEqual(['other b', 'other b'])
    await other.stop()
  })

  it('handles a compressed batch in parts, each committed before the next', async () => {
    const topics = await topicsOfOneTest()
    const encode = await registry.encoder(topics.input, seriesSchema)
    // Three MiB compress to some kilobytes, so that all five come in one batch.
    for (const key of ['a', 'b', 'c', 'd', 'e']) {
      const value = encode({ ...series(key), labels: { text: 'x'.repeat(3 * 1024 * 1024) } })
      await producer.send(topics.input, [{ key, value }], { compress: true })
    }
    const seen: [keys: string, committed: string | undefined][] = []
    const running = await start(topics, async (batch) => {
      seen.push([batch.map(({ record }) => record.key).join(''), await committed(topics.group, topics.input)])
      return batch.map(() => ok())
    })
    await until(() => recordsOf(running.measured) === 5)
    await running.consumption.stop()
    expect(seen).toEqual([
      ['ab', '-1'],
      ['cd', '2'],
      ['e', '4'],
    ])
    expect(await committed(topics.group, topics.input)).toBe('5')
  })

  it.each(['gzip', 'snappy', 'lz4', 'zstd'])('reads a topic that the broker stores with %s', async (codec) => {
    const topics = await topicsOfOneTest({ input: { 'compression.type': codec } })
    const keys = Array.from({ length: 3_000 }, (_, index) => `key-${index}`)
    await send(topics.input, keys)
    const seen: string[] = []
    const running = await start(topics, (batch) => {
      seen.push(...batch.map(({ record }) => record.key))
      return batch.map(() => ok())
    })
    await until(() => recordsOf(running.measured) === keys.length || running.crashes.length > 0)
    await running.consumption.stop()
    expect(running.crashes).toEqual([])
    expect(seen).toEqual(keys)
    expect((await readAll(topics.input)).map(({ key }) => key)).toEqual(keys)
  })

  it('sends only unreadable and refused records to the dead-letter topic, byte for byte', async () => {
    const topics = await topicsOfOneTest()
    const encode = await registry.encoder(topics.input, seriesSchema)
    const unknownSchema = Buffer.from([0, 0, 0x7f, 0xff, 0xff, 1, 2, 3])
    const cutOff = encode(series('cut')).subarray(0, 9)
    await producer.send(topics.input, [
      { key: 'good-1', value: encode(series('good-1')) },
      { key: 'text', value: Buffer.from('{"no":"avro"}'), headers: { trace: 't1' } },
      { key: 'unknown', value: unknownSchema },
      { key: 'cut', value: cutOff },
      { key: 'tombstone', value: null },
      { key: 'bad', value: encode(series('bad')) },
      { key: 'good-2', value: encode(series('good-2')) },
    ])
    const seen: string[] = []
    const running = await start(topics, (batch) => {
      seen.push(...batch.map(({ record }) => record.key))
      return batch.map(({ record }) =>
        record.key === 'bad' ? { kind: 'dead', reason: 'type', message: 'no good' } : ok(),
      )
    })
    await until(() => recordsOf(running.measured) === 7)
    await running.consumption.stop()
    expect(seen).toEqual(['good-1', 'bad', 'good-2'])
    const letters = await readAll(topics.deadLetters)
    const summary = letters.map(({ key, headers }) => [key, headers['tidemark-reason'], headers['tidemark-offset']])
    expect(summary).toEqual([
      ['text', 'not-avro', '1'],
      ['unknown', 'unknown-schema', '2'],
      ['cut', 'decode', '3'],
      ['tombstone', 'not-avro', '4'],
      ['bad', 'type', '5'],
    ])
    expect(letters.map(({ value }) => value)).toEqual([
      Buffer.from('{"no":"avro"}'),
      unknownSchema,
      cutOff,
      null,
      encode(series('bad')),
    ])
    expect(letters[0]?.headers).toMatchObject({
      trace: 't1',
      'tidemark-topic': topics.input,
      'tidemark-partition': '0',
      'tidemark-service': 'tester',
      'tidemark-version': '9.9.9',
      'tidemark-attempts': '1',
    })
    expect(letters[4]?.headers['tidemark-message']).toBe('no good')
  })

  it('waits while a dependency is unavailable, commits nothing, and does the same batch again', async () => {
    const topics = await topicsOfOneTest()
    await send(topics.input, ['a', 'b'])
    const attempts: string[][] = []
    const running = await start(topics, async (batch) => {
      attempts.push(batch.map(({ record }) => record.key))
      if (attempts.length < 4) {
        expect(await committed(topics.group, topics.input)).toBe('-1')
        throw new TransientError('the store is away')
      }
      return batch.map(() => ok())
    })
    await until(() => recordsOf(running.measured) === 2)
    await running.consumption.stop()
    expect(attempts).toEqual(new Array(4).fill(['a', 'b']))
    expect(running.crashes).toEqual([])
    expect(await readAll(topics.deadLetters)).toEqual([])
  })

  it('tries again when a send is acknowledged for some partitions only', async () => {
    const topics = await topicsOfOneTest()
    await send(topics.input, ['a'])
    let sends = 0
    const losing: Producer = {
      ...producer,
      send: async (topic, records, options) => {
        const written = await producer.send(topic, records, options)
        if (++sends > 1) return written
        return [acknowledged(topic, 1, [{ topicName: topic, partition: 0, errorCode: 0, baseOffset: '0' }])]
      },
    }
    const handle = (batch: ConsumedRecord<Series>[]) =>
      batch.map(() => ok([{ topic: topics.output, key: 'k', value: Buffer.from('v') }]))
    const running = await start(topics, handle, { producer: losing })
    await until(() => recordsOf(running.measured) === 1)
    await running.consumption.stop()
    expect(sends).toBe(2)
  })

  it('takes any other error for a bug: it tells so once and commits nothing', async () => {
    const topics = await topicsOfOneTest()
    await send(topics.input, ['a'])
    const running = await start(topics, () => {
      throw new TypeError('a bug')
    })
    await until(() => running.crashes.length === 1)
    expect(running.crashes[0]?.message).toBe('a bug')
    expect(await committed(topics.group, topics.input)).toBe('-1')
    // The consumer can still be stopped.
    await running.consumption.stop()
    expect(running.crashes).toHaveLength(1)
  })

  it('ends with one sentence when Kafka will never take what is to be sent', async () => {
    const topics = await topicsOfOneTest()
    await send(topics.input, ['a'])
    const running = await start(topics, () => [ok([{ topic: 'not a topic', key: 'k', value: Buffer.from('v') }])])
    await until(() => running.crashes.length > 0)
    await running.consumption.stop()
    expect(running.crashes).toEqual([expect.any(RefusedSend)])
    expect(running.crashes[0]?.message).toMatch(/^Kafka will not take records for not a topic: [^\n]*$/)
    expect(await committed(topics.group, topics.input)).toBe('-1')
  })

  it('does not delay other topics while one topic waits', async () => {
    const [waiting, other] = [await topicsOfOneTest(), await topicsOfOneTest()]
    await send(waiting.input, ['w'])
    let attempts = 0
    const unavailable = () => {
      attempts++
      throw new TransientError('its table is broken')
    }
    const more = { topic: other.input, record: seriesSchema, deadLetterTopic: null, handle: () => [ok()] }
    const running = await start(waiting, unavailable, { more })
    await until(() => attempts >= 2)
    for (const key of ['a', 'b', 'c']) {
      await send(other.input, [key])
      const attemptsBefore = attempts
      await until(async () => (await committed(waiting.group, other.input)) === `${'abc'.indexOf(key) + 1}`)
      await until(() => attempts > attemptsBefore)
    }
    expect(await committed(waiting.group, waiting.input)).toBe('-1')
    await running.consumption.stop()
    expect(running.crashes).toEqual([])
  })

  it('does not commit a batch whose handling outlives the stop; the next member does it again', async () => {
    const topics = await topicsOfOneTest()
    await send(topics.input, ['a'])
    let release = () => {}
    let handled = 0
    const first = await start(topics, async (batch) => {
      handled++
      await new Promise<void>((resolve) => {
        release = resolve
      })
      return batch.map(() => ok())
    })
    await until(() => handled === 1)
    const stopped = first.consumption.stop()
    release()
    await stopped
    expect(await committed(topics.group, topics.input)).toBe('-1')
    const second = await start(topics, (batch) => batch.map(() => ok()))
    await until(() => recordsOf(second.measured) === 1)
    await second.consumption.stop()
  })

  it('asks the registry twice for an id that it does not know, and for few of a flood of them', async () => {
    const topics = await topicsOfOneTest()
    const encode = await registry.encoder(topics.input, seriesSchema)
    const poison = (id: number) => Buffer.from([0, (id >> 24) & 255, (id >> 16) & 255, (id >> 8) & 255, id & 255, 1, 2])
    const same = Array.from({ length: 500 }, () => ({ key: 'same', value: poison(0x7ffffffe) }))
    const flood = Array.from({ length: 3_000 }, (_, index) => ({ key: 'flood', value: poison(0x70000000 + index) }))
    const good = ['a', 'b'].map((key) => ({ key, value: encode(series(key)) }))
    await producer.send(topics.input, [...same, ...flood, ...good])
    const { counting, asked, stop } = await countingRegistry()
    const seen: string[] = []
    const handle = (batch: ConsumedRecord<Series>[]) => {
      seen.push(...batch.map(({ record }) => record.key))
      return batch.map(() => ok())
    }
    const running = await start(topics, handle, { registry: counting })
    await until(() => recordsOf(running.measured) === 3_502)
    await running.consumption.stop()
    stop()
    expect(seen).toEqual(['a', 'b'])
    expect(asked.filter((url) => url.endsWith(`/schemas/ids/${0x7ffffffe}`))).toHaveLength(2)
    expect(asked.length).toBeGreaterThan(50)
    // At most 50 unknown ids in half a minute, twice each, and the one schema there is.
    expect(asked.length).toBeLessThanOrEqual(101)
    const letters = await readAll(topics.deadLetters)
    expect(letters).toHaveLength(3_500)
    expect(new Set(letters.map(({ headers }) => headers['tidemark-reason']))).toEqual(new Set(['unknown-schema']))
  })

  it('waits for a registry that is away, also with ids that it has not seen yet', async () => {
    const topics = await topicsOfOneTest()
    await producer.send(topics.input, [{ key: 'k', value: Buffer.from([0, 0x7f, 0, 0, 1, 1, 2, 3]) }])
    const { counting, stop, away } = await countingRegistry()
    away(true)
    const running = await start(topics, (batch) => batch.map(() => ok()), { registry: counting })
    await new Promise((resolve) => setTimeout(resolve, 4_000))
    expect(running.measured).toEqual([])
    expect(await readAll(topics.deadLetters)).toEqual([])
    away(false)
    await until(() => recordsOf(running.measured) === 1)
    await running.consumption.stop()
    stop()
    expect(await readAll(topics.deadLetters)).toHaveLength(1)
  })

  it('refuses values of a schema that is there and cannot be used, and goes on', async () => {
    const topics = await topicsOfOneTest()
    const subject = `odd-${randomUUID()}`
    const body = JSON.stringify({ schema: '"string"' })
    const headers = { 'content-type': 'application/vnd.schemaregistry.v1+json' }
    const answer = await fetch(`${config.SCHEMA_REGISTRY_URL}/subjects/${subject}/versions`, {
      method: 'POST',
      headers,
      body,
    })
    const { id } = (await answer.json()) as { id: number }
    expect(id).toBeGreaterThan(0)
    const negative = Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3])
    await producer.send(topics.input, [
      { key: 'text', value: Buffer.from([0, 0, 0, 0, id, 1, 2, 3]) },
      { key: 'negative', value: negative },
    ])
    const running = await start(topics, (batch) => batch.map(() => ok()))
    await until(() => recordsOf(running.measured) === 2)
    await running.consumption.stop()
    const letters = await readAll(topics.deadLetters)
    expect(letters.map(({ key, headers }) => [key, headers['tidemark-reason']])).toEqual([
      ['text', 'schema'],
      ['negative', 'not-avro'],
    ])
  })
})

/** A proxy to the real registry that counts requests and can be switched off. */
async function countingRegistry() {
  const asked: string[] = []
  let isAway = false
  const proxy = createServer(async (request, response) => {
    if (isAway) return void response.writeHead(503).end('{"message":"away"}')
    asked.push(`${request.url}`)
    const answer = await fetch(`${new URL(config.SCHEMA_REGISTRY_URL).origin}${request.url}`)
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const { port } = proxy.address() as AddressInfo
  const path = new URL(config.SCHEMA_REGISTRY_URL).pathname
  return {
    asked,
    counting: openRegistry({ SCHEMA_REGISTRY_URL: `http://127.0.0.1:${port}${path}` }),
    away: (away: boolean) => {
      isAway = away
    },
    stop: () => proxy.close(),
  }
}

it('dead letters of a batch that are larger together than the broker takes at once all arrive', async () => {
  const topics = await topicsOfOneTest()
  const bodies = Array.from({ length: 14 }, () => randomBytes(900_000))
  for (const value of bodies) await producer.send(topics.input, [{ key: 'k', value }])
  const running = await start(topics, (batch) => batch.map(() => ok()))
  await until(() => recordsOf(running.measured) === bodies.length)
  await running.consumption.stop()
  const letters = await readAll(topics.deadLetters)
  expect(
    letters.map(({ value }) =>
      value?.equals(bodies[letters.findIndex((letter) => letter.value === value)] ?? Buffer.alloc(0)),
    ),
  ).toEqual(bodies.map(() => true))
})

it('looks for the group coordinator again after a lost connection', async () => {
  const groupId = `none-${randomUUID()}`
  const steady = kafka.admin()
  await steady.connect()
  // A broker that has just started does not coordinate the group yet.
  await expect.poll(() => steady.fetchOffsets({ groupId }).catch(String), { timeout: 60_000 }).toEqual([])
  await steady.disconnect()
  let toDrop = 3
  // Kafka's API key 10 is FindCoordinator.
  const socketFactory: ISocketFactory = ({ host, port, onConnect }) => {
    const socket = connect({ host, port }, onConnect)
    const write = socket.write.bind(socket) as (...all: unknown[]) => boolean
    socket.write = (bytes: unknown, ...more: unknown[]) => {
      if (!Buffer.isBuffer(bytes) || bytes.readInt16BE(4) !== 10 || toDrop === 0) return write(bytes, ...more)
      toDrop--
      socket.destroy(new Error('lost'))
      return false
    }
    return socket
  }
  const brokers = [config.KAFKA_BROKERS]
  const flaky = new KafkaClient({ brokers, socketFactory, retry: { initialRetryTime: 10 }, logLevel: logLevel.NOTHING })
  const admin = flaky.admin()
  await admin.connect()
  try {
    expect(await admin.fetchOffsets({ groupId })).toEqual([])
    expect(toDrop).toBe(0)
  } finally {
    await admin.disconnect()
  }
})

it('says what it waits for when a dependency stays unavailable', async () => {
  const topics = await topicsOfOneTest()
  await send(topics.input, ['a'])
  const running = await start(topics, () => {
    throw new TransientError('the store is away')
  })
  await expect
    .poll(() => running.consumption.notReady(), { timeout: 40_000 })
    .toMatch(/^waiting for \d+ s: the store is away$/)
  await running.consumption.stop()
})

it('a refused message with a header without a value can be sent to the dead letters', async () => {
  const topics = await topicsOfOneTest()
  const headers = { none: null as unknown as Buffer, some: Buffer.from('s') }
  const message = { key: null, value: Buffer.from('v'), timestamp: '0', attributes: 0, offset: '3', headers }
  const source = { topic: topics.input, partition: 0, deadLetterTopic: topics.deadLetters }
  const refusal: Verdict = { kind: 'dead', reason: 'type', message: 'no good' }
  for (const [topic, records] of outputsByTopic(source, [message], [refusal], { name: 't', version: '1' }, 0)) {
    await producer.send(topic, records)
  }
  const [letter] = await readAll(topics.deadLetters)
  expect(letter?.headers).toMatchObject({ none: '', some: 's', 'tidemark-reason': 'type' })
})

it('a dead letter that is too large is sent without its value and names the place of the original', async () => {
  const topics = await topicsOfOneTest({ dead: { 'max.message.bytes': '2000' } })
  const value = randomBytes(5_000)
  const headers = { trace: randomBytes(3_000) }
  await producer.send(topics.input, [
    { key: 'large', value, headers },
    { key: 'small', value: Buffer.from('s') },
  ])
  const running = await start(topics, (batch) => batch.map(() => ok()))
  await until(() => recordsOf(running.measured) === 2)
  await running.consumption.stop()
  const [large, small] = await readAll(topics.deadLetters)
  expect(large).toMatchObject({ key: 'large', value: null, headers: { 'tidemark-left-out-bytes': '5000' } })
  expect(large?.headers).toMatchObject({ 'tidemark-reason': 'not-avro', 'tidemark-offset': '0' })
  expect(large?.headers['tidemark-message']).toContain(`it lies at ${topics.input}/0/0`)
  expect(small).toMatchObject({ key: 'small', value: Buffer.from('s') })
})

describe('a broker that starts', () => {
  it('is asked again while it does not offer all of its requests yet', async () => {
    const [host, port] = config.KAFKA_BROKERS.split(':')
    let connections = 0
    const proxy = createTcpServer((client) => {
      connections++
      if (connections <= 2) {
        client.once('data', (request: Buffer) => client.write(onlyApiVersions(request.readInt32BE(8))))
        return
      }
      const broker = connect({ host: host ?? '', port: Number(port) })
      client.pipe(broker).pipe(client)
      client.on('close', () => broker.destroy())
      broker.on('close', () => client.destroy())
      for (const socket of [client, broker]) socket.on('error', () => socket.destroy())
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    try {
      const brokers = `127.0.0.1:${(proxy.address() as AddressInfo).port}`
      const admin = createKafka({ ...config, KAFKA_BROKERS: brokers }, 'test').admin()
      await admin.connect()
      expect((await admin.describeCluster()).brokers).toHaveLength(1)
      await admin.disconnect()
      expect(connections).toBeGreaterThan(2)
    } finally {
      proxy.close()
    }
  })

  /** An answer to ApiVersions, version 2, that offers nothing but ApiVersions (key 18). */
  function onlyApiVersions(correlationId: number): Buffer {
    const answer = Buffer.alloc(4 + 4 + 2 + 4 + 6 + 4)
    answer.writeInt32BE(answer.length - 4, 0)
    answer.writeInt32BE(correlationId, 4)
    answer.writeInt32BE(1, 10)
    answer.writeInt16BE(18, 14)
    answer.writeInt16BE(2, 18)
    return answer
  }
})

describe('the limit of a topic', () => {
  const record = { key: 'key', value: randomBytes(1_500), headers: { name: 'text' } }
  const exactly = 61 + recordBytes(record)
  const outputOf = async (bytes: number) =>
    (await topicsOfOneTest({ output: { 'max.message.bytes': `${bytes}` } })).output

  it('is known to the byte before anything is sent', async () => {
    const [fits, tooSmall] = [await outputOf(exactly), await outputOf(exactly - 1)]
    await producer.send(fits, [record])
    const words = `a record of ${exactly - 61} bytes is too large for ${tooSmall}, which takes ${exactly - 1} (its max.message.bytes)`
    await expect(producer.send(tooSmall, [{ key: 'small', value: null }, record])).rejects.toThrow(words)
    expect(await readAll(tooSmall)).toEqual([])
    const check = await producer.sizeCheck([fits, tooSmall])
    expect([check(fits, record), check(tooSmall, record)]).toEqual([undefined, words])
    // The compressed size counts.
    const zeros = { key: 'zeros', value: Buffer.alloc(100_000) }
    expect(check(tooSmall, zeros, { compress: true })).toBeUndefined()
    await producer.send(tooSmall, [zeros], { compress: true })
    expect(await readAll(tooSmall)).toHaveLength(1)
  })

  it('holds for what is sent together, too', async () => {
    const topic = await outputOf(3 * exactly)
    await producer.send(topic, new Array(10).fill(record))
    expect(await readAll(topic)).toHaveLength(10)
  })

  it('is learned from the broker if it was lowered; the other records are sent', async () => {
    const topic = await outputOf(1_000_000)
    const other = await openProducer(kafka)
    await other.send(topic, [record])
    await provisionTopics(
      kafka,
      [
        {
          name: topic,
          key: '',
          retentionImpact: '',
          record: null,
          partitions: 1,
          config: { 'max.message.bytes': '1000' },
        },
      ],
      1,
    )
    // The broker applies a new limit a moment after it has acknowledged it.
    const probe = kafka.producer()
    await probe.connect()
    await until(() =>
      probe.send({ topic, messages: [{ ...record, key: 'probe' }] }).then(
        () => false,
        (error: { type?: string }) => error.type === 'MESSAGE_TOO_LARGE',
      ),
    )
    await probe.disconnect()
    const small = Array.from({ length: 7 }, (_, index) => ({ key: `${index}`, value: Buffer.alloc(400) }))
    const error = await other.send(topic, [...small, record]).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(TooLargeRecord)
    expect(error).toMatchObject({ isUnexpected: true })
    expect((await other.sizeCheck([topic]))(topic, record)).toContain('says the broker')
    const sent = (await readAll(topic)).filter(({ key }) => key !== 'probe')
    expect(sent.map(({ key }) => key)).toEqual(['key', '0', '1', '2', '3', '4', '5', '6'])
    await other.disconnect()
  })
})

describe('an acknowledgement', () => {
  const reply = (partition: number, errorCode = 0) => ({ topicName: 't', partition, errorCode, baseOffset: '7' })
  it('counts when it names the partition that was sent', () => {
    expect(acknowledged('t', 2, [reply(0), reply(2)])).toEqual({ partition: 2, offset: 7 })
  })
  it.each([
    ['the partition is absent', [reply(0)]],
    ['the partition failed', [reply(0), reply(2, 6)]],
    ['nothing came', []],
  ])('does not count when %s', (_name, replies) => {
    expect(() => acknowledged('t', 2, replies)).toThrow(TransientError)
  })
})

describe('a large send', () => {
  it('arrives whole, in order within each partition, every key in its own; each record lies where it is said to', async () => {
    const topic = `large-${randomUUID().slice(0, 8)}`
    await provisionTopics(
      kafka,
      [{ name: topic, key: 'key', retentionImpact: '', record: null, partitions: 3, config: {} }],
      1,
    )
    // The send is split by record count and by bytes.
    const records = Array.from({ length: 7_321 }, (_, index) => ({
      key: `key-${index % 50}`,
      value: Buffer.from(`${index}`.padEnd(index % 40 === 0 ? 30_000 : 0)),
    }))
    const written = await producer.send(topic, records)
    const places: { partition: number; offset: number }[] = []
    const seen = new Map<string, number[]>()
    const partitionsOfKey = new Map<string, Set<number>>()
    const consumer = kafka.consumer({ groupId: randomUUID() })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    let count = 0
    await consumer.run({
      eachMessage: async ({ partition, message }) => {
        const key = `${message.key}`
        const index = Number(`${message.value}`)
        seen.set(key, [...(seen.get(key) ?? []), index])
        places[index] = { partition, offset: Number(message.offset) }
        partitionsOfKey.set(key, (partitionsOfKey.get(key) ?? new Set()).add(partition))
        count++
      },
    })
    await until(() => count === records.length)
    await consumer.disconnect()
    expect(written).toEqual(places)
    for (const [key, values] of seen) {
      const first = Number(key.slice('key-'.length))
      const expected = records.map((_, index) => index).filter((index) => index % 50 === first)
      expect(values).toEqual(expected)
      expect(partitionsOfKey.get(key)?.size).toBe(1)
    }
  })
})

describe('the registry', () => {
  it('reads a record that an older schema wrote, filling defaults', async () => {
    const topics = await topicsOfOneTest()
    const encode = await registry.encoder(topics.input, seriesSchema)
    const decoder = registry.decoder(seriesSchema)
    const bytes = encode(series('x'))
    await decoder.prepare([bytes])
    expect(decoder.decode(bytes)).toEqual(series('x'))
    const wrong = registry.decoder(pollSchema)
    await wrong.prepare([bytes])
    expect((wrong.decode(bytes) as unknown as { reason: string } & Poll).reason).toBe('schema')
  })

  it('says where the Avro bytes begin if the newest version wrote them, and of no other value', async () => {
    const topics = await topicsOfOneTest()
    const client = createRegistryClient(config)
    const options = { subject: subjectOf(topics.input), compatibility: COMPATIBILITY.FULL_TRANSITIVE }
    const register = async (schema: unknown): Promise<number> =>
      (await client.register({ type: SchemaType.AVRO, schema: JSON.stringify(schema) }, options)).id
    const newest = JSON.parse(seriesSchema.text)
    const otherWords = await register({ ...newest, doc: 'words do not change the bytes' })
    const later = await register({
      ...newest,
      fields: [...newest.fields, { name: 'more', type: 'string', default: '' }],
    })
    const value = (await registry.encoder(topics.input, seriesSchema))(series('x'))
    const withId = (id: number): Buffer => {
      const other = Buffer.from(value)
      other.writeInt32BE(id, 1)
      return other
    }
    const decoder = registry.decoder(seriesSchema)
    const values = [value, withId(otherWords), withId(later), withId(0x7fffffff), Buffer.from('x'), null]
    await decoder.prepare(values)
    expect(values.map(decoder.newestAt)).toEqual([5, 5, undefined, undefined, undefined, undefined])
  })
})

it('the lag of a group is the age of the oldest record that it has not committed', async () => {
  const { input, output, group } = await topicsOfOneTest()
  const writer = kafka.producer()
  await writer.connect()
  const nowMs = Date.now()
  const messages = [7_200, 3_600, 60].map((ageS) => ({ value: `${ageS}`, timestamp: `${nowMs - ageS * 1_000}` }))
  await writer.send({ topic: input, messages })
  await writer.disconnect()
  const lags = await openLagReader(kafka, [{ group, topics: [input, output] }])
  const admin = kafka.admin()
  await admin.connect()
  // Nothing committed; the first record; the first two; all.
  for (const [done, minS] of [
    [undefined, 7_200],
    [1, 3_600],
    [2, 60],
    [3, 0],
  ] as const) {
    const partitions = [{ partition: 0, offset: `${done}` }]
    if (done !== undefined) await admin.setOffsets({ groupId: group, topic: input, partitions })
    const [lag, other] = await lags.read(nowMs)
    expect(lag).toMatchObject({ group, topic: input, records: 3 - (done ?? 0) })
    expect(lag?.seconds).toBeGreaterThanOrEqual(minS)
    expect(lag?.seconds).toBeLessThanOrEqual(minS * 1.05 + 1)
    expect(other).toEqual({ group, topic: output, records: 0, seconds: 0 })
  }
  await Promise.all([lags.close(), admin.disconnect()])
})

it('follow() and ownPartitions() report an exception of their read callback', async () => {
  const { input } = await topicsOfOneTest()
  await send(input, ['a'])
  const crashes: string[] = []
  const read = () => Promise.reject(new Error('a bug'))
  const crash = ({ message }: Error) => void crashes.push(message)
  const stop = await follow(kafka, { topic: input, partition: 0, offset: 0 }, read, crash)
  const log = pino({ level: 'silent' })
  const group = { groupId: `own-${input}`, topics: [input], sessionTimeoutMs: 6_000, onLease: () => undefined, log }
  const owner = await ownPartitions({ kafka, ...group, read, crash })
  await until(() => crashes.length === 2)
  await Promise.all([stop(), owner.stop()])
  expect(crashes).toEqual(['a bug', 'a bug'])
})

it('follow() reads the partitions that are named, and after a rejoin goes on where it was', async () => {
  const [one, other] = [await topicsOfOneTest(), await topicsOfOneTest()]
  await send(one.input, ['a', 'b'])
  const seen: string[] = []
  const read = (records: { topic: string; offset: number }[]) =>
    void seen.push(...records.map(({ topic, offset }) => `${topic === one.input ? 'one' : 'other'} ${offset}`))
  const crash = (error: Error) => expect.unreachable(error.message)
  const from = [
    { topic: one.input, partition: 0, offset: 1 },
    { topic: other.input, partition: 0, offset: 0 },
  ]
  const stop = await follow(kafka, from, read, crash)
  await send(other.input, ['c'])
  await until(() => seen.length === 2)
  const { hasFailed } = failNextJoin(/^tidemark-follow-/)
  await until(hasFailed)
  await send(one.input, ['d'])
  await until(() => seen.includes('one 2'))
  await stop()
  expect(seen.toSorted()).toEqual(['one 1', 'one 2', 'other 0'])
})

type GroupRequests = Record<'heartbeat' | 'joinGroup', (request: { groupId: string }) => Promise<unknown>>

/** The next heartbeat of the group learns of a rebalance. The next request to join meets a coordinator that still loads. */
function failNextJoin(group: RegExp): { hasFailed: () => boolean } {
  const internal = createRequire(import.meta.url)
  const { prototype } = internal('kafkajs/src/broker') as { prototype: GroupRequests }
  const { createErrorFromCode } = internal('kafkajs/src/protocol/error')
  const answers = [
    { name: 'heartbeat', code: 27 },
    { name: 'joinGroup', code: 14 },
  ] as const
  let answered = 0
  for (const [index, { name, code }] of answers.entries()) {
    const original = prototype[name]
    prototype[name] = async function (request) {
      if (!group.test(request.groupId) || answered !== index) return original.call(this, request)
      prototype[name] = original
      answered++
      throw createErrorFromCode(code)
    }
  }
  return { hasFailed: () => answered === answers.length }
}

it('a member that could not join again when its group rebalanced joins later, and goes on', async () => {
  const topics = await topicsOfOneTest()
  const groupId = `own-${topics.input}`
  let leases = 0
  const log = pino({ level: 'silent' })
  const crash = (error: Error) => expect.unreachable(error.message)
  const owner = await ownPartitions({
    ...{ kafka, groupId, topics: [topics.input], sessionTimeoutMs: 6_000, log, crash },
    read: async () => undefined,
    onLease: () => void leases++,
  })
  await until(() => leases === 1)
  const owning = failNextJoin(new RegExp(groupId))
  await until(() => owning.hasFailed())
  await until(() => leases === 2 && owner.owned().length === 1)
  await owner.stop()

  const { consumption, measured } = await start(topics, (batch) => batch.map(() => ok()))
  await send(topics.input, ['a'])
  await until(() => recordsOf(measured) === 1)
  const consuming = failNextJoin(new RegExp(topics.group))
  await until(() => consuming.hasFailed())
  await until(() => consumption.notReady() === undefined)
  await send(topics.input, ['b'])
  await until(() => recordsOf(measured) === 2)
  await consumption.stop()
})

it('a member holds what it is assigned, across a rebalance too, and no longer when the group does not answer', async () => {
  const topics = await topicsOfOneTest()
  const holds: (() => boolean)[][] = [[], []]
  const join = (member: number) =>
    start(topics, (batch) => batch.map(() => ok()), {
      turn: { place: 0, sinceMs: member },
      onAssigned: (partitions, held) => {
        if ((partitions[topics.input] ?? []).length > 0) holds[member]?.push(held)
      },
    })
  const first = await join(0)
  await until(() => holds[0]?.[0]?.() === true)
  const second = await join(1)
  await until(() => holds[0]?.length === 2)
  // Nobody else had it in between.
  expect(holds[0]?.[1]).toBe(holds[0]?.[0])
  expect([holds[0]?.[0]?.(), holds[1]]).toEqual([true, []])

  const broker = parts.broker?.pid ?? 0
  process.kill(broker, 'SIGSTOP')
  try {
    await until(() => holds[0]?.[0]?.() === false)
  } finally {
    process.kill(broker, 'SIGCONT')
  }
  await until(() => holds.flat().some((held) => held()))
  // The younger one takes over, and the older one never holds by its old assignment again.
  await first.consumption.stop()
  await until(() => holds[1]?.at(-1)?.() === true)
  await until(() => holds[0]?.every((held) => !held()) === true)
  await second.consumption.stop()
})

it('none of these tests made Node print a warning', () => {
  expect(warnings).toEqual([])
})
