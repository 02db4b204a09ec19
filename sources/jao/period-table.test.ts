import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mutatedBodies } from '../../test/support/mutated-bodies.ts'
import { readRecording } from '../../test/support/recorded-jao.ts'
import type { Window } from '../source.ts'
import { type PeriodRows, type ReadTable, readTable, readTableByColumns, readTableByRows } from './period-table.ts'

// The two ways to the table of an answer. readTableByRows is the plain way, by which the other is checked.

const hourMs = 3_600_000
const day: Window = { startMs: Date.parse('2026-04-20T22:00:00Z'), endMs: Date.parse('2026-04-21T22:00:00Z') }
const declared: PeriodRows = {
  steps: [{ fromMs: 0, stepS: 3600 }],
  keys: 'border_<from>_<to>',
  keyPattern: /^border_\w+$/,
  maxKeys: 5,
  checks: [],
}

type Cells = Record<string, unknown>
const at = (hours: number, cells: Cells = { border_AT_BE: 100 + hours }): Cells => ({
  id: 1 + hours,
  dateTimeUtc: `${new Date(day.startMs + hours * hourMs).toISOString().slice(0, 19)}Z`,
  ...cells,
})
const hoursOf = (count: number, cells?: (hour: number) => Cells): Cells[] =>
  Array.from({ length: count }, (_, hour) => at(hour, cells?.(hour)))
const answer = (data: Cells[], more: Cells = { rejected: false, messages: null }): Buffer =>
  Buffer.from(JSON.stringify({ data, ...more }))

/** Throws if two tables differ in anything, also in 0 and -0. */
function expectSame(one: ReadTable, other: ReadTable): void {
  const { columns, ...rest } = one.table ?? { columns: new Map<string, unknown[]>() }
  const { columns: others, ...othersRest } = other.table ?? { columns: new Map<string, unknown[]>() }
  expect([one.refusal, one.ignored, rest]).toEqual([other.refusal, other.ignored, othersRest])
  expect([...columns.keys()]).toEqual([...others.keys()])
  for (const [key, cells] of columns) {
    const wanted = others.get(key) ?? []
    const isSame = cells.length === wanted.length && cells.every((cell, index) => Object.is(cell, wanted[index]))
    if (!isSame) throw new Error(`${key}: ${cells} by columns, ${wanted} by rows`)
  }
}

const taken: [name: string, body: Buffer, values: unknown][] = [
  ['a whole day', answer(hoursOf(24)), Array.from({ length: 24 }, (_, hour) => 100 + hour)],
  [
    'a whole day in another order',
    answer(hoursOf(24).toReversed()),
    Array.from({ length: 24 }, (_, hour) => 100 + hour),
  ],
  ['a day with an hour missing', answer(hoursOf(24).toSpliced(1, 1)), [100, null, 102]],
  ['rows in another order', answer(hoursOf(3).toReversed()), [100, 101, 102, null]],
  ['one row', answer([at(0)]), [100, null]],
  ['nulls', answer(hoursOf(24, (hour) => ({ border_AT_BE: hour === 1 ? null : 7 }))), [7, null, 7]],
  [
    '-0',
    Buffer.from(
      answer([at(0, { border_AT_BE: 8 })])
        .toString()
        .replace(':8}', ':-0.0}'),
    ),
    [-0, null],
  ],
  ['neither rejected nor messages', answer(hoursOf(2), {}), [100, 101, null]],
  [
    'rejected: null, and more in the envelope',
    answer(hoursOf(2), { rejected: null, reason: 'x', new: [1] }),
    [100, 101],
  ],
  ['times with +00:00', answer([at(0, { dateTimeUtc: '2026-04-20T23:00:00.000+00:00', border_AT_BE: 4 })]), [null, 4]],
]

test.each(taken)('%s: is read by columns', (_name, body, values) => {
  const read = readTableByColumns(declared, body, day)
  const [column = []] = read?.table?.columns.values() ?? []
  expect(column).toHaveLength(24)
  expect(column.slice(0, (values as unknown[]).length)).toStrictEqual(values)
  expectSame(read as ReadTable, readTableByRows(declared, body, day))
})

test('a finer step, columns that are no series, and the newest modification are read by columns', () => {
  const quarters = Array.from({ length: 8 }, (_, quarter) =>
    at(quarter / 4, {
      lastModifiedOn: quarter === 5 ? '2026-04-20T09:00:00.5' : `2026-04-19T0${quarter}:00:00`,
      border_AT_BE: quarter,
      Border_AT_BE: 1,
      comment: 'x',
    }),
  )
  const read = readTableByColumns(declared, answer(quarters), day)
  expect(read).toMatchObject({
    table: { grid: { stepS: 900, changed: true, length: 96 }, periods: 8 },
    ignored: { 'unknown-column': 16 },
  })
  expect(read?.table?.modifiedMs).toBe(Date.parse('2026-04-20T09:00:00.500Z'))
  expect([...(read?.table?.columns.keys() ?? [])]).toEqual(['border_AT_BE'])
  expectSame(read as ReadTable, readTableByRows(declared, answer(quarters), day))
})

