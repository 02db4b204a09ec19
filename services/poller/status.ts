import type { Moment } from './candidate.ts'
import type { HostBudget } from './host-budget.ts'
import type { HostLoop } from './host-loop.ts'
import type { Host } from './hosts.ts'
import type { Memory } from './memory.ts'

/** A dataset as /status tells it. Times are ISO 8601 UTC of the poller's clock; null: not known, or not this poller's. */
export interface DatasetStatus {
  dataset: string
  host: string
  /** Whether this poller polls the dataset's host. */
  owned: boolean
  /** Not polled at all, and why: DATASETS_OFF, or what is missing. */
  off: boolean
  offBecause: string | null
  /** Whether new windows are looked for unasked; the others are fetched on request. */
  live: boolean
  /** What is asked for apart, one entry a request; null: the window alone. */
  subjects: readonly (string | null)[]
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
    const on = host.datasets.map(({ dataset, live, subjects }) => ({
      name: dataset.name,
      live,
      subjects,
      offBecause: null,
    }))
    const off = host.off.map(({ dataset, because }) => {
      return { name: dataset.name, live: false, subjects: [], offBecause: because }
    })
    return [...on, ...off].map(({ name, live, subjects, offBecause }): DatasetStatus => {
      const mine = candidates.filter(({ dataset }) => dataset.name === name)
      const next = mine.toSorted((one, other) => one.dueInMs - other.dueInMs)[0]
      const last = memory.lastPoll(name)
      const waiting = { live: 0, requested: 0, background: 0 }
      for (const { lane, dueInMs } of mine) if (dueInMs <= 0) waiting[lane] += 1
      return {
        dataset: name,
        host: host.name,
        owned: loop !== undefined,
        off: offBecause !== null,
        offBecause,
        live,
        subjects,
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
