import { addDays, dayAt } from '#core/business-day.ts'
import { datasetsByName } from '#core/datasets.ts'
import { windowsBetween } from '#core/windows.ts'
import { insert, insertSettings, type Store } from '#platform/clickhouse/client.ts'

// Five years of what completeness rests on, of all declared datasets, as if each had been collected all the time. The
// engine generates it. A window is asked for once before it is published, is published an hour before its deadline, and
// every seventh is revised. One dataset has hourly windows of three pages for five years, the others of a month. Every
// twentieth hour of ticks has a lost tick.

export const years = 5
const dayMs = 86_400_000
export const hourlyDataset = 'jao.core.finalComputation'
export const dailyDataset = 'jao.core.maxExchanges'
export const ticksDataset = 'kraken.ticker'

/** Fills an empty, migrated store. `nowMs`: the instant until which the history lasts, ms UTC. */
export async function loadTrustHistory(store: Store, nowMs: number): Promise<void> {
  const run = (query: string) =>
    store.command({ query, query_params: { now: nowMs }, clickhouse_settings: insertSettings })
  await run(`CREATE TABLE tidemark.bench_windows (dataset String, host String, opens DateTime64(3, 'UTC'),
    window_start DateTime64(3, 'UTC'), window_end DateTime64(3, 'UTC'), named String, keys UInt32, pages UInt8)
    ENGINE = MergeTree ORDER BY (dataset, window_start)`)
  await insertWindows(store, nowMs)
  for (const query of [schedules, expected, states, answers, expectedTicks, ticks, hostLog, letters]) await run(query)
  await run('DROP TABLE tidemark.bench_windows')
  for (const table of ['expected_windows', 'window_states', 'stored_answers', 'tick_hours', 'host_log'])
    await run(`OPTIMIZE TABLE tidemark.${table} FINAL`)
}

/** A row a window, of all datasets: when its search begins, the name of its request, and its keys and pages. */
async function insertWindows(store: Store, nowMs: number): Promise<void> {
  const iso = (ms: number): string => new Date(ms).toISOString()
  const columns = ['dataset', 'host', 'opens', 'window_start', 'window_end', 'named', 'keys', 'pages']
  for (const { dataset, source } of datasetsByName.values()) {
    const { calendar, name } = dataset
    if (calendar.kind !== 'days') continue
    const isShort = calendar.window === 'hour' && name !== hourlyDataset
    const today = dayAt(calendar.zone, nowMs)
    const rows = windowsBetween(calendar, addDays(today, isShort ? -31 : -365 * years), addDays(today, 1)).map(
      ({ day, window: { startMs, endMs } }) => {
        const opensMs = Date.parse(`${day}T00:00:00Z`) - dayMs / 2 - 3 * 3_600_000
        const times = [startMs, endMs].map((ms) => iso(ms).replace('.000', '')).join('/')
        const isHour = calendar.window === 'hour'
        return [name, `${source.name}.example`, iso(opensMs), iso(startMs), iso(endMs), times, 132, isHour ? 3 : 0]
      },
    )
    await insert(store, 'bench_windows', columns, rows)
  }
}

const now = "fromUnixTimestamp64Milli({now:Int64}, 'UTC')"
const begin = `${now} - INTERVAL ${365 * years} DAY`
const identity = "concat(dataset, '/', named)"
const isRevised = 'cityHash64(dataset, named) % 7 = 0'

const schedules = `INSERT INTO tidemark.schedule_log (dataset, at, schedule, because, host, selectors, by)
  SELECT dataset, ${begin} - INTERVAL 30 DAY, 'auto', 'declaration', any(host), [], 'bench' FROM tidemark.bench_windows GROUP BY dataset
  UNION ALL
  SELECT arrayJoin(${tickDatasets()}), ${begin} - INTERVAL 30 DAY, 'auto', 'declaration', 'ticks.example', [], 'bench'`

/** A window is declared two days before its search begins, and a tenth of them again. */
const expected = `INSERT INTO tidemark.expected_windows
  (dataset, request_identity, window_start, window_end, expected_by, late_after, steps, declared_at, backdated)
  SELECT dataset, ${identity}, window_start, window_end, opens + INTERVAL 2 HOUR, opens + INTERVAL 150 MINUTE,
    dateDiff('hour', window_start, window_end), opens - INTERVAL arrayJoin(if(cityHash64(named) % 10 = 0, [48, 24], [48])) HOUR, false
  FROM tidemark.bench_windows WHERE opens - INTERVAL 48 HOUR <= ${now}`

