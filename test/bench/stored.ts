import { setTimeout as sleep } from 'node:timers/promises'
import type { Pipeline } from '../support/pipeline.ts'

type Ask = Pipeline['query']

export interface StoredRows {
  points: number
  point_revisions: number
}

/** Counts the rows of points and point_revisions, also those that a merge will remove. */
export async function storedRows({ query }: { query: Ask }): Promise<StoredRows> {
  const rows = await query<{ name: keyof StoredRows; rows: string | number }>(
    `SELECT name, total_rows AS rows FROM system.tables
     WHERE database = 'tidemark' AND name IN ('points', 'point_revisions')`,
  )
  const rowsOf = (table: keyof StoredRows) => Number(rows.find(({ name }) => name === table)?.rows ?? 0)
  return { points: rowsOf('points'), point_revisions: rowsOf('point_revisions') }
}

/**
 * Waits until points and point_revisions have `points` rows each more than `before`. Windows must differ, else merges
 * remove rows.
 */
export async function untilStored(
  pipeline: { query: Ask },
  points: number,
  intervalMs: number,
  before: StoredRows = { points: 0, point_revisions: 0 },
): Promise<void> {
  for (;;) {
    const stored = await storedRows(pipeline)
    const added = Math.min(stored.points - before.points, stored.point_revisions - before.point_revisions)
    if (added >= points) return
    await sleep(intervalMs)
  }
}

/** Waits until point_revisions has `versions` rows more than `before`. Windows may be the same if known_at differs. */
export async function untilRevisions(
  pipeline: { query: Ask },
  versions: number,
  intervalMs: number,
  before: StoredRows = { points: 0, point_revisions: 0 },
): Promise<void> {
  while ((await storedRows(pipeline)).point_revisions - before.point_revisions < versions) await sleep(intervalMs)
}

/** Waits until neither table has merged anything for a second. Merges of other tables do not count. */
export async function untilMergesRest({ query }: { query: Ask }): Promise<void> {
  for (let quiet = 0; quiet < 10; ) {
    await sleep(100)
    const [running] = await query<{ merges: string | number }>(
      "SELECT count() AS merges FROM system.merges WHERE database = 'tidemark' AND table IN ('points', 'point_revisions')",
    )
    quiet = Number(running?.merges) === 0 ? quiet + 1 : 0
  }
}
