import { database, readRows, type Store } from '#platform/clickhouse/client.ts'
import { type AnswerComparison, answersDiffer, type ComparisonScope, diffStoredAnswers } from './diff-stored-answers.ts'
import { beforeSpans, inSpans, inWindows } from './row-conditions.ts'

/** A point of one answer whose value, step or flags differ between the store and today's explode. Times are UTC. */
export interface ChangedPoint {
  key: string
  ts: string
  knownAt: string
  before: number | null
  after: number | null
  /** The old and the new step (s) and flags; empty if the values differ. */
  note: string
}

export interface Comparison {
  /** Number of rows that only today's explode yields. In all counts, a point has one row for each of its answers. */
  rowsAdded: number
  rowsChanged: number
  rowsGone: number
  rowsSame: number
  /** Number of changed or gone rows that already have today's transform version. Above 0, it must be raised. */
  ofSameVersion: number
  /** Number of stored rows that are kept without a comparison, because retention has deleted their raw record. */
  rawGoneKept: number
  seriesAdded: string[]
  seriesGone: string[]
  /** Up to 20 changed points: the largest differences first, then changes from or to null. */
  largest: ChangedPoint[]
  addedFrom: string[]
  storedVersion: number
  /** Comparison of the accepted answers. */
  answers: AnswerComparison
}

// Rows per query. It bounds the memory of GROUP BY, which needs about 200 bytes per group.
const rowsAtOnce = 4_000_000
const maxShown = 20

export async function diffTables(store: Store, compared: ComparisonScope): Promise<Comparison> {
  const changedKeys: string[] = []
  const addedKeys: string[] = []
  const comparison: Comparison = {
    ...{ rowsAdded: 0, rowsChanged: 0, rowsGone: 0, rowsSame: 0, ofSameVersion: 0, rawGoneKept: 0 },
    ...{ seriesAdded: [], seriesGone: [], largest: [], addedFrom: [] },
    storedVersion: await storedVersion(store, compared.dataset),
    answers: await diffStoredAnswers(store, compared),
  }
  for (const keys of await keyChunks(store, compared)) {
    const parameters = { dataset: compared.dataset, keys }
    const ofKeys = await readRows<AlikeRows>(store, alikeOf(compared), parameters)
    const unlikeKeys = ofKeys.filter(({ unlike }) => unlike > 0).map(({ key }) => key)
    for (const { alike } of ofKeys) comparison.rowsSame += alike
    const alikeByKey = new Map(ofKeys.map(({ key, alike }) => [key, alike]))
    const ofUnlike = { ...parameters, keys: unlikeKeys }
    const counts = unlikeKeys.length > 0 ? await readRows<KeyCounts>(store, countsOf(compared), ofUnlike) : []
    for (const found of counts) {
      add(comparison, found, alikeByKey.get(found.key) ?? 0)
      if (found.changed > 0) changedKeys.push(found.key)
      if (found.added > 0) addedKeys.push(found.key)
    }
  }
  comparison.largest = await largestOf(store, compared, inRuns(changedKeys))
  comparison.addedFrom = await addedFrom(store, compared, inRuns(addedKeys))
  return comparison
}

export const differs = ({ rowsAdded, rowsChanged, rowsGone, answers }: Comparison): boolean =>
  rowsAdded + rowsChanged + rowsGone > 0 || answersDiffer(answers)

export const storedVersion = async (store: Store, dataset: string): Promise<number> =>
  (await storedVersions(store, [dataset])).get(dataset) ?? 0

/** Returns the greatest stored transform version of each dataset. Leaves out datasets without rows. */
export async function storedVersions(store: Store, datasets: readonly string[]): Promise<Map<string, number>> {
  const ofThem = 'WHERE dataset IN {datasets:Array(String)} GROUP BY dataset'
  const query = `SELECT dataset, max(version) AS version FROM (
      SELECT dataset, max(transform_version) AS version FROM ${database}.point_revisions ${ofThem}
      UNION ALL
      SELECT dataset, max(transform_version) AS version FROM ${database}.stored_answers ${ofThem})
    GROUP BY dataset`
  const rows = await readRows<{ dataset: string; version: number }>(store, query, { datasets })
  return new Map(rows.map(({ dataset, version }) => [dataset, version]))
}

export async function storedDatasets(store: Store, staging: string): Promise<Set<string>> {
  const tables = [database, staging].flatMap((name) => [`${name}.point_revisions`, `${name}.stored_answers`])
  const query = tables.map((table) => `SELECT dataset FROM ${table} GROUP BY dataset`).join(' UNION DISTINCT ')
  return new Set((await readRows<{ dataset: string }>(store, query, {})).map(({ dataset }) => dataset))
}

