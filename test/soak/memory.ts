import type { StackFile } from '#local/stack-file.ts'
import { residentMiB } from '../bench/cpu.ts'
import { percentile } from '../bench/store-queries.ts'

/**
 * Memory of each part of the stack, MiB: in the second quarter of the run (`early`) and in the last (`late`). Each value is
 * the 10th percentile of the samples. A leak raises this floor. An allocator that keeps freed pages raises only the peaks.
 */
export type Held = Record<string, { early: number; late: number }>

/** A part may grow from `early` to `late` by 20 % or by 40 MiB, whichever is more. */
const flat = { share: 0.2, mib: 40 }
const intervalMs = 10_000

/** Samples memory until stopped. The first quarter of the samples is warm-up and ignored. */
export function watchMemory(file: () => StackFile) {
  const samples: Record<string, number[]> = {}
  const now = (): Record<string, number> =>
    Object.fromEntries(
      Object.entries(file().parts).flatMap(([name, { pid }]) => {
        const held = pid === null || pid === undefined ? 0 : residentMiB(pid)
        return held > 0 ? [[name, Math.round(held)]] : []
      }),
    )
  const timer = setInterval(() => {
    for (const [name, held] of Object.entries(now())) {
      samples[name] ??= []
      samples[name].push(held)
    }
  }, intervalMs)
  return {
    now,
    stop: (): { parts: Held; wrong: string[] } => {
      clearInterval(timer)
      const parts: Held = {}
      for (const [name, all] of Object.entries(samples)) {
        const quarter = Math.floor(all.length / 4)
        parts[name] = { early: floor(all.slice(quarter, 2 * quarter)), late: floor(all.slice(3 * quarter)) }
      }
      const grown = Object.entries(parts).filter(([, { early, late }]) => {
        return late - early > Math.max(flat.mib, flat.share * early)
      })
      return { parts, wrong: grown.map(([name, { early, late }]) => `${name} grew from ${early} to ${late} MiB`) }
    },
  }
}

/** Returns 0 without samples, so that a part that was measured only later counts as grown. */
const floor = (values: number[]): number => percentile(values, 0.1) || 0
