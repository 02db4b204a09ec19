import { expect, test } from 'vitest'
import { begunText, episodesOf, lengthsOf, lengthText } from './episodes.ts'
import type { TestedTransition } from './records.ts'

const at = (minute: number): string => new Date(Date.UTC(2026, 10, 20, 0, minute)).toISOString()
const ms = (minute: number): number => Date.parse(at(minute))
const told = (id: string, kind: string, onset: number, end: number | null, firingId: string | null = null) =>
  ({
    ...{ id, kind, dataset: 'd', key: 'k', onsetAt: at(onset), endsAt: end === null ? null : at(end), firingId },
    ...{ value: onset, compared: null },
  }) satisfies TestedTransition

test('an episode has the end that was told last, and the value that began it', () => {
  const episodes = episodesOf([
    told('a', 'firing', 0, null),
    told('b', 'firing', 10, 20),
    told('a1', 'resolved', 0, 5, 'a'),
    told('b1', 'changed', 10, 25, 'b'),
    told('c', 'firing', 30, null),
    told('d', 'firing', 40, 45),
    told('d1', 'cancelled', 40, null, 'd'),
    told('e', 'happened', 50, null),
    // Its firing was cut off.
    told('x1', 'resolved', 1, 2, 'x'),
    told('u', 'unknown', 60, null),
  ])
  expect(episodes.map(({ id, fromMs, toMs, value, isTakenBack }) => [id, fromMs, toMs, value, isTakenBack])).toEqual([
    ['a', ms(0), ms(5), 0, false],
    ['b', ms(10), ms(25), 10, false],
    ['c', ms(30), null, 30, false],
    ['d', ms(40), ms(45), 40, true],
    ['e', ms(50), ms(50), 50, false],
  ])
  // 5 + 15 + 30 (to the end of the test) + 5 + 0 minutes.
  expect(lengthsOf(episodes, ms(60))).toEqual({ total: 55 * 60_000, longest: 30 * 60_000, open: 1, ahead: 0 })
  expect(lengthsOf([], ms(60))).toEqual({ total: 0, longest: 0, open: 0, ahead: 0 })
  // c begins at the end of such a test, d and e after it.
  expect(lengthsOf(episodes, ms(30))).toMatchObject({ open: 1, ahead: 3 })
})

test('what goes on is said, and what has no length is not said to last 0 s', () => {
  const lengths = { total: 0, longest: 0, open: 0, ahead: 0 }
  const hour = 3_600_000
  expect(begunText(1, { ...lengths, total: hour, longest: hour })).toBe('once, 1 h in all, 1 h at most')
  expect(begunText(1, { ...lengths, open: 1, ahead: 1 })).toBe('once; it goes on')
  expect(begunText(3, { total: 5 * hour, longest: 3 * hour, open: 1, ahead: 0 })).toBe(
    '3 times, 5 h in all, 3 h at most; 1 goes on',
  )
  expect(begunText(3, { ...lengths, total: hour, longest: hour, open: 2 })).toBe(
    '3 times, 1 h in all, 1 h at most; 2 go on',
  )
  expect(begunText(4, lengths)).toBe('4 times')
})

test('lengths are said in their two largest units', () => {
  const minute = 60_000
  expect(
    [0, 40_000, 5 * minute, 125 * minute, 120 * minute, 24 * 60 * minute, 76 * 60 * minute].map(lengthText),
  ).toEqual(['0 s', '40 s', '5 min', '2 h 5 min', '2 h', '1 d', '3 d 4 h'])
})