interface AlikeRows {
  key: string
  /** Number of rows of those answers of which all rows of the key are the same on both sides. */
  alike: number
  /** Number of other answers. Their rows are compared one by one. */
  unlike: number
}

/** Counts of the rows of the answers that are not alike. */
interface KeyCounts {
  key: string
  added: number
  changed: number
  gone: number
  same: number
  of_same_version: number
  kept: number
  /** Number of rows whose raw record is later than the raw records that were read. */
  others: number
  /** Number of rows whose window is not compared. */
  outside: number
}

/** Adds what differs of a key, which has `alike` rows besides. */
function add(comparison: Comparison, counts: KeyCounts, alike: number): void {
  const { key, added, changed, gone, same, kept, others, outside } = counts
  comparison.rowsAdded += added
  comparison.rowsChanged += changed
  comparison.rowsGone += gone
  comparison.rowsSame += same
  comparison.ofSameVersion += counts.of_same_version
  comparison.rawGoneKept += kept
  const stays = alike + changed + same + kept + others + outside
  if (stays === 0 && gone === 0 && added > 0) comparison.seriesAdded.push(key)
  if (stays === 0 && added === 0 && gone > 0) comparison.seriesGone.push(key)
}

const keysAtOnce = 20

const inRuns = (keys: string[]): string[][] =>
  Array.from({ length: Math.ceil(keys.length / keysAtOnce) }, (_, run) =>
    keys.slice(run * keysAtOnce, (run + 1) * keysAtOnce),
  )

// One number for all that is compared of a row.
const toldOf = 'value IS NULL, ifNull(value, 0), step_s, toString(flags)'

/**
 * Returns SQL for a row per key and known_at, which is an answer or some that came at once. `is_alike`: both sides have the
 * same rows of it. A sum of hashes says so at a tenth of the cost of a comparison of the rows. If a ts is there twice, the
 * versions decide, so the rows must be compared.
 */
function answersOf({ windows, staging }: ComparisonScope): string {
  const where = `dataset = {dataset:String} AND key IN {keys:Array(String)} AND ${inWindows(windows)}`
  const rows = `key, known_at, ts, cityHash64(ts, ${toldOf}) AS told`
  return `SELECT
      key, known_at,
      countIf(is_new) AS rows,
      count() = 2 * rows AND sumIf(told, is_new) = sumIf(told, NOT is_new)
        AND arrayUniq(groupArrayIf(ts, is_new)) = rows AS is_alike
    FROM (
      SELECT ${rows}, false AS is_new FROM ${database}.point_revisions WHERE ${where}
      UNION ALL
      SELECT ${rows}, true AS is_new FROM ${staging}.point_revisions WHERE ${where}
    )
    GROUP BY key, known_at`
}

const alikeOf = (compared: ComparisonScope): string => `
  SELECT key, sumIf(rows, is_alike) AS alike, countIf(NOT is_alike) AS unlike
  FROM (${answersOf(compared)})
  GROUP BY key`

/** Returns an SQL condition for the rows that must be compared one by one. */
const unlikeRows = (compared: ComparisonScope): string =>
  `dataset = {dataset:String} AND key IN {keys:Array(String)} AND ${inWindows(compared.windows)}
    AND (key, known_at) IN (SELECT key, known_at FROM (${answersOf(compared)}) WHERE NOT is_alike)`

/** Returns SQL like `bothSides`, but with hashes in place of values. This costs a tenth. */
function bothHashes(compared: ComparisonScope): string {
  const { spans, staging, transformVersion } = compared
  const told = `cityHash64(${toldOf}) AS told, transform_version`
  const where = unlikeRows(compared)
  return `SELECT
      key, ts, known_at,
      countIf(NOT is_new) AS in_store,
      countIf(is_new) AS in_new,
      max(was_read) AS was_read,
      max(raw_gone) AS raw_gone,
      max(NOT is_new AND transform_version = ${transformVersion}) AS is_same_version,
      in_store > 0 AND in_new > 0
        AND argMaxIf(told, transform_version, NOT is_new) != argMaxIf(told, transform_version, is_new) AS differs
    FROM (
      SELECT key, ts, known_at, ${told}, false AS is_new, ${inSpans(spans)} AS was_read, ${beforeSpans(spans)} AS raw_gone
      FROM ${database}.point_revisions WHERE ${where}
      UNION ALL
      SELECT key, ts, known_at, ${told}, true AS is_new, false AS was_read, false AS raw_gone
      FROM ${staging}.point_revisions WHERE ${where}
    )
    GROUP BY key, ts, known_at`
}

/**
 * Returns SQL for a row per key, ts and known_at, with the newest version of the store and that of the staging table.
 */
