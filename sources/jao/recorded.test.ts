import { expect, test } from 'vitest'
import { businessDay, dayAt } from '#core/business-day.ts'
import { flaggedPoints, sortPoints } from '../../test/support/flagged-points.ts'
import { csvRows, recordedFile } from '../../test/support/recorded-file.ts'
import { findBeyondLimits, findFewRows } from '../answers/across-answers.ts'
import type { Coverage, Dataset, ExplodeResult, Refusal, Window } from '../source.ts'
import type { FlowConstraint } from './generated/records.ts'
import { jao } from './jao.ts'

// Runs every recorded answer through its dataset. A script in another language counted rows, values, nulls, sum,
// minimum and maximum with decimals.

const absent = 'recordings are missing; said above'
const named = (name: string): Dataset => jao.datasets.find((dataset) => dataset.name === name)!
const span = (from: string, to: string): Window => ({ startMs: Date.parse(from), endMs: Date.parse(to) })

interface Counted {
  keys: number
  values: number
  nulls: number
  sum: number
  least: number
  greatest: number
}

function count(explosions: ExplodeResult[]): Counted {
  const slices = explosions.flatMap(({ slices }) => slices)
  const all = slices.flatMap(({ values }) => values)
  const values = all.filter((value) => value !== null)
  return {
    keys: new Set(slices.map(({ key }) => key)).size,
    values: values.length,
    nulls: all.length - values.length,
    sum: Math.round(values.reduce((sum, value) => sum + value, 0) * 10) / 10 + 0,
    least: values.reduce((least, value) => Math.min(least, value), Infinity),
    greatest: values.reduce((greatest, value) => Math.max(greatest, value), -Infinity),
  }
}

function read(
  name: string,
  body: Uint8Array,
  window: Window,
): { exploded: ExplodeResult; coverage: Coverage | Refusal } {
  const dataset = named(name)
  const exploded = dataset.explode({ body, status: 200, window })
  expect({ refusal: exploded.refusal, ignored: exploded.ignored }).toEqual({ refusal: undefined, ignored: {} })
  expect(beyondLimits(dataset, exploded)).toEqual([])
  return { exploded, coverage: dataset.asking!.assess(body, { window, selector: null }) }
}

/** What the check `jump` finds in an answer. No recorded answer may have a finding. */
function beyondLimits({ acrossAnswers = [] }: Dataset, { slices }: ExplodeResult) {
  return acrossAnswers.flatMap((check) => {
    if (check.check !== 'jump') return []
    const limited = slices.filter(({ key }) => check.limits?.[key] !== undefined)
    expect(limited.length).toBeGreaterThan(0)
    return limited.flatMap(({ key, values, startMs, stepS }) => {
      const stepped = values.map((value, index) => ({ atMs: startMs + index * stepS * 1_000, value, stepS }))
      return findBeyondLimits(check.limits![key]!, key, stepped, () => 0)
    })
  })
}

const flags = (explosions: ExplodeResult[]) => [
  ...new Set(explosions.flatMap((e) => e.slices.flatMap((slice) => slice.flags))),
]
const twoDays = span('2026-04-20T00:00:00Z', '2026-04-22T00:00:00Z')

test('core atc: integers every quarter hour, four columns null throughout', () => {
  const body = recordedFile('jao/core_external_atc.json')
  if (!body) return expect(body, absent).toBeUndefined()
  const { exploded, coverage } = read('jao.core.atc', body, twoDays)
  expect(count([exploded])).toEqual({ keys: 14, values: 1920, nulls: 768, sum: 3_045_568, least: 0, greatest: 3561 })
  expect(coverage).toBe('complete')
  const nulls = exploded.slices.filter(({ values }) => values.every((value) => value === null)).map(({ key }) => key)
  expect(nulls).toEqual(['border_FR_IT', 'border_AT_IT', 'border_IT_AT', 'border_IT_FR'])
  expect(new Set(exploded.slices.map(({ stepS }) => stepS))).toEqual(new Set([900]))
  expect(flags([exploded])).toEqual([])
  for (const { key } of exploded.slices)
    expect(Object.keys(named('jao.core.atc').labels(key)), key).toEqual(['from', 'to'])
})

