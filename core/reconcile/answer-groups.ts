// Reads, for each (dataset, identity, known_at), the accepted contents and the number of rows. A query and not a view:
// a check of all history must be walked span by span, and each span narrows both tables before they are grouped.
import { database, readRows, type Store } from '#platform/clickhouse/client.ts'
import type { AnswerContent, StoredRows } from './point-balance.ts'

/** What is read of a dataset. Times are ms UTC. */
export interface GroupScope {
  dataset: string
  /** Only what became known in [fromMs, toMs]. */
  known: { fromMs: number; toMs: number }
  /** Only rows of points with times in [fromMs, toMs). undefined: of all times. */
  times?: { fromMs: number; toMs: number } | undefined
  /** Only answers that were stored first in [fromMs, toMs), and their rows. undefined: all answers, and all rows. */
  stored?: { fromMs: number; toMs: number }
}

export interface GroupKey {
  identity: number
  knownAtMs: number
}

export interface GroupContent extends AnswerContent {
  requestIdentity: string
  windowStartMs: number
  windowEndMs: number
}

export interface AnswerGroup extends GroupKey {
  contents: GroupContent[]
  stored: StoredRows[]
}

export interface ScannedGroups {
  /** Answers that have as many rows as points, and the number of these. */
  equal: { answers: number; points: number }
  /** Answers whose window begins before the time up to which the dataset is deleted. Nobody knows what was deleted. */
  cut: number
  /** Answers with another number of rows, or with several contents. */
  doubtful: AnswerGroup[]
  /** Groups of rows without an accepted answer. */
  unanswered: UnansweredGroups
}

export interface UnansweredGroups {
  groups: number
  rows: number
  /** Up to `maxNamed` of the groups. */
  named: (GroupKey & { rows: number })[]
}

/** Maximum number of groups that a look at certain groups names in its statement, which has at most 256 KiB. */
export const maxNamed = 1_000

/**
 * Compares all groups of a scope. Both tables are read at about the same time, in no known order: look again at what
 * seems to be missing.
 */
export async function scanGroups(store: Store, scope: GroupScope): Promise<ScannedGroups> {
  const found = await readRows<ScannedRow>(store, scanQuery(scope), parametersOf(scope))
  const scanned: ScannedGroups = {
    equal: { answers: 0, points: 0 },
    cut: 0,
    doubtful: [],
    unanswered: { groups: 0, rows: 0, named: [] },
  }
  for (const { kind, identity, known_ms: knownAtMs, contents, stored, groups, rows, named } of found) {
    if (kind === 'equal') scanned.equal = { answers: groups, points: rows }
    if (kind === 'cut') scanned.cut = groups
    if (kind === 'unanswered') scanned.unanswered = { groups, rows, named }
    if (kind === 'doubtful') scanned.doubtful.push({ identity, knownAtMs, contents, stored })
  }
  return scanned
}

/** Returns the accepted contents of up to `maxNamed` groups. Leaves out windows that begin in what is deleted. */
export async function contentsOf(
  store: Store,
  dataset: string,
  keys: readonly GroupKey[],
): Promise<Map<string, GroupContent[]>> {
  const query = `SELECT identity, known_ms, groupArray(content) AS contents
    FROM (${answers(named(keys))}) WHERE NOT is_cut GROUP BY identity, known_ms`
  const rows = await readRows<{ identity: number; known_ms: number; contents: GroupContent[] }>(store, query, {
    dataset,
  })
  return new Map(rows.map(({ identity, known_ms, contents }) => [keyOf({ identity, knownAtMs: known_ms }), contents]))
}

/** The rows of a group, with the window and the raw position of one of them. */
export interface GroupRows {
  stored: StoredRows[]
  windowStartMs: number
  windowEndMs: number
  partition: number
  offset: number
}

/** Returns the rows of up to `maxNamed` groups, whatever the times of their points. */
export async function rowsOf(
  store: Store,
  dataset: string,
  keys: readonly GroupKey[],
): Promise<Map<string, GroupRows>> {
  const query = `SELECT identity, known_ms,
      groupArray(${storedRows}) AS stored,
      toUnixTimestamp(min(first_start)) * 1000 AS windowStartMs,
      toUnixTimestamp(max(last_end)) * 1000 AS windowEndMs,
      min(place).1 AS partition,
      min(place).2 AS offset
    FROM (${storedPoints(named(keys), windowAndPlace)})
    GROUP BY identity, known_ms`
  const rows = await readRows<GroupRows & { identity: number; known_ms: number }>(store, query, { dataset })
  return new Map(rows.map(({ identity, known_ms, ...group }) => [keyOf({ identity, knownAtMs: known_ms }), group]))
}

const windowAndPlace = `,
    min(window_start) AS first_start, max(window_end) AS last_end, min((raw_partition, raw_offset)) AS place`

export const keyOf = ({ identity, knownAtMs }: GroupKey): string => `${identity} ${knownAtMs}`

interface ScannedRow {
  kind: 'equal' | 'cut' | 'doubtful' | 'unanswered'
  identity: number
  known_ms: number
  contents: GroupContent[]
  stored: StoredRows[]
  groups: number
  rows: number
  named: UnansweredGroups['named']
}

