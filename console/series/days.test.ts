import { expect, test } from 'vitest'
import { askedDays, filledDays, spanOfDays, within } from './days.ts'
import type { MissingSpan } from './history.ts'

const tz = 'Europe/Brussels'
const at = (text: string) => Date.parse(text)
const both = { first: '2026-11-27', last: '2026-11-28' }

const point = (text: string, isKnown: boolean) => ({
  ...{ ms: at(text), stepMs: 3_600_000 },
  versions: isKnown ? [{ knownMs: 0, value: 1, flags: [], rawPartition: 0, rawOffset: 0 }] : [],
})
const today = point('2026-11-27T22:00:00Z', true)
const tomorrow = (isKnown: boolean) => point('2026-11-27T23:00:00Z', isKnown)
const loaded = (isKnown: boolean, missing: MissingSpan[] = []) => ({
  histories: [{ name: 'd/k', unit: 'MW', zone: tz, points: [today, tomorrow(isKnown)] }],
  missing,
})
const windowOf = (of: MissingSpan['class']): MissingSpan => ({
  ...{ dataset: 'd', class: of, cause: null, detail: null, since: null, expectedBy: null },
  ...spanOfDays({ first: '2026-11-28', last: '2026-11-28' }, tz),
})

test('without days in the URL, today and tomorrow by the clock of the server', () => {
  const now = at('2026-11-26T23:30:00Z')
  expect(askedDays({ from: null, to: null, tz }, now)).toEqual(both)
  expect(askedDays({ from: null, to: '2026-10-26', tz }, now)).toEqual({ first: '2026-10-25', last: '2026-10-26' })
  expect(askedDays({ from: '2026-10-27', to: '2026-10-25', tz }, now)).toEqual({
    first: '2026-10-27',
    last: '2026-10-27',
  })
})

test('a day without values is left out, unless a window of it is late; a window that is not yet due leaves it out', () => {
  const one = { first: '2026-11-27', last: '2026-11-27' }
  expect(filledDays(loaded(false), both, tz)).toEqual(one)
  expect(filledDays(loaded(true), both, tz)).toEqual(both)
  expect(filledDays(loaded(false, [windowOf('late')]), both, tz)).toEqual(both)
  expect(filledDays(loaded(false, [windowOf('not-yet-due')]), both, tz)).toEqual(one)
  expect(filledDays({ histories: [], missing: [] }, both, tz)).toEqual(both)
  expect(within(loaded(true), one, tz).histories[0]?.points).toEqual([today])
})
