import { describe, expect, test } from 'vitest'
import { businessDay } from '#core/business-day.ts'
import { flaggedPoints } from '../../test/support/flagged-points.ts'
import { parseModifiedMs } from '../answers/times.ts'
import { neverSeen } from '../calendar.ts'
import type { Dataset } from '../source.ts'
import { fromAndTo } from './hubs.ts'
import { jao } from './jao.ts'

const named = (name: string): Dataset => jao.datasets.find((dataset) => dataset.name === name)!
const window = (day: string) => businessDay('Europe/Brussels', day).window

/** A day of rows so many minutes apart: key is its number from 1 on. */
function rows(day: string, minutes: number, key: string, from = 0): Buffer {
  const { startMs, endMs } = window(day)
  const data = []
  for (let ms = startMs + from * 60_000; ms < endMs; ms += minutes * 60_000)
    data.push({ dateTimeUtc: `${new Date(ms).toISOString().slice(0, 19)}Z`, [key]: data.length + 1 })
  return Buffer.from(JSON.stringify({ data, rejected: false, messages: null }))
}

const read = (name: string, day: string, body: Buffer) => ({
  ...named(name).explode({ body, status: 200, window: window(day) }),
  coverage: named(name).asking!.assess(body, { window: window(day), selector: null }),
})

describe('what is declared', () => {
  test('all of the regions, each once', () => {
    const names = jao.datasets.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    const of = (start: string) => names.filter((name) => name.startsWith(start)).length
    // 19 rows of periods and a domain; 6 and a domain; 8 of each of four calculations with a domain, 4 of each of three auctions.
    expect([of('jao.core.'), of('jao.nordic.'), of('jao.coreID.IDCC'), of('jao.coreID.ID')]).toEqual([20, 7, 36, 48])
  })

  test('only recorded datasets have the schedule auto, and two of them are backfilled by themselves', () => {
    const auto = jao.datasets.filter(({ schedule }) => schedule === 'auto')
    expect(auto.map(({ name }) => name)).toEqual([
      ...['jao.core.maxExchanges', 'jao.core.netPos', 'jao.core.atc', 'jao.core.shadowAuctionATC'],
      ...['jao.core.scheduledExchanges', 'jao.nordic.maxExchanges', 'jao.nordic.maxBorderFlow'],
    ])
    expect(auto.map(({ shape }) => shape)).toEqual(new Array(7).fill('recorded'))
    const past = jao.datasets.filter(({ asking }) => asking?.autoBackfill).map(({ name }) => name)
    expect(past).toEqual(['jao.core.maxExchanges', 'jao.nordic.maxExchanges'])
  })

  test.each([
    ['jao.core.maxExchanges', '2022-06-09', '09:00', '11:00', undefined, '/core/api/data/maxExchanges'],
    ['jao.core.netPos', '2022-06-09', '12:50', '13:30', undefined, '/core/api/data/netPos'],
    ['jao.core.congestionIncome', '2022-06-09', '16:00', undefined, undefined, '/core/api/data/congestionIncome'],
    ['jao.nordic.maxBorderFlow', '2024-10-30', '08:30', '11:15', undefined, '/nordic/api/data/maxBorderFlow'],
    [
      'jao.coreID.IDCCA_maxExchanges',
      '2024-06-14',
      '15:00',
      undefined,
      undefined,
      '/coreID/api/data/IDCCA_maxExchanges',
    ],
    ['jao.coreID.IDCCB_intradayAtc', '2024-05-29', '22:00', undefined, undefined, '/coreID/api/data/IDCCB_intradayAtc'],
    ['jao.coreID.IDCCC_d2CF', '2025-06-25', '04:00', undefined, 1, '/coreID/api/data/IDCCC_d2CF'],
    ['jao.coreID.IDCCD_netPos', '2026-04-01', '10:00', undefined, 1, '/coreID/api/data/IDCCD_netPos'],
    ['jao.coreID.ID3_priceSpread', '2024-06-14', '10:30', undefined, 1, '/coreID/api/data/ID3_priceSpread'],
  ])('%s: first day, due times and path', (name, firstDay, searchFrom, expectedBy, searchDaysLater, path) => {
    const { calendar, asking } = named(name)
    const later = searchDaysLater === undefined ? {} : { searchDaysLater }
    const expected = expectedBy === undefined ? neverSeen : { expectedBy, lateAfterS: 1_800 }
    expect(calendar).toEqual({
      ...{ kind: 'days', window: 'day', zone: 'Europe/Brussels', firstDay, searchFrom, ...later, expected },
    })
    expect(asking?.requestPath({ window: window('2026-03-29'), selector: null })).toBe(
      `${path}?FromUtc=2026-03-28T23%3A00%3A00.000Z&ToUtc=2026-03-29T22%3A00%3A00.000Z`,
    )
  })
})

