import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnEndpoint } from '#infra/clickhouse/endpoint/spawn.ts'
import { createStore, type Store } from '#platform/clickhouse/client.ts'

export interface RunningStore {
  store: Store
  /** A client that may only read, as traders have it. */
  reader: Store
  /** Another client, of whoever says these. The caller closes it. */
  connect: (config: { user?: string; password?: string; requestTimeoutMs?: number }) => Store
  stop: () => Promise<void>
}

/** An empty store of its own for a test file: the embedded endpoint on a free port, in a directory that goes with it. */
export async function startStore(): Promise<RunningStore> {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-store-'))
  const endpoint = await spawnEndpoint({ dataDir: join(directory, 'clickhouse'), port: 0 })
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
      await store.close()
      await reader.close()
      await endpoint.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
