import { describe, expect, test } from 'vitest'
import { recordedFile } from '../../test/support/recorded-file.ts'
import { businessDay, firstPublicationMs } from './calendar.ts'
import { jaoDatasets } from './datasets.ts'
import { createJao } from './jao.ts'
import type { Command } from './publications.ts'
import { createUpstream, type Upstream } from './upstream.ts'

type Row = { id: number; dateTimeUtc: string; lastModifiedOn?: string } & Record<string, number | string | null>

const NOW = Date.parse('2026-11-20T21:59:00Z')
const named = (name: string, commands: Command[] = []) =>
  createUpstream(1, commands, jaoDatasets.find((dataset) => dataset.name === name)!)
const textOf = (upstream: Upstream, day: string, atMs = NOW) => {
  const { startMs, endMs } = businessDay(day)
  return upstream.body(startMs, endMs, atMs).toString()
}
const rowsOf = (upstream: Upstream, day: string, atMs = NOW) =>
  (JSON.parse(textOf(upstream, day, atMs)) as { data: Row[] }).data
const keysOf = (row: object) => Object.keys(row).filter((key) => !['id', 'dateTimeUtc', 'lastModifiedOn'].includes(key))

test('every dataset of the tool is there, by the name in its path', () => {
  const core =
    'maxExchanges maxNetPos netPos referenceNetPosition lta ltn bexRestrictions atc shadowAuctionATC refprog scheduledExchanges priceSpread d2CF allocationConstraint intradayATC intradayNTC congestionIncome alphaFactor activeLtaConstraint'
  const nordic = 'maxExchanges maxNetPos maxBorderFlow borderFlowSDAC refprog congestionIncome'
  const calculated = 'maxExchanges maxNetPos netPos refprog d2CF intradayATC intradayNTC allocationConstraint'
  const auctioned = 'netPos scheduledExchanges priceSpread congestionIncome'
  const under = (region: string, names: string, prefix = '') =>
    names.split(' ').map((name) => `/${region}/api/data/${prefix}${name}`)
  const expected = [
    ...under('core', `${core} finalComputation`),
    ...under('nordic', `${nordic} finalComputation`),
    ...['IDCCA_', 'IDCCB_', 'IDCCC_', 'IDCCD_'].flatMap((round) => under('coreID', calculated, round)),
    ...['ID1_', 'ID2_', 'ID3_'].flatMap((round) => under('coreID', auctioned, round)),
  ]
  const jao = createJao(1)
  expect(jao.names()).toHaveLength(expected.length)
  for (const path of expected) {
    expect(jao.at(path.toLowerCase())?.dataset.path).toBe(path)
    expect(jao.at(path.toUpperCase())?.dataset.path).toBe(path)
  }
  expect(jao.at('/swe/api/data/maxexchanges')).toBeUndefined()
})

test.each([
  ['core.atc', 'jao/core_external_atc.json'],
  ['core.shadowAuctionATC', 'jao/shadow_auction_atc.json'],
  ['nordic.maxBorderFlow', 'jao/nordic_max_border_flow.json'],
  ['core.netPos', 'jao/core_net_pos_post_ahc_row.json'],
])('%s names the fields that JAO named, in its order, with numbers as long as its', (name, file) => {
  const text = recordedFile(file)?.toString()
  if (text === undefined) return
  const recorded = JSON.parse(text) as { data: Row[] }
  const [row] = rowsOf(named(name), recorded.data[0]!.dateTimeUtc.slice(0, 10))
  expect(Object.keys(row!)).toEqual(Object.keys(recorded.data[0]!))
  const envelope = JSON.parse(textOf(named(name), '2025-10-02')) as object
  expect(Object.keys(envelope)).toEqual(Object.keys(recorded))
  const nulls = (each: Row) => Object.keys(each).filter((key) => each[key] === null)
  expect(nulls(row!)).toEqual(nulls(recorded.data[0]!))
  const decimals = (json: string) =>
    Math.max(
      ...[...json.matchAll(/"(?:border|hub)_[^"]*": ?-?\d+(?:\.(\d+))?/g)].map(([, digits = '']) => digits.length),
    )
  expect(decimals(textOf(named(name), '2026-04-20'))).toBe(decimals(text))
})

test('the Nordic exchanges name the columns of November 2024, constant where they were', () => {
  const text = recordedFile('jao/nordic_max_exchanges_2024-11.csv')?.toString()
  if (text === undefined) return
  const [head = '', ...lines] = text.trim().split('\n')
  const names = head.split(',')
  const rows = rowsOf(named('nordic.maxExchanges'), '2024-11-05')
  expect(rows).toHaveLength(24)
  expect(Object.keys(rows[0]!)).toEqual(names)
  const cells = lines.map((line) => line.split(','))
  names.slice(3).forEach((name, at) => {
    const recorded = cells.map((row) => Number(row[at + 3]))
    const [low, high] = [Math.min(...recorded), Math.max(...recorded)]
    const drawn = rows.map((row) => row[name] as number)
    expect([name, Math.min(...drawn) >= low, Math.max(...drawn) <= high]).toEqual([name, true, true])
  })
})

test('rows are printed as upstream prints them', () => {
  expect(textOf(named('core.netPos'), '2026-04-20')).toMatch(
    /^\{"data":\[\{"id":\d+,"dateTimeUtc":"2026-04-19T22:00:00Z","hub_ALBE":-?\d+\.\d,"hub_ALDE":-?\d+\.\d,.*\],"rejected":false,"messages":null\}$/,
  )
  expect(textOf(named('core.shadowAuctionATC'), '2026-04-20')).toMatch(
    /"border_AT_CZ":200,.*\],"rejected":false,"messages":null,"totalRows":24,"totalRowsWithFilter":24\}$/,
  )
  expect(textOf(named('core.atc'), '2026-04-20')).toContain(
    '"border_FR_IT":null,"border_AT_IT":null,"border_IT_AT":null,"border_IT_FR":null,',
  )
  expect(textOf(named('nordic.maxNetPos'), '2026-04-20')).toMatch(
    /"lastModifiedOn":"2026-04-19T\d\d:\d\d:\d\d(\.\d{1,3})?","min_DK1":-\d+\.0{10},/,
  )
  expect(textOf(named('core.priceSpread'), '2026-04-20')).toMatch(/"border_AT_CZ":-?\d+\.\d\d,/)
  expect(textOf(named('core.maxNetPos'), '2026-06-11')).toMatch(/"minAT":-\d+\.0{10},.*"minDE_DK1_VH":-\d+\.0{10},/)
})

