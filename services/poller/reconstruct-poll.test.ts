import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { noMemory } from '#core/poll-memory.ts'
import type { Poll, RawResponse } from '#schemas/generated/records.ts'
import type { RequestSpec } from '#sources/source.ts'
import type { KnownIdentity } from './memory.ts'
import { knownAtMs } from './outcome.ts'
import { createRecordedAnswers, reconstructPoll } from './reconstruct-poll.ts'

const poll = (dataset: string, rawPartition: number | null, rawOffset: number | null) =>
  ({ dataset, rawPartition, rawOffset }) as Poll
const held = (to: number, from = 0) => new Map([[0, { from, to }]])

describe('what of raw may have no poll', () => {
  test('is nothing if polls name the last records, whichever identities they are of', () => {
    const recorded = createRecordedAnswers()
    for (let offset = 0; offset < 500; offset++) recorded.seen(poll(offset % 2 ? 'a.x' : 'a.files', 0, offset))
    recorded.seen(poll('a.x', null, null))
    expect(recorded.unrecorded('a', held(500))).toEqual(new Map())
    expect(recorded.unrecorded('a', held(503))).toEqual(new Map([[0, { from: 500, to: 503 }]]))
    expect(recorded.unrecorded('b', held(3))).toEqual(new Map([[0, { from: 0, to: 3 }]]))
  })
  test('reaches back to the answers that were in flight with the newest, and no further', () => {
    const recorded = createRecordedAnswers()
    for (const offset of [100, 4_990, 4_992, 4_995, 4_999]) recorded.seen(poll('a.x', 0, offset))
    expect(recorded.unrecorded('a', held(5_000)).get(0)).toEqual({ from: 4_936, to: 4_999 })
    expect(recorded.unrecorded('a', held(5_000, 4_996)).get(0)).toEqual({ from: 4_996, to: 4_999 })
    expect(createRecordedAnswers().unrecorded('a', held(1_000_000)).get(0)).toEqual({ from: 999_000, to: 1_000_000 })
  })
  test('holds every record near the end without a poll, in whatever order polls are read', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 }),
        fc.array(fc.nat(30)),
        fc.array(fc.nat(399)),
        (end, absent, again) => {
          const unrecorded = new Set(absent.map((back) => end - 1 - back))
          const offsets = Array.from({ length: end }, (_, offset) => offset).filter((offset) => !unrecorded.has(offset))
          const recorded = createRecordedAnswers()
          const order = [...again.filter((offset) => offsets.includes(offset)), ...offsets]
          for (const offset of order) recorded.seen(poll('a.x', 0, offset))
          const span = recorded.unrecorded('a', held(end)).get(0) ?? { from: 0, to: 0 }
          for (const offset of unrecorded) if (offset >= 0) expect(offset >= span.from && offset < span.to).toBe(true)
          if ([...unrecorded].every((offset) => offset < 0)) expect(span).toEqual({ from: 0, to: 0 })
        },
      ),
    )
  })
})

const asking = {
  assess: (body: Uint8Array) => {
    if (`${Buffer.from(body)}` === 'html') throw new Error('no JSON')
    return body.length === 0 ? 'empty' : 'complete'
  },
} as unknown as RequestSpec
const raw = (fetchedAt: number, body = 'rows', more: Partial<RawResponse> = {}): RawResponse => ({
  ...{ dataset: 'a.x', requestIdentity: 'a.x/1', windowStart: 10, windowEnd: 20, url: 'http://h/', status: 200 },
  ...{ headers: { etag: '"1"' }, body: Buffer.from(body), contentHash: `hash of ${body}` },
  ...{ sentAt: fetchedAt - 5, fetchedAt, origin: 'live', confirms: false, ...more },
})
const at = { partition: 1, offset: 7 }
const provenance = { host: 'h', poller: 'me', origin: 'live' }
const known = (memory: Partial<KnownIdentity['memory']>): KnownIdentity => ({
  ...{ memory: { ...noMemory, ...memory }, host: 'h', polledAtMs: 0, polledMonotonicMs: 0, windowStartMs: 0 },
})
const reconstruct = (answer: RawResponse, before?: KnownIdentity, intervalMs: number | null = null) =>
  reconstructPoll(answer, at, { asking, headers: {}, intervalMs, baseUrl: 'http://h' }, provenance, before)

describe('the poll of an answer without its poll', () => {
  test('is the one that it should have had, but answers no request', () => {
    expect(reconstruct(raw(1_000), known({ failures: 2 }))).toEqual({
      requestIdentity: 'a.x/1',
      dataset: 'a.x',
      host: 'h',
      windowStart: 10,
      windowEnd: 20,
      lane: 'background',
      sentAt: 995,
      fetchedAt: 1_000,
      outcome: 'changed',
      status: 200,
      durationMs: 0,
      bytes: 4,
      contentHash: 'hash of rows',
      error: null,
      errorBody: null,
      rawPartition: 1,
      rawOffset: 7,
      requestsReadTo: null,
      pausedUntil: null,
      pauseReason: null,
      poller: 'me',
      origin: 'live',
      memory: {
        lastGoodFetchedAt: 1_000,
        lastGoodHash: 'hash of rows',
        etag: '"1"',
        lastModified: null,
        lastChangedAt: 1_000,
        completeness: 'complete',
        hadRows: true,
        failures: 0,
        emptySince: null,
        emptyConfirmed: false,
        countedRows: null,
      },
      changesState: true,
    })
  })
  test('says what the answer is, by what is known of its window', () => {
    expect(reconstruct(raw(1_000, ''))?.outcome).toBe('empty')
    expect(reconstruct(raw(1_000, ''), known({ hadRows: true }))?.outcome).toBe('emptied')
    expect(reconstruct(raw(1_000, 'html'))).toMatchObject({
      outcome: 'unreadable',
      error: 'the answer cannot be read: no JSON',
    })
    const same = known({ lastGoodFetchedAt: 1, lastGoodHash: 'hash of rows' })
    expect(reconstruct(raw(1_000), same)?.outcome).toBe('unchanged')
    expect(reconstruct(raw(1_000), same, 10_000)?.outcome).toBe('changed')
  })
  test('is undefined if a poll names the answer or a newer one, and if the answer is of another origin', () => {
    expect(reconstruct(raw(1_000), known({ lastGoodFetchedAt: 1_000 }))).toBeUndefined()
    expect(reconstruct(raw(1_000), known({ lastGoodFetchedAt: 2_000 }))).toBeUndefined()
    expect(reconstruct(raw(1_000, 'rows', { origin: 'file' }))).toBeUndefined()
    expect(reconstruct(raw(Date.parse('3000-01-01')))).toBeUndefined()
  })
  test('keeps no validators of another address', () => {
    expect(reconstruct(raw(1_000, 'rows', { url: 'http://old/' }))?.memory).toMatchObject({ etag: null, hadRows: true })
  })
  test('makes the next answer known later', () => {
    expect(knownAtMs(reconstruct(raw(1_000))!.memory, 500)).toBe(1_001)
  })
})
