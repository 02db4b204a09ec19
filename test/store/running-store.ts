import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RunningEndpoint, spawnEndpoint } from '#local/clickhouse/spawn.ts'
import { createStore, type Store } from '#platform/clickhouse/client.ts'

export interface RunningStore {
  store: Store
  reader: Store
  /** Opens another client, by default as the writer. The caller closes it. */
  connect: (config: { user?: string; password?: string; requestTimeoutMs?: number }) => Store
  stop: () => Promise<void>
}

interface IdleStore {
  endpoint: RunningEndpoint
  directory: string
}

// A store that a test file has given back, for the next file of the worker (vitest.config.ts: isolate).
let idle: IdleStore | undefined

export async function startStore(): Promise<RunningStore> {
  const taken = idle ?? (await startIdleStore())
  idle = undefined
  const { endpoint } = taken
  const { user, password } = endpoint.credentials.writer
  const store = createStore({ url: endpoint.url, user, password, requestTimeoutMs: 60_000 })
  const reader = createStore({ url: endpoint.url, ...endpoint.credentials.reader, requestTimeoutMs: 60_000 })
  const connect: RunningStore['connect'] = (config) =>
    createStore({ url: endpoint.url, user, password, requestTimeoutMs: 60_000, ...config })
  return {
    store,
    reader,
    connect,
    stop: async () => {
      await dropDatabases(store)
      await store.close()
      await reader.close()
      idle = taken
    },
  }
}

async function startIdleStore(): Promise<IdleStore> {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-store-'))
  const endpoint = await spawnEndpoint({ dataDir: join(directory, 'clickhouse'), port: 0 })
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  return { endpoint, directory }
}

async function dropDatabases(store: Store): Promise<void> {
  const query = `SELECT name FROM system.databases WHERE lower(name) NOT IN ('system', 'default', 'information_schema')`
  const result = await store.query({ query, format: 'JSONEachRow' })
  for (const { name } of await result.json<{ name: string }>()) {
    await dropDatabase(store, name)
  }
}

/** Drops a database. Retries while a refreshable view creates a temporary table in it. */
async function dropDatabase(store: Store, name: string): Promise<void> {
  for (;;) {
    try {
      await store.command({ query: `DROP DATABASE IF EXISTS ${name} SYNC` })
      return
    } catch (error) {
      if (!`${error}`.includes('New table appeared in database being dropped')) throw error
    }
  }
}
