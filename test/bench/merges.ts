import type { Pipeline } from '../support/pipeline.ts'
import { countCpu, sumOf } from './cpu.ts'
import { untilMergesRest } from './stored.ts'

export interface Merges {
  /** CPU of the store after the last point, until merges rest. */
  merges_cpu_s_per_million_points: number
}

/** Counts the CPU of the store with process id `pid` until merges rest. Call it when `points` were stored. */
export async function measureMerges(store: Pick<Pipeline, 'query'>, pid: number, points: number): Promise<Merges> {
  const cpuOf = countCpu({ store: pid })
  await untilMergesRest(store)
  return { merges_cpu_s_per_million_points: sumOf(cpuOf(points)) }
}