describe('steps', () => {
  const lengths = (name: string) =>
    ['2025-09-30', '2025-10-01', '2025-10-26', '2026-03-29'].map((day) => rowsOf(named(name), day).length)

  test.each([
    ['core.netPos', [24, 96, 100, 92]],
    ['core.scheduledExchanges', [24, 96, 100, 92]],
    ['core.atc', [24, 96, 100, 92]],
    ['nordic.maxExchanges', [24, 96, 100, 92]],
    ['nordic.borderFlowSDAC', [24, 96, 100, 92]],
    ['core.maxExchanges', [24, 24, 25, 23]],
    ['core.shadowAuctionATC', [24, 24, 25, 23]],
    ['core.lta', [24, 24, 25, 23]],
  ])('%s has %j rows before and after October 2025, on the long and on the short day', (name, expected) => {
    expect(lengths(name)).toEqual(expected)
  })

  test('quarter hours stand fifteen minutes apart; Nordic ones of an hour are equal, those of netPos are not', () => {
    const starts = rowsOf(named('nordic.maxExchanges'), '2026-04-20').map(({ dateTimeUtc }) => Date.parse(dateTimeUtc))
    expect(starts.every((start, row) => start === Date.parse('2026-04-19T22:00:00Z') + row * 900_000)).toBe(true)
    const differing = (name: string) =>
      rowsOf(named(name), '2026-04-20').filter((row, at, rows) =>
        keysOf(row).some((key) => row[key] !== rows[at - (at % 4)]![key]),
      ).length
    expect(differing('nordic.maxExchanges')).toBe(0)
    expect(differing('nordic.maxBorderFlow')).toBe(0)
    expect(differing('core.atc')).toBe(0)
    expect(differing('core.netPos')).toBe(72)
  })
})

test('the hubs of a netPos row add up to 0, before and after the virtual hubs, and after revisions', () => {
  const sums = (upstream: Upstream, day: string) =>
    rowsOf(upstream, day).map((row) => keysOf(row).reduce((sum, key) => sum + Math.round((row[key] as number) * 10), 0))
  const at = (what: Command['what']): Command => ({ dataset: 'core.netPos', day: '2026-06-12', atMs: NOW - 9, what })
  const redrawn = named('core.netPos', [
    at({ verb: 'redraw' }),
    at({ verb: 'revise', key: 'hub_FR', salt: 3 }),
    at({ verb: 'revise', salt: 4 }),
  ])
  for (const day of ['2022-06-09', '2025-12-31', '2026-06-12']) {
    expect(new Set(sums(named('core.netPos'), day))).toEqual(new Set([0]))
    expect(new Set(sums(redrawn, day))).toEqual(new Set([0]))
  }
  expect(rowsOf(redrawn, '2026-06-12')).not.toEqual(rowsOf(named('core.netPos'), '2026-06-12'))
  expect(new Set(sums(named('coreID.ID2_netPos'), '2026-04-20'))).toEqual(new Set([0]))
  // A commanded value stays, even if the row no longer sums to 0.
  const commanded = named('core.netPos', [at({ verb: 'revise', key: 'hub_FR', value: 77.7, salt: 1 })])
  expect(rowsOf(commanded, '2026-06-12').every(({ hub_FR }) => hub_FR === 77.7)).toBe(true)
  expect(new Set(sums(commanded, '2026-06-12'))).not.toContain(0)
})

