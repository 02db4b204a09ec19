// Measures queries of traders over years of history: alone, and while the sink inserts.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { spawnEndpoint } from '#local/clickhouse/spawn.ts'
import { createStore, insert, type Store } from '#platform/clickhouse/client.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { slicesTable } from '#schemas/tables.ts'
import { slice } from './ceilings.ts'
import {
  benchDataset,
  benchKeys,
  knownSpan,
  loadStore,
  percentile,
  pointVersions,
  read,
  repeatable,
  time,
} from './store-queries.ts'

type Figures = Record<string, number>

const dayS = 86_400
const times = 60

/** Returns p50 and p95 of each query, ms: alone, and with an insert every 100 ms. */
export async function measureHistoryQueries(tell: (line: string) => void): Promise<Figures> {
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-bench-'))
  const endpoint = await spawnEndpoint({ dataDir: join(directory, 'clickhouse'), port: 0 })
  const store = createStore({ url: endpoint.url, ...endpoint.credentials.writer, requestTimeoutMs: 600_000 })
  try {
    await migrate(store, migrations)
    await loadStore(store, pointVersions)
    tell(`${pointVersions} point-versions loaded and merged`)
    const alone = await askAll(store, '')
    const stopped = new AbortController()
    const inserting = keepInserting(store, stopped.signal)
    const beside = await askAll(store, '_while_inserting')
    stopped.abort()
    tell(`${await inserting} answers inserted meanwhile`)
    return { ...alone, ...beside }
  } finally {
    await store.close()
    await endpoint.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function askAll(store: Store, suffix: string): Promise<Figures> {
  const random = repeatable(11)
  const [first = 0, last = 0] = await knownSpan(store)
  const some = (from: number, until: number) => from + Math.floor(random() * (until - from))
  const figures: Figures = {}
  for (const { name, keys, days } of [
    { name: '1_series_30_days', keys: 1, days: 30 },
    { name: '20_series_30_days', keys: 20, days: 30 },
    { name: '132_series_1_day', keys: 132, days: 1 },
  ]) {
    const parameters = () => {
      const start = keys === benchKeys ? 0 : some(0, benchKeys - keys)
      const from = some(first, last - days * dayS)
      const names = Array.from({ length: keys }, (_, index) => `border_${start + index}`)
      return { keys: names, from, until: from + days * dayS, at: some(from, last) }
    }
    const latest = await time(times, () =>
      read(store, `SELECT key, ts, value FROM tidemark.latest ${where}`, parameters()),
    )
    const asOf = await time(times, () =>
      read(store, `SELECT key, ts, value FROM tidemark.as_of(at = {at:DateTime('UTC')}) ${where}`, parameters()),
    )
    Object.assign(figures, told(`latest_${name}${suffix}`, latest), told(`as_of_${name}${suffix}`, asOf))
  }
  const changes = await time(times, () => {
    const since = some(first, last)
    const query = "SELECT * FROM tidemark.changes(since = {since:DateTime('UTC')}, until = {until:DateTime('UTC')})"
    return read(store, query, { since, until: since + dayS })
  })
  return { ...figures, ...told(`changes_of_a_day${suffix}`, changes) }
}

const where = `WHERE dataset = '${benchDataset}' AND key IN {keys:Array(String)}
  AND ts >= {from:DateTime('UTC')} AND ts < {until:DateTime('UTC')} ORDER BY key, ts`

const told = (name: string, ms: number[]): Figures => ({
  [`${name}_p50_ms`]: percentile(ms, 0.5),
  [`${name}_p95_ms`]: percentile(ms, 0.95),
})

async function keepInserting(store: Store, stopped: AbortSignal): Promise<number> {
  const target = slicesTable
  if (!target) throw new Error('slices have no table')
  let answers = 0
  for (; !stopped.aborted; answers++) {
    const rows = Array.from({ length: 132 }, (_, key) => target.row(slice(answers * 132 + key)))
    await insert(store, target.table, target.columns, rows)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return answers
}