test('core shadowAuctionATC: hourly also after October 2025, with totals in the envelope', () => {
  const body = recordedFile('jao/shadow_auction_atc.json')
  if (!body) return expect(body, absent).toBeUndefined()
  const { exploded, coverage } = read(
    'jao.core.shadowAuctionATC',
    body,
    span('2025-10-01T00:00:00Z', '2025-10-04T00:00:00Z'),
  )
  expect(count([exploded])).toEqual({ keys: 38, values: 2736, nulls: 0, sum: 1_883_448, least: 0, greatest: 4056 })
  expect(coverage).toBe('complete')
  expect(exploded.slices[0]).toMatchObject({ key: 'border_AT_CZ', stepS: 3600, flags: [] })
})

test('nordic maxBorderFlow: quarter hours, and the newest time of modification', () => {
  const body = recordedFile('jao/nordic_max_border_flow.json')
  if (!body) return expect(body, absent).toBeUndefined()
  const { exploded, coverage } = read('jao.nordic.maxBorderFlow', body, twoDays)
  expect(count([exploded])).toEqual({ keys: 62, values: 11_904, nulls: 0, sum: 15_812_996, least: 0, greatest: 7537 })
  expect(coverage).toBe('complete')
  const times = new Set(exploded.slices.map(({ upstreamModifiedAtMs }) => upstreamModifiedAtMs))
  expect(times).toEqual(new Set([Date.parse('2026-04-21T08:31:15.147Z')]))
  for (const { key } of exploded.slices)
    expect(Object.keys(named('jao.nordic.maxBorderFlow').labels(key)), key).toEqual(['from', 'to'])
})

/** Builds answers from rows of a CSV, one per business day. */
function days(rows: Record<string, string>[], time: string, key: (column: string) => string | undefined) {
  const byDay = Map.groupBy(rows, (row) => dayAt('Europe/Brussels', Date.parse(row[time]!)))
  return [...byDay].map(([day, ofDay]) => {
    const data = ofDay.map((row) => {
      const cells = Object.entries(row).flatMap(([column, text]) => {
        const name = key(column)
        return name === undefined ? [] : [[name, text === '' ? null : Number(text)] as const]
      })
      return {
        dateTimeUtc: row[time],
        ...(row.lastModifiedOn ? { lastModifiedOn: row.lastModifiedOn } : {}),
        ...Object.fromEntries(cells),
      }
    })
    const body = Buffer.from(JSON.stringify({ data, rejected: false, messages: null }))
    return { day, body, window: businessDay('Europe/Brussels', day).window }
  })
}

test('nordic maxExchanges of November 2024: hourly then, each day modified at a time of its own', () => {
  const file = recordedFile('jao/nordic_max_exchanges_2024-11.csv')
  if (!file) return expect(file, absent).toBeUndefined()
  const answers = days(csvRows(file), 'dateTimeUtc', (column) => (column.startsWith('border_') ? column : undefined))
  const exploded = answers.map(({ body, window }) => read('jao.nordic.maxExchanges', body, window).exploded)
  expect(count(exploded)).toEqual({ keys: 62, values: 47_616, nulls: 0, sum: 71_672_065, least: 0, greatest: 8042 })
  expect(answers).toHaveLength(32)
  const rows = exploded.map(({ slices }, index) => {
    return { ...answers[index]!.window, rows: slices.reduce((sum, { values }) => sum + values.length, 0) }
  })
  const few = named('jao.nordic.maxExchanges').acrossAnswers!.flatMap((check) =>
    check.check === 'few-rows' ? check : [],
  )
  expect(few.map((check) => findFewRows(check, '', rows, (ms) => ms))).toEqual([[]])
  const modified = (day: string) =>
    exploded[answers.findIndex((answer) => answer.day === day)]?.slices[0]?.upstreamModifiedAtMs
  expect(modified('2024-10-30')).toBe(Date.parse('2024-10-29T09:00:56.693Z'))
  expect(modified('2024-11-05')).toBe(Date.parse('2024-11-04T09:56:13.033Z'))
  expect(flags(exploded)).toEqual([])
})

