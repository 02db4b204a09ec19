import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ask } from '#infra/clickhouse/endpoint/ask.ts'
import { type RunningEndpoint, spawnEndpoint } from '#infra/clickhouse/endpoint/spawn.ts'

/** An endpoint of its own on a fresh directory, with an empty database t, for as long as `use` takes. */
export async function withEndpoint(use: (endpoint: RunningEndpoint) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-clients-'))
  const endpoint = await spawnEndpoint({ dataDir: join(folder, 'clickhouse'), port: 0 })
  try {
    await ask(endpoint, { body: 'CREATE DATABASE t' })
    await use(endpoint)
  } finally {
    await endpoint.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
