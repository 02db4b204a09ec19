// SQL of the lists that clients read in pages: what changed, what is missing, what was polled, refused and done.

import type { ListQuestion } from './page.ts'
import { inKey } from './series.ts'
import { storeTime } from './values.ts'

/** Which rows of a list. Absent: all. Instants are ms UTC; `toMs` is excluded. */
export interface Filter {
  dataset?: string | undefined
  key?: string | undefined
  fromMs?: number | undefined
  toMs?: number | undefined
  class?: string | undefined
  outcome?: string | undefined
  reason?: string | undefined
  isOpen?: boolean | undefined
}

/** Revisions of points in a span of their time, as known at `atMs`. null: now. */
export function revisionsList(filter: Filter, atMs: number | null): ListQuestion {
  return list({
    columns:
      'dataset, key, ts, previous_value, value, previous_known_at, known_at, delay_s, raw_partition, raw_offset, flags',
    from: 'tidemark.revisions',
    conditions: [...equal(filter, 'dataset', 'key'), ...between('ts', filter, 'DateTime'), ...knownBy(atMs)],
    order: [text('dataset'), text('key'), time('ts', 'DateTime'), time('known_at')],
    nested: ['flags'],
  })
}

/**
 * All that was ever known of points in a span of their time, up to `atMs`: the first publication of each point and each
 * revision after it. null: up to now.
 */
export function knowledgeList(filter: Filter, atMs: number | null): ListQuestion {
  const isFirst = "published_at IS NULL AND (value IS NOT NULL OR previous_known_at = toDateTime64(0, 3, 'UTC'))"
  return list({
    columns: 'ts, known_at, value, flags, raw_partition, raw_offset',
    from: 'tidemark.answers',
    conditions: [
      { sql: `(revised OR ${isFirst})` },
      ...equal(filter, 'dataset', 'key'),
      ...between('ts', filter, 'DateTime'),
      ...knownBy(atMs),
    ],
    order: [time('ts', 'DateTime'), time('known_at')],
  })
}

export interface ChangeFilter extends Filter {
  /** Words in any case; the key or a label of the series has all of them. */
  words?: readonly string[]
  /** Smallest absolute change, in the unit of the dataset. Null that came or went counts as larger than any. */
  minSize?: number | undefined
  /** revised: a point has another value; withdrawn: the newest answer no longer names it. Absent: both. */
  kind?: 'revised' | 'withdrawn' | undefined
  /** size: the largest change first. */
  sort?: 'known' | 'size'
}

/** Changes that became known from `sinceMs` to before `untilMs`, newest or largest first. */
export function changesList(sinceMs: number, untilMs: number, filter: ChangeFilter): ListQuestion {
  const words = (filter.words ?? []).map((word, index) => ({
    sql: `(dataset, key) IN (SELECT dataset, key FROM tidemark.series WHERE ${inKey(index)})`,
    parameters: { [`word${index}`]: word },
  }))
  const large = { sql: 'size >= {minSize:Float64}', parameters: { minSize: filter.minSize } }
  const order = [time('known_at'), text('dataset'), text('key'), time('ts', 'DateTime')]
  return list({
    columns: `known_at, dataset, key, ts, previous_value, value, previous_known_at, delay_s, flags,
      ifNull(abs(value - previous_value), inf) AS size`,
    from: `tidemark.changes(since = {since:DateTime64(3, 'UTC')}, until = {until:DateTime64(3, 'UTC')})`,
    parameters: { since: storeTime(sinceMs), until: storeTime(untilMs) },
    conditions: [
      ...equal(filter, 'dataset', 'key'),
      ...between('ts', filter, 'DateTime'),
      ...words,
      ...(filter.minSize === undefined ? [] : [large]),
      ...(filter.kind === undefined
        ? []
        : [{ sql: `${filter.kind === 'withdrawn' ? '' : 'NOT '}has(flags, 'withdrawn')` }]),
    ],
    order: filter.sort === 'size' ? [{ column: 'size', type: 'Float64' }, ...order] : order,
    isDescending: true,
    nested: ['flags'],
  })
}

