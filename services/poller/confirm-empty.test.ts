import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { HostedDataset } from '#core/hosts.ts'
import { noProgress } from '#core/memory-records.ts'
import { noMemory } from '#core/poll-memory.ts'
import { requestIdentity } from '#core/request-identity.ts'
import { createLogger } from '#platform/process/log.ts'
import type { Poll, PollMemory, RawResponse } from '#schemas/generated/records.ts'
import type { Dataset, RequestSpec } from '#sources/source.ts'
import { confirmationCandidates, type EmptyConfirmation, emptyConfirmationOf } from './confirm-empty.ts'
import type { FetchResult } from './fetch.ts'
import { noPause } from './host-budget.ts'
import { createMemory, type KnownIdentity } from './memory.ts'
import { pollWindow } from './poll-window.ts'
import { reconstructPoll } from './reconstruct-poll.ts'

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
const window = { startMs: 0, endMs: dayMs }
const identity = requestIdentity('a.b', window)
const assess = (body: Uint8Array) => {
  const text = `${Buffer.from(body)}`
  if (text === 'html') throw new Error('not JSON')
  return text === 'no' ? 'refused' : text.trim() === '' ? 'empty' : 'complete'
}
const asking = { meaningfulStatuses: [], maxBodyBytes: 1_000, requestPath: () => '/', assess } as unknown as RequestSpec
const dataset = { name: 'a.b', asking } as Dataset
const hosted: HostedDataset = {
  ...{ dataset, asking, source: 'a', baseUrl: 'http://h', headers: {} },
  ...{ selectors: [null], schedule: 'on-demand', autoBackfill: false, intervalMs: null },
}
const provenance = { host: 'h', poller: 'me', origin: 'live' }

/** A poller of one window, with its raw records and its memory. */
function createPoller() {
  let nowMs = 2 * dayMs
  let memory = createMemory(() => {})
  let newest: Poll | undefined
  const raws: RawResponse[] = []
  const moment = () => ({ nowMs, monotonicMs: 0 })
  const remember = (poll: Poll) => {
    newest = poll
    memory.remember(poll, moment())
  }
  /** A new process: reads the newest poll, and adopts answers in raw without a poll. */
  const restart = () => {
    memory = createMemory(() => {})
    if (newest) memory.remember(newest, moment(), { polledAt: newest.fetchedAt, raw: null })
    for (const raw of raws) {
      const poll = reconstructPoll(raw, { partition: 0, offset: 0 }, hosted, provenance, memory.known(identity))
      if (poll) remember(poll)
    }
  }
  const poll = async (body: string | undefined, confirming: EmptyConfirmation, dies: boolean) => {
    const kept = raws.length
    const candidate = { identity, dataset, window, selector: null, lane: 'live' as const, dueInMs: 0, first: false }
    let wasNotModified = false
    const polled = await pollWindow({
      deps: {
        clock: { now: moment, realMs: (ms) => ms, spanMs: (ms) => ms, stop: () => {} },
        fetcher: {
          fetch: async ({ validators }): Promise<FetchResult> => {
            nowMs += 1_000
            if (body === undefined) return { kind: 'failure', error: 'HTTP 500', status: 500, firstKilobyte: null }
            const etag = createHash('sha256').update(body).digest('hex')
            wasNotModified = validators.etag === etag
            if (wasNotModified) return { kind: 'not-modified', status: 304 }
            return { kind: 'answer', status: 200, headers: { etag }, body: Buffer.from(body) }
          },
          close: async () => {},
        },
        publisher: {
          raw: async (_, answer) => ({ partition: 0, offset: raws.push(answer) - 1 }),
          ...{ memory: async () => {}, poll: async () => {}, hostLog: async () => {}, disconnect: async () => {} },
        },
        ...{ origin: 'live', poller: 'me', log: createLogger('test', 'silent') },
      },
      ...{ host: 'h', hosted, candidate, known: memory.known(identity), confirming, requestsReadTo: 0 },
      // The poller dies after the answer is in raw and before its memory is written.
      lease: { signal: new AbortController().signal, holds: () => !(dies && raws.length > kept) },
      ...{ carried: () => noProgress, onArrival: () => {}, onResponse: () => noPause, path: () => '/' },
    })
    if (polled) remember(polled.poll)
    else restart()
    return { raw: raws[kept], wasNotModified }
  }
  return {
    ...{ poll, restart, raws },
    pass: (ms: number) => {
      nowMs += ms
    },
    now: () => nowMs,
    known: () => memory.known(identity),
  }
}

const bodies = ['rows', 'other rows', '', ' ', 'no', 'html', undefined] as const
const step = fc.record({
  passMs: fc.nat(15 * minuteMs),
  body: fc.constantFrom(...bodies, '' as const, '' as const, 'rows' as const),
  confirming: fc.constantFrom<EmptyConfirmation>('after-a-while', 'after-a-while', 'after-a-while', 'never', 'at-once'),
  dies: fc.boolean(),
  restarts: fc.boolean(),
})

interface RecordedAnswer {
  body: string
  sentAt: number
  knownAt: number
  confirms: boolean
}

