import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { StackFile } from '#local/stack-file.ts'
import { residentMiB } from '../bench/cpu.ts'
import { percentile } from '../bench/store-queries.ts'

/**
 * Memory of each part of the stack, MiB; of a Java part what its heap holds after a full collection, because Java gives no
 * memory back before its limit. In the second quarter of the run (`early`) and in the last (`late`). Each value is
 * the 10th percentile of the samples. A leak raises this floor. An allocator that keeps freed pages raises only the peaks.
 */
export type Held = Record<string, { early: number; late: number }>

/** A part may grow from `early` to `late` by 20 % or by 40 MiB, whichever is more. */
const flat = { share: 0.2, mib: 40 }
const intervalMs = 10_000
const javaParts: ReadonlySet<string> = new Set(['kafka', 'registry'])

/** Samples memory until stopped. The first quarter of the samples is warm-up and ignored. */
export function watchMemory(file: () => StackFile) {
  const samples: Record<string, number[]> = {}
  const pids = (): [string, number][] =>
    Object.entries(file().parts).flatMap(([name, { pid }]) => (pid === null || pid === undefined ? [] : [[name, pid]]))
  const now = (): Record<string, number> =>
    Object.fromEntries(pids().map(([name, pid]) => [name, Math.round(residentMiB(pid))]))
  const timer = setInterval(() => {
    for (const [name, pid] of pids()) {
      const held = Math.round(javaParts.has(name) ? liveHeapMiB(pid) : residentMiB(pid))
      samples[name] ??= []
      if (held > 0) samples[name].push(held)
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

/** Collects the garbage of a Java process, and returns what its heap holds then, MiB; 0 if the process is gone. */
function liveHeapMiB(pid: number): number {
  const home = process.env.JAVA_HOME
  const command = home ? join(home, 'bin', 'jcmd') : 'jcmd'
  const run = (order: string) => spawnSync(command, [String(pid), order], { encoding: 'utf8', timeout: 20_000 })
  const { error } = run('GC.run')
  if (error !== undefined) throw new Error(`jcmd does not run (${error.message}): the soak needs a JDK, not a JRE`)
  const used = run('GC.heap_info').stdout.matchAll(/generation\s+total \d+K, used (\d+)K/g)
  return [...used].reduce((sum, [, kib]) => sum + Number(kib), 0) / 1024
}
