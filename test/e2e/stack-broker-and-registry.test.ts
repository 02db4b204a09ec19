import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { cacheDirectory, ensureKafka } from '#local/artifacts.ts'
import { brokerConfig, kafkaClassPath, messagesDirectory, startBroker } from '#local/broker.ts'
import { formatStorage } from '#local/broker-storage.ts'
import { startWithArchive } from '#local/class-archive.ts'
import { freePorts } from '#local/free-ports.ts'
import { findJava } from '#local/java.ts'
import { isAlive } from '#local/process-table.ts'
import { startRegistry } from '#local/registry.ts'
import { type RealParts, startRealParts } from '../support/real-parts.ts'

// Starts of real parts take seconds, and many times that on a machine that is busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 })

let parts: RealParts
beforeAll(async () => {
  parts = await startRealParts({ kafka: true, registry: true })
})
afterAll(() => parts?.stop())

const client = (brokers: string) => new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING })

test('a broker that was killed keeps what it acknowledged, and comes back on other ports', async () => {
  const dataDir = join(parts.directory, 'kafka-killed')
  const [port = 0, controllerPort = 0, laterPort = 0, laterControllerPort = 0] = await freePorts(4)
  const first = await startBroker({ dataDir, port, controllerPort })
  const admin = client(first.brokers).admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 1 }] })
  const producer = client(first.brokers).producer()
  await producer.connect()
  await producer.send({ topic: 'kept', acks: -1, messages: [{ key: 'k', value: 'acknowledged' }] })
  await Promise.all([producer.disconnect(), admin.disconnect()])
  await first.kill()

  const second = await startBroker({ dataDir, port: laterPort, controllerPort: laterControllerPort })
  try {
    const again = client(second.brokers).admin()
    await again.connect()
    expect(await again.fetchTopicOffsets('kept')).toMatchObject([{ partition: 0, high: '1' }])
    await again.disconnect()
  } finally {
    await second.stop()
  }
  expect(existsSync(join(dataDir, 'messages', '.kafka_cleanshutdown'))).toBe(true)
  expect(isAlive(second.pid)).toBe(false)
})

test('a broker left running by a start that is gone is ended by the next', async () => {
  const dataDir = join(parts.directory, 'kafka-left')
  const [port = 0, controllerPort = 0, laterPort = 0, laterControllerPort = 0] = await freePorts(4)
  const left = await startBroker({ dataDir, port, controllerPort })
  const next = await startBroker({ dataDir, port: laterPort, controllerPort: laterControllerPort })
  expect(isAlive(left.pid)).toBe(false)
  expect(readFileSync(join(dataDir, 'broker.pid'), 'utf8').trim()).toBe(String(next.pid))
  await next.stop()
})

test('Kafka formats one directory, the others are copies with other ids; a cache that is damaged or no directory only costs time', async () => {
  const cache = join(parts.directory, 'storage-cache')
  mkdirSync(cache)
  const classPath = kafkaClassPath(await ensureKafka(() => undefined))
  const java = findJava().command
  const formatted = async (name: string, tool: { java: string; cache: string }): Promise<string[]> => {
    const dataDir = join(parts.directory, name)
    mkdirSync(dataDir)
    const config = join(dataDir, 'server.properties')
    writeFileSync(config, brokerConfig(dataDir, 9, 10))
    const environment = { ...process.env, TIDEMARK_CACHE: tool.cache }
    await formatStorage(messagesDirectory(dataDir), config, {
      ...{ java: tool.java, args: ['-cp', classPath], classPath, environment },
    })
    const checkpoint = readFileSync(join(dataDir, 'messages', 'bootstrap.checkpoint'), 'base64')
    const properties = readFileSync(join(dataDir, 'messages', 'meta.properties'), 'utf8')
    const ids = [...properties.matchAll(/^(?:cluster|directory)\.id=([A-Za-z0-9_-]{22})$/gm)].map(([, id]) => id ?? '')
    return [checkpoint, ...ids]
  }
  const noJava = { java: join(cache, 'no-java'), cache }
  const first = await formatted('format-1', { java, cache })
  const second = await formatted('format-2', noJava)
  expect(second[0]).toBe(first[0])
  expect(new Set([...first.slice(1), ...second.slice(1)]).size).toBe(4)
  const [template = ''] = readdirSync(cache)
  truncateSync(join(cache, template), 100)
  await expect(formatted('format-3', noJava)).rejects.toThrow('could not be formatted')
  expect((await formatted('format-4', { java, cache })).length).toBe(3)
  expect((await formatted('format-5', noJava)).length).toBe(3)
  expect((await formatted('format-6', { java, cache: join(cache, template) })).length).toBe(3)
})

test('a registry that was killed keeps its schemas and gives no id twice', async () => {
  const dataDir = join(parts.directory, 'registry-killed')
  const [port = 0, laterPort = 0] = await freePorts(2)
  const first = await startRegistry({ dataDir, port })
  const ids: number[] = []
  for (let i = 0; i < 12; i++) ids.push(await register(first.url, `R${i}`))
  await first.kill()
  const second = await startRegistry({ dataDir, port: laterPort })
  const subjects = await (await fetch(`${second.url}/subjects`)).json()
  expect(subjects).toHaveLength(12)
  expect(ids).not.toContain(await register(second.url, 'Another'))
  await second.stop()
})

test('a class archive that is cut short or holds something else only costs time', async () => {
  const name = readdirSync(cacheDirectory()).find((entry) => /^kafka-.*\.jsa$/.test(entry)) ?? ''
  const archive = join(parts.directory, 'classes.jsa')
  const java = async (flags: string[]): Promise<string[]> => {
    const run = spawnSync(findJava().command, [...flags, '-version'], { encoding: 'utf8', cwd: parts.directory })
    if (run.status !== 0) throw new Error(`${run.stdout}${run.stderr}`)
    return flags
  }
  copyFileSync(join(cacheDirectory(), name), archive)
  chmodSync(archive, 0o600)
  truncateSync(archive, 1_000_000)
  const told: string[] = []
  expect(await startWithArchive(archive, (line) => told.push(line), java)).toEqual([])
  expect(told).toEqual([expect.stringContaining(`${archive} is damaged: removed`)])
  expect(existsSync(archive)).toBe(false)
  writeFileSync(archive, 'something else')
  expect(await startWithArchive(archive, () => undefined, java)).toContain(`-XX:SharedArchiveFile=${archive}`)
})

test('a port in use is said, with what to do', async () => {
  const port = Number(parts.broker?.brokers.split(':')[1])
  const [controllerPort = 0] = await freePorts(1)
  const start = startBroker({ dataDir: join(parts.directory, 'kafka-refused'), port, controllerPort })
  await expect(start).rejects.toThrow(
    new RegExp(`^Port ${port} \\(Kafka broker\\) is in use by process \\d+ .+: stop it, or choose .+--port-base`),
  )
})

async function register(url: string, name: string): Promise<number> {
  const answer = await fetch(`${url}/subjects/${name}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: JSON.stringify({ type: 'record', name, fields: [] }) }),
  })
  return ((await answer.json()) as { id: number }).id
}
