import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type FewRowsCheck,
  type FrozenCheck,
  findBeyondLimits,
  findFewRows,
  findFrozen,
  findJumps,
  type MarketSample,
} from './across-answers.ts'

const check: FrozenCheck = {
  ...{ check: 'frozen', text: 'x', ticks: 4, withinS: 60, times: 2 },
  ends: { value: '.last', grows: '.trades', low: '.bid', high: '.ask' },
}
const hour = (ms: number): number => Math.floor(ms / 3_600_000)
/** A sample every 10 s from `startS` on: [last, trades, bid, ask]. */
const samplesOf = (rows: (number | null)[][], startS = 0): MarketSample[] =>
  rows.map(([value = null, grows = null, low = null, high = null], index) => {
    return { atMs: (startS + 10 * index) * 1_000, value, grows, low, high }
  })

// The fifth tick at 100 is not part of it: of the four ticks that end there, trades grew in one only.
test('a price that stands still while trades are made above it is frozen, from its first tick to its last', () => {
  const rows = [
    [99, 1, 98, 100],
    [100, 5, 101, 102],
    [100, 6, 101, 102],
    [100, 6, 102, 103],
    [100, 9, 101, 102],
    [100, 9, 101, 102],
    [101, 10, 101, 102],
  ]
  const finding = { key: 'm.last', fromMs: 10_000, toMs: 40_000, evidence: { value: 100, ticks: 4, grown: 2 } }
  expect(findFrozen(check, 'm.last', samplesOf(rows), hour)).toEqual([finding])
  // From 59:50 on: a finding ends with its hour, and the part in the next hour is another one.
  expect(findFrozen(check, 'm.last', samplesOf(rows, 3_570), hour)).toEqual([
    { key: 'm.last', fromMs: 3_580_000, toMs: 3_590_000, evidence: { value: 100, ticks: 2, grown: 1 } },
    { key: 'm.last', fromMs: 3_600_000, toMs: 3_610_000, evidence: { value: 100, ticks: 2, grown: 1 } },
  ])
})

test.each<[string, (number | null)[][]]>([
  ['trades are made at the price', [1, 2, 3, 4, 5].map((trades) => [100, trades, 100, 101])],
  ['nothing is traded', [1, 1, 1, 1, 1].map((trades) => [100, trades, 101, 102])],
  ['the trades of a day ago leave the sum', [9, 8, 7, 6, 5].map((trades) => [100, trades, 101, 102])],
  [
    'the book crosses the price once between two trades',
    [1, 2, 3, 4, 5].map((trades) => [100, trades, 99 + (trades % 2) * 2, 102]),
  ],
  ['it stands still over too few ticks', [1, 2, 3].map((trades) => [100, trades, 101, 102])],
  ['a null is between', [1, 2, 3, 4, 5, 6].map((trades) => [trades === 4 ? null : 100, trades, 101, 102])],
  ['the book is not known', [1, 2, 3, 4, 5].map((trades) => [100, trades, null, null])],
])('a price is not frozen where %s', (_, rows) => {
  expect(findFrozen(check, 'm.last', samplesOf(rows), hour)).toEqual([])
})

test('ticks that are too far apart do not make a price frozen, and without a book any growth counts', () => {
  const rows = [1, 2, 3, 4].map((trades) => [100, trades, 101, 102])
  const far = samplesOf(rows).map((sample) => ({ ...sample, atMs: sample.atMs * 3 }))
  expect(findFrozen(check, 'm.last', far, hour)).toEqual([])
  const withoutBook = { ...check, ends: { value: '.last', grows: '.trades' } }
  expect(
    findFrozen(withoutBook, 'm.last', samplesOf(rows.map(([last, trades]) => [last!, trades!])), hour),
  ).toHaveLength(1)
})

