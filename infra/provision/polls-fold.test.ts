import fc from 'fast-check'
import { expect, test } from 'vitest'
import { partitionOfHost } from '#core/host.ts'
import { type MemoryRecord, progressOf } from '#core/memory-records.ts'
import { noMemory } from '#core/poll-memory.ts'
import { createRequests } from '#core/requests.ts'
import type { Poll, PollRequest } from '#schemas/generated/records.ts'
import { pollPartitions } from '#schemas/topics.ts'
import { createMemory } from '#services/poller/memory.ts'
import { createPollsFold } from './polls-fold.ts'

const nowMs = Date.parse('2026-11-26T12:00:00Z')
const hourMs = 3_600_000
const moment = { nowMs, monotonicMs: 0 }
const poll = (more: Partial<Poll>): Poll =>
  ({
    ...{ requestIdentity: 'a.b/x', dataset: 'a.b', host: 'h', lane: 'live', outcome: 'changed', poller: 'p' },
    ...{ windowStart: 0, sentAt: 0, fetchedAt: 0, rawPartition: null, rawOffset: null, requestsReadTo: null },
    ...{ pausedUntil: null, pauseReason: null, memory: noMemory },
    ...more,
  }) as Poll

/** Folds polls of partition 0, written one per hour. The value of each record is its index. */
function folded(polls: readonly Poll[]): MemoryRecord[] {
  const fold = createPollsFold(nowMs)
  for (const [index, one] of polls.entries())
    fold.take(one, Buffer.from(`${index}`), { partition: 0, writtenAtMs: index * hourMs })
  return fold.records().get(0) ?? []
}

test('chunks of files are nothing that is remembered', () => {
  expect(folded([poll({ lane: 'files', host: 'files' })])).toEqual([])
})

test('the memory made of all polls says of each identity what the polls say', () => {
  const step = fc.record({
    identity: fc.constantFrom('a.b/x', 'a.b/y'),
    goodAt: fc.constantFrom(null, 1_000, 2_000, 3_000, nowMs + 100 * hourMs),
    failures: fc.nat(2),
    fetchedAt: fc.nat(9_000),
    windowStart: fc.nat(9),
    requestsReadTo: fc.option(fc.nat(9)),
    failed: fc.boolean(),
  })
  const request = { requestIdentity: 'a.b/x', liftsPauseOf: null } as PollRequest
  fc.assert(
    fc.property(
      fc.uniqueArray(step, { selector: ({ fetchedAt }) => fetchedAt, maxLength: 12 }),
      fc.nat(9),
      (steps, at) => {
        const polls = steps.map(({ identity, goodAt, failures, failed, ...more }) => {
          const memory = { ...noMemory, lastGoodFetchedAt: goodAt, lastGoodHash: `${goodAt}`, failures }
          return poll({
            ...more,
            requestIdentity: identity,
            sentAt: more.fetchedAt,
            memory,
            ...(failed && { outcome: 'failed' }),
          })
        })
        const [all, carried] = [createMemory(() => {}), createMemory(() => {})]
        const [allRequests, carriedRequests] = [createRequests(), createRequests()]
        for (const requests of [allRequests, carriedRequests])
          requests.addRequest(request, { partition: partitionOfHost('h', pollPartitions), offset: at })
        for (const one of polls) {
          all.remember(one, moment)
          allRequests.addPoll(one)
        }
        for (const { key, record } of folded(polls)) {
          if (record.identity === null) throw new Error(`${key} is not an identity`)
          const { raw, requests } = progressOf(record.identity)
          const newest = polls[Number(`${record.identity.poll}`)]!
          expect(newest.requestIdentity).toBe(key)
          carried.remember(newest, moment, { polledAt: record.identity.polledAt, raw })
          carriedRequests.addProgress(key, 'h', requests)
        }
        for (const identity of ['a.b/x', 'a.b/y']) expect(carried.known(identity)).toEqual(all.known(identity))
        expect(carriedRequests.open()).toEqual(allRequests.open())
      },
    ),
  )
})

test('the place of the newest answer is kept from poll to poll; one that came late does not take it', () => {
  const good = (lastGoodFetchedAt: number) => ({ memory: { ...noMemory, lastGoodFetchedAt } })
  const [identity] = folded([
    poll({ ...good(10), rawPartition: 1, rawOffset: 7 }),
    poll({ ...good(20) }),
    poll({ ...good(5), rawPartition: 1, rawOffset: 9 }),
  ])
  expect(identity?.record.identity).toMatchObject({ rawPartition: 1, rawOffset: 7, inLog: true })
})

test('pauses of the last day are kept with their time, and how often the host asked in a row', () => {
  const refused = (sentAt: number, fetchedAt: number) =>
    poll({ outcome: 'failed', sentAt, fetchedAt, pausedUntil: sentAt + hourMs, pauseReason: '429' })
  const pausesOf = (...polls: Poll[]) => folded(polls).find(({ key }) => key === 'host/h')?.record.host?.pauses ?? []
  const attempts = (...polls: Poll[]) => pausesOf(...polls).map((pause) => pause.attempts)
  // The second request was in flight when the first was refused. A good answer ends the count of attempts only if its
  // request was sent after the refusal.
  expect(attempts(refused(0, 100), refused(50, 120))).toEqual([1, 1])
  const row = [refused(0, 100), refused(50, 120), refused(30_000, 30_100), refused(90_000, 90_100)]
  expect(attempts(...row, poll({ sentAt: 80_000 }), refused(200_000, 200_100))).toEqual([1, 1, 2, 3, 4])
  expect(attempts(...row, poll({ sentAt: 300_000 }), refused(400_000, 400_100)).at(-1)).toBe(1)
  expect(pausesOf(poll({}), refused(500, 600))).toEqual([
    { until: 500 + hourMs, lengthMs: hourMs, reason: '429', attempts: 1, recordedAt: hourMs },
  ])
  const dayOfPolls = Array.from({ length: 24 }, () => poll({ outcome: 'failed' }))
  expect(pausesOf(refused(0, 100), ...dayOfPolls)).toEqual([])
})
