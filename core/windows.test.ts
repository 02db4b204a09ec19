import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isWindowOf, type WindowKind, windowsBetween, windowsOn } from './windows.ts'

const zone = 'Europe/Brussels'
const texts = (windows: { startMs: number; endMs: number }[]) =>
  windows.map(({ startMs, endMs }) => [startMs, endMs].map((ms) => new Date(ms).toISOString().slice(0, 16)).join(' '))

test('a day is one window, or its hours: 23, 24 or 25 of them, without a gap', () => {
  expect(texts(windowsOn({ window: 'day', zone }, '2026-04-20'))).toEqual(['2026-04-19T22:00 2026-04-20T22:00'])
  const counts = ['2026-03-29', '2026-04-20', '2025-10-26'].map(
    (day) => windowsOn({ window: 'hour', zone }, day).length,
  )
  expect(counts).toEqual([23, 24, 25])
  const long = windowsOn({ window: 'hour', zone }, '2025-10-26')
  expect(texts([long[0]!, long[24]!])).toEqual([
    '2025-10-25T22:00 2025-10-25T23:00',
    '2025-10-26T22:00 2025-10-26T23:00',
  ])
})

test('a month begins on its first: 743 hours in March, and none begins on another day', () => {
  const [march] = windowsOn({ window: 'month', zone }, '2026-03-01')
  expect(texts([march!])).toEqual(['2026-02-28T23:00 2026-03-31T22:00'])
  expect(windowsOn({ window: 'month', zone }, '2026-03-02')).toEqual([])
  const spring = windowsBetween({ window: 'month', zone }, '2026-03-15', '2026-05-02')
  expect(spring.map(({ day }) => day)).toEqual(['2026-03-01', '2026-04-01', '2026-05-01'])
})

test('windows between two days are whole and meet, of whatever kind; each is known again, and nothing near it', () => {
  const kinds = ['day', 'hour', 'month'] as const
  fc.assert(
    fc.property(fc.constantFrom(...kinds), fc.integer({ min: 1, max: 28 }), (window, day) => {
      const kind: WindowKind = { window, zone }
      const found = windowsBetween(kind, `2026-10-${String(day).padStart(2, '0')}`, '2026-11-30').map(
        (each) => each.window,
      )
      found.slice(1).forEach(({ startMs }, index) => void expect(startMs).toBe(found[index]!.endMs))
      for (const each of found) {
        expect(isWindowOf(kind, each)).toBe(true)
        expect(isWindowOf(kind, { ...each, endMs: each.endMs + 1 })).toBe(false)
        expect(isWindowOf(kind, { startMs: each.startMs + 1, endMs: each.endMs })).toBe(false)
      }
    }),
    { numRuns: 20 },
  )
})

test('a start that is not whole ms of the years 1 to 9999 is not a window', () => {
  for (const startMs of [Number.NaN, Number.POSITIVE_INFINITY, 0.5, -1e18, 1e18]) {
    expect(isWindowOf({ window: 'day', zone }, { startMs, endMs: startMs + 86_400_000 })).toBe(false)
  }
})
