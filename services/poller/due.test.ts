import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { noMemory } from '#core/poll-memory.ts'
import type { PollMemory } from '#schemas/generated/records.ts'
import type { Dataset } from '#sources/source.ts'
import type { Candidate } from './candidate.ts'
import { calendarCandidates, type DueSettings } from './due.ts'
import type { KnownIdentity } from './memory.ts'

const dataset = {
  name: 'a.b.c',
  calendar: { kind: 'days', window: 'day', zone: 'Europe/Brussels', firstDay: '2022-06-09', searchFrom: '09:00' },
} as Dataset
const scheduled = { dataset, selectors: [null], schedule: 'auto' as const, autoBackfill: true, intervalMs: null }
const settings: DueSettings = { backfillDays: 30, revisitHourlyDays: 3, revisitDailyDays: 30 }
const minuteMs = 60_000
const hourMs = 3_600_000

const at = (text: string) => ({ nowMs: Date.parse(text), monotonicMs: 1_000_000_000 })
const polledAt = (
  text: string,
  now: { nowMs: number; monotonicMs: number },
  memory: Partial<PollMemory> = {},
): KnownIdentity => ({
  memory: { ...noMemory, lastGoodFetchedAt: Date.parse(text), completeness: 'complete', hadRows: true, ...memory },
  host: 'h',
  polledAtMs: Date.parse(text),
  polledMonotonicMs: now.monotonicMs - (now.nowMs - Date.parse(text)),
  windowStartMs: 0,
})
const plan = (now: ReturnType<typeof at>, known: Record<string, KnownIdentity> = {}, given = settings) =>
  calendarCandidates(now, scheduled, (identity) => known[identity], given)
const of = (candidates: Candidate[], identity: string) =>
  candidates.find((candidate) => candidate.identity === identity)

// Brussels is at UTC+2 in April 2026: business day 21 April is 20 April 22:00Z to 21 April 22:00Z.
const day19 = 'a.b.c/2026-04-18T22:00:00Z/2026-04-19T22:00:00Z'
const day20 = 'a.b.c/2026-04-19T22:00:00Z/2026-04-20T22:00:00Z'
const day21 = 'a.b.c/2026-04-20T22:00:00Z/2026-04-21T22:00:00Z'

describe('never polled', () => {
  test('30 business days before today and today are due at once in the background, tomorrow is not yet', () => {
    const candidates = plan(at('2026-04-20T06:00:00Z'))
    const due = candidates.filter(({ dueInMs }) => dueInMs <= 0)
    expect(due.length).toBe(31)
    expect(due.every(({ lane, first }) => lane === 'background' && first)).toBe(true)
    expect(due[0]?.identity).toBe('a.b.c/2026-03-20T23:00:00Z/2026-03-21T23:00:00Z')
    expect(due.at(-1)?.identity).toBe(day20)
    expect(of(candidates, day21)).toMatchObject({ lane: 'live', dueInMs: hourMs })
  })
  test('tomorrow is looked for from 09:00 local', () => {
    expect(of(plan(at('2026-04-20T06:59:59Z')), day21)?.dueInMs).toBe(1_000)
    expect(of(plan(at('2026-04-20T07:00:00Z')), day21)).toMatchObject({ lane: 'live', dueInMs: 0 })
  })
  test('without backfill only today and tomorrow are looked for', () => {
    const candidates = plan(at('2026-04-20T08:00:00Z'), {}, { ...settings, backfillDays: 0 })
    expect(candidates.map(({ identity }) => identity)).toEqual([day20, day21])
  })
  test('a window that was polled stays in view without backfill', () => {
    const now = at('2026-04-20T08:00:00Z')
    const candidates = plan(now, { [day19]: polledAt('2026-04-20T06:30:00Z', now) }, { ...settings, backfillDays: 0 })
    expect(of(candidates, day19)).toMatchObject({ lane: 'background', dueInMs: -30 * minuteMs })
  })
  test('nothing is asked for before the first day that upstream has', () => {
    const candidates = plan(at('2022-06-11T08:00:00Z'))
    expect(candidates.map(({ identity }) => identity.slice(6, 16))).toEqual([
      '2022-06-08',
      '2022-06-09',
      '2022-06-10',
      '2022-06-11',
    ])
  })
})

