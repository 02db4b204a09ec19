import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { spawnEndpoint } from '#local/clickhouse/spawn.ts'
import { createStore } from '#platform/clickhouse/client.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { loadStore, measureQueries, pointVersions, type QueryFigures } from './store-queries.ts'

export async function measureStore(tell: (line: string) => void): Promise<QueryFigures> {
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-bench-'))
  const endpoint = await spawnEndpoint({ dataDir: join(directory, 'clickhouse'), port: 0 })
  const store = createStore({ url: endpoint.url, ...endpoint.credentials.writer, requestTimeoutMs: 600_000 })
  try {
    await migrate(store, migrations)
    const startedMs = performance.now()
    await loadStore(store, pointVersions)
    tell(
      `${pointVersions} point-versions loaded and merged in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`,
    )
    return await measureQueries(store)
  } finally {
    await store.close()
    await endpoint.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}