test('core netPos over both changeovers of 2022-23: 5,087 hours, each adding up to 0', () => {
  const file = recordedFile('jao/core_net_positions_2022-09_2023-03.csv')
  if (!file) return expect(file, absent).toBeUndefined()
  const key = (column: string) => (column === 'DateTime' ? undefined : `hub_${column === 'DE_LU' ? 'DE' : column}`)
  const answers = days(csvRows(file), 'DateTime', key)
  const exploded = answers.map(({ body, window }) => read('jao.core.netPos', body, window))
  const counted = count(exploded.map(({ exploded }) => exploded))
  expect(counted).toMatchObject({ keys: 14, values: 71_218, sum: 0, least: -11_713.1, greatest: 14_448.8 })
  expect(flags(exploded.map(({ exploded }) => exploded))).toEqual([])
  const of = (day: string) => exploded[answers.findIndex((answer) => answer.day === day)]!
  for (const [day, hours] of [
    ['2022-10-29', 24],
    ['2022-10-30', 25],
    ['2023-03-26', 23],
  ] as const) {
    expect(
      of(day).exploded.slices[0]?.values.filter((value) => value !== null),
      day,
    ).toHaveLength(hours)
    expect(of(day).exploded.slices[0]?.values, day).toHaveLength(hours)
    expect(of(day).coverage, day).toBe('complete')
  }
})

test('core netPos of a day in 2024, and a row after the virtual hubs came', () => {
  const [file, row] = [
    recordedFile('jao/core_net_positions_2024-09-02.reshaped.json'),
    recordedFile('jao/core_net_pos_post_ahc_row.json'),
  ]
  if (!file || !row) return expect(file && row, absent).toBeUndefined()
  const { zones, timestamps } = JSON.parse(file.toString()) as {
    zones: { key: string; values: number[] }[]
    timestamps: string[]
  }
  const data = timestamps.map((dateTimeUtc, hour) => ({
    dateTimeUtc,
    ...Object.fromEntries(zones.map(({ key, values }) => [key, values[hour]])),
  }))
  const body = Buffer.from(JSON.stringify({ data }))
  const { exploded, coverage } = read('jao.core.netPos', body, businessDay('Europe/Brussels', '2024-09-02').window)
  expect(count([exploded])).toEqual({ keys: 14, values: 336, nulls: 0, sum: 0, least: -4084.9, greatest: 5329.4 })
  const france = exploded.slices.find(({ key }) => key === 'hub_FR')?.values ?? []
  expect(france.reduce<number>((sum, value) => sum + (value ?? 0), 0)).toBeCloseTo(53_016.6, 6)
  expect([coverage, flags([exploded])]).toEqual(['complete', []])

  const later = read('jao.core.netPos', row, businessDay('Europe/Brussels', '2026-08-09').window)
  expect(count([later.exploded])).toMatchObject({ keys: 23, values: 23, sum: 0, least: -3290.5, greatest: 2112.1 })
  expect([later.coverage, flags([later.exploded])]).toEqual(['partial', []])
  expect(later.exploded.slices.map(({ stepS, values }) => [stepS, values.length])).toContainEqual([900, 96])
  expect(named('jao.core.netPos').labels('hub_DE_NO2_BigHub')).toEqual({ hub: 'DE_NO2_BigHub' })
})

test('one hub of a recorded row moved by a tenth is a flag on every hub of that row', () => {
  const row = recordedFile('jao/core_net_pos_post_ahc_row.json')
  if (!row) return expect(row, absent).toBeUndefined()
  const moved = Buffer.from(row.toString().replace('-3290.5', '-3290.4'))
  const { exploded } = read('jao.core.netPos', moved, businessDay('Europe/Brussels', '2026-08-09').window)
  const [{ dateTimeUtc, ...cells }] = (JSON.parse(row.toString()) as { data: [Record<string, string>] }).data
  const hubs = Object.keys(cells).filter((key) => key.startsWith('hub_'))
  expect(hubs).toHaveLength(23)
  expect(flaggedPoints(exploded.slices, named('jao.core.netPos').checks!)).toEqual(
    sortPoints(hubs.map((key) => [key, dateTimeUtc!, 'sum-not-zero'])),
  )
})

