// A replay of three years of maxExchanges by a release that reads one border differently and no longer tells another.
import { dryRun } from '#history/dry-run.ts'
import { allWindows } from '#history/raw-span.ts'
import { newReplay, runReplay } from '#history/replay.ts'
import { openReplayLog } from '#history/replay-log.ts'
import { FIRST_DAY } from '#infra/simulator/calendar.ts'
import { coreMaxExchanges } from '#sources/jao/max-exchanges.ts'
import { datasetsByName } from '#transform/datasets.ts'
import { startPipeline } from '../support/pipeline.ts'
import { untilStored } from './stored.ts'
import { loadRaw } from './throughput.ts'

export interface ReplayFigures {
  replay_points: number
  /** Reading, comparing, throwing away. */
  dry_run_points_per_s: number
  /** Reading, sending, storing, erasing. */
  replay_points_per_s: number
  /** Both, one after the other: all of a replay that is looked at first. */
  replay_with_diff_points_per_s: number
  erased_points: number
}

const days = 1_096

/** Runs the phase on parts of its own. */
export async function measureReplay(tell: (line: string) => void): Promise<ReplayFigures> {
  const pipeline = await startPipeline()
  const sourced = datasetsByName.get(coreMaxExchanges.name)
  if (!sourced) throw new Error('there is no such dataset')
  try {
    await pipeline.start('sink')
    await pipeline.start('normalizer')
    const points = await loadRaw(pipeline, FIRST_DAY, days)
    await untilStored(pipeline, points, 50)
    tell(`${days} answers, ${points} points are stored; now another release reads them`)
    release()
    const startedMs = performance.now()
    const found = await dryRun(pipeline, sourced, allWindows, () => undefined)
    const dryRunMs = performance.now() - startedMs
    tell(`dry run: ${found.comparison.changed} changed, ${found.comparison.gone} gone, ${Math.round(dryRunMs)} ms`)
    const log = await openReplayLog(pipeline.registry, pipeline.producer)
    const replay = await newReplay(pipeline, sourced, allWindows, 'bench')
    const quiet = { progress: () => undefined, announced: () => undefined, waiting: () => undefined }
    const replayedMs = performance.now()
    const replayed = await runReplay(pipeline, log, { sourced, replay, ...quiet })
    const replayMs = performance.now() - replayedMs
    const perSecond = (ms: number) => Math.round(points / (ms / 1000))
    return {
      replay_points: points,
      dry_run_points_per_s: perSecond(dryRunMs),
      replay_points_per_s: perSecond(replayMs),
      replay_with_diff_points_per_s: perSecond(dryRunMs + replayMs),
      erased_points: replayed.replay.counts.erased ?? 0,
    }
  } finally {
    await pipeline.stop()
  }
}

function release(): void {
  const { explode } = coreMaxExchanges
  coreMaxExchanges.transformVersion++
  coreMaxExchanges.explode = (answer) => {
    const exploded = explode(answer)
    const slices = exploded.slices
      .filter(({ key }) => key !== 'border_AT_CZ')
      .map((slice) => {
        if (slice.key !== 'border_AT_BE') return slice
        return { ...slice, values: slice.values.map((value) => (value === null ? null : value + 1)) }
      })
    return { ...exploded, slices }
  }
}