test('what is frozen is what some window of so many ticks says', () => {
  const row = fc.tuple(
    fc.constantFrom(100, 100, 100, 101, null),
    fc.nat(3),
    fc.constantFrom(99, 101),
    fc.constantFrom(5, 10, 30),
  )
  fc.assert(
    fc.property(fc.array(row, { maxLength: 40 }), (rows) => {
      let [atS, trades] = [0, 0]
      const samples = rows.map(([value, more, low, stepS]) => {
        atS += stepS
        trades += more
        return { atMs: atS * 1_000, value, grows: trades, low, high: low + 1 }
      })
      const frozen = new Set<number>()
      for (let first = 0; first + check.ticks <= samples.length; first++) {
        const window = samples.slice(first, first + check.ticks)
        const outside = window.map(({ value, low, high }) => value !== null && (value < low || value > high))
        const grown = window.filter(
          (each, nth) => nth > 0 && each.grows > window[nth - 1]!.grows && outside[nth] && outside[nth - 1],
        )
        const isStill = window.every(({ value }) => value !== null && value === window[0]!.value)
        if (isStill && window.at(-1)!.atMs - window[0]!.atMs <= 60_000 && grown.length >= check.times)
          for (const { atMs } of window) frozen.add(atMs)
      }
      const found = findFrozen(check, 'm.last', samples, () => 0)
      const ticks = samples.filter(({ atMs }) => found.some(({ fromMs, toMs }) => atMs >= fromMs && atMs <= toMs))
      expect(ticks.map(({ atMs }) => atMs)).toEqual([...frozen].toSorted((one, other) => one - other))
      expect(found.reduce((sum, { evidence }) => sum + evidence.ticks!, 0)).toBe(frozen.size)
    }),
  )
})

test('successive steps beyond a limit are one finding of their day, with the farthest value', () => {
  const values = [700, 736, -900, 735, 800, null, 900, 900].map((value, index) => ({
    atMs: index * 900_000,
    value,
    stepS: 900,
  }))
  const limits = { min: -735, max: 735 }
  // The last two quarters of an hour are of different days.
  const dayOf = (ms: number): number => (ms < 6_300_000 ? 0 : 1)
  expect(findBeyondLimits(limits, 'k', values, dayOf)).toEqual([
    { key: 'k', fromMs: 900_000, toMs: 2_700_000, evidence: { value: -900, limit: -735, steps: 2 } },
    { key: 'k', fromMs: 3_600_000, toMs: 4_500_000, evidence: { value: 800, limit: 735, steps: 1 } },
    { key: 'k', fromMs: 5_400_000, toMs: 6_300_000, evidence: { value: 900, limit: 735, steps: 1 } },
    { key: 'k', fromMs: 6_300_000, toMs: 7_200_000, evidence: { value: 900, limit: 735, steps: 1 } },
  ])
})

test('a jump is between a value and the last one before it that is known, unless that is too old', () => {
  const values = [100, 999, 1_000, null, 100, 0, 10, 9_000].map((value, index) => ({ atMs: index * 10_000, value }))
  const late = values.map((value) => (value.value === 9_000 ? { ...value, atMs: 60_000 + 60_001 } : value))
  const step = { end: '.last', factor: 10, withinS: 60 }
  expect(findJumps(step, 'm.last', late)).toEqual([
    { key: 'm.last', fromMs: 40_000, toMs: 40_000, evidence: { value: 100, previous: 1_000 } },
    { key: 'm.last', fromMs: 60_000, toMs: 60_000, evidence: { value: 10, previous: 100 } },
  ])
})

test('a window has few rows by what the windows before it had', () => {
  const few: FewRowsCheck = { check: 'few-rows', text: 'x', share: 0.5, history: 4, minHistory: 2, withinS: 5 * 86_400 }
  const days = (rows: [day: number, rows: number][]) =>
    rows.map(([day, count]) => ({ startMs: day * 86_400_000, endMs: (day + 1) * 86_400_000, rows: count }))
  const found = (rows: [number, number][], cellOf: (ms: number) => number = (ms) => ms) =>
    findFewRows(few, 's', days(rows), cellOf).map(({ fromMs, toMs, evidence }) => [
      fromMs / 86_400_000,
      toMs / 86_400_000,
      evidence,
    ])
  // The median of 10 and 20 is the lower one. 5 is half of it, and not less.
  expect(
    found([
      [0, 1],
      [1, 20],
      [2, 10],
      [3, 5],
    ]),
  ).toEqual([])
  expect(
    found([
      [0, 10],
      [1, 20],
      [2, 4],
    ]),
  ).toEqual([[2, 3, { rows: 4, usual: 10 }]])
  // What few windows have becomes usual: 100 100 4 4 is 4 for the lower median.
  expect(
    found([
      [0, 100],
      [1, 100],
      [2, 4],
      [3, 4],
      [4, 4],
    ]),
  ).toEqual([
    [2, 3, { rows: 4, usual: 100 }],
    [3, 4, { rows: 4, usual: 100 }],
  ])
  expect(
    found(
      [
        [0, 100],
        [1, 100],
        [2, 4],
        [3, 3],
        [4, 4],
      ],
      () => 0,
    ),
  ).toEqual([[2, 4, { rows: 3, usual: 100 }]])
  // Windows of more than five days before do not count.
  expect(
    found([
      [0, 100],
      [1, 100],
      [7, 4],
    ]),
  ).toEqual([])
})