/** Without `fromMs`, windows that ended longer ago are not read: the view judges each window that it reads. */
const recentWindowsMs = 31 * 86_400_000

/** Classes of the windows as known at `atMs`: those that end after `fromMs`, by default in the 31 days before. */
export function completenessList(atMs: number, filter: Filter): ListQuestion {
  const fromMs = filter.fromMs ?? atMs - recentWindowsMs
  return list({
    columns: `dataset, selector, window_start, window_end, class, cause, detail, since, lateness_s, expected_by, late_after,
      points, expected_points, keys, usual_keys, last_revised_at, is_watched, why, raw_partition, raw_offset, request_identity`,
    from: "tidemark.completeness_since(at = {at:DateTime64(3, 'UTC')}, from = {since:DateTime64(3, 'UTC')})",
    parameters: { at: storeTime(atMs), since: storeTime(fromMs) },
    conditions: [
      ...equal(filter, 'dataset', 'class'),
      ...between('window_start', { toMs: filter.toMs }, 'DateTime64(3)'),
    ],
    order: [text('dataset'), time('window_start'), text('request_identity')],
  })
}

/** Polls by the instant at which they were over, newest first. `windows`: those whose windows begin in a span. */
export function pollsList(filter: Filter, windows: Pick<Filter, 'fromMs' | 'toMs'> = {}): ListQuestion {
  return list({
    columns: `fetched_at, dataset, selector, window_start, window_end, outcome, completeness, status, error, lane, sent_at,
      duration_ms, bytes, content_hash, failures, raw_partition, raw_offset, host, poller, request_identity`,
    from: 'tidemark.polls FINAL',
    conditions: [
      ...equal(filter, 'dataset', 'outcome'),
      ...between('fetched_at', filter, 'DateTime64(3)'),
      ...between('window_start', windows, 'DateTime64(3)', 'window'),
    ],
    order: [time('fetched_at'), text('request_identity'), text('poller')],
    isDescending: true,
  })
}

/** Dead letters, newest first. */
export function deadLettersList(filter: Filter): ListQuestion {
  const open = filter.isOpen === undefined ? [] : [{ sql: `resolved_at IS ${filter.isOpen ? '' : 'NOT '}NULL` }]
  return list({
    columns: `concat(topic, '/', toString(partition), '/', toString(offset)) AS id, at, dataset, reason, previous_reason, message,
      request_identity, raw_partition, raw_offset, original_topic, service, version, attempts, resolved_at, decision, by, why`,
    from: 'tidemark.dead_letters',
    conditions: [...equal(filter, 'dataset', 'reason'), ...between('at', filter, 'DateTime64(3)'), ...open],
    order: [time('at'), text('id')],
    isDescending: true,
  })
}

/** Replays and rebuilds, newest first, each in its newest state. */
export function replaysList(filter: Filter): ListQuestion {
  return list({
    columns: `started_at, id, kind, dataset, window_from, window_to, state, at, who, why, from_version, to_version, counts, message`,
    from: '(SELECT * FROM tidemark.replays ORDER BY id, at DESC LIMIT 1 BY id)',
    conditions: equal(filter, 'dataset'),
    order: [time('started_at'), text('id')],
    isDescending: true,
    nested: ['counts'],
  })
}

/** What was deleted for good, newest first: everything of a dataset before an instant. */
export function deletionsList(filter: Filter): ListQuestion {
  return list({
    columns: 'at, dataset, before, by, why',
    from: '(SELECT DISTINCT dataset, before, at, by, why FROM tidemark.deletions)',
    conditions: equal(filter, 'dataset'),
    order: [time('at'), text('dataset'), time('before')],
    isDescending: true,
  })
}

/** The datasets that are parked, the newest first: since when, why and by whom. */
export function parkedList(filter: Filter): ListQuestion {
  return list({
    columns: 'at, dataset, reason, message, by',
    from: `(SELECT dataset, newest.1 AS at, newest.2 AS reason, newest.3 AS message, newest.4 AS by FROM (
      SELECT dataset, argMax((at, reason, message, by), offset) AS newest, argMax(state, offset) AS newest_state
      FROM tidemark.parking_log GROUP BY dataset
    ) WHERE newest_state = 'parked')`,
    conditions: equal(filter, 'dataset'),
    order: [time('at'), text('dataset')],
    isDescending: true,
  })
}

