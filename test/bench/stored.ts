import { setTimeout as sleep } from 'node:timers/promises'
import type { Pipeline } from '../support/pipeline.ts'

/** Waits until both tables hold `points` rows. The windows of the points must differ, so that merges remove no row. */
export async function untilStored(pipeline: Pipeline, points: number, intervalMs: number): Promise<void> {
  const sql = `SELECT min(total_rows) AS rows FROM system.tables
    WHERE database = 'tidemark' AND name IN ('points', 'point_revisions')`
  for (;;) {
    const [stored] = await pipeline.query<{ rows: string | number }>(sql)
    if (Number(stored?.rows) >= points) return
    await sleep(intervalMs)
  }
}
