import { insertSettings, type Store } from '#platform/clickhouse/client.ts'

// Queries of traders to a store with years of data. The engine generates the data: 132 keys, hourly random walks in
// whole MW, and three answers a day. The second answer changes 40 % of the values, the third 10 %.

export const pointVersions = 35_000_000

export interface QueryFigures {
  /** Time of a query for a year of one series as of an instant, until the client has read all rows, ms. */
  as_of_p50_ms: number
  as_of_p95_ms: number
  /** Time of a query for all changes that became known within one day, ms. */
  changes_p50_ms: number
  changes_p95_ms: number
  /** Time of a query for the newest values of one series over a month, ms. */
  latest_p50_ms: number
  latest_p95_ms: number
  /** Bytes on disk per row, of the larger of points and point_revisions, after merges. A window has three answers. */
  bytes_per_point: number
  bytes_by_table: Record<string, number>
  point_versions: number
}

export const benchDataset = 'bench.maxExchanges'
export const benchKeys = 132
const answersADay = 3
const rowsADay = benchKeys * answersADay * 24
const daysAnInsert = 150
const dayS = 86_400
const tables = ['points', 'point_revisions']

/** Fills an empty, migrated store until point_revisions has about `pointVersions` rows, and merges the tables. */
export async function loadStore(store: Store, pointVersions: number): Promise<void> {
  await fillStore(store, pointVersions)
  await mergeStore(store)
}

/** Fills an empty, migrated store until point_revisions has about `pointVersions` rows. */
export async function fillStore(store: Store, pointVersions: number): Promise<void> {
  const days = Math.max(1, Math.round(pointVersions / rowsADay))
  const firstDay = Date.parse('2026-11-01T00:00:00Z') / 1000 / dayS - days
  for (let day = 0; day < days; day += daysAnInsert) {
    const query_params = { firstDay, day, days: Math.min(daysAnInsert, days - day) }
    for (const query of [insertDays, insertAnswers])
      await store.command({ query, query_params, clickhouse_settings: insertSettings })
  }
}

/** Merges each partition of the tables that queries read into one part. */
export async function mergeStore(store: Store): Promise<void> {
  for (const table of [...tables, 'stored_answers'])
    await store.command({ query: `OPTIMIZE TABLE tidemark.${table} FINAL` })
}

export async function measureQueries(store: Store): Promise<QueryFigures> {
  const random = repeatable(20261120)
  const [first = 0, last = 0] = await knownSpan(store)
  const some = (from: number, to: number) => Math.floor(from + random() * (to - from))
  const border = () => `border_${some(0, benchKeys)}`

  const asOf = await time(200, () => {
    const from = some(first, Math.max(first + 1, last - 365 * dayS))
    const series = { key: border(), from, until: from + 365 * dayS, at: some(from, last) }
    return read(store, `SELECT ts, value, known_at FROM tidemark.as_of(at = {at:DateTime('UTC')}) ${oneSeries}`, series)
  })
  const changes = await time(40, () => {
    const since = some(first, last)
    const query = "SELECT * FROM tidemark.changes(since = {since:DateTime('UTC')}, until = {until:DateTime('UTC')})"
    return read(store, query, { since, until: since + dayS })
  })
  const latest = await time(100, () => {
    const from = some(first, last)
    const series = { key: border(), from, until: from + 30 * dayS }
    return read(store, `SELECT ts, value FROM tidemark.latest ${oneSeries}`, series)
  })
  const sizes = await tableSizes(store)
  return {
    as_of_p50_ms: percentile(asOf, 0.5),
    as_of_p95_ms: percentile(asOf, 0.95),
    changes_p50_ms: percentile(changes, 0.5),
    changes_p95_ms: percentile(changes, 0.95),
    latest_p50_ms: percentile(latest, 0.5),
    latest_p95_ms: percentile(latest, 0.95),
    bytes_per_point: Math.max(...sizes.map(({ bytesPerRow }) => bytesPerRow)),
    bytes_by_table: Object.fromEntries(sizes.map(({ table, bytesPerRow }) => [table, bytesPerRow])),
    point_versions: sizes.find(({ table }) => table === 'point_revisions')?.rows ?? 0,
  }
}

const oneSeries = `WHERE dataset = '${benchDataset}' AND key = {key:String}
  AND ts >= {from:DateTime('UTC')} AND ts < {until:DateTime('UTC')} ORDER BY ts`

/** SQL of known_at, ms. The answers of a day come on the day before, on the day itself, and four days later. */
const knownAtMs = 'day_ms + [-48600000, 39600000, 385200000][answer + 1] + toInt64(cityHash64(day, answer) % 600000)'