describe('the search for tomorrow', () => {
  const now = at('2026-04-20T08:30:00Z')
  const with21 = (known: KnownIdentity, moment = now) => of(plan(moment, { [day21]: known }), day21)
  test('goes on every minute while it is empty or partial', () => {
    for (const completeness of ['empty', 'partial', 'refused', null]) {
      const known = polledAt('2026-04-20T08:29:20Z', now, { completeness })
      expect(with21(known)).toMatchObject({ lane: 'live', dueInMs: 20_000 })
    }
  })
  test('ends when it is complete: from then on hourly in the background', () => {
    expect(with21(polledAt('2026-04-20T08:29:00Z', now))).toMatchObject({ lane: 'background', dueInMs: 59 * minuteMs })
  })
  test('ends when its delivery begins', () => {
    const later = at('2026-04-20T22:00:00Z')
    const known = polledAt('2026-04-20T21:59:30Z', later, { completeness: 'empty' })
    expect(with21(known, later)).toMatchObject({ lane: 'background', dueInMs: hourMs - 30_000 })
  })
  test('backs off after failures, and never beyond five minutes', () => {
    for (const failures of [1, 2, 3, 30]) {
      const known = polledAt('2026-04-20T08:30:00Z', now, { completeness: 'empty', failures })
      const dueInMs = with21(known)?.dueInMs ?? 0
      const ceiling = Math.min(5 * minuteMs, minuteMs * 2 ** (failures - 1))
      expect(dueInMs).toBeGreaterThanOrEqual(ceiling / 2)
      expect(dueInMs).toBeLessThanOrEqual(ceiling)
    }
  })
  test('does not begin before its time because somebody asked early', () => {
    const early = at('2026-04-20T06:30:00Z')
    const known = polledAt('2026-04-20T06:00:00Z', early, { completeness: 'empty' })
    expect(with21(known, early)?.dueInMs).toBe(30 * minuteMs)
  })
})

describe('looking again', () => {
  const now = at('2026-04-20T12:00:00Z')
  const lookAgain = (identity: string, memory: Partial<PollMemory> = {}) =>
    of(plan(now, { [identity]: polledAt('2026-04-20T11:59:00Z', now, memory) }), identity)
  test('is hourly for three days, daily for thirty, whatever the completeness', () => {
    for (const completeness of ['complete', 'partial', 'empty', 'refused', null]) {
      expect(lookAgain(day20, { completeness })?.dueInMs).toBe(59 * minuteMs)
      const day17 = 'a.b.c/2026-04-16T22:00:00Z/2026-04-17T22:00:00Z'
      expect(lookAgain(day17, { completeness })?.dueInMs).toBe(59 * minuteMs)
      const day16 = 'a.b.c/2026-04-15T22:00:00Z/2026-04-16T22:00:00Z'
      expect(lookAgain(day16, { completeness })?.dueInMs).toBe(24 * hourMs - minuteMs)
    }
  })
  test('ends after thirty days', () => {
    expect(lookAgain('a.b.c/2026-03-19T23:00:00Z/2026-03-20T23:00:00Z')).toBeUndefined()
  })
  test('a failure is tried again sooner than the next look, and a failing window never oftener than its back-off', () => {
    const day10 = 'a.b.c/2026-04-09T22:00:00Z/2026-04-10T22:00:00Z'
    const dueInMs = lookAgain(day10, { failures: 4 })?.dueInMs ?? 0
    expect(dueInMs).toBeGreaterThanOrEqual(4 * minuteMs - minuteMs)
    expect(dueInMs).toBeLessThanOrEqual(8 * minuteMs - minuteMs)
    expect(lookAgain(day10, { failures: 100 })?.dueInMs).toBeLessThanOrEqual(59 * minuteMs)
  })
})

test('a clock that steps back delays nothing: the monotonic clock counts', () => {
  const now = at('2026-04-20T12:00:00Z')
  const known: KnownIdentity = {
    ...polledAt('2026-04-20T13:00:00Z', now),
    polledMonotonicMs: now.monotonicMs - 50 * minuteMs,
  }
  expect(of(plan(now, { [day20]: known }), day20)?.dueInMs).toBe(10 * minuteMs)
})

test('the long day has 25 hours and the short one 23', () => {
  const hours = (candidates: Candidate[], start: string) => {
    const found = candidates.find(({ window }) => window.startMs === Date.parse(start))
    return ((found?.window.endMs ?? 0) - (found?.window.startMs ?? 0)) / hourMs
  }
  expect(hours(plan(at('2025-10-27T12:00:00Z')), '2025-10-25T22:00:00Z')).toBe(25)
  expect(hours(plan(at('2026-03-30T12:00:00Z')), '2026-03-28T23:00:00Z')).toBe(23)
})

test('at every instant: windows adjoin, each identity once, one live at most, and a poll is never due twice at once', () => {
  const instants = fc.integer({ min: Date.parse('2022-07-20T00:00:00Z'), max: Date.parse('2027-12-31T00:00:00Z') })
  fc.assert(
    fc.property(
      instants,
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 0, max: 12 }),
      (nowMs, backfillDays, failures) => {
        const now = { nowMs, monotonicMs: 5 * hourMs }
        const justPolled: KnownIdentity = {
          memory: { ...noMemory, lastGoodFetchedAt: failures > 6 ? null : nowMs, failures, completeness: 'partial' },
          host: 'h',
          polledAtMs: nowMs,
          polledMonotonicMs: now.monotonicMs,
          windowStartMs: 0,
        }
        const fresh = calendarCandidates(now, scheduled, () => undefined, { ...settings, backfillDays })
        expect(new Set(fresh.map(({ identity }) => identity)).size).toBe(fresh.length)
        expect(fresh.filter(({ lane }) => lane === 'live').length).toBe(1)
        fresh.slice(1).forEach(({ window }, index) => {
          expect(window.startMs).toBe(fresh[index]?.window.endMs)
        })
        const again = calendarCandidates(now, scheduled, () => justPolled, { ...settings, backfillDays })
        for (const { dueInMs } of again) expect(dueInMs).toBeGreaterThanOrEqual(30_000)
      },
    ),
    { numRuns: 60 },
  )
})

