import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type FlaggedPoint, flaggedPoints, sortPoints } from '../../test/support/flagged-points.ts'
import type { Dataset, Slice } from '../source.ts'
import { jao } from './jao.ts'

// Days of rows as upstream may send them. Each test says by itself which values of a row contradict.

const named = (name: string): Dataset => jao.datasets.find((dataset) => dataset.name === name)!
const window = { startMs: Date.parse('2025-06-10T22:00:00Z'), endMs: Date.parse('2025-06-11T22:00:00Z') }
const timeOf = (hour: number) => `${new Date(window.startMs + hour * 3_600_000).toISOString().slice(0, 19)}Z`

type Cells = Record<string, number | null>

/** Up to 24 rows with some of the keys. Few different values, so that there are ties, zeros and contradictions. */
const rowsOf = (keys: readonly string[], values: fc.Arbitrary<number | null>) =>
  fc.array(
    fc.dictionary(fc.constantFrom(...keys), values, { minKeys: 1, maxKeys: keys.length, noNullPrototype: true }),
    { minLength: 1, maxLength: 24 },
  )

/** Asserts that exactly the values that `contradicting` names have the flag, and that every value is as it was sent. */
function check(dataset: Dataset, flag: string, rows: Cells[], contradicting: (cells: Cells) => string[]): void {
  const data = rows.map((cells, hour) => ({ dateTimeUtc: timeOf(hour), ...cells }))
  const { slices, refusal } = dataset.explode({ body: Buffer.from(JSON.stringify({ data })), status: 200, window })
  expect(refusal).toBeUndefined()
  const expected = rows.flatMap((cells, hour) =>
    contradicting(cells).map((key): FlaggedPoint => [key, timeOf(hour), flag]),
  )
  expect(flaggedPoints(slices, dataset.checks!)).toEqual(sortPoints(expected))
  const keys = new Set(rows.flatMap(Object.keys))
  const sent = [...keys].map((key) => [key, Array.from({ length: 24 }, (_, hour) => rows[hour]?.[key] ?? null)])
  expect(valuesOf(slices)).toEqual(Object.fromEntries(sent))
}

/** Joins the slices of each key. Each must begin where the one before ends, and differ from it in its flags. */
function valuesOf(slices: Slice[]): Record<string, (number | null)[]> {
  const values: Record<string, (number | null)[]> = {}
  let before: Slice | undefined
  for (const slice of slices) {
    const joined = values[slice.key] ?? []
    values[slice.key] = joined
    expect(slice.startMs).toBe(window.startMs + joined.length * 3_600_000)
    if (before?.key === slice.key) expect(slice.flags).not.toEqual(before.flags)
    joined.push(...slice.values)
    before = slice
  }
  return values
}

const whole = fc.option(fc.integer({ min: -3, max: 3 }), { freq: 4 })

test.each(['jao.core.maxNetPos', 'jao.nordic.maxNetPos', 'jao.coreID.IDCCA_maxNetPos'])(
  '%s: a minimum and a maximum contradict where the minimum is greater',
  (name) => {
    const between = name.startsWith('jao.nordic') ? '_' : ''
    const hubs = ['AT', 'BE', 'DE_DK1_VH'].map((hub) => between + hub)
    const keys = hubs.flatMap((hub) => [`min${hub}`, `max${hub}`])
    fc.assert(
      fc.property(rowsOf(keys, whole), (rows) =>
        check(named(name), 'min-above-max', rows, (cells) =>
          hubs.flatMap((hub) => {
            const [min = null, max = null] = [cells[`min${hub}`], cells[`max${hub}`]]
            return min !== null && max !== null && min > max ? [`min${hub}`, `max${hub}`] : []
          }),
        ),
      ),
    )
  },
)

test.each(['jao.core.scheduledExchanges', 'jao.coreID.ID2_scheduledExchanges'])(
  '%s: both directions of a border contradict where both are above 0, also between hubs with underscores',
  (name) => {
    const hubs = ['AT', 'DE', 'DE_DK1_VH', 'NEW_HUB', 'DK1']
    const borders = hubs.flatMap((from) => hubs.flatMap((to) => (from === to ? [] : [[from, to]])))
    fc.assert(
      fc.property(
        rowsOf(
          borders.map(([from, to]) => `border_${from}_${to}`),
          whole,
        ),
        (rows) =>
          check(named(name), 'both-directions', rows, (cells) =>
            borders.flatMap(([from, to]) => {
              const [there, back] = [`border_${from}_${to}`, `border_${to}_${from}`]
              return (cells[there] ?? 0) > 0 && (cells[back] ?? 0) > 0 ? [there] : []
            }),
          ),
      ),
    )
  },
)

test('jao.core.netPos: all hubs of a row that have a value contradict where their sum is not 0', () => {
  const keys = ['hub_AT', 'hub_BE', 'hub_DE', 'hub_NL']
  // Tenths, whose sums are inexact: 0.1 + 0.2 - 0.3 is 5.6e-17.
  const tenths = fc.option(
    fc.integer({ min: -3, max: 3 }).map((value) => value / 10),
    { freq: 4 },
  )
  const balanced = fc.tuple(fc.integer({ min: -99_999, max: 99_999 }), fc.integer({ min: -99_999, max: 99_999 }))
  const rows = fc
    .tuple(rowsOf(keys, tenths), fc.array(balanced, { maxLength: 12 }))
    .map(([odd, even]) => [
      ...even.map(
        ([at, be]): Cells => ({ hub_AT: at / 10, hub_BE: be / 10, hub_DE: null, hub_NL: (0 - at - be) / 10 }),
      ),
      ...odd.slice(0, 12),
    ])
  fc.assert(
    fc.property(rows, (cellsOfRows) =>
      check(named('jao.core.netPos'), 'sum-not-zero', cellsOfRows, (cells) => {
        const values = Object.values(cells).map((value) => Math.round((value ?? 0) * 10))
        const sum = values.reduce((total, value) => total + value, 0)
        return sum === 0 ? [] : Object.keys(cells).filter((key) => cells[key] !== null)
      }),
    ),
  )
})

test('a flag of the whole slice stands on each of its parts, and values outside the plausible range are compared', () => {
  const dataset = named('jao.core.scheduledExchanges')
  const cells: Cells[] = [
    { border_AT_BE: 1, border_BE_AT: 0 },
    { border_AT_BE: 30_000, border_BE_AT: 1 },
  ]
  const data = cells.map((row, hour) => ({ dateTimeUtc: timeOf(hour), ...row }))
  const body = Buffer.from(JSON.stringify({ data }))
  const { slices } = dataset.explode({ body, status: 200, window })
  expect(slices.map(({ key, values, flags }) => [key, values.length, flags])).toEqual([
    ['border_AT_BE', 1, ['implausible']],
    ['border_AT_BE', 1, ['implausible', 'both-directions']],
    ['border_AT_BE', 22, ['implausible']],
    ['border_BE_AT', 1, []],
    ['border_BE_AT', 1, ['both-directions']],
    ['border_BE_AT', 22, []],
  ])
})
