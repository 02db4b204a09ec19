import { expect, test } from 'vitest'
import { differenceText, firstKnown, knownText } from './as-of-text.ts'
import { knownInstants, type Point } from './knowledge.ts'

const brussels = 'Europe/Brussels'
const at = (text: string) => Date.parse(`2026-11-27T${text}Z`)
const hourMs = 3_600_000
const point = (hour: number, ...versions: [string, number | null][]): Point => ({
  ...{ ms: at('23:00:00') + hour * hourMs, stepMs: hourMs },
  versions: versions.map(([text, value]) => ({ knownMs: at(text), value, flags: [], rawPartition: 0, rawOffset: 0 })),
})
// Published at 11:42:05 in Brussels; hour 6 was revised at 13:10:00, hour 1 a little. Hour 3 was never published.
const points = [
  point(0, ['10:42:05', 5000]),
  point(1, ['10:42:05', 4000], ['12:10:00', 4010]),
  point(2, ['10:42:05', null]),
  point(3),
  point(6, ['10:42:05', 5050], ['12:10:00', 5100]),
]
const histories = [{ name: 'd/k', unit: 'MW', points }]
const known = (text: string | null) =>
  knownText(histories, knownInstants(histories), text === null ? null : at(text), brussels)

test('an instant at which something became known says that, any other says what was known, and since when', () => {
  expect(known('10:42:05')).toBe('2026-11-27 11:42:05: 4 values became known.')
  expect(known('12:10:00')).toBe('2026-11-27 13:10:00: 2 values became known, changed by up to 50.')
  expect(known('11:42:00')).toBe('2026-11-27 12:42:00: 3 values were known; the last change was at 11:42:05.')
  expect(known('10:42:04')).toBe('2026-11-27 11:42:04: nothing was known yet.')
  expect(known(null)).toBe('Now: the newest values.')
})

test('the last change of another day is said with its day', () => {
  const text = knownText(histories, knownInstants(histories), at('12:10:00') + 24 * hourMs, brussels)
  expect(text).toBe('2026-11-28 13:10:00: 3 values were known; the last change was at 2026-11-27 13:10:00.')
})

test('an instant in the past says how it differs from now', () => {
  expect(differenceText(histories, at('11:00:00'), brussels)).toBe(
    '2 of 4 values differ from what is known now; the largest is 2026-11-28 06:00: 5050 MW then, 5100 MW now.',
  )
  expect(differenceText(histories, at('12:10:00'), brussels)).toBe('0 of 4 values differ from what is known now.')
})

test('a value that came counts, and one of several series is named', () => {
  const withdrawn = { knownMs: at('12:00:00'), value: null, flags: ['withdrawn'], rawPartition: 0, rawOffset: 0 }
  const gone = point(0, ['10:42:05', 7])
  const other = { name: 'd/other', unit: 'MW', points: [{ ...gone, versions: [...gone.versions, withdrawn] }] }
  expect(differenceText([other], at('11:00:00'), 'UTC')).toBe(
    '1 of 1 value differs from what is known now; the largest is 2026-11-27 23:00: 7 MW then, withdrawn now.',
  )
  const first = [
    { name: 'd/k', unit: 'MW', points: [point(0, ['10:42:05', 5])] },
    { ...other, points: [] },
  ]
  expect(differenceText(first, at('10:00:00'), 'UTC')).toBe(
    '1 of 1 value differs from what is known now; the largest is d/k 2026-11-27 23:00: not known then, 5 MW now.',
  )
})

test('a span says when its first and its last point were published first', () => {
  expect(firstKnown(histories)).toEqual({ fromMs: at('10:42:05'), toMs: at('10:42:05') })
  const late = { name: 'd/late', unit: 'MW', points: [point(0, ['12:00:00', 1], ['12:30:00', 2])] }
  expect(firstKnown([...histories, late])).toEqual({ fromMs: at('10:42:05'), toMs: at('12:00:00') })
  expect(firstKnown([{ name: 'd/k', unit: 'MW', points: [point(0)] }])).toBeNull()
})
