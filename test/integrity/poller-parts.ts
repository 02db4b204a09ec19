import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFailed } from 'vitest'
import { hostOf, partitionOfHost } from '#core/host.ts'
import { requestIdentity } from '#core/request-identity.ts'
import { createKafka, type Kafka } from '#platform/kafka/client.ts'
import { openProducer, type Producer } from '#platform/kafka/produce.ts'
import { DecodeFailure, openRegistry, type Registry } from '#platform/kafka/registry.ts'
import {
  type Poll,
  pollRequestSchema,
  pollSchema,
  type RawResponse,
  rawResponseSchema,
} from '#schemas/generated/records.ts'
import type { RecordSchema } from '#schemas/record-schema.ts'
import { pollPartitions } from '#schemas/topics.ts'
import { startSimulator } from '#simulator/server.ts'
import { mainDataset } from '../support/other-datasets.ts'
import { type ServiceProcess, startService } from '../support/service-process.ts'
import { giveBackWarmParts, takeWarmParts } from '../support/warm-parts.ts'

export const dataset = mainDataset

export type Read<T> = T & { partition: number; offset: number }

export interface PollerParts {
  kafka: Kafka
  registry: Registry
  producer: Producer
  read: <T>(topic: string, schema: RecordSchema<T>) => Promise<Read<T>[]>
  polls: () => Promise<Read<Poll>[]>
  raw: () => Promise<Read<RawResponse>[]>
  /** Starts a poller of the upstream at `url`. By default it polls only tomorrow by itself. */
  poller: (url: string, settings?: Record<string, string>) => Promise<ServiceProcess>
  /** Writes a request for a window as the CLI does. With `liftsPauseOf` it lifts the pause of that host instead. */
  request: (url: string, window: { startMs: number; endMs: number }, liftsPauseOf?: string) => Promise<string>
  /** Suspends the broker, which then answers no client until `wakeBroker`. */
  pauseBroker: () => void
  wakeBroker: () => void
  restartBroker: () => Promise<void>
  /** Ends the pollers and upstreams of a test. Call it in afterEach. */
  endTest: () => Promise<void>
  stop: () => Promise<void>
}

const upstreams: { stop: () => Promise<void> }[] = []

export async function startPollerParts(): Promise<PollerParts> {
  const warm = await takeWarmParts()
  const { parts } = warm
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-pollers-'))
  const connection = {
    KAFKA_BROKERS: parts.environment.KAFKA_BROKERS ?? '',
    KAFKA_TLS: false,
    SCHEMA_REGISTRY_URL: parts.environment.SCHEMA_REGISTRY_URL ?? '',
  }
  const kafka = createKafka(connection, 'test')
  const registry = openRegistry(connection)
  const producer = await openProducer(kafka)
  let count = 0
  const started: ServiceProcess[] = []
  const signalBroker = (signal: NodeJS.Signals) => {
    if (parts.broker) process.kill(parts.broker.pid, signal)
  }
  const read: PollerParts['read'] = (topic, name) => readTopic(kafka, registry, topic, name)
  return {
    kafka,
    registry,
    producer,
    read,
    polls: () => read('polls', pollSchema),
    raw: () => read('jao.raw', rawResponseSchema),
    poller: async (url, settings = {}) => {
      const log = join(directory, `poller-${++count}.log`)
      const poller = await startService('poller', { ...environment(parts.environment, url), ...settings }, log)
      started.push(poller)
      // The benchmark uses these parts, too, and is not a test.
      if (expect.getState().currentTestName !== undefined)
        onTestFailed(() => console.log(`${poller.url} said at last:\n${poller.log().slice(-20_000)}`))
      return poller
    },
    request: async (url, window, liftsPauseOf) => {
      const identity = requestIdentity(dataset, window)
      const encode = await registry.encoder('poll-requests', pollRequestSchema)
      const value = encode({
        requestIdentity: identity,
        dataset,
        windowStart: window.startMs,
        windowEnd: window.endMs,
        requestedAt: Date.now(),
        requestedBy: 'test',
        liftsPauseOf: liftsPauseOf ?? null,
        confirmsEmpty: false,
      })
      const partition = partitionOfHost(hostOf(url), pollPartitions)
      await producer.send('poll-requests', [{ key: identity, value, partition }])
      return identity
    },
    pauseBroker: () => signalBroker('SIGSTOP'),
    wakeBroker: () => signalBroker('SIGCONT'),
    restartBroker: parts.restartBroker,
    endTest: async () => {
      signalBroker('SIGCONT')
      await Promise.all(started.splice(0).map((poller) => poller.kill('SIGTERM')))
      await Promise.all(upstreams.splice(0).map((upstream) => upstream.stop()))
    },
    stop: async () => {
      signalBroker('SIGCONT')
      await Promise.all(started.map((poller) => poller.kill('SIGTERM')))
      await producer.disconnect()
      rmSync(directory, { recursive: true, force: true })
      giveBackWarmParts(warm)
    },
  }
}

