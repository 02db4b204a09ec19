import type { ClockReading } from '#core/clock.ts'
import type { Host } from '#core/hosts.ts'
import { isPage, selectorOf } from '#core/request-identity.ts'
import { utcText } from '#platform/process/utc-text.ts'
import type { Poll } from '#schemas/generated/records.ts'
import type { Schedule } from '#sources/source.ts'
import type { HostBudget } from './host-budget.ts'
import type { HostLoop } from './host-loop.ts'
import type { Memory } from './memory.ts'

/**
 * A dataset in /status. Times are ISO 8601 UTC by the poller's clock. A time is null if it is not known, or if another
 * poller owns the host.
 */
export interface DatasetStatus {
  dataset: string
  host: string
  owned: boolean
  off: boolean
  offBecause: string | null
  schedule: Schedule
  /** Selectors of the requests, one entry per request. Null stands for a request without a selector. */
  selectors: readonly (string | null)[]
  lastPollAt: string | null
  lastOutcome: string | null
  /** The newest poll that failed, was refused or was unreadable, if its request identity had no good poll since. */
  lastFailure: LastFailure | null
  /** When the next poll is due, with pauses of the host and retries of an unreachable host taken into account. */
  nextDueAt: string | null
  nextWindowStart: string | null
  /** Numbers of windows that are due, by lane. */
  waiting: { live: number; requested: number; background: number }
}

export interface LastFailure {
  at: string
  outcome: string
  request: string
  error: string | null
}

export interface PollerStatus {
  now: string
  datasets: DatasetStatus[]
  budgets: HostBudget[]
}

type Failure = Pick<Poll, 'requestIdentity' | 'outcome' | 'fetchedAt' | 'error'>

/** Tracks the request identities whose newest poll failed, was refused or was unreadable. */
export interface Failures {
  seen: (poll: Poll) => void
  of: (dataset: string) => Failure[]
}

const badOutcomes: ReadonlySet<string> = new Set(['failed', 'refused', 'unreadable'])
const keptFailures = 1_000

export function createFailures(): Failures {
  const datasets = new Map<string, Map<string, Failure>>()
  return {
    seen({ dataset, requestIdentity, outcome, fetchedAt, error }) {
      const failing = datasets.get(dataset) ?? new Map<string, Failure>()
      datasets.set(dataset, failing)
      failing.delete(requestIdentity)
      if (badOutcomes.has(outcome)) failing.set(requestIdentity, { requestIdentity, outcome, fetchedAt, error })
      if (failing.size > keptFailures) failing.delete(failing.keys().next().value ?? '')
    },
    of: (dataset) => [...(datasets.get(dataset)?.values() ?? [])],
  }
}

/** Returns the newest failure, or null. Ignores request identities whose selector is no longer polled. */
function lastFailureOf(dataset: string, selectors: readonly (string | null)[], failures: Failures): LastFailure | null {
  const made = failures.of(dataset).filter(({ requestIdentity }) => {
    const selector = selectorOf(requestIdentity, dataset)
    return selectors.includes(selector) || isPage(selector)
  })
  if (made.length === 0) return null
  const newest = made.reduce((one, other) => (other.fetchedAt >= one.fetchedAt ? other : one))
  const { requestIdentity, outcome, fetchedAt, error } = newest
  return { at: utcText(fetchedAt), outcome, request: requestIdentity.slice(dataset.length + 1), error }
}

export function statusOf(
  hosts: readonly Host[],
  loops: ReadonlyMap<string, HostLoop>,
  memory: Memory,
  failures: Failures,
  moment: ClockReading,
): PollerStatus {
  const datasets = hosts.flatMap((host) => {
    const loop = loops.get(host.name)
    const candidates = loop?.candidates() ?? []
    const budget = loop?.budget()
    const nextTryMs = budget?.unreachable ? Date.parse(budget.unreachable.nextTryAt) - moment.nowMs : 0
    const pausedForMs = Math.max(budget?.pausedForMs ?? 0, nextTryMs)
    const on = host.datasets.map(({ dataset, schedule, selectors }) => ({
      name: dataset.name,
      schedule,
      selectors,
      offBecause: null,
    }))
    const off = host.off.map(({ dataset, schedule, because }) => {
      return { name: dataset.name, schedule, selectors: [], offBecause: because }
    })
    return [...on, ...off].map(({ name, schedule, selectors, offBecause }): DatasetStatus => {
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
        schedule,
        selectors,
        lastPollAt: last === undefined ? null : utcText(last.atMs),
        lastOutcome: last?.outcome ?? null,
        lastFailure: lastFailureOf(name, selectors, failures),
        nextDueAt: next === undefined ? null : utcText(moment.nowMs + Math.max(0, next.dueInMs, pausedForMs)),
        nextWindowStart: next === undefined ? null : utcText(next.window.startMs),
        waiting,
      }
    })
  })
  return { now: utcText(moment.nowMs), datasets, budgets: [...loops.values()].map((loop) => loop.budget()) }
}