describe('steps', () => {
  test.each([
    ['2026-03-29', 92],
    ['2025-10-26', 100],
    ['2025-10-01', 96],
  ])('netPos of %s has %i quarter hours', (day, count) => {
    const { slices, coverage, refusal } = read('jao.core.netPos', day, rows(day, 15, 'hub_AT'))
    expect([refusal, coverage, slices[0]?.stepS]).toEqual([undefined, 'complete', 900])
    expect(slices[0]?.values).toEqual(Array.from({ length: count }, (_, index) => index + 1))
    expect(slices[0]?.flags).toEqual(['sum-not-zero'])
    expect(read('jao.core.netPos', day, rows(day, 15, 'hub_AT', 15)).coverage).toBe('partial')
  })

  test.each([
    ['2025-09-30', 24],
    ['2025-03-30', 23],
    ['2024-10-27', 25],
  ])('and of %s, before quarter hours, %i hours', (day, count) => {
    const { slices, coverage } = read('jao.core.netPos', day, rows(day, 60, 'hub_AT'))
    expect([coverage, slices[0]?.stepS, slices[0]?.values.length]).toEqual(['complete', 3600, count])
  })

  test('hours are refused where quarter hours are declared: holes would be invented', () => {
    for (const name of ['jao.core.atc', 'jao.core.scheduledExchanges', 'jao.nordic.maxExchanges', 'jao.nordic.refprog'])
      expect(
        read('jao.nordic.maxBorderFlow', '2026-04-21', rows('2026-04-21', 15, 'border_FI_EE')).refusal,
        name,
      ).toBeUndefined()
    const body = rows('2026-04-21', 60, 'border_FI_EE')
    const exploded = named('jao.nordic.maxExchanges').explode({ body, status: 200, window: window('2026-04-21') })
    expect(exploded.refusal).toEqual({ reason: 'step', message: 'rows are 3600 s apart, declared are 900 s' })
  })

  test('quarter hours are taken where hours are declared, with a flag; maxExchanges and shadowAuctionATC stay hourly', () => {
    for (const name of ['jao.core.maxExchanges', 'jao.core.shadowAuctionATC', 'jao.core.lta']) {
      const { slices } = read(name, '2026-04-21', rows('2026-04-21', 15, 'border_AT_BE'))
      expect(slices[0]).toMatchObject({ stepS: 900, flags: ['step-changed'] })
      expect(read(name, '2026-04-21', rows('2026-04-21', 60, 'border_AT_BE')).slices[0]).toMatchObject({
        stepS: 3600,
        flags: [],
      })
    }
  })
})

describe('values', () => {
  test('a day of nulls is complete where a null is an answer, and nowhere else', () => {
    const lookAtNulls = (name: string) => {
      const key = named(name).keys.example
      const stepMs =
        (named(name).steps.findLast(({ fromMs }) => fromMs <= window('2026-04-21').startMs)?.stepS ?? 0) * 1000
      const data = []
      for (let ms = window('2026-04-21').startMs; ms < window('2026-04-21').endMs; ms += stepMs)
        data.push({ dateTimeUtc: `${new Date(ms).toISOString().slice(0, 19)}Z`, [key]: null })
      return read(name, '2026-04-21', Buffer.from(JSON.stringify({ data }))).coverage
    }
    const names = jao.datasets.filter(({ asking }) => !asking?.pages).map(({ name }) => name)
    const complete = names.filter((name) => lookAtNulls(name) === 'complete')
    expect(complete).toEqual([
      ...['jao.core.bexRestrictions', 'jao.core.allocationConstraint', 'jao.core.activeLtaConstraint'],
      ...['A', 'B', 'C', 'D'].map((stage) => `jao.coreID.IDCC${stage}_allocationConstraint`),
    ])
    expect(names.filter((name) => lookAtNulls(name) === 'partial')).toHaveLength(names.length - 7)
    expect(named('jao.core.allocationConstraint').nullMeans).toBe('no limit')
  })

  test('outside of what is plausible are stored with a flag; where nothing is known, nothing is flagged', () => {
    const body = (key: string, value: number) =>
      Buffer.from(JSON.stringify({ data: [{ dateTimeUtc: '2026-04-21T00:00:00Z', [key]: value }] }))
    const flags = (name: string, key: string, value: number) =>
      read(name, '2026-04-21', body(key, value)).slices[0]?.flags
    expect(flags('jao.core.shadowAuctionATC', 'border_AT_CZ', -1)).toEqual(['implausible'])
    expect(flags('jao.nordic.maxExchanges', 'border_FI_EE', 25_001)).toEqual(['implausible'])
    expect(flags('jao.core.priceSpread', 'border_AT_CZ', -9_999)).toEqual([])
    expect(flags('jao.core.maxNetPos', 'minAT', -9_999)).toEqual([])
  })

  test('hubs that do not add up in one row are a flag on that row, a null counts as nothing and has none', () => {
    const answer = (second: Record<string, number | null>) =>
      Buffer.from(
        JSON.stringify({
          data: [
            { dateTimeUtc: '2026-04-21T00:00:00Z', hub_AT: 0.1, hub_BE: 0.2, hub_CZ: -0.3 },
            { dateTimeUtc: '2026-04-21T00:15:00Z', ...second },
          ],
        }),
      )
    const flagged = (second: Record<string, number | null>, name = 'jao.core.netPos') =>
      flaggedPoints(read(name, '2026-04-21', answer(second)).slices, named('jao.core.netPos').checks!)
    expect(flagged({ hub_AT: 1, hub_BE: -1, hub_CZ: null })).toEqual([])
    expect(flagged({ hub_AT: 1, hub_BE: -1.1, hub_CZ: null })).toEqual([
      ['hub_AT', '2026-04-21T00:15:00Z', 'sum-not-zero'],
      ['hub_BE', '2026-04-21T00:15:00Z', 'sum-not-zero'],
    ])
    expect(flagged({ hub_AT: 5 }, 'jao.coreID.IDCCA_netPos')).toEqual([])
  })

  test.each([
    ['2026-04-20T07:24:01.43', '2026-04-20T07:24:01.430Z'],
    ['2026-04-20T07:24:01.407', '2026-04-20T07:24:01.407Z'],
    ['2026-04-20T07:24:01.1234567', '2026-04-20T07:24:01.123Z'],
    ['2026-04-20T07:24:01', '2026-04-20T07:24:01.000Z'],
    ['2026-04-20T07:24:01.5Z', '2026-04-20T07:24:01.500Z'],
    ['2026-04-20T07:24:01.5+00:00', '2026-04-20T07:24:01.500Z'],
    ['2026-04-20T07:24:01-00:00', '2026-04-20T07:24:01.000Z'],
  ])('lastModifiedOn %s is UTC', (text, time) => expect(parseModifiedMs(text)).toBe(Date.parse(time)))

  test.each(['x', '', null, 7, '2026-02-30T07:24:01.43', '2026-04-20', '2026-04-20T07:24:01+02:00'])(
    'lastModifiedOn %s is none, and harms nothing',
    (text) => {
      expect(parseModifiedMs(text)).toBeUndefined()
      const data = [{ dateTimeUtc: '2026-04-21T00:00:00Z', border_AT_BE: 1, lastModifiedOn: text }]
      const { slices } = read('jao.core.lta', '2026-04-21', Buffer.from(JSON.stringify({ data })))
      expect(slices[0]).not.toHaveProperty('upstreamModifiedAtMs')
      expect(slices[0]?.values[2]).toBe(1)
    },
  )
})

