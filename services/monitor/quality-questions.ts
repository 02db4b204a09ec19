// What the checks across answers read from the store. All instants are ms UTC.
import { database, type Store } from '#platform/clickhouse/client.ts'
import type { FrozenCheck, JumpCheck, MarketSample, SteppedValue, WindowRows } from '#sources/answers/across-answers.ts'

export interface Range {
  fromMs: number
  toMs: number
}

/** A part of a dataset whose values may have changed. */
export interface TouchedRange extends Range {
  dataset: string
}

export const ms = (column: string): string => `toUnixTimestamp64Milli(${column})`
export const instant = (name: string): string => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`
const from = instant('fromMs')
const to = instant('toMs')

export async function ask<Row>(store: Store, query: string, query_params: Record<string, unknown>): Promise<Row[]> {
  const result = await store.query({
    query,
    query_params,
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  })
  return result.json<Row>()
}

/** Returns the ranges of the answers that were stored in (sinceMs, toMs], by the clock of `stored_at`. */
export const touchedByAnswers = (
  store: Store,
  datasets: readonly string[],
  sinceMs: number,
  toMs: number,
): Promise<TouchedRange[]> =>
  ask(
    store,
    `SELECT dataset, ${ms('min(window_start)')} AS fromMs, ${ms('max(window_end)')} AS toMs
      FROM ${database}.stored_answers
      WHERE dataset IN ({datasets:Array(String)}) AND stored_at > ${instant('sinceMs')} AND stored_at <= ${to}
      GROUP BY dataset, toStartOfHour(window_start)`,
    { datasets, sinceMs, toMs },
  )

/** Returns the ranges of the answers that a replay or a rebuild has read again, and when the newest of them ended. */
export async function touchedByReplays(
  store: Store,
  datasets: readonly string[],
  afterMs: number,
): Promise<{ ranges: TouchedRange[]; newestMs: number }> {
  const replays = await ask<{ dataset: string; fromMs: number | null; toMs: number | null; endedMs: number }>(
    store,
    `SELECT dataset, ${ms('window_from')} AS fromMs, ${ms('window_to')} AS toMs, ${ms('at')} AS endedMs
      FROM ${database}.replays FINAL WHERE state = 'finished' AND at > ${instant('afterMs')}`,
    { afterMs },
  )
  const ranges: TouchedRange[] = []
  for (const { dataset, fromMs, toMs } of replays) {
    const read = dataset === '*' ? datasets : datasets.filter((name) => name === dataset)
    if (read.length === 0) continue
    ranges.push(
      ...(await ask<TouchedRange>(
        store,
        `SELECT dataset, ${ms('min(window_start)')} AS fromMs, ${ms('max(window_end)')} AS toMs
          FROM ${database}.stored_answers
          WHERE dataset IN ({read:Array(String)}) AND window_end > ${from} AND window_start < ${to}
          GROUP BY dataset, toStartOfHour(window_start)`,
        { read, fromMs: fromMs ?? 0, toMs: toMs ?? Date.UTC(2200) },
      )),
    )
  }
  return { ranges, newestMs: Math.max(afterMs, ...replays.map(({ endedMs }) => endedMs)) }
}

/** Returns when the newest replay ended; 0 if there is none. */
export async function newestReplayMs(store: Store): Promise<number> {
  const [row] = await ask<{ newest: number }>(
    store,
    `SELECT ${ms('max(at)')} AS newest FROM ${database}.replays WHERE state = 'finished'`,
    {},
  )
  return Math.max(0, row?.newest ?? 0)
}

type Sampled = [atMs: number, value: number | null, grows: number | null, low: number | null, high: number | null]

/** Values without a flag that says that upstream cannot mean them. */
const plausible = `if(has(flags, 'implausible'), NULL, value)`
const ofRange = `dataset = {dataset:String} AND ts >= ${from} AND ts < ${to}`

/**
 * Returns the samples of each market by the key of its value. The store leaves out markets whose value never stood still for
 * so many ticks, and those in which the other value never grew: of thousands of markets few remain.
 */
export async function marketSamples(
  store: Store,
  dataset: string,
  { ends, ticks }: FrozenCheck,
  range: Range,
): Promise<Map<string, MarketSample[]>> {
  const { value, grows, low = '', high = '' } = ends
  const rows = await ask<{ market: string; samples: Sampled[] }>(
    store,
    `SELECT market, arraySort(groupArray((atMs, value, grows, low, high))) AS samples
      FROM (
        SELECT
          left(key, length(key) - length(end)) AS market,
          toUnixTimestamp(ts) * 1000 AS atMs,
          anyIf(told, end = {value:String}) AS value,
          anyIf(told, end = {grows:String}) AS grows,
          anyIf(told, end = {low:String}) AS low,
          anyIf(told, end = {high:String}) AS high
        FROM (
          SELECT key, ts, ${plausible} AS told, arrayFirst(end -> endsWith(key, end), {ends:Array(String)}) AS end
          FROM ${database}.latest WHERE ${ofRange}
        )
        WHERE end != ''
        GROUP BY market, atMs
      )
      GROUP BY market
      HAVING ifNull(max(grows) > min(grows), false) AND arrayMax(arrayMap(
        run -> length(run),
        arraySplit(
          (sample, before) -> ifNull(sample.2 != before.2, true),
          samples,
          arrayPushFront(arrayPopBack(samples), samples[1])
        )
      )) >= {ticks:UInt32}`,
    { dataset, ...range, value, grows, low, high, ends: [value, grows, low, high].filter((end) => end !== ''), ticks },
  )
  const named = ([atMs, told, growing, lowest, highest]: Sampled): MarketSample => {
    return { atMs, value: told, grows: growing, low: lowest, high: highest }
  }
  return new Map(rows.map(({ market, samples }) => [`${market}${value}`, samples.map(named)]))
}

/** Returns the values of the keys that have limits. */
export const limitedValues = (
  store: Store,
  dataset: string,
  limits: NonNullable<JumpCheck['limits']>,
  range: Range,
): Promise<Map<string, SteppedValue[]>> =>
  valuesByKey(store, 'value', 'has({keys:Array(String)}, key)', '', { dataset, ...range, keys: Object.keys(limits) })

/** Returns the values of the keys with an end. The store leaves out keys whose values do not differ by so much. */
export const steppedValues = (
  store: Store,
  dataset: string,
  { end, factor }: NonNullable<JumpCheck['step']>,
  range: Range,
): Promise<Map<string, SteppedValue[]>> =>
  valuesByKey(
    store,
    plausible,
    'endsWith(key, {end:String})',
    'HAVING ifNull(maxIf(told, told > 0) >= {factor:Float64} * minIf(told, told > 0), false)',
    { dataset, ...range, end, factor },
  )

async function valuesByKey(
  store: Store,
  told: string,
  keys: string,
  having: string,
  parameters: Record<string, unknown>,
): Promise<Map<string, SteppedValue[]>> {
  const rows = await ask<{ key: string; values: [number, number | null, number][] }>(
    store,
    `SELECT key, arraySort(groupArray((atMs, told, step_s))) AS values
      FROM (
        SELECT key, toUnixTimestamp(ts) * 1000 AS atMs, ${told} AS told, step_s
        FROM ${database}.latest WHERE ${ofRange} AND ${keys}
      )
      GROUP BY key ${having}`,
    parameters,
  )
  return new Map(rows.map(({ key, values }) => [key, values.map(([atMs, value, stepS]) => ({ atMs, value, stepS }))]))
}

/**
 * Returns the rows of the windows that begin in a range, by selector: of the newest answer. Of a window in pages, the answer
 * that counts its rows says how many there are; without one, the pages do. A window that is not complete is left out.
 */
export async function windowRows(
  store: Store,
  dataset: string,
  isTicks: boolean,
  range: Range,
): Promise<Map<string, WindowRows[]>> {
  const rows = await ask<WindowRows & { selector: string }>(
    store,
    `SELECT told.selector AS selector, ${ms('told.window_start')} AS startMs, ${ms('told.window_end')} AS endMs,
        told.rows AS rows
      FROM (
        SELECT window_identity, window_start, window_end, any(asked) AS selector,
          if(countIf(NOT is_page) > 0, sumIf(named, NOT is_page), sum(named)) AS rows
        FROM (
          SELECT
            match(ifNull(answer.selector, ''), '^rows-\\\\d+$') AS is_page,
            if(is_page, '', ifNull(answer.selector, '')) AS asked,
            replaceRegexpOne(answer.request_identity, '/rows-\\\\d+/', '/') AS window_identity,
            window_start,
            window_end,
            max((answer.version, answer.points)).2 AS named
          FROM ${database}.stored_answers AS answer
          WHERE replaces = {replaces:Bool} AND dataset = {dataset:String} AND window_start >= ${from} AND window_start < ${to}
            ${isTicks ? `AND known_at >= ${from}` : ''}
          GROUP BY answer.selector, answer.request_identity, window_start, window_end
        )
        GROUP BY window_identity, window_start, window_end
      ) AS told
      LEFT ANY JOIN (
        SELECT request_identity, window_start, argMax(ifNull(completeness, ''), at) AS completeness
        FROM ${database}.window_states
        WHERE dataset = {dataset:String} AND window_start >= ${from} AND window_start < ${to}
        GROUP BY request_identity, window_start
      ) AS state ON told.window_identity = state.request_identity AND told.window_start = state.window_start
      WHERE state.completeness IN ('', 'complete') AND told.rows > 0
      ORDER BY selector, startMs`,
    { dataset, ...range, replaces: !isTicks },
  )
  return new Map(
    [...Map.groupBy(rows, ({ selector }) => selector)].map(([selector, windows]) => [
      selector,
      windows.map(({ startMs, endMs, rows: count }) => ({ startMs, endMs, rows: count })),
    ]),
  )
}
