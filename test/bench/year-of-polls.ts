// The records of topic `polls` after a year with the default settings, and after files were ingested.
import { addDays, dayAt } from '#core/business-day.ts'
import type { Host, HostedDataset } from '#core/hosts.ts'
import { noMemory } from '#core/poll-memory.ts'
import { requestIdentity } from '#core/request-identity.ts'
import { windowsBetween } from '#core/windows.ts'
import type { Poll } from '#schemas/generated/records.ts'
import { fileHost, filesLane } from '#schemas/topics.ts'
import type { Window } from '#sources/source.ts'

const yearDays = 365
const dayMs = 86_400_000
/** Polls per window: every minute for an hour, every hour for four days, every day until it is 30 days old. */
const pollsOfAWindow = 60 + 4 * 24 + 26

export function* pollsOfAYear(host: Host, nowMs: number): Generator<Poll> {
  for (const hosted of host.datasets) {
    const { calendar, name } = hosted.dataset
    if (hosted.schedule !== 'auto') continue
    if (calendar.kind === 'ticks') yield* ticks(host.name, hosted, calendar.every.defaultS * 1_000, nowMs)
    if (calendar.kind !== 'days') continue
    const today = dayAt(calendar.zone, nowMs)
    for (const { window } of windowsBetween(calendar, addDays(today, -yearDays), today)) {
      for (const selector of hosted.selectors) {
        const identity = requestIdentity(name, window, selector)
        yield* pollsOf(host.name, name, identity, window)
      }
    }
  }
}

function* ticks(
  host: string,
  { dataset, selectors }: HostedDataset,
  intervalMs: number,
  nowMs: number,
): Generator<Poll> {
  const endMs = Math.floor(nowMs / intervalMs) * intervalMs
  for (let atMs = endMs - yearDays * dayMs; atMs < endMs; atMs += intervalMs) {
    for (const selector of selectors) {
      const identity = requestIdentity(dataset.name, null, selector)
      yield poll(host, dataset.name, identity, { startMs: atMs, endMs: atMs + intervalMs }, atMs + 200, true)
    }
  }
}

function* pollsOf(host: string, dataset: string, identity: string, window: Window): Generator<Poll> {
  for (let nth = 0; nth < pollsOfAWindow; nth++) {
    yield poll(host, dataset, identity, window, window.startMs - dayMs / 2 + nth * 60_000, nth === 60)
  }
}

export function* chunkPolls(count: number): Generator<Poll> {
  const window = { startMs: 0, endMs: 1_000 }
  for (let nth = 0; nth < count; nth++) {
    const chain = `${nth}`.padStart(32, '0')
    const identity = `votes.votes/start/${chain}/1048576-${chain}`
    yield { ...poll(fileHost, 'votes.votes', identity, window, nth, true), lane: filesLane, origin: 'file' }
  }
}

const hash = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'

function poll(host: string, dataset: string, identity: string, window: Window, atMs: number, isNew: boolean): Poll {
  return {
    ...{ requestIdentity: identity, dataset, host, windowStart: window.startMs, windowEnd: window.endMs },
    ...{ lane: 'live', sentAt: atMs - 100, fetchedAt: atMs, outcome: isNew ? 'changed' : 'unchanged', status: 200 },
    ...{ durationMs: 100, bytes: 40_000, contentHash: hash, error: null, errorBody: null },
    ...{ rawPartition: isNew ? 0 : null, rawOffset: isNew ? 0 : null, requestsReadTo: 0 },
    ...{ pausedUntil: null, pauseReason: null, poller: 'host-1234-0a1b2c3d', origin: 'simulated' },
    memory: {
      ...noMemory,
      lastGoodFetchedAt: atMs,
      lastGoodHash: hash,
      lastChangedAt: atMs,
      hadRows: true,
      completeness: 'complete',
    },
    changesState: isNew,
  }
}
