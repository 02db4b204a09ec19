import { setTimeout as sleep } from 'node:timers/promises'
import type { Pipeline } from '../support/pipeline.ts'

/** Waits until points and point_revisions have `points` rows each. Windows must differ, else merges remove rows. */
export async function untilStored(pipeline: Pipeline, points: number, intervalMs: number): Promise<void> {
  const sql = `SELECT min(total_rows) AS rows FROM system.tables
    WHERE database = 'tidemark' AND name IN ('points', 'point_revisions')`
  for (;;) {
    const [stored] = await pipeline.query<{ rows: string | number }>(sql)
    if (Number(stored?.rows) >= points) return
    await sleep(intervalMs)
  }
}
