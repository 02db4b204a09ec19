// How cost grows with what is stored. For each size: a fresh store is filled, asked, and then gets 4.6 million new points
// through the pipeline. The stored versions are of other keys, in the same tables and years.
import { createStore } from '#platform/clickhouse/client.ts'
import { FIRST_DAY } from '#simulator/jao/calendar.ts'
import { type Pipeline, startPipeline } from '../support/pipeline.ts'
import { countCpu, sumOf } from './cpu.ts'
import { growthSentence, growthTable } from './growth-words.ts'
import { type Merges, measureMerges } from './merges.ts'
import { fillStore, measureQueries, mergeStore, type QueryFigures } from './store-queries.ts'
import { untilMergesRest } from './stored.ts'
import { days, loadRaw, measureRun, type Throughput } from './throughput.ts'

export interface GrowthRow extends QueryFigures, Omit<Throughput, 'memory_mib'>, Merges {
  /** CPU of the store while it was filled, with all merges, per million versions. */
  fill_cpu_s_per_million_versions: number
}

/** By size, from the smallest: `5_million`. */
export type GrowthFigures = Record<string, GrowthRow>

/** @throws Error if TIDEMARK_BENCH_GROWTH does not name sizes */
export async function measureGrowth(tell: (line: string) => void): Promise<GrowthFigures> {
  const figures: GrowthFigures = {}
  for (const millions of sizesOf(process.env.TIDEMARK_BENCH_GROWTH ?? '5,35,100'))
    figures[`${millions}_million`] = await measureSize(millions * 1e6, tell)
  for (const line of [...growthTable(figures).split('\n'), growthSentence(figures)]) tell(line)
  return figures
}

/** Numbers of stored versions of points, in millions. */
function sizesOf(text: string): number[] {
  const sizes = text.split(',').map(Number)
  if (sizes.every((size) => size > 0)) return sizes
  throw new Error(`TIDEMARK_BENCH_GROWTH=${text}: want millions of versions apart by commas, such as 5,35,100`)
}

async function measureSize(versions: number, tell: (line: string) => void): Promise<GrowthRow> {
  const pipeline = await startPipeline({ disposable: true })
  try {
    const startedMs = performance.now()
    const stored = await fillAndAsk(pipeline, versions)
    tell(
      `${versions} versions of points stored, merged and asked: ${((performance.now() - startedMs) / 1000).toFixed(0)} s`,
    )
    const points = await loadRaw(pipeline, FIRST_DAY, days)
    const { memory_mib: _, busiest_thread_by_process: __, ...run } = await measureRun(pipeline, points)
    const merges = await measureMerges(pipeline, pipeline.endpoint().child.pid ?? 0, points)
    tell(`${points} more: ${run.cpu_s_per_million_points} CPU s a million`)
    return { ...stored, ...run, ...merges }
  } finally {
    await pipeline.stop()
  }
}

async function fillAndAsk(
  pipeline: Pipeline,
  versions: number,
): Promise<QueryFigures & Pick<GrowthRow, 'fill_cpu_s_per_million_versions'>> {
  const { url, credentials, child } = pipeline.endpoint()
  // Merging 100 million rows takes minutes.
  const store = createStore({ url, ...credentials.writer, requestTimeoutMs: 3_600_000 })
  try {
    const cpuOf = countCpu({ store: child.pid ?? 0 })
    await fillStore(store, versions)
    await untilMergesRest(pipeline)
    const fill_cpu_s_per_million_versions = sumOf(cpuOf(versions))
    await mergeStore(store)
    return { ...(await measureQueries(store)), fill_cpu_s_per_million_versions }
  } finally {
    await store.close()
  }
}
