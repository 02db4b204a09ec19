import { describe, expect, test } from 'vitest'
import { explodeRaw } from '#core/explode-raw.ts'
import { rawResponse } from '../../test/support/raw-responses.ts'
import { jao } from './jao.ts'

const dataset = jao.datasets.find(({ name }) => name === 'jao.core.finalComputation')!
const { asking } = dataset
const window = { startMs: Date.parse('2026-06-10T22:00:00Z'), endMs: Date.parse('2026-06-10T23:00:00Z') }
const asked = (selector: string | null = 'rows-0') => ({ window, selector })
const row = (cells: Record<string, unknown> = {}) => ({ dateTimeUtc: '2026-06-10T22:00:00Z', ram: 1, ...cells })
const page = (data: unknown, total: unknown = 1, more: Record<string, unknown> = {}) =>
  Buffer.from(
    JSON.stringify({ data, rejected: false, messages: null, totalRows: total, totalRowsWithFilter: total, ...more }),
  )
const explode = (body: Buffer, selector?: string) => dataset.explode({ body, status: 200, ...asked(selector) })
const fields = (cells: Record<string, unknown>) => explode(page([row(cells)])).records?.[0]?.fields

test('an hour is asked for by its count, and page by page, without a filter', () => {
  const { pages, requestPath } = asking!
  const hour = '/core/api/data/finalComputation?FromUtc=2026-06-10T22%3A00%3A00.000Z&ToUtc=2026-06-10T23%3A00%3A00.000Z'
  expect(pages?.countPath(asked(null))).toBe(`${hour}&Skip=0&Take=0`)
  expect(requestPath(asked('rows-4000'))).toBe(`${hour}&Skip=4000&Take=2000`)
  expect(dataset.calendar).toMatchObject({ kind: 'days', window: 'hour', firstDay: '2022-06-09' })
  expect([dataset.schedule, asking?.autoBackfill, dataset.shape]).toEqual(['on-demand', false, 'documented'])
})

test('the count is what the filter leaves, or all rows', () => {
  const countOf = (body: Uint8Array) => asking!.pages!.rowsIn(body).total
  expect(countOf(page([], 12_770))).toBe(12_770)
  expect(countOf(Buffer.from('{"data":[],"totalRows":904}'))).toBe(904)
  expect(countOf(page([], 0))).toBe(0)
  for (const total of ['1', -1, 1.5, null, 2 ** 40])
    expect(() => countOf(page([], total)), `${total}`).toThrow(
      'schema: the answer does not say how many rows there are',
    )
  expect(() => countOf(Buffer.from('<html>'))).toThrow('not-json')
  expect(() => countOf(page([], 1, { rejected: true, messages: ['no'] }))).toThrow('upstream-rejected')
})

test('an answer without rows that is of no page counts the rows of its hour, and a page never does', () => {
  const counted = (body: Buffer, selector: string | null) =>
    dataset.explode({ body, status: 200, window, selector }).counted
  expect(counted(page([], 12_770), null)).toBe(12_770)
  expect(counted(page([], 0), null)).toBe(0)
  expect(counted(page([], 12_770), 'rows-14000')).toBeUndefined()
  expect(counted(page([row()], 1), null)).toBeUndefined()

  const requestIdentity = `${dataset.name}/2026-06-10T22:00:00Z/2026-06-10T23:00:00Z`
  const accepted = (body: Buffer, confirms: boolean) => {
    const record = rawResponse(window, body, 1_000, { dataset: dataset.name, requestIdentity, confirms })
    const exploded = explodeRaw({ record, partition: 0, offset: '0' }, new Map([[dataset.name, dataset]]))
    return 'refusal' in exploded ? exploded.refusal : exploded.accepted
  }
  const answer = { selector: null, keys: 0, replaces: true }
  expect(accepted(page([], 12_770), false)).toMatchObject({ ...answer, points: 12_770 })
  // An empty page withdraws rows only if it confirms an earlier empty answer.
  expect(accepted(page([], 0), false)).toBeNull()
  expect(accepted(page([], 0), true)).toMatchObject({ ...answer, points: 0 })
})

test('a page is complete when it has all of its rows', () => {
  const assess = (rows: number, total: number, selector?: string) =>
    asking!.assess(
      page(
        Array.from({ length: rows }, () => row()),
        total,
      ),
      asked(selector),
    )
  expect(assess(2, 2)).toBe('complete')
  expect(assess(1, 2)).toBe('partial')
  expect(assess(2_000, 12_770)).toBe('complete')
  expect(assess(770, 12_770, 'rows-12000')).toBe('complete')
  expect(assess(769, 12_770, 'rows-12000')).toBe('partial')
  expect(assess(0, 0)).toBe('empty')
  const lookAtRows = (...rows: Record<string, unknown>[]) =>
    asking!.assess(
      page(
        rows.map((cells) => row(cells)),
        rows.length,
      ),
      asked(),
    )
  expect(lookAtRows({ ram: null, ptdf_AT: null }, { ram: null })).toBe('partial')
  expect(lookAtRows({ ram: null, ptdf_AT: 0 }, { ram: null })).toBe('complete')
  expect(asking!.assess(page([], 1, { rejected: true }), asked())).toMatchObject({ reason: 'upstream-rejected' })
  expect(() => asking!.assess(Buffer.from('{'), asked())).toThrow('not-json: ')
})

