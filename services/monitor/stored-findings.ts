// What the store knows of findings. All instants are ms UTC.
import { database, type Store } from '#platform/clickhouse/client.ts'
import type { QualityFinding } from '#schemas/generated/records.ts'
import { ask, instant, ms, type Range } from './quality-questions.ts'

const findingColumns = `check, dataset, key, ${ms('from')} AS from, ${ms('to')} AS to, evidence, ${ms('found_at')} AS foundAt,
  ${ms('at')} AS at, NULL AS withdrawnAt`

/** Returns the findings of a check that hold and begin in a range. */
export const heldFindings = (store: Store, dataset: string, check: string, range: Range): Promise<QualityFinding[]> =>
  ask(
    store,
    `SELECT ${findingColumns}
      FROM (
        SELECT * FROM ${database}.quality_findings FINAL
        WHERE dataset = {dataset:String} AND check = {check:String} AND from >= ${instant('fromMs')} AND from < ${instant('toMs')}
      )
      WHERE withdrawn_at IS NULL`,
    { dataset, check, ...range },
  )

/** Returns the findings that hold although their data was deleted. */
export const deletedFindings = (store: Store): Promise<QualityFinding[]> =>
  ask(
    store,
    `SELECT ${findingColumns}
      FROM (SELECT * FROM ${database}.quality_findings FINAL) AS finding
      INNER ANY JOIN (
        SELECT dataset AS name, max(before) AS until FROM ${database}.deletions GROUP BY dataset
      ) AS deletion ON finding.dataset = deletion.name
      WHERE finding.from < deletion.until AND finding.withdrawn_at IS NULL`,
    {},
  )

/** Returns when the newest record was made that is stored; 0 if there is none. Records are stored in their order. */
export async function newestFindingMs(store: Store): Promise<number> {
  const [row] = await ask<{ newest: number }>(
    store,
    `SELECT ${ms('max(at)')} AS newest FROM ${database}.quality_findings`,
    {},
  )
  return row?.newest ?? 0
}

export interface FindingCount {
  dataset: string
  check: string
  findings: number
}

/** Counts the findings that hold and begin after an instant. */
export const findingCounts = (store: Store, afterMs: number): Promise<FindingCount[]> =>
  ask(
    store,
    `SELECT dataset, check, count() AS findings
      FROM (SELECT * FROM ${database}.quality_findings FINAL)
      WHERE withdrawn_at IS NULL AND from > ${instant('afterMs')}
      GROUP BY dataset, check`,
    { afterMs },
  )