/** The API's names for the columns of the R package, from the package's source. */
const columns: Record<string, string> = {
  ...{ TSO: 'tso', CNE_Name: 'cneName', CNE_EIC: 'cneEic', CNE_Status: 'cneStatus', CNE_Type: 'elementType' },
  ...{
    Direction: 'direction',
    HubFrom: 'hubFrom',
    HubTo: 'hubTo',
    Fmax_type: 'fmaxType',
    C_Name: 'contName',
    C_TSO: 'contTso',
  },
  ...{ SubstationFrom: 'substationFrom', SubstationTo: 'substationTo', minRAM_justification: 'justification' },
}
const numbers: Record<string, string> = {
  ...{
    RAM: 'ram',
    minRAM_target: 'minRamTarget',
    Imax: 'imax',
    U: 'u',
    Fmax: 'fmax',
    FRM: 'frm',
    Fref_init: 'frefInit',
  },
  ...{ Fnrao: 'fnrao', Fref: 'fref', FCore: 'fcore', Fall: 'fall', Fuaf: 'fuaf', AMR: 'amr', CVA: 'cva', IVA: 'iva' },
}

function finalRow(row: Record<string, string>, index: number): Record<string, unknown> {
  const cells: [string, unknown][] = Object.entries(row).flatMap(([column, text]): [string, unknown][] => {
    if (columns[column] !== undefined) return [[columns[column], text === '' ? null : text]]
    const number = numbers[column] ?? (column.startsWith('ptdf_') ? column : undefined)
    return number === undefined ? [] : [[number, text === '' ? null : Number(text)]]
  })
  const contingencies = [
    { number: Number(row.C_Number), branchEic: row.C_EIC || null, elementType: row.C_Type || null },
  ]
  const { dateTimeUtc, Presolved } = row
  return { id: index, dateTimeUtc, presolved: Presolved === 'true', ...Object.fromEntries(cells), contingencies }
}

test('core finalComputation: 5,212 rows of one operator in three pages, with their margins and factors', () => {
  const file = recordedFile('jao/core_final_computation_2024-12-31T23.reshaped.csv')
  if (!file) return expect(file, absent).toBeUndefined()
  const dataset = named('jao.core.finalComputation')
  const window = span('2024-12-31T23:00:00Z', '2025-01-01T00:00:00Z')
  const rows = csvRows(file).map(finalRow)
  const { take } = dataset.asking!.pages!
  const records = []
  for (let skip = 0; skip < rows.length; skip += take) {
    const envelope = { rejected: false, messages: null, totalRows: rows.length, totalRowsWithFilter: rows.length }
    const body = Buffer.from(JSON.stringify({ data: rows.slice(skip, skip + take), ...envelope }))
    const asked = { window, selector: `rows-${skip}` }
    expect(dataset.asking!.assess(body, asked)).toBe('complete')
    const exploded = dataset.explode({ body, status: 200, ...asked })
    expect([exploded.refusal, exploded.slices]).toEqual([undefined, []])
    records.push(...(exploded.records ?? []))
  }
  const fields = records.map((record) => record.fields as unknown as FlowConstraint)
  const sum = (of: (row: FlowConstraint) => number) => fields.reduce((total, row) => total + of(row), 0)
  expect(fields).toHaveLength(5212)
  expect(fields.map(({ row }) => row)).toEqual(Array.from({ length: 5212 }, (_, index) => index))
  expect(sum(({ ram }) => ram ?? NaN)).toBe(9_864_924)
  expect(sum((row) => row.numbers.fmax ?? NaN)).toBe(10_899_950)
  expect(sum((row) => row.numbers.minRamTarget ?? NaN)).toBeCloseTo(3_647.401, 6)
  expect(sum((row) => row.ptdf.BE ?? NaN)).toBeCloseTo(0, 6)
  expect(fields.filter(({ presolved }) => presolved === true)).toHaveLength(18)
  expect(Map.groupBy(fields, ({ direction }) => direction).get('OPPOSITE')).toHaveLength(2605)
  expect(fields.some(({ ptdf }) => 'CH' in ptdf)).toBe(false)
  expect(Map.groupBy(fields, ({ contingencies }) => contingencies[0]?.number).get('3')).toHaveLength(588)
  expect(fields[0]).toMatchObject({
    tso: 'Elia',
    cneEic: '10T-BE-FR-000015',
    ram: 1598,
    contName: null,
    totalRows: 5212,
  })
  expect(fields[0]?.ptdf).toMatchObject({ ALBE: 0.17241, FR: -0.09053 })
  expect(new Set(records.map(({ key }) => key)).size).toBe(5212)
})