const states = `INSERT INTO tidemark.window_states
  (dataset, window_start, window_end, request_identity, at, outcome, completeness, failures, status, empty_confirmed,
   last_changed_at, lane, poller, raw_partition, raw_offset, origin)
  SELECT dataset, window_start, window_end, ${identity}, opens + INTERVAL poll.1 MINUTE AS polled, poll.2, poll.3, 0, 200, false,
    if(poll.1 = 0, NULL, polled), 'live', 'one', 0, cityHash64(named, poll.1) % 1000000000, 'live'
  FROM (
    SELECT *, arrayJoin(arrayConcat(
      [(0, 'empty', 'empty'), (61, 'changed', 'complete')], if(${isRevised}, [(480, 'changed', 'complete')], []))) AS poll
    FROM tidemark.bench_windows)
  WHERE polled <= ${now}`

/** A window of three pages has four answers: its number of rows, and the pages. */
const answers = `INSERT INTO tidemark.stored_answers
  (replaces, dataset, identity, request_identity, window_start, window_end, known_at, transform_version, points, keys,
   content_hash, raw_partition, raw_offset, stored_at)
  SELECT true, dataset, cityHash64(request) % 9007199254740991 + 1,
    concat(dataset, '/', page, named) AS request, window_start, window_end,
    opens + INTERVAL minute MINUTE AS polled, 1, keys * dateDiff('hour', window_start, window_end), keys,
    hex(cityHash64(request, minute)), 0, cityHash64(named, minute) % 1000000000, polled + INTERVAL 2 SECOND
  FROM (
    SELECT *, arrayJoin(if(${isRevised}, [61, 480], [61])) AS minute,
      arrayJoin(if(pages = 0, [''], arrayConcat([''], arrayMap(nth -> concat('rows-', toString(5000 * nth), '/'), range(pages))))) AS page
    FROM tidemark.bench_windows)
  WHERE polled <= ${now}`

function tickDatasets(): string {
  const all = [...datasetsByName.values()].filter(({ dataset }) => dataset.calendar.kind === 'ticks')
  return `[${all.map(({ dataset }) => `'${dataset.name}'`).join(', ')}]`
}

const expectedTicks = `INSERT INTO tidemark.expected_windows
  (dataset, request_identity, window_start, window_end, every_s, steps, declared_at, backdated)
  SELECT arrayJoin(${tickDatasets()}) AS name, name, day, day + INTERVAL 1 DAY, 10, 8640, day - INTERVAL 2 DAY, false
  FROM (SELECT toDateTime64(toStartOfDay(${now}) - INTERVAL number DAY, 3, 'UTC') AS day FROM numbers(${365 * years}))`

const ticks = `INSERT INTO tidemark.tick_hours (dataset, selector, hour, asked, good, partial, failed, failures)
  SELECT name, NULL, hour, groupBitmapState(toUInt16(second)), groupBitmapStateIf(toUInt16(second), NOT is_lost),
    groupBitmapStateIf(toUInt16(second), false), groupBitmapStateIf(toUInt16(second), is_lost),
    groupUniqArrayStateIf(CAST((second, hour, 'failed', 503, 'Service Unavailable'),
      'Tuple(second UInt16, at DateTime64(3, \\'UTC\\'), outcome String, status Nullable(UInt16), error Nullable(String))'), is_lost)
  FROM (
    SELECT arrayJoin(${tickDatasets()}) AS name, toStartOfHour(toDateTime(${now}, 'UTC')) - INTERVAL number + 1 HOUR AS hour,
      arrayJoin(range(0, 3600, 10)) AS second, second = 20 AND cityHash64(hour) % 20 = 0 AS is_lost
    FROM numbers(${24 * 365 * years}))
  GROUP BY name, hour`

/** The owner of each host speaks once a minute. Once a week it is another process. */
const hostLog = `INSERT INTO tidemark.host_log
  (host, at, poller, state, waiting_for_budget, due_requests, settled_to)
  SELECT arrayJoin(['jao.example', 'jao-auctions.example', 'ticks.example']), ${now} - INTERVAL number MINUTE AS at,
    concat('poller-', toString(intDiv(number, 10080))), 'owned', 0, 0, at
  FROM numbers(${365 * years * 1_440})`

/** Ten dead letters a week. Those of the last day are open. */
const letters = `INSERT INTO tidemark.dead_letter_records
  (topic, partition, offset, decision, letter_offset, at, dataset, reason, message, request_identity, service, version, attempts, by, why)
  SELECT 'jao.dlq', 0, if(decided, 1000000, 0) + nth, if(decided, 'requeued', ''), nth, polled + INTERVAL if(decided, 1, 0) HOUR,
    dataset, 'schema', 'no column', ${identity}, 'normalizer', '1', 1, '', ''
  FROM (
    SELECT *, opens + INTERVAL 62 MINUTE AS polled, cityHash64(dataset, named) AS nth,
      arrayJoin(if(polled > ${now} - INTERVAL 1 DAY, [false], [false, true])) AS decided
    FROM tidemark.bench_windows WHERE nth % 400 = 0)
  WHERE polled <= ${now}`
