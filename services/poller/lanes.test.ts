import { expect, test } from 'vitest'
import type { Dataset } from '#sources/source.ts'
import type { Candidate, Lane } from './candidate.ts'
import { nextPage, nextToSend } from './lanes.ts'

const budget = { perMinute: 100, burst: 2, refillPerMinute: 96, maxInFlight: 4 }
const candidate = (identity: string, lane: Lane, more: Partial<Candidate> = {}): Candidate => ({
  identity,
  dataset: { name: 'a' } as Dataset,
  window: { startMs: 0, endMs: 1 },
  selector: null,
  lane,
  dueInMs: 0,
  first: false,
  ...more,
})
const underWay = (identity: string, lane: Lane, dataset = 'a') => ({ identity, lane, dataset })
const next = (candidates: Candidate[], inFlight: ReturnType<typeof underWay>[] = [], datasets = 1) =>
  nextToSend(candidates, inFlight, budget, datasets)?.identity

test('live goes before requested, requested before background', () => {
  const three = [candidate('b', 'background'), candidate('r', 'requested'), candidate('l', 'live')]
  expect(next(three)).toBe('l')
  expect(next(three.slice(0, 2))).toBe('r')
  expect(next(three.slice(0, 1))).toBe('b')
})

test('a candidate that is not due or is in flight is not sent', () => {
  expect(next([candidate('l', 'live', { dueInMs: 1 })])).toBeUndefined()
  expect(next([candidate('l', 'live')], [underWay('l', 'live')])).toBeUndefined()
  expect(next([candidate('l', 'live', { dueInMs: 1 }), candidate('b', 'background')])).toBe('b')
})

test('windows without a good answer go before repeated polls, the newest window first', () => {
  const old = candidate('old', 'background', { first: true, window: { startMs: 1, endMs: 2 } })
  const young = candidate('young', 'background', { first: true, window: { startMs: 5, endMs: 6 } })
  expect(next([candidate('again', 'background', { dueInMs: -9e9 }), old, young])).toBe('young')
})

test('of repeated polls, the longest overdue goes first', () => {
  expect(next([candidate('one', 'background', { dueInMs: -1 }), candidate('two', 'background', { dueInMs: -2 })])).toBe(
    'two',
  )
})

test('the past leaves a place in flight to the search for tomorrow', () => {
  const busy = [underWay('1', 'background'), underWay('2', 'background'), underWay('3', 'requested')]
  expect(next([candidate('b', 'background'), candidate('r', 'requested')], busy)).toBeUndefined()
  expect(next([candidate('b', 'background'), candidate('l', 'live')], busy)).toBe('l')
})

test('a slow dataset leaves a place in flight to each other dataset of the host', () => {
  const slow = [underWay('1', 'live'), underWay('2', 'live'), underWay('3', 'live')]
  const other = candidate('other', 'background', { dataset: { name: 'b' } as Dataset })
  expect(next([candidate('4', 'live'), other], slow, 2)).toBe('other')
  expect(next([candidate('4', 'live')], slow, 2)).toBeUndefined()
})

test('one of many datasets of a host may still have half of the places: a backfill must use the budget', () => {
  const slow = [underWay('1', 'requested')]
  expect(next([candidate('2', 'requested')], slow, 60)).toBe('2')
  expect(next([candidate('3', 'requested')], [...slow, underWay('2', 'requested')], 60)).toBeUndefined()
})

test('within a lane the dataset with fewer requests in flight goes first', () => {
  const other = candidate('other', 'background', { dataset: { name: 'b' } as Dataset })
  const mine = candidate('mine', 'background', { dueInMs: -100, first: true })
  expect(next([mine, other], [underWay('1', 'background')], 2)).toBe('other')
})

test('a window in pages keeps its place in flight while it waits: no more windows begin than there are places', () => {
  const waiting = [
    underWay('1', 'live'),
    underWay('2', 'live', 'b'),
    underWay('3', 'background'),
    underWay('4', 'live'),
  ]
  const other = candidate('other', 'live', { dataset: { name: 'c' } as Dataset })
  expect(next([other], waiting, 9)).toBeUndefined()
  expect(next([other], waiting.slice(1), 9)).toBe('other')
})

const turn = (lane: Lane, dataset = 'a') => ({ entry: underWay(`page of ${lane}`, lane, dataset) })
const page = (turns: ReturnType<typeof turn>[], before?: Candidate, more: ReturnType<typeof underWay>[] = []) =>
  nextPage(turns, before, [...turns.map(({ entry }) => entry), ...more])?.entry.identity

test('a page takes the lane of its window: the past waits while something live may go', () => {
  const three = [turn('background'), turn('requested'), turn('live')]
  expect(page(three)).toBe('page of live')
  expect(page(three.slice(0, 2), candidate('l', 'live'))).toBeUndefined()
  expect(page(three.slice(0, 2), candidate('b', 'background'))).toBe('page of requested')
  expect(page(three.slice(0, 1), candidate('r', 'requested'))).toBeUndefined()
  expect(page([], candidate('b', 'background'))).toBeUndefined()
})

test('within a lane a page goes before a new window, unless its dataset has more windows in flight', () => {
  const [of, other] = [turn('requested'), candidate('r', 'requested', { dataset: { name: 'b' } as Dataset })]
  expect(page([of], candidate('r', 'requested'))).toBe('page of requested')
  expect(page([of], other)).toBe('page of requested')
  expect(page([of], other, [underWay('another', 'requested')])).toBeUndefined()
  expect(page([of], other, [underWay('another', 'requested'), underWay('r2', 'requested', 'b')])).toBe(
    'page of requested',
  )
})