describe('what is declared otherwise', () => {
  const given = (over: object, more: object = {}) => ({
    ...scheduled,
    selectors: [null] as (string | null)[],
    dataset: { ...dataset, calendar: { ...dataset.calendar, ...over } } as Dataset,
    ...more,
  })
  const identities = (now: string, one: ReturnType<typeof given>, known: Record<string, KnownIdentity> = {}) =>
    calendarCandidates(at(now), one, (identity) => known[identity], settings).map(({ identity, dueInMs, lane }) => {
      return `${lane} ${identity.slice('a.b.c/'.length)} in ${dueInMs / minuteMs} min`
    })

  test('a dataset on demand is never due by itself; one that is not backfilled by itself has today and tomorrow', () => {
    expect(identities('2026-04-20T10:00:00Z', given({}, { schedule: 'on-demand' }))).toEqual([])
    expect(identities('2026-04-20T10:00:00Z', given({}, { autoBackfill: false }))).toEqual([
      'background 2026-04-19T22:00:00Z/2026-04-20T22:00:00Z in 0 min',
      'live 2026-04-20T22:00:00Z/2026-04-21T22:00:00Z in 0 min',
    ])
  })

  test('each selector is asked for apart', () => {
    const one = given({}, { autoBackfill: false, selectors: ['A', 'B/C'] })
    expect(identities('2026-04-20T10:00:00Z', one)).toEqual([
      'background A/2026-04-19T22:00:00Z/2026-04-20T22:00:00Z in 0 min',
      'background B/C/2026-04-19T22:00:00Z/2026-04-20T22:00:00Z in 0 min',
      'live A/2026-04-20T22:00:00Z/2026-04-21T22:00:00Z in 0 min',
      'live B/C/2026-04-20T22:00:00Z/2026-04-21T22:00:00Z in 0 min',
    ])
  })

  test('what is published after delivery is looked for from then on, for 15 hours, every minute', () => {
    const late = given({ searchDaysLater: 2, searchFrom: '10:00' }, { autoBackfill: false })
    // The search for 21 April begins on 22 April at 10:00 Brussels, which is 08:00Z.
    const day = 'live 2026-04-20T22:00:00Z/2026-04-21T22:00:00Z in'
    expect(identities('2026-04-21T07:00:00Z', late)).toContain(`${day} ${25 * 60} min`)
    expect(identities('2026-04-22T08:00:00Z', { ...late, autoBackfill: true })).toContain(`${day} 0 min`)
    const polled = {
      'a.b.c/2026-04-20T22:00:00Z/2026-04-21T22:00:00Z': polledAt('2026-04-22T09:00:00Z', at('2026-04-22T09:00:30Z'), {
        completeness: 'empty',
        hadRows: false,
      }),
    }
    expect(identities('2026-04-22T09:00:30Z', { ...late, autoBackfill: true }, polled)).toContain(`${day} 0.5 min`)
  })

  test('hours are windows of their own: 23 on the short day', () => {
    const hourly = given({ window: 'hour' }, { autoBackfill: false })
    const short = identities('2026-03-29T10:00:00Z', hourly).filter((text) => !/ 2026-03-(29T2[23]|30)/.test(text))
    expect(short.length).toBe(23)
    expect(short[0]).toBe('background 2026-03-28T23:00:00Z/2026-03-29T00:00:00Z in 0 min')
    // Before delivery, the search is on.
    expect(short[22]).toBe('live 2026-03-29T21:00:00Z/2026-03-29T22:00:00Z in 0 min')
  })

  test('months are windows of their own: this one, and the next as long before it begins as is declared', () => {
    const monthly = given({ window: 'month', searchDaysLater: -15 }, { autoBackfill: false })
    const april = 'background 2026-03-31T22:00:00Z/2026-04-30T22:00:00Z in 0 min'
    // 1 May minus a day minus 15 days is 15 April, 09:00 Brussels is 07:00Z.
    expect(identities('2026-04-14T10:00:00Z', monthly)).toEqual([april])
    expect(identities('2026-04-15T06:00:00Z', monthly)).toEqual([
      april,
      'live 2026-04-30T22:00:00Z/2026-05-31T22:00:00Z in 60 min',
    ])
    expect(identities('2026-04-16T10:00:00Z', monthly)).toEqual([
      april,
      'live 2026-04-30T22:00:00Z/2026-05-31T22:00:00Z in 0 min',
    ])
  })
})
