// The test files of one worker share a broker and a registry, because these take seconds to start.
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { topicsOf } from '#core/source-topics.ts'
import { migratePollMemory } from '#infra/provision/migrate-poll-memory.ts'
import { spawnEndpoint } from '#local/clickhouse/spawn.ts'
import { createKafka, type Kafka } from '#platform/kafka/client.ts'
import { provisionTopics } from '#platform/kafka/provision.ts'
import { openRegistry } from '#platform/kafka/registry.ts'
import { kafkaSettings, readConfig, registrySettings } from '#platform/process/config.ts'
import { platformTopics } from '#schemas/topics.ts'
import { sources } from '#sources/index.ts'
import { type RealParts, startRealParts } from './real-parts.ts'
import { runScript } from './service-process.ts'

export interface WarmParts {
  parts: RealParts
  /** Copies the migrated store into a directory, which must not exist yet. */
  copyStore: (directory: string) => void
}

// Parts that a test file has given back, for the next file of the worker (vitest.config.ts: isolate).
let idle: WarmParts | undefined

/** Returns the parts of an earlier test file, emptied, or starts new ones. */
export async function takeWarmParts(): Promise<WarmParts> {
  const taken = idle
  idle = undefined
  if (taken === undefined) return startWarmParts()
  try {
    await emptyKafka(taken.parts.environment)
    return taken
  } catch (error) {
    console.warn(`the parts of an earlier file cannot be emptied, starting others: ${(error as Error).message}`)
    await taken.parts.stop()
    return startWarmParts()
  }
}

export function giveBackWarmParts(parts: WarmParts): void {
  idle = parts
}

type Admin = ReturnType<Kafka['admin']>

async function startWarmParts(): Promise<WarmParts> {
  const parts = await startRealParts({ kafka: true, registry: true })
  const template = join(parts.directory, 'provisioned')
  const endpoint = await spawnEndpoint({ dataDir: template, port: 0 })
  const { user, password } = endpoint.credentials.writer
  await runScript('infra/provision/main.ts', {
    ...parts.environment,
    CLICKHOUSE_URL: endpoint.url,
    CLICKHOUSE_USER: user,
    CLICKHOUSE_PASSWORD: password,
  })
  await endpoint.stop()
  process.once('exit', () => {
    for (const part of [parts.broker, parts.registry]) endAtOnce(part?.pid)
    rmSync(parts.directory, { recursive: true, force: true })
  })
  return { parts, copyStore: (directory) => cpSync(template, directory, { recursive: true }) }
}

async function emptyKafka(environment: Record<string, string>): Promise<void> {
  const kafka = createKafka(readConfig(kafkaSettings, environment), 'test')
  const admin = kafka.admin()
  await admin.connect()
  try {
    await until('the groups are empty', () => deleteGroups(admin))
    await admin.deleteTopics({ topics: await ownTopics(admin), timeout: 20_000 })
    await until('the topics are gone', async () => (await ownTopics(admin)).length === 0)
  } finally {
    await admin.disconnect()
  }
  await provisionTopics(kafka, [...platformTopics, ...sources.flatMap(topicsOf)], 1)
  const registry = openRegistry(readConfig(registrySettings, environment))
  await migratePollMemory({ kafka, registry, say: () => undefined })
}

/** Deletes all consumer groups. Returns false while one has a member. A killed member stays until its session ends. */
async function deleteGroups(admin: Admin): Promise<boolean> {
  const { groups } = await admin.listGroups()
  if (groups.length === 0) return true
  const { groups: described } = await admin.describeGroups(groups.map(({ groupId }) => groupId))
  if (described.some(({ state }) => state !== 'Empty' && state !== 'Dead')) return false
  await admin.deleteGroups(groups.map(({ groupId }) => groupId))
  return true
}

const ownTopics = async (admin: Admin): Promise<string[]> =>
  (await admin.listTopics()).filter((name) => !name.startsWith('__'))

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const endMs = Date.now() + 20_000; !(await holds()); await sleep(100)) {
    if (Date.now() > endMs) throw new Error(`waited 20 s in vain until ${what}`)
  }
}

function endAtOnce(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
  } catch {
    // The process has already ended.
  }
}
