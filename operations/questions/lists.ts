// SQL of the lists that clients read in pages: what changed, what is missing, what was polled, refused and done.

import type { ListQuestion } from './page.ts'
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
    conditions: [
      ...equal(filter, 'dataset', 'key'),
      ...between('ts', filter, 'DateTime'),
      ...(atMs === null ? [] : [{ sql: "known_at <= {at:DateTime64(3, 'UTC')}", parameters: { at: storeTime(atMs) } }]),
    ],
    order: [text('dataset'), text('key'), time('ts', 'DateTime'), time('known_at')],
    nested: ['flags'],
  })
}

/** Changes that became known from `sinceMs` to before `untilMs`, newest first. */
export function changesList(sinceMs: number, untilMs: number, filter: Filter): ListQuestion {
  return list({
    columns: 'known_at, dataset, key, ts, previous_value, value, previous_known_at, delay_s, flags',
    from: `tidemark.changes(since = {since:DateTime64(3, 'UTC')}, until = {until:DateTime64(3, 'UTC')})`,
    parameters: { since: storeTime(sinceMs), until: storeTime(untilMs) },
    conditions: [...equal(filter, 'dataset', 'key'), ...between('ts', filter, 'DateTime')],
    order: [time('known_at'), text('dataset'), text('key'), time('ts', 'DateTime')],
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

/** Polls by the instant at which they were over, newest first. */
export function pollsList(filter: Filter): ListQuestion {
  return list({
    columns: `fetched_at, dataset, selector, window_start, window_end, outcome, completeness, status, error, lane, sent_at,
      duration_ms, bytes, content_hash, failures, raw_partition, raw_offset, host, poller, request_identity`,
    from: 'tidemark.polls FINAL',
    conditions: [...equal(filter, 'dataset', 'outcome'), ...between('fetched_at', filter, 'DateTime64(3)')],
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

function between(column: string, { fromMs, toMs }: Filter, type: string): Condition[] {
  const bound = (name: string, operator: string, ms: number | undefined): Condition[] => {
    if (ms === undefined) return []
    const value = type === 'DateTime' ? storeTime(ms).replace(/\.\d+$/, '') : storeTime(ms)
    return [{ sql: `${column} ${operator} {${name}:${withZone(type)}}`, parameters: { [name]: value } }]
  }
  return [...bound('from', '>=', fromMs), ...bound('to', '<', toMs)]
}
