import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bordersOf } from './borders.ts'
import { drawnValue, redrawnValue } from './values.ts'

const HOUR_MS = 3_600_000
const columns = bordersOf('2026-06-11')
const seeds = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const hours = fc.integer({ min: 459_000, max: 520_000 }).map((hour) => hour * HOUR_MS)

test('132 borders until delivery 2026-06-10, 150 from 2026-06-11', () => {
  expect(bordersOf('2022-06-09')).toHaveLength(132)
  expect(bordersOf('2026-06-10')).toHaveLength(132)
  expect(bordersOf('2026-06-11')).toHaveLength(150)
  const keys = columns.map(({ key }) => key)
  expect(new Set(keys).size).toBe(150)
  expect(keys).toEqual(keys.toSorted())
  expect(keys).toContain('border_DE_DE_DK1_VH')
  expect(keys).toContain('border_DE_DK1_VH_DE')
  expect(keys).toContain('border_RO_RO_BG_VH')
})

test('a value is a whole number in its border range, the same whenever it is asked for', () => {
  fc.assert(
    fc.property(
      seeds,
      fc.constantFrom(...columns),
      hours,
      fc.integer({ min: 0, max: 5 }),
      (seed, border, hour, revision) => {
        const value = drawnValue(seed, border, hour, revision)
        expect(Number.isInteger(value)).toBe(true)
        expect(value).toBeGreaterThanOrEqual(border.low)
        expect(value).toBeLessThanOrEqual(border.high)
        expect(drawnValue(seed, border, hour, revision)).toBe(value)
      },
    ),
  )
})

test('values reach most of the range the recording showed: DE to FR, 10055 to 15004 MW', () => {
  const border = columns.find(({ key }) => key === 'border_DE_FR')!
  const year = Array.from({ length: 8760 }, (_, hour) => drawnValue(1, border, (480_000 + hour) * HOUR_MS, 0)!)
  expect(Math.min(...year)).toBeLessThan(10_800)
  expect(Math.max(...year)).toBeGreaterThan(14_200)
})

test('a revision changes about a tenth of the points; another seed changes nearly all', () => {
  const points = columns.flatMap((border) =>
    Array.from({ length: 48 }, (_, hour) => ({ border, ms: (490_000 + hour) * HOUR_MS })),
  )
  const changed = points.filter(
    ({ border, ms }) => drawnValue(7, border, ms, 1) !== drawnValue(7, border, ms, 0),
  ).length
  expect(changed / points.length).toBeGreaterThan(0.08)
  expect(changed / points.length).toBeLessThan(0.12)
  const same = points.filter(({ border, ms }) => drawnValue(7, border, ms, 0) === drawnValue(8, border, ms, 0)).length
  expect(same / points.length).toBeLessThan(0.02)
})

test('a redrawn value is another one in the range', () => {
  fc.assert(
    fc.property(seeds, fc.constantFrom(...columns), hours, fc.nat(1000), (seed, border, hour, salt) => {
      const value = drawnValue(seed, border, hour, 0)
      const redrawn = redrawnValue(seed, border, hour, salt, value)
      expect(redrawn).not.toBe(value)
      expect(redrawn).toBeGreaterThanOrEqual(border.low)
      expect(redrawn).toBeLessThanOrEqual(border.high)
    }),
  )
})