test('a slice of a domain: 109 constraints with shadow prices in eight', () => {
  const file = recordedFile('jao/core_fb_domain_slice_2024-09-01T22.reshaped.json')
  if (!file) return expect(file, absent).toBeUndefined()
  const told = JSON.parse(file.toString()) as {
    constraints: ({ ptdfs: Record<string, number> } & Record<string, unknown>)[]
  }
  const data = told.constraints.map(({ ptdfs, ...row }) => ({ dateTimeUtc: '2024-09-01T22:00:00Z', ...row, ...ptdfs }))
  const body = Buffer.from(JSON.stringify({ data, totalRowsWithFilter: 109 }))
  const window = span('2024-09-01T22:00:00Z', '2024-09-01T23:00:00Z')
  const { records = [], refusal } = named('jao.core.finalComputation').explode({ body, status: 200, window })
  const fields = records.map((record) => record.fields as unknown as FlowConstraint)
  expect([refusal, fields.length]).toEqual([undefined, 109])
  expect(fields.reduce((total, { ram }) => total + (ram ?? NaN), 0)).toBe(84_914)
  expect(fields.reduce((total, { ptdf }) => total + (ptdf.DE ?? NaN), 0)).toBeCloseTo(0.1893, 9)
  const prices = fields.flatMap((row) => row.numbers.shadowPrice ?? [])
  expect(prices).toHaveLength(8)
  expect(prices.reduce((total, price) => total + price, 0)).toBeCloseTo(276.210266606, 6)
  expect(fields.filter(({ texts }) => texts.active === 'true')).toHaveLength(8)
})

test('an hour of 25 MB in pages: every page is far below what a raw record takes, every row comes out once', () => {
  const dataset = named('jao.core.finalComputation')
  const { pages, maxBodyBytes } = dataset.asking!
  const window = span('2026-06-10T22:00:00Z', '2026-06-10T23:00:00Z')
  const total = 12_770
  const row = (index: number) => ({
    ...{
      id: index,
      dateTimeUtc: '2026-06-10T22:00:00Z',
      tso: 'ELIA',
      cneName: `Élement ${index} `,
      direction: 'DIRECT',
    },
    ...{ presolved: index % 2 === 0, ram: index, justification: 'x'.repeat(1_080) },
    ...Object.fromEntries(Array.from({ length: 23 }, (_, hub) => [`ptdf_HUB_${hub}`, hub / 1e5 + 0.00001])),
    contingencies: [{ number: 1, branchName: 'y'.repeat(100), branchEic: '10T-BE-FR-000015' }],
  })
  let bytes = 0
  let ram = 0
  const seen = new Set<string>()
  for (let skip = 0; skip < total; skip += pages!.take) {
    const data = Array.from({ length: Math.min(pages!.take, total - skip) }, (_, index) => row(skip + index))
    const body = Buffer.from(JSON.stringify({ data, totalRows: total, totalRowsWithFilter: total, skip }))
    bytes += body.length
    expect(body.length).toBeLessThan(4 * 1024 * 1024)
    expect(body.length).toBeLessThan(maxBodyBytes)
    const asked = { window, selector: `rows-${skip}` }
    expect(dataset.asking!.assess(body, asked)).toBe('complete')
    for (const record of dataset.explode({ body, status: 200, ...asked }).records ?? []) {
      seen.add(record.key)
      ram += record.fields.ram as number
    }
  }
  expect(bytes).toBeGreaterThan(25_000_000)
  expect([seen.size, ram]).toEqual([12_770, (12_769 * 12_770) / 2])
})
