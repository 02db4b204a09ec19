// What the store says for a report: a few statements for all datasets together. Instants are ms UTC.
import { database, type Store } from '#platform/clickhouse/client.ts'
import { storeTime } from '../questions/values.ts'
import type { CompletenessClass } from './classes.ts'

/** Which rows are read: windows of [fromMs, toMs), as known at `atMs`, of one dataset or of all. */
export interface Scope {
  atMs: number
  fromMs: number
  toMs: number
  dataset: string | undefined
  /** The part of the span that belongs to each dataset: local days differ by time zone. */
  spans: ReadonlyMap<string, { fromMs: number; toMs: number }>
}

/** A row of the view completeness. Of ticks: an hour of them. */
export interface WindowRow {
  selector: string | null
  startMs: number
  endMs: number
  class: CompletenessClass
  cause: string | null
  detail: string | null
  sinceMs: number | null
  latenessS: number | null
  expectedByMs: number | null
  lateAfterMs: number | null
  points: number | null
  expectedPoints: number | null
  keys: number | null
  usualKeys: number | null
  lastRevisedMs: number | null
  isWatched: boolean
  why: string | null
}

/** How a dataset is collected, and up to when its windows are deleted. */
export interface ScheduleFact {
  dataset: string
  schedule: string
  selectors: string[]
  historyBeginsMs: number | null
  deletedBeforeMs: number | null
}

/** When a window that was watched became complete for the first time. */
export interface FirstComplete {
  dataset: string
  atMs: number
  windowStartMs: number
  expectedByMs: number | null
}

export interface RevisedWindows {
  dataset: string
  windows: number
  revised: number
  laterAnswers: number
  lastRevisedMs: number | null
  /** Points that the answers of revised windows name: what the question for sizes has to read. */
  points: number
}

export interface FlaggedPoints {
  dataset: string
  flag: string
  points: number
}

/** Like the view revision_stats, of a span. */
export interface RevisionSizes {
  dataset: string
  revisions: number
  pointsRevised: number
  meanAbsChange: number | null
  largestAbsChange: number | null
  toNull: number
  fromNull: number
  medianDelayS: number | null
  largestDelayS: number | null
}

export interface Refusals {
  dataset: string | null
  topic: string
  reason: string
  letters: number
  open: number
  newestMs: number
  newestMessage: string
}

export const ms = (column: string): string => `toUnixTimestamp64Milli(${column})`
export const at = "{at:DateTime64(3, 'UTC')}"
const from = "{from:DateTime64(3, 'UTC')}"
const to = "{to:DateTime64(3, 'UTC')}"

function parametersOf({ atMs, fromMs, toMs, dataset, spans }: Scope): Record<string, unknown> {
  const parts = [...spans.values()]
  return {
    ...{ at: storeTime(atMs), from: storeTime(fromMs), to: storeTime(toMs), dataset: dataset ?? '' },
    names: [...spans.keys()],
    froms: parts.map((part) => part.fromMs),
    tos: parts.map((part) => part.toMs),
  }
}

/** SQL: the column lies in the span of its dataset. A dataset without a span of its own has none. */
export function inSpan(column: string): string {
  const bound = (of: string) => `transform(toString(dataset), {names:Array(String)}, {${of}:Array(Int64)}, 0)`
  const instant = ms(`toDateTime64(${column}, 3, 'UTC')`)
  return `${column} >= ${from} AND ${column} < ${to} AND ${instant} >= ${bound('froms')} AND ${instant} < ${bound('tos')}`
}

export const ofDataset = ({ dataset }: Scope): string => (dataset === undefined ? '' : 'AND dataset = {dataset:String}')

export async function ask<Row>(store: Store, scope: Scope, query: string): Promise<Row[]> {
  const result = await store.query({
    query,
    query_params: parametersOf(scope),
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  })
  return result.json<Row>()
}

