import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dayOf, readCreationDate } from './creation-date.ts'

test('every day is the one that JavaScript says', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1900, max: 2299 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 31 }),
      (year, month, day) => {
        const text = `${year}-${`${month}`.padStart(2, '0')}-${`${day}`.padStart(2, '0')}`
        const known = Temporal.PlainDate.from({ year, month, day }, { overflow: 'constrain' })
        const there = known.toString() === text
        expect(dayOf(year, month, day)).toBe(there ? Date.parse(`${text}T00:00:00Z`) : undefined)
      },
    ),
    { numRuns: 2_000 },
  )
})

test.each([
  ['2022-01-02T00:00:00.000', '2022-01-02T00:00:00Z'],
  ['2022-01-02', '2022-01-02T00:00:00Z'],
  ['2022-01-02 03:04', '2022-01-02T03:04:00Z'],
  ['2022-01-02T03:04:05.6789', '2022-01-02T03:04:05.678Z'],
  ['2022-01-02T03:04:05Z', '2022-01-02T03:04:05Z'],
  ['2022-01-02T03:04:05+02:00', '2022-01-02T01:04:05Z'],
  ['2022-01-02T03:04:05-0330', '2022-01-02T06:34:05Z'],
  ['2022-01-02T03:04:05.678+00:00', '2022-01-02T03:04:05.678Z'],
  ['2022-01-02T03:04:05-00:00', '2022-01-02T03:04:05Z'],
  ['2022-01-02T03:04:05+0000', '2022-01-02T03:04:05Z'],
  ['2022-01-02T03:04+00', '2022-01-02T03:04:00Z'],
  ['2022-01-02t03:04:05z', '2022-01-02T03:04:05Z'],
])('%s is %s', (text, utc) => {
  expect(readCreationDate(text)).toBe(Date.parse(utc))
})

test.each([
  '20229999-02-06T00:00:00.000',
  '2022-02-30T00:00:00.000',
  '2022-00-20T00:00:00.000',
  '2022-01-02T24:00:00',
  '2022-01-02T00:60:00',
  '2022-1-2',
  '1899-12-31',
  '1900-01-01T00:00:00+01:00',
  '2300-01-01',
  '2022-01-02T03:04:05+24:00',
  '2022-01-02+00:00',
  'yesterday',
  '',
])('%s is no date', (text) => {
  expect(readCreationDate(text)).toBeUndefined()
})
