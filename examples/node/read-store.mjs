// Prints what the store knows of a dataset between two delivery times, one line of JSON a point: now, or as it was known.
//
//   npm install @clickhouse/client
//   CLICKHOUSE_URL=http://127.0.0.1:17302 CLICKHOUSE_USER=reader CLICKHOUSE_PASSWORD=... \
//     node read-store.mjs jao.core.maxExchanges 2026-11-20T23:00:00Z 2026-11-21T23:00:00Z [2026-11-20T10:30:00Z]
import { createClient } from '@clickhouse/client'

const [dataset, from, to, at] = process.argv.slice(2)
if (to === undefined) throw new Error('usage: node read-store.mjs DATASET FROM TO [AS-OF]')

const view = at === undefined ? 'latest' : "as_of(at = parseDateTime64BestEffort({at:String}, 3, 'UTC'))"
const client = createClient({
  url: process.env.CLICKHOUSE_URL ?? 'http://127.0.0.1:17302',
  username: process.env.CLICKHOUSE_USER ?? 'reader',
  password: process.env.CLICKHOUSE_PASSWORD ?? '',
  database: 'tidemark',
})
const rows = await client.query({
  query: `SELECT key, ts, value, known_at FROM ${view}
    WHERE dataset = {dataset:String}
    AND ts >= parseDateTimeBestEffort({from:String}, 'UTC') AND ts < parseDateTimeBestEffort({to:String}, 'UTC')
    ORDER BY key, ts`,
  query_params: { dataset, from, to, at },
  clickhouse_settings: { date_time_output_format: 'iso' },
  format: 'JSONEachRow',
})
for await (const batch of rows.stream()) for (const row of batch) console.log(row.text)
await client.close()