test('rows of other columns are refused with what they have', () => {
  const { ram: _, ...bare } = row()
  const other = page(
    [
      { ...bare, Ram: 1, Ptdf_AT: 0.5 },
      { ...bare, id: 5 },
    ],
    2,
  )
  const message =
    'the rows have the columns Ram, Ptdf_AT instead of tso, cneName, cneEic, direction, contName, ram, ptdf_<hub>'
  expect(explode(other)).toEqual({ slices: [], ignored: {}, refusal: { reason: 'schema', message } })
  expect(() => asking!.assess(other, asked())).toThrow(`schema: ${message}`)
  expect(
    explode(
      page(
        [
          { ...bare, Ram: 1 },
          { ...bare, tso: null },
        ],
        2,
      ),
    ).records,
  ).toHaveLength(2)
})

describe('columns', () => {
  test('that come and go stand in maps; nulls nowhere; ids are left out', () => {
    expect(
      fields({
        id: 5,
        ptdf_CH: null,
        ptdf_NEW_VH: 0.5,
        u: 380,
        cneStatus: 'no CRA',
        imported: true,
        brandNew: { a: 1 },
      }),
    ).toMatchObject({
      ptdf: { NEW_VH: 0.5 },
      numbers: { u: 380 },
      texts: { cneStatus: 'no CRA', imported: 'true', brandNew: '{"a":1}' },
    })
  })

  test('of another type than expected lose nothing', () => {
    expect(
      fields({ ram: 'many', tso: 7, presolved: 'yes', contingencies: 'none', ptdf_AT: 'x', direction: true }),
    ).toMatchObject({
      ...{ ram: null, tso: null, presolved: null, direction: null, contingencies: [], ptdf: {}, numbers: { tso: 7 } },
      texts: { ram: 'many', presolved: 'yes', contingencies: 'none', ptdf_AT: 'x', direction: 'true' },
    })
  })

  test('with names of Object.prototype are ordinary columns', () => {
    const body = Buffer.from(
      '{"data":[{"dateTimeUtc":"2026-06-10T22:00:00Z","ram":1,"__proto__":5,"constructor":"c","toString":7}],"totalRows":1}',
    )
    const told = explode(body).records?.[0]?.fields as { numbers: object; texts: object }
    expect(Object.entries(told.numbers)).toEqual([
      ['__proto__', 5],
      ['toString', 7],
    ])
    expect(Object.entries(told.texts)).toEqual([['constructor', 'c']])
  })

  test('nonRedundant is what the Nordics call presolved', () => {
    expect(fields({ nonRedundant: true })).toMatchObject({ presolved: true, texts: {} })
  })
})

test('a row at the end of the hour is left out and counted, and keeps its place', () => {
  const { records, ignored } = explode(page([row({ dateTimeUtc: '2026-06-10T23:00:00Z' }), row()], 2))
  expect(records?.map(({ key }) => key)).toEqual(['jao.core.finalComputation/2026-06-10T22:00:00.000Z/1'])
  expect(ignored).toEqual({ 'row-at-window-end': 1 })
})

test.each<[string, Buffer, string, string]>([
  ['another page than asked for', page([row()], 1, { skip: 2_000 }), 'schema', 'begins after 2000 rows'],
  [
    'more rows than asked for',
    page(
      Array.from({ length: 2_001 }, () => row()),
      2_001,
    ),
    'schema',
    '2001 rows in a page',
  ],
  ['no count', Buffer.from('{"data":[]}'), 'schema', 'does not say how many rows'],
  [
    'a number too large',
    Buffer.from('{"data":[{"dateTimeUtc":"2026-06-10T22:00:00Z","fmax":1e999}],"totalRows":1}'),
    'type',
    'fmax of data[0]',
  ],
  ['another hour', page([row({ dateTimeUtc: '2026-06-10T20:00:00Z' })]), 'outside-window', '2026-06-10T20:00:00Z'],
  ['a rejection', page([], 1, { rejected: true, messages: ['no'] }), 'upstream-rejected', '["no"]'],
  [
    'endless columns',
    page([row(Object.fromEntries(Array.from({ length: 1_001 }, (_, index) => [`c${index}`, 1])))]),
    'too-many-keys',
    'more than 1000 columns',
  ],
])('a page with %s is refused', (_what, body, reason, message) => {
  const { refusal, slices, records } = explode(body)
  if (reason !== 'upstream-rejected') expect(() => asking!.assess(body, asked())).toThrow(`${reason}: `)
  expect([refusal?.reason, slices, records]).toEqual([reason, [], undefined])
  expect(refusal?.message).toContain(message)
})