const insertDays = `
INSERT INTO tidemark.slices
WITH
  {firstDay:Int64} + {day:Int64} + intDiv(number, ${benchKeys * answersADay}) AS day,
  toInt64(intDiv(number, ${benchKeys}) % ${answersADay}) AS answer,
  number % ${benchKeys} AS border,
  day * ${dayS * 1000} AS day_ms,
  toInt64(500 + cityHash64(border) % 3000 + cityHash64(border, intDiv(day, 7)) % 300) AS level,
  arrayCumSum(arrayMap(hour -> toInt64(cityHash64(border, day, hour) % 101) - 50, range(24))) AS walk,
  (percent, seed) -> arrayMap(hour -> if(
    answer >= seed AND cityHash64(border, day, hour, seed) % 100 < percent,
    toInt64(cityHash64(border, day, hour, seed, 'change') % 200) - 100, 0), range(24)) AS changed
SELECT
  '${benchDataset}' AS dataset,
  concat('border_', toString(border)) AS key,
  day_ms AS window_start_ms,
  day_ms + ${dayS * 1000} AS window_end_ms,
  day_ms AS start_ms,
  3600 AS step_s,
  arrayMap((w, second, third) -> toFloat64(greatest(0, level + w + second + third)), walk, changed(40, 1), changed(10, 2))
    AS told,
  ${knownAtMs} AS known_at_ms,
  known_at_ms - 60000 AS upstream_modified_at_ms,
  1 AS transform_version,
  [] AS flags,
  'simulated' AS origin,
  cityHash64(day) % 4 AS raw_partition,
  intDiv(day, 4) * ${answersADay} + answer AS raw_offset,
  cityHash64('${benchDataset}', day) % 9007199254740991 + 1 AS identity
FROM numbers(toUInt64({days:Int64} * ${benchKeys * answersADay}))`

/** Inserts the accepted answers of the days of insertDays. All answers of a day have one request identity. */
const insertAnswers = `
INSERT INTO tidemark.accepted_answers (* EXCEPT stored_at)
WITH
  {firstDay:Int64} + {day:Int64} + intDiv(number, ${answersADay}) AS day,
  toInt64(number % ${answersADay}) AS answer,
  day * ${dayS * 1000} AS day_ms
SELECT
  true AS replaces,
  '${benchDataset}' AS dataset,
  cityHash64('${benchDataset}', day) % 9007199254740991 + 1 AS identity,
  concat('${benchDataset}/', toString(day)) AS request_identity,
  NULL AS selector,
  fromUnixTimestamp64Milli(day_ms, 'UTC') AS window_start,
  fromUnixTimestamp64Milli(day_ms + ${dayS * 1000}, 'UTC') AS window_end,
  fromUnixTimestamp64Milli(${knownAtMs}, 'UTC') AS known_at,
  1 AS transform_version,
  ${benchKeys * 24} AS points,
  ${benchKeys} AS keys,
  hex(cityHash64(day, answer)) AS content_hash,
  cityHash64(day) % 4 AS raw_partition,
  intDiv(day, 4) * ${answersADay} + answer AS raw_offset
FROM numbers(toUInt64({days:Int64} * ${answersADay}))`

/** Returns the first and the last known_at in the store, Unix time in s. */
export async function knownSpan(store: Store): Promise<number[]> {
  const query = 'SELECT toUnixTimestamp(min(known_at)), toUnixTimestamp(max(known_at)) FROM tidemark.point_revisions'
  return (await read(store, query, {})).trim().split('\t').map(Number)
}

async function tableSizes(store: Store): Promise<{ table: string; rows: number; bytesPerRow: number }[]> {
  const query = `SELECT table, sum(rows) AS rows, sum(bytes_on_disk) / rows AS bytes_per_row FROM system.parts
    WHERE active AND database = 'tidemark' AND has({tables:Array(String)}, table) GROUP BY table`
  const text = await read(store, query, { tables })
  return text
    .trim()
    .split('\n')
    .map((line) => line.split('\t'))
    .map(([table = '', rows, bytes]) => ({ table, rows: Number(rows), bytesPerRow: Number(Number(bytes).toFixed(2)) }))
}

export async function read(store: Store, query: string, parameters: Record<string, unknown>): Promise<string> {
  const result = await store.query({ query, query_params: parameters, format: 'TabSeparated' })
  return result.text()
}

/** Measures calls, after five that warm up. Returns the ms of each. */
export async function time(times: number, ask: () => Promise<unknown>): Promise<number[]> {
  for (let warm = 0; warm < 5; warm++) await ask()
  const took: number[] = []
  for (let i = 0; i < times; i++) {
    const start = performance.now()
    await ask()
    took.push(performance.now() - start)
  }
  return took
}

export function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(1))
}

/** Returns a generator of repeatable random numbers in [0, 1) (linear congruential, Numerical Recipes). */
export function repeatable(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
