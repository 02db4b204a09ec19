import { database, type Store } from '#platform/clickhouse/client.ts'
import type { CompletenessChange } from '#schemas/generated/records.ts'

/** What the view completeness says at an instant of the windows of the past 31 days and of the future. */
export interface Evaluation {
  atMs: number
  datasets: DatasetCounts[]
  /** Windows whose class or cause differs from the newest record that the store has of them. */
  changes: WindowChange[]
}

export interface WindowChange {
  record: CompletenessChange
  /**
   * Of a window that became complete for the first time, and whose publication was watched: seconds from the time by
   * which it was expected; negative if it was early. Null for all others.
   */
  publicationDelayS: number | null
}

export interface DatasetCounts {
  dataset: string
  class: string
  windows: number
  /** Of windows that are watched: since when the oldest one has the class, ms UTC. Null: there is none. */
  oldestSinceMs: number | null
  /** The end of the newest window, ms UTC. */
  lastEndMs: number
}

const lookBackMs = 31 * 24 * 60 * 60 * 1_000
/** Maximum number of changes per dataset and class. The next evaluation returns the others. */
const maxChanges = 2_000

/** Asks the store once. @throws ClickHouseError, or a network error */
export async function evaluate(store: Store, atMs: number): Promise<Evaluation> {
  const ms = (column: string) => `toUnixTimestamp64Milli(${column})`
  const result = await store.query({
    query: `SELECT
        dataset,
        class,
        count() AS windows,
        minIf(${ms('since')}, is_watched) AS oldestSinceMs,
        max(${ms('window_end')}) AS lastEndMs,
        groupArrayIf(${maxChanges})(
          (
            request_identity, selector, ${ms('window_start')}, ${ms('window_end')}, previous.class, cause, detail,
            ${ms('since')}, ${ms('expected_by')},
            if(
              class = 'complete' AND is_watched AND dateDiff('second', expected_by, since) <= lateness_s,
              dateDiff('second', expected_by, since),
              NULL
            )
          ),
          previous.class != class OR previous.cause != ifNull(cause, '')
        ) AS changed
      FROM ${database}.completeness_since(at = {at:String}, from = {from:String}) AS now
      LEFT ANY JOIN (
        SELECT
          request_identity,
          window_start,
          argMax((change.class, ifNull(change.cause, '')), change.at).1 AS class,
          argMax((change.class, ifNull(change.cause, '')), change.at).2 AS cause
        FROM ${database}.completeness_changes AS change
        WHERE change.window_end > toDateTime64({from:String}, 3, 'UTC')
        GROUP BY request_identity, window_start
      ) AS previous ON now.request_identity = previous.request_identity AND now.window_start = previous.window_start
      GROUP BY dataset, class`,
    query_params: { at: timeText(atMs), from: timeText(atMs - lookBackMs) },
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  })
  const rows = await result.json<DatasetCounts & { changed: Changed[] }>()
  return {
    atMs,
    datasets: rows.map(({ changed: _changed, ...counts }) => counts),
    changes: rows.flatMap(({ dataset, class: now, changed }) =>
      changed.map((row) => changeOf(dataset, now, row, atMs)),
    ),
  }
}

const facts = [
  'expected_windows',
  'schedule_log',
  'window_states',
  'tick_hours',
  'stored_answers',
  'dead_letter_records',
  'deletions',
  'host_log',
]

/** Returns a text that differs when a table of facts was written. It costs far less than an evaluation. */
export async function factsMark(store: Store): Promise<string> {
  const result = await store.query({
    query: `SELECT table, sum(rows), max(max_block_number) FROM system.parts
      WHERE database = '${database}' AND table IN ({facts:Array(String)}) AND active GROUP BY table ORDER BY table`,
    query_params: { facts },
    format: 'CSV',
  })
  return result.text()
}

type Changed = [
  requestIdentity: string,
  selector: string | null,
  windowStart: number,
  windowEnd: number,
  previousClass: string,
  cause: string | null,
  detail: string | null,
  since: number | null,
  expectedBy: number | null,
  publicationDelayS: number | null,
]

function changeOf(dataset: string, now: string, changed: Changed, atMs: number): WindowChange {
  const [requestIdentity, selector, windowStart, windowEnd, previousClass, cause, detail, ...times] = changed
  const [since, expectedBy, publicationDelayS] = times
  const record = {
    ...{ dataset, requestIdentity, selector, windowStart, windowEnd, class: now, cause, detail, expectedBy, at: atMs },
    previousClass: previousClass === '' ? null : previousClass,
    since: since ?? atMs,
  }
  return { record, publicationDelayS }
}

const timeText = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', '')
