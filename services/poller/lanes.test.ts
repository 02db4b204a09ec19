import { expect, test } from 'vitest'
import type { Dataset } from '#sources/source.ts'
import type { Candidate, Lane } from './candidate.ts'
import { nextToSend } from './lanes.ts'

const budget = { perMinute: 100, burst: 2, refillPerMinute: 96, maxInFlight: 4 }
const candidate = (identity: string, lane: Lane, more: Partial<Candidate> = {}): Candidate => ({
  identity,
  dataset: { name: 'a' } as Dataset,
  window: { startMs: 0, endMs: 1 },
  subject: null,
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

test('what is not due, or is under way, is not sent', () => {
  expect(next([candidate('l', 'live', { dueInMs: 1 })])).toBeUndefined()
  expect(next([candidate('l', 'live')], [underWay('l', 'live')])).toBeUndefined()
  expect(next([candidate('l', 'live', { dueInMs: 1 }), candidate('b', 'background')])).toBe('b')
})

test('what was never had goes before what is looked at again, the newest window first', () => {
  const old = candidate('old', 'background', { first: true, window: { startMs: 1, endMs: 2 } })
  const young = candidate('young', 'background', { first: true, window: { startMs: 5, endMs: 6 } })
  expect(next([candidate('again', 'background', { dueInMs: -9e9 }), old, young])).toBe('young')
})

test('what waited longest is looked at again first', () => {
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

test('inside a lane the dataset with fewer requests under way goes first', () => {
  const other = candidate('other', 'background', { dataset: { name: 'b' } as Dataset })
  const mine = candidate('mine', 'background', { dueInMs: -100, first: true })
  expect(next([mine, other], [underWay('1', 'background')], 2)).toBe('other')
})