const instant = (ms: number): string => `fromUnixTimestamp64Milli(${ms}, 'UTC')`
/** SQL of a DateTime, which has 32 bits. */
const second = (ms: number): string => `toDateTime(${Math.min(Math.max(0, Math.floor(ms / 1000)), 2 ** 32 - 1)}, 'UTC')`
const storedRows = "CAST((transform_version, rows), 'Tuple(transformVersion UInt16, rows UInt64)')"
const groupName = "CAST((identity, known_ms, group_rows), 'Tuple(identity UInt64, knownAtMs Int64, rows UInt64)')"

const parametersOf = ({ dataset }: GroupScope) => ({ dataset })

/** One row for each doubtful group. All other groups of a kind are one row together. */
function scanQuery({ known, times, stored }: GroupScope): string {
  const isKnown = `known_at >= ${instant(known.fromMs)} AND known_at <= ${instant(known.toMs)}`
  const isStored = stored && `stored_at >= ${instant(stored.fromMs)} AND stored_at < ${instant(stored.toMs)}`
  const ofAnswers = [isKnown, ...(isStored ? [isStored] : [])].join(' AND ')
  const ofRows = [
    isKnown,
    ...(times ? [`ts >= ${second(times.fromMs)} AND ts < ${second(times.toMs + 999)}`] : []),
    ...(isStored
      ? [
          `(identity, known_at) IN (
            SELECT identity, known_at FROM ${database}.stored_answers WHERE dataset = {dataset:String} AND ${ofAnswers})`,
        ]
      : []),
  ].join(' AND ')
  return `
    SELECT
      kind,
      if(kind = 'doubtful', group_identity, 0) AS identity,
      if(kind = 'doubtful', group_known_ms, 0) AS known_ms,
      any(if(kind = 'doubtful', group_contents, [])) AS contents,
      any(if(kind = 'doubtful', group_stored, [])) AS stored,
      count() AS groups,
      sum(group_rows) AS rows,
      groupArrayIf(${maxNamed})(group_name, kind = 'unanswered') AS named
    FROM
    (
      SELECT
        identity AS group_identity,
        known_ms AS group_known_ms,
        groupArrayIf(content, is_answer) AS group_contents,
        groupArrayIf(${storedRows}, NOT is_answer) AS group_stored,
        sum(rows) AS group_rows,
        ${groupName} AS group_name,
        multiIf(
          max(is_cut), 'cut',
          empty(group_contents), 'unanswered',
          length(group_contents) = 1 AND length(group_stored) <= 1 AND group_contents[1].points = group_rows
            AND (group_rows = 0 OR group_contents[1].transformVersion = group_stored[1].transformVersion), 'equal',
          'doubtful'
        ) AS kind
      FROM
      (
        SELECT identity, known_ms, true AS is_answer, is_cut, content, 0 AS transform_version, 0 AS rows
        FROM (${answers(ofAnswers)})
        UNION ALL
        SELECT identity, known_ms, false, false, ${noContent}, transform_version, rows
        FROM (${storedPoints(ofRows)})
      )
      GROUP BY identity, known_ms
    )
    GROUP BY kind, identity, known_ms
    SETTINGS max_bytes_before_external_group_by = ${maxBytesInMemory}`
}

/** A GROUP BY that needs more memory goes on on disk. It needs less than half of this for `answersAtOnce` answers. */
const maxBytesInMemory = 256 * 1024 * 1024

const contentType = `Tuple(transformVersion UInt16, points UInt32, replaces Bool, partition UInt32, offset UInt64,
  requestIdentity String, windowStartMs Int64, windowEndMs Int64)`
const noContent = `CAST((0, 0, false, 0, 0, '', 0, 0), '${contentType}')`

/** One row for each content of a group: what its greatest transform version made of it, and its first raw position. */
const answers = (condition: string): string => `
  SELECT
    identity,
    toUnixTimestamp64Milli(known_at) AS known_ms,
    min(window_start) < (SELECT max(before) FROM ${database}.deletions WHERE dataset = {dataset:String}) AS is_cut,
    CAST((
      max(transform_version), argMax(points, transform_version), max(replaces), min((raw_partition, raw_offset)).1,
      min((raw_partition, raw_offset)).2, any(request_identity), toUnixTimestamp64Milli(min(window_start)),
      toUnixTimestamp64Milli(max(window_end))
    ), '${contentType}') AS content
  FROM ${database}.stored_answers
  WHERE dataset = {dataset:String} AND ${condition}
  GROUP BY identity, known_at, content_hash`

/** One row for each group and transform version: the number of points whose newest row has this version. */
const storedPoints = (condition: string, more = ''): string => `
  SELECT identity, toUnixTimestamp64Milli(known_at) AS known_ms, transform_version, count() AS rows${more}
  FROM ${database}.point_revisions FINAL
  WHERE dataset = {dataset:String} AND identity > 0 AND ${condition}
  GROUP BY identity, known_at, transform_version
  SETTINGS do_not_merge_across_partitions_select_final = 1`

/** SQL condition for certain groups. The span of known_at lets ClickHouse leave out other partitions. */
function named(keys: readonly GroupKey[]): string {
  const known = keys.map(({ knownAtMs }) => knownAtMs)
  const groups = keys.map(({ identity, knownAtMs }) => `(${identity}, ${knownAtMs})`)
  return `known_at >= ${instant(Math.min(...known))} AND known_at <= ${instant(Math.max(...known))}
    AND (identity, toUnixTimestamp64Milli(known_at)) IN (${groups.join(', ')})`
}
