import { database, readRows, type Store } from '#platform/clickhouse/client.ts'
import type { RawSpan } from '#schemas/generated/records.ts'
import type { WindowRange } from './raw-span.ts'
import { beforeSpans, inSpans, inWindows } from './row-conditions.ts'

export interface ComparisonScope {
  dataset: string
  windows: WindowRange
  spans: RawSpan[]
  /** Name of the temporary database that holds what today's explode makes of the raw records. */
  staging: string
  transformVersion: number
}

export interface AnswerComparison {
  added: number
  /** Number of answers of which today's explode yields another number of points or keys, or another flag `replaces`. */
  changed: number
  gone: number
  same: number
  /** Number of stored answers that are kept without a comparison, because retention has deleted their raw record. */
  rawGoneKept: number
  /** Raw records of up to 20 stored answers that today's explode does not accept, as `partition/offset`. */
  goneFrom: string[]
  changedFrom: string[]
  addedFrom: string[]
}

const maxShown = 20
// Offsets per query. It bounds the memory of GROUP BY, which needs about 200 bytes per group.
const offsetsAtOnce = 2_000_000

export async function diffStoredAnswers(store: Store, compared: ComparisonScope): Promise<AnswerComparison> {
  const comparison: AnswerComparison = {
    ...{ added: 0, changed: 0, gone: 0, same: 0, rawGoneKept: 0 },
    ...{ goneFrom: [], changedFrom: [], addedFrom: [] },
  }
  const { dataset } = compared
  const [last] = await readRows<{ end: number }>(
    store,
    `SELECT max(end) AS end FROM (
       SELECT max(raw_offset) + 1 AS end FROM ${database}.stored_answers WHERE dataset = {dataset:String}
       UNION ALL
       SELECT max(raw_offset) + 1 AS end FROM ${compared.staging}.stored_answers WHERE dataset = {dataset:String})`,
    { dataset },
  )
  for (let from = 0; from < (last?.end ?? 0); from += offsetsAtOnce) {
    const parameters = { dataset, from, to: from + offsetsAtOnce }
    const [counts] = await readRows<Counts>(store, countsOf(compared), parameters)
    if (counts === undefined) continue
    comparison.added += counts.added
    comparison.changed += counts.changed
    comparison.gone += counts.gone
    comparison.same += counts.same
    comparison.rawGoneKept += counts.kept
    comparison.goneFrom.push(...counts.gone_from.slice(0, maxShown - comparison.goneFrom.length))
    comparison.changedFrom.push(...counts.changed_from.slice(0, maxShown - comparison.changedFrom.length))
    for (const raw of counts.added_from) comparison.addedFrom.push(raw)
  }
  return comparison
}

export const answersDiffer = ({ added, changed, gone }: AnswerComparison): boolean => added + changed + gone > 0

interface Counts {
  added: number
  changed: number
  gone: number
  same: number
  kept: number
  gone_from: string[]
  changed_from: string[]
  added_from: string[]
}

function countsOf({ windows, spans, staging }: ComparisonScope): string {
  const where = `dataset = {dataset:String} AND ${inWindows(windows)}
    AND raw_offset >= {from:UInt64} AND raw_offset < {to:UInt64}`
  const row = 'raw_partition, raw_offset, (points, keys, replaces) AS told, transform_version'
  return `SELECT
      countIf(in_store = 0) AS added,
      countIf(differs) AS changed,
      countIf(is_gone) AS gone,
      countIf(in_store > 0 AND in_new > 0 AND NOT differs) AS same,
      countIf(in_new = 0 AND NOT was_read AND raw_gone) AS kept,
      arraySlice(arraySort(groupArrayIf(raw, is_gone)), 1, ${maxShown}) AS gone_from,
      arraySlice(arraySort(groupArrayIf(raw, differs)), 1, ${maxShown}) AS changed_from,
      groupArrayIf(raw, in_store = 0) AS added_from
    FROM (
      SELECT
        format('{}/{}', toString(raw_partition), toString(raw_offset)) AS raw,
        countIf(NOT is_new) AS in_store,
        countIf(is_new) AS in_new,
        max(was_read_now) AS was_read,
        max(raw_gone_now) AS raw_gone,
        in_new = 0 AND was_read AS is_gone,
        in_store > 0 AND in_new > 0
          AND argMaxIf(told, transform_version, NOT is_new) != argMaxIf(told, transform_version, is_new) AS differs
      FROM (
        SELECT ${row}, false AS is_new, ${inSpans(spans)} AS was_read_now, ${beforeSpans(spans)} AS raw_gone_now
        FROM ${database}.stored_answers WHERE ${where}
        UNION ALL
        SELECT ${row}, true AS is_new, false AS was_read_now, false AS raw_gone_now
        FROM ${staging}.stored_answers WHERE ${where}
      )
      GROUP BY raw_partition, raw_offset
    )`
}