const keys = (count: number): Cells => Object.fromEntries(Array.from({ length: count }, (_, n) => [`border_A_${n}`, n]))
const unusual: [name: string, body: Buffer, outcome: string][] = [
  ['no rows', answer([]), 'read'],
  ['a row at the end of the window', answer([...hoursOf(2), at(24)]), 'read'],
  ['a doubled row', answer([...hoursOf(2), at(1)]), 'read'],
  ['a key that comes later', answer([at(0), at(1, { border_AT_BE: 1, border_BE_AT: 2 })]), 'read'],
  ['two rows of one time that differ', answer([...hoursOf(2), at(1, { border_AT_BE: 5 })]), 'conflicting-rows'],
  ['a row before the window', answer([at(-1)]), 'outside-window'],
  ['a row behind the window', answer([at(25)]), 'outside-window'],
  ['no UTC time', answer([at(0, { dateTimeUtc: '2026-04-21T00:00:00+02:00', border_AT_BE: 1 })]), 'type'],
  ['no time', answer([{ border_AT_BE: 1 }]), 'schema'],
  ['a time that is a number', answer([{ dateTimeUtc: 7, border_AT_BE: 1 }]), 'schema'],
  ['a time that is null', answer([at(0), { ...at(1), dateTimeUtc: null }]), 'schema'],
  ['a text for a number', answer([at(0, { border_AT_BE: '1' })]), 'type'],
  ['a text for a number, beside numbers', answer([at(0, { border_BE_AT: 1, border_AT_BE: '1' })]), 'type'],
  ['too many keys', answer([at(0, keys(6))]), 'too-many-keys'],
  ['renamed columns', answer([at(0, { Border_AT_BE: 1 })]), 'schema'],
  ['rows that are rejected', answer(hoursOf(2), { rejected: true, messages: ['no'] }), 'upstream-rejected'],
  ['a strange rejected', answer(hoursOf(2), { rejected: 'no' }), 'schema'],
  ['a coarser step', answer([at(0), at(2), at(4)]), 'step'],
  ['mixed steps', answer([at(0), at(1), at(1.25)]), 'step'],
  [
    'a key twice',
    Buffer.from(
      answer([at(0)])
        .toString()
        .replace('"id"', '"border_AT_BE":7,"id"'),
    ),
    'schema',
  ],
]

test.each(unusual)('%s: is read by rows', (_name, body, outcome) => {
  expect(readTableByColumns(declared, body, day)).toBeUndefined()
  const read = readTable(declared, body, day)
  expect(read.refusal?.reason ?? 'read').toBe(outcome)
  expect(read).toEqual(readTableByRows(declared, body, day))
})

test('a row in the rest of a window that is no multiple of the step is read by rows', () => {
  const window = { startMs: day.startMs, endMs: day.startMs + 1.5 * hourMs }
  expect(readTableByColumns(declared, answer([at(0)]), window)?.table?.columns.get('border_AT_BE')).toEqual([100])
  expect(readTableByColumns(declared, answer([at(0), at(1)]), window)).toBeUndefined()
})

test('as many keys as may be are read by columns', () => {
  const body = answer(hoursOf(2, () => ({ new: 1, ...keys(5) })))
  expectSame(readTableByColumns(declared, body, day) as ReadTable, readTableByRows(declared, body, day))
})

describe('a mutated answer is the same either way', () => {
  const check = (bodies: Buffer[], numRuns: number, window = day, of = declared): number => {
    let byColumns = 0
    fc.assert(
      fc.property(mutatedBodies(bodies), (body) => {
        const read = readTableByColumns(of, body, window)
        if (read === undefined) return
        byColumns++
        expectSame(read, readTableByRows(of, body, window))
      }),
      { numRuns },
    )
    return byColumns
  }

  test('of some rows', () => {
    const cells = (hour: number): Cells => ({
      lastModifiedOn: `2026-04-19T0${hour}:57:31.36`,
      border_AT_BE: hour,
      new: 1.5,
    })
    const bodies = [
      answer(hoursOf(3, cells)),
      answer([at(0), at(1), at(0)]),
      answer(hoursOf(2, (hour) => ({ border_AT_BE: null, comment: 'x', border_BE_AT: -0.25 * hour }))),
      answer([at(22), at(23), at(24)]),
      answer([0, 0.25, 0.5, 0.75].map((hours) => at(hours))),
    ]
    expect(check(bodies, 20_000)).toBeGreaterThan(1_000)
  })

  test('of a recorded day', () => {
    const recording = readRecording()
    if (!recording) return expect(recording, 'recordings are missing; said above').toBeUndefined()
    const { body, fromMs, toMs } = recording
    expect(check([body], 150, { startMs: fromMs, endMs: toMs }, { ...declared, maxKeys: 200 })).toBeGreaterThan(20)
  })
})