test('exchanges are scheduled in one direction of a border at a time, also after revisions, unless one is commanded', () => {
  const day = '2026-06-12'
  const bothWays = (upstream: Upstream) =>
    rowsOf(upstream, day).filter((row) =>
      keysOf(row).some((key) => {
        const [, from, to] = key.split('_')
        return (row[key] as number) > 0 && (row[`border_${to}_${from}`] as number) > 0
      }),
    ).length
  const at = (what: Command['what']): Command => ({ dataset: 'core.scheduledExchanges', day, atMs: NOW - 9, what })
  for (const name of ['core.scheduledExchanges', 'coreID.ID1_scheduledExchanges']) expect(bothWays(named(name))).toBe(0)
  const redrawn = [at({ verb: 'redraw' }), at({ verb: 'revise', salt: 4 })]
  expect(bothWays(named('core.scheduledExchanges', redrawn))).toBe(0)
  const commanded = ['border_AT_CZ', 'border_CZ_AT'].map((key) => at({ verb: 'revise', key, value: 7, salt: 1 }))
  expect(bothWays(named('core.scheduledExchanges', commanded))).toBe(96)
})

test('history begins with the day of the region or round', () => {
  const begins = (name: string, day: string, before: string) => {
    expect([name, rowsOf(named(name), day).length > 0, rowsOf(named(name), before)]).toEqual([name, true, []])
  }
  begins('core.lta', '2022-06-09', '2022-06-08')
  begins('nordic.maxExchanges', '2024-10-30', '2024-10-29')
  begins('coreID.IDCCB_netPos', '2024-05-29', '2024-05-28')
  begins('coreID.IDCCA_maxExchanges', '2024-06-14', '2024-06-13')
  begins('coreID.IDCCC_maxNetPos', '2025-06-25', '2025-06-24')
  begins('coreID.IDCCD_d2CF', '2026-04-01', '2026-03-31')
})

test('capacities come out about 10:30 of the day before, Nordic ones earlier, results of the auction about 13:00', () => {
  const local = (name: string) => {
    const { due, salt } = jaoDatasets.find((dataset) => dataset.name === name)!
    return new Date(firstPublicationMs(1 ^ salt, '2026-04-20', due)).toISOString()
  }
  for (const name of ['core.maxExchanges', 'core.atc', 'core.lta']) expect(local(name)).toMatch(/^2026-04-19T08:[23]/)
  expect(local('nordic.maxExchanges')).toMatch(/^2026-04-19T07:[23]/)
  for (const name of ['core.netPos', 'core.scheduledExchanges', 'core.priceSpread'])
    expect(local(name)).toMatch(/^2026-04-19T(10:5|11:0)/)
  expect(local('coreID.IDCCD_maxExchanges')).toMatch(/^2026-04-20T(07:5|08:0)/)
})

test('lastModifiedOn is of the second before the publication, ascending, without zeros at its end', () => {
  const upstream = named('nordic.maxExchanges')
  const { publishedAtMs } = upstream.history('2026-04-20')[0]!
  const stamps = rowsOf(upstream, '2026-04-20', publishedAtMs).map((row) => row.lastModifiedOn!)
  const times = stamps.map((stamp) => Date.parse(`${stamp}Z`))
  expect(stamps.every((stamp) => /:\d\d(\.\d{0,2}[1-9])?$/.test(stamp))).toBe(true)
  expect(new Set(stamps).size).toBeGreaterThan(1)
  expect(times).toEqual(times.toSorted((one, other) => one - other))
  expect(times.every((ms) => ms < publishedAtMs && ms > publishedAtMs - 1_000)).toBe(true)
})

test('the answer of every dataset equals the truth of the day, and a revision changes it', () => {
  const day = '2026-07-01'
  for (const dataset of jaoDatasets) {
    const upstream = createUpstream(3, [], dataset)
    const truth = () => {
      const { hoursMs, columns, values } = upstream.published(day, NOW)!.contents
      return hoursMs.map((start, row) => [
        `${new Date(start).toISOString().slice(0, 19)}Z`,
        ...columns.map(({ key }, column) => [key, values[row]![column]]),
      ])
    }
    const answered = () =>
      rowsOf(upstream, day).map((row) => [row.dateTimeUtc, ...keysOf(row).map((key) => [key, row[key]])])
    const before = answered()
    expect([dataset.name, before]).toEqual([dataset.name, truth()])
    upstream.command({ dataset: dataset.name, day, atMs: NOW, what: { verb: 'revise', salt: 1 } })
    expect([dataset.name, answered()]).toEqual([dataset.name, truth()])
    expect([dataset.name, answered()]).not.toEqual([dataset.name, before])
  }
})
