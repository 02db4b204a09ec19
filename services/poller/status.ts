import type { Moment } from './candidate.ts'
import type { HostBudget, HostLoop } from './host-loop.ts'
import type { Host } from './hosts.ts'
import type { Memory } from './memory.ts'

/** A dataset as /status tells it. Times are ISO 8601 UTC of the poller's clock; null: not known, or not this poller's. */
export interface DatasetStatus {
  dataset: string
  host: string
  /** Whether this poller polls the dataset's host. */
  owned: boolean
  /** Switched off by DATASETS_OFF: not polled. */
  off: boolean
  lastPollAt: string | null
  lastOutcome: string | null
  nextDueAt: string | null
  nextWindowStart: string | null
  /** What is due now and waits for its turn. */
  waiting: { live: number; requested: number; background: number }
}

export interface PollerStatus {
  now: string
  datasets: DatasetStatus[]
  budgets: HostBudget[]
}

/** What the poller is about, for /status. */
export function statusOf(
  hosts: readonly Host[],
  loops: ReadonlyMap<string, HostLoop>,
  memory: Memory,
  moment: Moment,
): PollerStatus {
  const datasets = hosts.flatMap((host) => {
    const loop = loops.get(host.name)
    const candidates = loop?.candidates() ?? []
    const on = host.datasets.map(({ dataset }) => ({ name: dataset.name, off: false }))
    const all = [...on, ...host.off.map(({ name }) => ({ name, off: true }))]
    return all.map(({ name, off }): DatasetStatus => {
      const mine = candidates.filter(({ dataset }) => dataset.name === name)
      const next = mine.toSorted((one, other) => one.dueInMs - other.dueInMs)[0]
      const last = memory.lastPoll(name)
      const waiting = { live: 0, requested: 0, background: 0 }
      for (const { lane, dueInMs } of mine) if (dueInMs <= 0) waiting[lane] += 1
      return {
        dataset: name,
        host: host.name,
        owned: loop !== undefined,
        off,
        lastPollAt: last === undefined ? null : iso(last.atMs),
        lastOutcome: last?.outcome ?? null,
        nextDueAt: next === undefined ? null : iso(moment.nowMs + Math.max(0, next.dueInMs)),
        nextWindowStart: next === undefined ? null : iso(next.window.startMs),
        waiting,
      }
    })
  })
  return { now: iso(moment.nowMs), datasets, budgets: [...loops.values()].map((loop) => loop.budget()) }
}

const iso = (ms: number): string => new Date(ms).toISOString()
