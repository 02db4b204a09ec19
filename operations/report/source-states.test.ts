import { expect, test } from 'vitest'
import type { WindowRow } from './facts.ts'
import { sourceLine, sourceStates } from './source-states.ts'

const nowMs = Date.parse('2026-11-27T12:00:00+01:00')
const at = (time: string): number => Date.parse(`2026-11-27T${time}:00+01:00`)

function windowOf(startsInDays: number, more: Partial<WindowRow>): WindowRow {
  const startMs = at('00:00') + startsInDays * 86_400_000
  return {
    ...{ selector: null, startMs, endMs: startMs + 86_400_000, class: 'complete', cause: null, detail: null },
    ...{ sinceMs: null, latenessS: null, expectedByMs: at('11:00'), lateAfterMs: null, points: null },
    ...{ expectedPoints: null, keys: null, usualKeys: null, lastRevisedMs: null, isWatched: true, why: null },
    ...more,
  }
}

const lines = (rows: Record<string, WindowRow[]>) => sourceStates(new Map(Object.entries(rows)), nowMs).map(sourceLine)

test('says in a line what became of the windows of tomorrow', () => {
  const yesterday = windowOf(0, { sinceMs: at('08:00') })
  expect(
    lines({
      'jao.core.atc': [yesterday, windowOf(1, { sinceMs: at('10:34') })],
      'jao.core.maxExchanges': [
        windowOf(1, { sinceMs: at('10:12'), lastRevisedMs: at('11:03') }),
        windowOf(2, { class: 'not-yet-due' }),
      ],
      'jao.core.lta': [windowOf(1, { class: 'not-collected' })],
    }),
  ).toEqual(['jao: 2 of 2 windows of tomorrow complete, last at 10:34 (expected 11:00), last revised 11:03'])
})

test('says since when windows are late, and why', () => {
  const late = { class: 'late' as const, sinceMs: at('11:15'), cause: 'upstream-empty' }
  expect(lines({ 'jao.core.atc': [windowOf(1, late)] })).toEqual([
    'jao: 0 of 1 window of tomorrow complete (expected 11:00); 1 late since 11:15: upstream answers, but empty',
  ])
})

test('names each dataset that is late: its first day, since when, by when it was expected, and the grace', () => {
  const late = { class: 'late' as const, cause: 'upstream-empty', expectedByMs: at('10:30'), lateAfterMs: at('11:00') }
  const partial = { class: 'partial' as const, sinceMs: at('10:40'), expectedByMs: null }
  const [state] = sourceStates(
    new Map([
      [
        'jao.core.atc',
        [windowOf(1, { ...late, sinceMs: at('11:05') }), windowOf(0, { ...late, sinceMs: at('11:00') })],
      ],
      ['jao.core.netPos', [windowOf(1, partial)]],
      ['jao.core.maxExchanges', [windowOf(1, {})]],
    ]),
    nowMs,
  )
  const iso = (time: string) => new Date(at(time)).toISOString()
  expect(state?.late).toEqual({
    ...{ windows: 2, class: 'late', since: iso('11:00'), cause: 'upstream-empty' },
    datasets: [
      {
        ...{ dataset: 'jao.core.atc', class: 'late', windows: 2, day: '2026-11-27' },
        ...{ since: iso('11:00'), expectedBy: iso('10:30'), graceS: 1_800 },
      },
      {
        ...{ dataset: 'jao.core.netPos', class: 'partial', windows: 1, day: '2026-11-28' },
        ...{ since: iso('10:40'), expectedBy: null, graceS: null },
      },
    ],
  })
})

test('says which window is expected next, and until when it has grace', () => {
  const due = { class: 'not-yet-due' as const, expectedByMs: at('13:30'), lateAfterMs: at('14:00') }
  const next = (...rows: WindowRow[]) => {
    const [state] = sourceStates(new Map([['jao.core.atc', rows]]), nowMs)
    return [state?.nextExpectedBy, state?.nextLateAfter]
  }
  const iso = (time: string) => new Date(at(time)).toISOString()
  expect(next(windowOf(1, { ...due, expectedByMs: at('15:00'), lateAfterMs: null }), windowOf(1, due))).toEqual([
    iso('13:30'),
    iso('14:00'),
  ])
  expect(next(windowOf(1, { ...due, lateAfterMs: null }))).toEqual([iso('13:30'), null])
  expect(next(windowOf(1, {}))).toEqual([null, null])
})

test('says what became of today where nothing of tomorrow is collected, and counts ticks', () => {
  const tick = (class_: WindowRow['class'], points: number, hour: number) => {
    const startMs = Date.parse(`2026-11-27T0${hour}:00:00Z`)
    return { ...windowOf(0, { class: class_, points, expectedPoints: 360 }), startMs, endMs: startMs + 3_600_000 }
  }
  expect(
    lines({
      'jao.core.atc': [windowOf(0, { sinceMs: at('10:34') - 86_400_000, expectedByMs: null })],
      'kraken.ticker': [tick('complete', 360, 0), tick('lost', 350, 1)],
      'gone.dataset': [windowOf(0, {})],
    }),
  ).toEqual([
    'jao: 1 of 1 window of today complete, last at 2026-11-26 10:34',
    'kraken: 710 of 720 ticks of today (UTC)',
  ])
})