const environment = (parts: Record<string, string>, url: string) => ({
  ...parts,
  JAO_BASE_URL: url,
  SIMULATOR_URL: url,
  ORIGIN: 'simulated',
  BACKFILL_DAYS: '0',
  CONTACT: 'https://example.org/tidemark',
  SESSION_TIMEOUT_MS: '6000',
})

export async function startUpstream(options: Parameters<typeof startSimulator>[0]) {
  const simulator = await startSimulator(options)
  upstreams.push(simulator)
  const post = async (path: string, body: unknown) => {
    const answer = await fetch(`${simulator.url}/simulator/${path}`, { method: 'POST', body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`simulator: ${await answer.text()}`)
    return answer.json()
  }
  const get = async (path: string) => (await fetch(`${simulator.url}/simulator/${path}`)).json()
  return {
    ...simulator,
    command: (body: unknown) => post('command', body),
    setClock: (body: unknown) => post('clock', body),
    stats: () => get('stats') as Promise<{ limitViolations: number; busiestMinute: number; requests: number }>,
    requests: async () => {
      const { requests } = (await get('requests')) as {
        requests: { elapsedMs: number; realMs: number; fromUtc: string; status: number; overLimit: boolean }[]
      }
      return requests
    },
  }
}

/** Calls `look` until it returns neither undefined nor false, and returns its result. Fails after the timeout. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  timeoutMs = 90_000,
): Promise<T> {
  const deadlineMs = Date.now() + timeoutMs
  for (;;) {
    const seen = await look()
    if (seen !== undefined && seen !== false) return seen as T
    if (Date.now() > deadlineMs) throw new Error(`waited ${timeoutMs} ms in vain: ${what} (seen last: ${seen})`)
    await sleep(100)
  }
}

async function readTopic<T>(
  kafka: Kafka,
  registry: Registry,
  topic: string,
  schema: RecordSchema<T>,
): Promise<Read<T>[]> {
  const admin = kafka.admin()
  await admin.connect()
  const ends = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  const missing = new Map(
    ends.filter(({ low, high }) => low !== high).map(({ partition, high }) => [partition, Number(high)]),
  )
  if (missing.size === 0) return []
  const decoder = registry.decoder(schema)
  const records: Read<T>[] = []
  const consumer = kafka.consumer({ groupId: `test-${crypto.randomUUID()}`, maxWaitTimeInMs: 50 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        autoCommit: false,
        eachBatch: async ({ batch }) => {
          await decoder.prepare(batch.messages.map(({ value }) => value))
          for (const { value, offset } of batch.messages) {
            const record = decoder.decode(value)
            if (record instanceof DecodeFailure) throw new Error(record.message as string)
            records.push({ ...record, partition: batch.partition, offset: Number(offset) })
          }
          const end = missing.get(batch.partition)
          if (end !== undefined && Number(batch.lastOffset()) + 1 >= end) missing.delete(batch.partition)
          if (missing.size === 0) resolve()
        },
      })
      .catch(reject)
  })
  await consumer.disconnect()
  return records
}

export const ofDay = (day: string) => (record: Poll | RawResponse) =>
  new Date(record.windowStart + 12 * 3_600_000).toISOString().startsWith(day)