/** Returns the rows of the view completeness, by dataset. */
export async function windowRows(store: Store, scope: Scope): Promise<Map<string, WindowRow[]>> {
  const instants = ['window_start', 'window_end', 'since', 'expected_by', 'late_after', 'last_revised_at'].map(ms)
  const texts = 'toString(dataset), toString(class), cause, detail, selector, why'
  const numbers = 'lateness_s, points, expected_points, keys, usual_keys, is_watched'
  const result = await store.query({
    query: `SELECT ${texts}, ${numbers}, ${instants.join(', ')}
      FROM ${database}.completeness_since(at = {at:String}, from = {from:String})
      WHERE window_start < ${to} ${ofDataset(scope)}
      ORDER BY dataset, selector, window_start`,
    query_params: parametersOf(scope),
    // Without names: five years of hours are many rows.
    format: 'JSONCompactEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  })
  const rows = new Map<string, WindowRow[]>()
  for (const row of await result.json<CompactRow>()) {
    const held = rows.get(row[0])
    if (held === undefined) rows.set(row[0], [windowOf(row)])
    else held.push(windowOf(row))
  }
  return rows
}

type Text = string | null
type Count = number | null
type CompactRow = [
  ...texts: [dataset: string, cls: CompletenessClass, cause: Text, detail: Text, selector: Text, why: Text],
  ...numbers: [lateness: Count, points: Count, expected: Count, keys: Count, usual: Count, isWatched: boolean | number],
  ...instants: [start: number, end: number, since: Count, expectedBy: Count, lateAfter: Count, revised: Count],
]

const windowOf = (row: CompactRow): WindowRow => ({
  class: row[1],
  cause: row[2],
  detail: row[3],
  selector: row[4],
  why: row[5],
  latenessS: row[6],
  points: row[7],
  expectedPoints: row[8],
  keys: row[9],
  usualKeys: row[10],
  // The engine answers 0 and 1 where a column is not declared as Bool.
  isWatched: Boolean(row[11]),
  startMs: row[12],
  endMs: row[13],
  sinceMs: row[14],
  expectedByMs: row[15],
  lateAfterMs: row[16],
  lastRevisedMs: row[17],
})

export const schedules = (store: Store, scope: Scope): Promise<ScheduleFact[]> =>
  ask(
    store,
    scope,
    `SELECT log.dataset AS dataset, log.schedule AS schedule, log.selectors AS selectors,
        ${ms('log.history_begins')} AS historyBeginsMs, if(deletion.dataset = '', NULL, ${ms('deletion.until')}) AS deletedBeforeMs
      FROM (
        SELECT * FROM ${database}.schedule_log AS entry
        WHERE entry.at <= ${at} ORDER BY entry.dataset, entry.at DESC LIMIT 1 BY entry.dataset
      ) AS log
      LEFT ANY JOIN (
        SELECT dataset, max(row.before) AS until FROM ${database}.deletions AS row WHERE row.at <= ${at} GROUP BY dataset
      ) AS deletion ON log.dataset = deletion.dataset`,
  )

/** Windows whose first complete answer came by itself, and that were expected before. Of 90 days before `scope.atMs`. */
export const firstComplete = (store: Store, scope: Scope): Promise<FirstComplete[]> =>
  ask(
    store,
    scope,
    `SELECT state.dataset AS dataset, ${ms('state.first_at')} AS atMs, ${ms('state.window_start')} AS windowStartMs,
        ${ms('expected.expected_by')} AS expectedByMs
      FROM (
        SELECT dataset, request_identity, window_start, any(window_end) AS window_end,
          min(poll.at) AS first_at, argMin(poll.lane, poll.at) AS lane
        FROM ${database}.window_states AS poll
        WHERE poll.at <= ${at} AND completeness = 'complete'
          AND window_start > ${at} - INTERVAL 95 DAY ${ofDataset(scope)}
        GROUP BY dataset, request_identity, window_start
      ) AS state
      INNER ANY JOIN (
        SELECT dataset, request_identity, window_start, argMax(row.expected_by, row.declared_at) AS expected_by,
          min(row.declared_at) AS declared_at
        FROM ${database}.expected_windows AS row
        WHERE row.declared_at <= ${at} AND every_s IS NULL
          AND window_start > ${at} - INTERVAL 95 DAY ${ofDataset(scope)}
        GROUP BY dataset, request_identity, window_start
      ) AS expected USING (dataset, request_identity, window_start)
      WHERE lane = 'live' AND first_at > ${at} - INTERVAL 90 DAY
        AND declared_at < first_at AND declared_at <= ifNull(expected_by, window_end)
        AND (first_at < window_start OR ifNull(expected_by >= window_start, false))`,
  )

export const revisedWindows = (store: Store, scope: Scope): Promise<RevisedWindows[]> =>
  ask(
    store,
    scope,
    `SELECT dataset, uniqExact(window_identity) AS windows, uniqExactIf(window_identity, answers > 1) AS revised,
        sum(answers - 1) AS laterAnswers, maxOrNullIf(newest, answers > 1) AS lastRevisedMs,
        sumIf(named, answers > 1) AS points
      FROM (
        SELECT dataset, replaceRegexpOne(request_identity, '/rows-\\\\d+/', '/') AS window_identity,
          uniqExact(known_at) AS answers, ${ms('max(known_at)')} AS newest, sum(points) AS named
        FROM ${database}.stored_answers
        WHERE replaces AND known_at <= ${at} AND stored_at <= ${at}
          AND ${inSpan('window_start')} ${ofDataset(scope)}
        GROUP BY dataset, request_identity
      )
      GROUP BY dataset`,
  )

/** SQL: the answers that were known at the instant, and that the store had only later. An index finds them. */
const onTheirWay = `${database}.stored_answers WHERE known_at <= ${at} AND stored_at > ${at}`

export const revisionSizes = (store: Store, scope: Scope): Promise<RevisionSizes[]> =>
  ask(
    store,
    scope,
    `SELECT dataset, count() AS revisions, uniqExact(key, ts) AS pointsRevised,
        avg(abs(value - previous_value)) AS meanAbsChange, max(abs(value - previous_value)) AS largestAbsChange,
        countIf(value IS NULL) AS toNull, countIf(previous_value IS NULL) AS fromNull,
        quantileExactInclusive(0.5)(delay_s) AS medianDelayS, max(delay_s) AS largestDelayS
      FROM ${database}.revisions
      WHERE ${inSpan('ts')} AND known_at <= ${at} ${ofDataset(scope)}
        AND (dataset, raw_partition, raw_offset) NOT IN (SELECT dataset, raw_partition, raw_offset FROM ${onTheirWay})
      GROUP BY dataset`,
  )

/**
 * Points by flag: those that the newest answer of their request names. The rows of point_revisions without a flag are not
 * read. Where no answers are recorded, as for ticks, the newest flagged row of a point counts.
 */
export const flaggedPoints = (store: Store, scope: Scope): Promise<FlaggedPoints[]> =>
  ask(
    store,
    scope,
    `SELECT dataset, arrayJoin(splitByWhitespace(flags)) AS flag, count() AS points
      FROM (
        SELECT dataset, key, ts, flags, identity, ${ms('known_at')} * 4096 + transform_version AS version
        FROM ${database}.point_revisions
        WHERE flags != '' AND ${inSpan('ts')} AND known_at <= ${at} ${ofDataset(scope)}
          AND (dataset, raw_partition, raw_offset) NOT IN (SELECT dataset, raw_partition, raw_offset FROM ${onTheirWay})
        ORDER BY known_at DESC, transform_version DESC LIMIT 1 BY dataset, key, ts
      ) AS flagged
      LEFT ANY JOIN (
        SELECT dataset, identity, max(answer.version) AS version FROM ${database}.stored_answers AS answer
        WHERE replaces AND known_at <= ${at} AND stored_at <= ${at}
          AND window_end > ${from} AND window_start < ${to} ${ofDataset(scope)}
        GROUP BY dataset, identity
      ) AS newest ON flagged.dataset = newest.dataset AND flagged.identity = newest.identity
      WHERE newest.version IN (0, flagged.version)
      GROUP BY dataset, flag
      ORDER BY dataset, flag`,
  )

/** Dead letters that were refused in the span. Open: neither requeued nor dropped by `scope.atMs`. */
export const refusals = (store: Store, scope: Scope): Promise<Refusals[]> =>
  ask(
    store,
    scope,
    `SELECT dataset, letter.topic AS topic, letter.reason AS reason, count() AS letters,
        countIf(resolved_at IS NULL OR resolved_at > ${at}) AS open,
        ${ms('max(letter.at)')} AS newestMs, argMax(letter.message, letter.at) AS newestMessage
      FROM ${database}.dead_letters AS letter
      WHERE letter.at <= ${at} AND letter.at >= ${from} AND letter.at < ${to} ${ofDataset(scope)}
      GROUP BY dataset, topic, reason
      ORDER BY dataset, topic, reason`,
  )