describe('labels', () => {
  test.each([
    ['jao.nordic.maxExchanges', 'border_SE3SWL_SE4', { from: 'SE3SWL', to: 'SE4' }],
    ['jao.nordic.maxExchanges', 'border_DK1_NL', { from: 'DK1', to: 'NL' }],
    ['jao.core.atc', 'border_ALBE_ALDE', { from: 'ALBE', to: 'ALDE' }],
    ['jao.core.atc', 'border_RO_BG', { from: 'RO', to: 'BG' }],
    ['jao.core.refprog', 'border_DE_DK2_BigHub_DE', { from: 'DE_DK2_BigHub', to: 'DE' }],
    ['jao.core.refprog', 'border_RO_RO_BG_VH', { from: 'RO', to: 'RO_BG_VH' }],
    ['jao.core.refprog', 'border_XX_YY', {}],
    ['jao.core.maxNetPos', 'maxDE_DK1_VH', { bound: 'max', hub: 'DE_DK1_VH' }],
    ['jao.nordic.maxNetPos', 'min_DK1', { bound: 'min', hub: 'DK1' }],
    ['jao.core.maxNetPos', 'minimum', {}],
    ['jao.core.netPos', 'hub_RO_BG_VH', { hub: 'RO_BG_VH' }],
    ['jao.core.d2CF', 'coreNetPosition_AT', { quantity: 'coreNetPosition', hub: 'AT' }],
    ['jao.core.allocationConstraint', 'limitDown_BE', { quantity: 'limitDown', hub: 'BE' }],
    ['jao.core.intradayATC', 'initial_DE_DE_DK1_VH', { quantity: 'initial', from: 'DE', to: 'DE_DK1_VH' }],
    ['jao.core.intradayATC', 'initial_XX_YY', { quantity: 'initial' }],
    ['jao.core.congestionIncome', 'grossTso_TTN_NL', { quantity: 'grossTso', tso: 'TTN_NL' }],
    ['jao.core.congestionIncome', 'grossBorder_AT_DE', { quantity: 'grossBorder', from: 'AT', to: 'DE' }],
    ['jao.core.activeLtaConstraint', 'qty_AT_DE', { quantity: 'qty', from: 'AT', to: 'DE' }],
    ['jao.core.alphaFactor', 'alphaFactor', {}],
  ])('%s %s', (name, key, labels) => expect(named(name).labels(key)).toEqual(labels))

  test('names that cannot be told apart give none', () => {
    for (const names of ['', 'AT', 'AT_', '_AT', 'AT_BE_FR', 'AT BE']) expect(fromAndTo(names), names).toEqual({})
  })
})
