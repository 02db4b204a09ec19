import type { StackFile } from '#local/stack-file.ts'
import { residentMiB } from '../bench/cpu.ts'

/**
 * What each part of the stack holds, MiB: in the second quarter of the run (`early`) and in the last (`late`). It is the
 * lowest tenth of the samples, because a leak raises the floor, and an allocator that keeps freed pages only the peaks.
 */
export type Held = Record<string, { early: number; late: number }>

/** A part may grow from `early` to `late` by 20 % or by 40 MiB, whichever is more. */
const flat = { share: 0.2, mib: 40 }
/** Java lets a heap grow up to its limit before it collects in earnest. Up to limit and overhead, MiB, that is no leak. */
const javaLimits: Record<string, number> = { kafka: 512 + 128, registry: 128 + 128 }
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
      const grown = Object.entries(parts).filter(([name, { early, late }]) => {
        return late - early > Math.max(flat.mib, flat.share * early) && late > (javaLimits[name] ?? 0)
      })
      return { parts, wrong: grown.map(([name, { early, late }]) => `${name} grew from ${early} to ${late} MiB`) }
    },
  }
}

function floor(values: number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 10)] ?? 0
}