/** The expected result, computed from all earlier answers: true if an empty answer confirms. */
function shouldConfirm(before: readonly RecordedAnswer[], confirming: EmptyConfirmation, sentAt: number): boolean {
  const newestRows = before.findLastIndex(({ body }) => body.endsWith('rows'))
  if (newestRows < 0 || before.slice(newestRows).some(({ confirms }) => confirms)) return false
  if (confirming === 'at-once') return true
  const unclear = before.findLastIndex(({ body }) => body === 'html')
  const empties = before.slice(Math.max(newestRows, unclear) + 1).filter(({ body }) => body.trim() === '')
  return confirming === 'after-a-while' && empties.some(({ knownAt }) => sentAt >= knownAt + 10 * minuteMs)
}

test('an empty answer confirms exactly when an earlier one, 10 minutes before and after the rows, says the same', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const poller = createPoller()
      const told: RecordedAnswer[] = []
      for (const { passMs, body, confirming, dies, restarts } of steps) {
        poller.pass(passMs)
        if (restarts) poller.restart()
        const sentAt = poller.now()
        const { raw, wasNotModified } = await poller.poll(body, confirming, dies)
        if (body === undefined) continue
        const isEmpty = body.trim() === ''
        // An empty answer always comes with its bytes: a 304 (not modified) could not be written to raw.
        if (isEmpty) expect(wasNotModified).toBe(false)
        const confirms = isEmpty && shouldConfirm(told, confirming, sentAt)
        expect(raw?.confirms ?? false).toBe(confirms)
        if (raw === undefined) expect(body).toBe(told.at(-1)?.body)
        else expect([`${raw.body}`, raw.sentAt]).toEqual([body, sentAt])
        told.push({ body, sentAt, knownAt: raw?.fetchedAt ?? poller.now(), confirms })
      }
      // A state rebuilt from raw alone equals the remembered state.
      const afresh = createMemory(() => {})
      for (const raw of poller.raws) {
        const poll = reconstructPoll(raw, { partition: 0, offset: 0 }, hosted, provenance, afresh.known(identity))
        if (poll) afresh.remember(poll, { nowMs: poller.now(), monotonicMs: 0 })
      }
      const emptiness = (known: KnownIdentity | undefined) => [known?.memory.emptySince, known?.memory.emptyConfirmed]
      expect(emptiness(afresh.known(identity))).toEqual(
        poller.raws.length === 0 ? [undefined, undefined] : emptiness(poller.known()),
      )
    }),
    { numRuns: 300 },
  )
})

describe('when an empty answer is believed', () => {
  const settings = { revisitDailyDays: 30 }
  const at = (days: number, intervalMs: number | null, isOrdered: boolean) =>
    emptyConfirmationOf({ intervalMs }, window, window.endMs + days * dayMs, settings, isOrdered)
  test('is after a while up to 30 days after its window, and then when an operator says so', () => {
    expect([at(-1, null, false), at(30, null, false)]).toEqual(['after-a-while', 'after-a-while'])
    expect([at(30.001, null, false), at(30.001, null, true), at(2, null, true)]).toEqual([
      'never',
      'at-once',
      'at-once',
    ])
  })
  test('is never for ticks', () => {
    expect([at(0, 10_000, false), at(0, 10_000, true)]).toEqual(['never', 'never'])
  })
})

describe('a window that turned empty is asked for again', () => {
  const emptySince = 2 * dayMs
  /** Returns the minutes until the window is due. */
  const due = (
    nowMs: number,
    polledAtMs: number,
    more: Partial<PollMemory> = {},
    over: Partial<HostedDataset> = {},
  ) => {
    const memory = { ...noMemory, hadRows: true, lastGoodFetchedAt: emptySince, emptySince, ...more }
    const known = { memory, host: 'h', polledAtMs, polledMonotonicMs: polledAtMs, windowStartMs: 0 }
    return confirmationCandidates(
      { nowMs, monotonicMs: nowMs },
      [{ ...hosted, ...over }],
      [{ identity, dataset: 'a.b', window }],
      () => known,
      { revisitDailyDays: 30 },
    ).map(({ dueInMs }) => dueInMs / minuteMs)
  }
  const minutesLater = (minutes: number) => emptySince + minutes * minuteMs
  test('10 minutes after the first empty answer, whatever came meanwhile', () => {
    expect(due(minutesLater(3), emptySince)).toEqual([7])
    expect(due(minutesLater(9), minutesLater(8), { failures: 2 })).toEqual([1])
    expect(due(minutesLater(11), minutesLater(8))).toEqual([-1])
  })
  test('after a poll that did not confirm 10 minutes later, after a failure with a back-off', () => {
    expect(due(minutesLater(12), minutesLater(11))).toEqual([9])
    const [backOff] = due(minutesLater(11), minutesLater(11), { failures: 1 })
    expect(backOff).toBeGreaterThan(0)
    expect(backOff).toBeLessThanOrEqual(1)
  })
  test('not when it ended more than 30 days ago, nor where its dataset or selector is not polled any more', () => {
    expect(due(31 * dayMs, emptySince)).toHaveLength(1)
    expect(due(31 * dayMs + 1, emptySince)).toEqual([])
    expect(due(minutesLater(11), emptySince, {}, { dataset: { ...dataset, name: 'a.c' } })).toEqual([])
    expect(due(minutesLater(11), emptySince, {}, { selectors: ['s'] })).toEqual([])
  })
})