function bothSides(compared: ComparisonScope): string {
  const { staging } = compared
  const told = 'value, step_s, flags, raw_partition, raw_offset, transform_version'
  const where = unlikeRows(compared)
  return `SELECT
      key, ts, known_at,
      countIf(NOT is_new) AS in_store,
      countIf(is_new) AS in_new,
      argMaxIf(tuple(value), transform_version, NOT is_new).1 AS before,
      argMaxIf(tuple(value), transform_version, is_new).1 AS after,
      argMaxIf((step_s, flags), transform_version, NOT is_new) AS before_kind,
      argMaxIf((step_s, flags), transform_version, is_new) AS after_kind,
      argMaxIf((raw_partition, raw_offset), transform_version, is_new) AS after_raw,
      in_store > 0 AND in_new > 0 AND (before IS DISTINCT FROM after OR before_kind != after_kind) AS differs
    FROM (
      SELECT key, ts, known_at, ${told}, false AS is_new FROM ${database}.point_revisions WHERE ${where}
      UNION ALL
      SELECT key, ts, known_at, ${told}, true AS is_new FROM ${staging}.point_revisions WHERE ${where}
    )
    GROUP BY key, ts, known_at`
}

const countsOf = (compared: ComparisonScope): string => `
  SELECT
    key,
    countIf(in_store = 0) AS added,
    countIf(differs) AS changed,
    countIf(in_new = 0 AND was_read) AS gone,
    countIf(in_store > 0 AND in_new > 0 AND NOT differs) AS same,
    countIf(is_same_version AND (differs OR (in_new = 0 AND was_read))) AS of_same_version,
    countIf(in_new = 0 AND NOT was_read AND raw_gone) AS kept,
    countIf(in_new = 0 AND NOT was_read AND NOT raw_gone) AS others,
    any(o.outside) AS outside
  FROM (${bothHashes(compared)}) AS sides
  LEFT JOIN (
    SELECT key, count() AS outside FROM ${database}.point_revisions
    WHERE dataset = {dataset:String} AND key IN {keys:Array(String)} AND NOT ${inWindows(compared.windows)}
    GROUP BY key
  ) AS o USING (key)
  GROUP BY key
  ORDER BY key`

async function largestOf(store: Store, compared: ComparisonScope, chunks: string[][]): Promise<ChangedPoint[]> {
  const query = `
    SELECT
      key, toString(ts) AS ts, toString(known_at) AS knownAt, before, after,
      if(before IS DISTINCT FROM after, '', format('{} s [{}] to {} s [{}]',
        toString(before_kind.1), before_kind.2, toString(after_kind.1), after_kind.2)) AS note,
      ifNull(abs(after - before), 0) AS difference
    FROM (${bothSides(compared)})
    WHERE differs
    ORDER BY difference DESC, before IS NULL, key, ts, knownAt
    LIMIT ${maxShown}`
  const found: (ChangedPoint & { difference: number })[] = []
  for (const keys of chunks) found.push(...(await readRows<never>(store, query, { dataset: compared.dataset, keys })))
  return found
    .sort((a, b) => b.difference - a.difference)
    .slice(0, maxShown)
    .map(({ difference: _, ...point }) => point)
}

async function addedFrom(store: Store, compared: ComparisonScope, chunks: string[][]): Promise<string[]> {
  const query = `
    SELECT DISTINCT format('{}/{}', toString(after_raw.1), toString(after_raw.2)) AS raw
    FROM (${bothSides(compared)})
    WHERE in_store = 0`
  const raws = new Set<string>()
  for (const keys of chunks) {
    for (const { raw } of await readRows<{ raw: string }>(store, query, { dataset: compared.dataset, keys }))
      raws.add(raw)
  }
  return [...raws]
}

/** Splits the keys into batches of at most `rowsAtOnce` rows. A key with more rows is a batch of its own. */
async function keyChunks(store: Store, { dataset, windows, staging }: ComparisonScope): Promise<string[][]> {
  const where = `dataset = {dataset:String} AND ${inWindows(windows)}`
  const query = `
    SELECT key, count() AS rows FROM (
      SELECT key FROM ${database}.point_revisions WHERE ${where}
      UNION ALL
      SELECT key FROM ${staging}.point_revisions WHERE ${where}
    ) GROUP BY key ORDER BY key`
  const chunks: { keys: string[]; rows: number }[] = []
  for (const { key, rows } of await readRows<{ key: string; rows: number }>(store, query, { dataset })) {
    const open = chunks.at(-1)
    if (open && open.rows + rows <= rowsAtOnce) {
      open.keys.push(key)
      open.rows += rows
    } else chunks.push({ keys: [key], rows })
  }
  return chunks.map(({ keys }) => keys)
}