/** Figures of each market and metric over the last 24 hours. */
export function marketsList(): ListQuestion {
  return list({ from: 'tidemark.market_24h', order: [text('market'), text('metric'), text('dataset')] })
}

/** Markets by the standard deviation of a metric over the last 24 hours, largest first. */
export function marketRankList(metric: string): ListQuestion {
  return list({
    from: 'tidemark.market_rank(metric = {metric:String})',
    parameters: { metric },
    order: [{ column: 'rank', type: 'UInt64' }, text('market'), text('dataset')],
  })
}

/** A metric of a market over the last 24 hours, in steps of `stepS` seconds. */
export function marketSeriesList(market: string, metric: string, stepS: number): ListQuestion {
  return list({
    from: 'tidemark.market_series(market = {market:String}, metric = {metric:String}, step_s = {step:UInt32})',
    parameters: { market, metric, step: stepS },
    order: [text('dataset'), time('start', 'DateTime')],
  })
}

/** Weeks whose number of votes deviates from the mean by more than 20 %. */
export function outlierWeeksList(): ListQuestion {
  const order = ['Year', 'WeekNumber'].map((column) => ({ column, type: 'UInt16' }))
  return list({ from: 'blog_analysis.outlier_weeks', order })
}

/** All weeks that have votes, and whether each is an outlier. */
export function weeksList(): ListQuestion {
  const order = ['Year', 'WeekNumber'].map((column) => ({ column, type: 'UInt16' }))
  return list({ from: 'blog_analysis.weeks', order })
}

export function votesList(filter: Filter): ListQuestion {
  const order = [{ column: 'Id', type: 'UInt64' }]
  return list({ from: 'blog_analysis.votes', conditions: between('CreationDate', filter, 'DateTime64(3)'), order })
}

interface Condition {
  sql: string
  parameters?: Record<string, unknown>
}

interface ListParts {
  /** Columns that are lists or maps. */
  nested?: readonly string[]
  columns?: string
  from: string
  parameters?: Record<string, unknown>
  conditions?: readonly Condition[]
  order: ListQuestion['order']
  isDescending?: boolean
}

function list({
  columns = '*',
  from,
  parameters,
  conditions = [],
  order,
  isDescending = false,
  nested = [],
}: ListParts): ListQuestion {
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`
  return {
    sql: `SELECT ${columns} FROM ${from} ${where}`,
    parameters: Object.assign({}, parameters, ...conditions.map((condition) => condition.parameters)),
    order,
    isDescending,
    nested,
  }
}

const text = (column: string) => ({ column, type: 'String' })
const time = (column: string, type = 'DateTime64(3)') => ({ column, type: withZone(type) })
const withZone = (type: string) => (type === 'DateTime' ? "DateTime('UTC')" : "DateTime64(3, 'UTC')")

function equal(filter: Filter, ...columns: ('dataset' | 'key' | 'class' | 'outcome' | 'reason')[]): Condition[] {
  return columns.flatMap((column) => {
    const value = filter[column]
    return value === undefined ? [] : [{ sql: `${column} = {${column}:String}`, parameters: { [column]: value } }]
  })
}

function knownBy(atMs: number | null): Condition[] {
  if (atMs === null) return []
  return [{ sql: "known_at <= {at:DateTime64(3, 'UTC')}", parameters: { at: storeTime(atMs) } }]
}

function between(column: string, { fromMs, toMs }: Filter, type: string, prefix = ''): Condition[] {
  const bound = (name: string, operator: string, ms: number | undefined): Condition[] => {
    if (ms === undefined) return []
    const value = type === 'DateTime' ? storeTime(ms).replace(/\.\d+$/, '') : storeTime(ms)
    return [{ sql: `${column} ${operator} {${name}:${withZone(type)}}`, parameters: { [name]: value } }]
  }
  return [...bound(`${prefix}from`, '>=', fromMs), ...bound(`${prefix}to`, '<', toMs)]
}
