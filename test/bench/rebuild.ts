// Measures the rebuild of a store with 35 million versions of points.
import { beginRebuild, runRebuild } from '#operations/history/rebuild.ts'
import { openReplayLog } from '#operations/history/replay-log.ts'
import { FIRST_DAY } from '#simulator/jao/calendar.ts'
import { startPipeline } from '../support/pipeline.ts'
import { loadRaw } from './throughput.ts'

export interface RebuildFigures {
  rebuild_point_versions: number
  rebuild_minutes: number
  rebuild_bytes: number
}

const days = 1_380
const rounds = 8

export async function measureRebuild(tell: (line: string) => void): Promise<RebuildFigures> {
  const pipeline = await startPipeline({ disposable: true })
  try {
    await pipeline.start('sink')
    await pipeline.start('normalizer')
    let points = 0
    const nowMs = Date.now()
    for (let round = 0; round < rounds; round++) {
      points += await loadRaw(pipeline, FIRST_DAY, days, nowMs + round * 3_600_000)
      tell(`${points} point-versions in raw`)
    }
    const log = await openReplayLog(pipeline.registry, pipeline.producer)
    await untilRevisions(pipeline, points)
    tell('all of it is in the store; rebuilding')
    const startedMs = performance.now()
    const rebuild = await beginRebuild(pipeline, log, 'bench')
    const quiet = { progress: () => undefined, say: () => undefined, agree: async () => true }
    const last = await runRebuild(pipeline, log, { rebuild, ...quiet })
    const minutes = (performance.now() - startedMs) / 60_000
    tell(`${last.message}: ${JSON.stringify(last.counts)}`)
    const [size] = await pipeline.query<{ bytes: string }>(
      `SELECT toString(sum(bytes_on_disk)) AS bytes FROM system.parts
       WHERE active AND database = 'tidemark' AND table IN ('points', 'point_revisions')`,
    )
    return {
      rebuild_point_versions: points,
      rebuild_minutes: Math.round(minutes * 100) / 100,
      rebuild_bytes: Number(size?.bytes),
    }
  } finally {
    await pipeline.stop()
  }
}

async function untilRevisions(pipeline: Awaited<ReturnType<typeof startPipeline>>, points: number): Promise<void> {
  for (;;) {
    const [stored] = await pipeline.query<{ rows: string }>(
      "SELECT toString(total_rows) AS rows FROM system.tables WHERE database = 'tidemark' AND name = 'point_revisions'",
    )
    if (Number(stored?.rows) >= points) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
