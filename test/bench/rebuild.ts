// Measures the rebuild of a store with 35 million versions of points.
import { beginRebuild, runRebuild } from '#operations/history/rebuild.ts'
import { openReplayLog } from '#operations/history/replay-log.ts'
import { FIRST_DAY } from '#simulator/jao/calendar.ts'
import { startPipeline } from '../support/pipeline.ts'
import { untilRevisions } from './stored.ts'
import { loadRaw } from './throughput.ts'

export interface RebuildFigures {
  rebuild_point_versions: number
  rebuild_minutes: number
  rebuild_points_per_s: number
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
    await untilRevisions(pipeline, points, 200)
    tell('all of it is in the store; rebuilding')
    const startedMs = performance.now()
    const rebuild = await beginRebuild(pipeline, log, 'bench')
    const say = (text: string) => tell(`${Math.round(performance.now() - startedMs)} ms: ${text}`)
    const agree = async (): Promise<boolean> => {
      say('compared')
      return true
    }
    const last = await runRebuild(pipeline, log, { rebuild, progress: () => undefined, say, agree })
    const minutes = (performance.now() - startedMs) / 60_000
    tell(`${last.message}: ${JSON.stringify(last.counts)}`)
    const [size] = await pipeline.query<{ bytes: string }>(
      `SELECT toString(sum(bytes_on_disk)) AS bytes FROM system.parts
       WHERE active AND database = 'tidemark' AND table IN ('points', 'point_revisions')`,
    )
    return {
      rebuild_point_versions: points,
      rebuild_points_per_s: Math.round(points / (minutes * 60)),
      rebuild_minutes: Math.round(minutes * 100) / 100,
      rebuild_bytes: Number(size?.bytes),
    }
  } finally {
    await pipeline.stop()
  }
}
