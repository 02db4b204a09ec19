// Measures a replay of three years of maxExchanges. The new release reads one border differently and drops another one.

import { datasetsByName } from '#core/datasets.ts'
import { dryRun } from '#operations/history/dry-run.ts'
import { allWindows } from '#operations/history/raw-span.ts'
import { newReplay, runReplay } from '#operations/history/replay.ts'
import { openReplayLog } from '#operations/history/replay-log.ts'
import { pause } from '#platform/process/retry.ts'
import { rawResponseSchema } from '#schemas/generated/records.ts'
import { addDays, businessDay, FIRST_DAY } from '#simulator/jao/calendar.ts'
import { createUpstream } from '#simulator/jao/upstream.ts'
import { coreMaxExchanges } from '#sources/jao/core.ts'
import { type Pipeline, startPipeline } from '../support/pipeline.ts'
import { rawResponse } from '../support/raw-responses.ts'
import { percentile } from './store-queries.ts'
import { untilStored } from './stored.ts'
import { loadRaw } from './throughput.ts'

export interface ReplayFigures {
  replay_points: number
  dry_run_points_per_s: number
  /** Points per s of a replay, including storing points and removing those of the dropped border. */
  replay_points_per_s: number
  replay_with_diff_points_per_s: number
  /** Time from a live answer on the raw topic until its points can be queried, ms. An answer comes every 300 ms. */
  live_delay_p50_ms_while_replaying: number
  live_delay_p95_ms_while_replaying: number
  erased_points: number
}

const days = 1_096

export async function measureReplay(tell: (line: string) => void): Promise<ReplayFigures> {
  const pipeline = await startPipeline({ disposable: true })
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
    tell(
      `dry run: ${found.comparison.rowsChanged} changed, ${found.comparison.rowsGone} gone, ${Math.round(dryRunMs)} ms`,
    )
    const log = await openReplayLog(pipeline.registry, pipeline.producer)
    const replay = await newReplay(pipeline, sourced, allWindows, 'bench')
    const say = (text: string) => tell(`${Math.round(performance.now() - replayedMs)} ms: ${text}`)
    const told = { progress: () => undefined, announced: () => undefined, say }
    const replayedMs = performance.now()
    const over = new AbortController()
    const live = liveDelays(pipeline, over.signal)
    const replayed = await runReplay(pipeline, log, { sourced, replay, ...told })
    const replayMs = performance.now() - replayedMs
    over.abort()
    const delays = await live
    const perSecond = (ms: number) => Math.round(points / (ms / 1000))
    return {
      replay_points: points,
      dry_run_points_per_s: perSecond(dryRunMs),
      replay_points_per_s: perSecond(replayMs),
      replay_with_diff_points_per_s: perSecond(dryRunMs + replayMs),
      live_delay_p50_ms_while_replaying: percentile(delays, 0.5),
      live_delay_p95_ms_while_replaying: percentile(delays, 0.95),
      erased_points: replayed.replay.counts.erased ?? 0,
    }
  } finally {
    await pipeline.stop()
  }
}

/** Writes live answers of new days until `over` aborts. Returns how long each took until it could be queried, ms. */
async function liveDelays(pipeline: Pipeline, over: AbortSignal): Promise<number[]> {
  const upstream = createUpstream(1)
  const encode = await pipeline.registry.encoder('jao.raw', rawResponseSchema)
  const delays: number[] = []
  for (let day = addDays(FIRST_DAY, days); !over.aborted; day = addDays(day, 1)) {
    const window = businessDay(day)
    const body = upstream.body(window.startMs, window.endMs, Date.parse('2027-01-01T00:00:00Z'))
    const startedMs = performance.now()
    const raw = rawResponse(window, body, Date.now())
    await pipeline.producer.send('jao.raw', [{ key: raw.requestIdentity, value: encode(raw) }], { compress: true })
    const query = `SELECT count() AS rows FROM tidemark.points WHERE dataset = '${coreMaxExchanges.name}'
      AND key = 'border_SK_SI' AND ts = toDateTime(${window.startMs / 1000}, 'UTC')`
    while (Number((await pipeline.query<{ rows: string }>(query))[0]?.rows) === 0) await pause(25)
    delays.push(performance.now() - startedMs)
    await pause(Math.max(0, 300 - (performance.now() - startedMs)))
  }
  return delays
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
