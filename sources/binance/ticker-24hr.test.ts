import { describe, expect, it } from 'vitest'
import { recordedFile } from '../../test/support/recorded-file.ts'
import type { Slice } from '../source.ts'
import { binance } from './binance.ts'
import { binanceTicker24hr } from './ticker-24hr.ts'

const window = { startMs: Date.parse('2026-11-20T12:00:00Z'), endMs: Date.parse('2026-11-20T12:00:01Z') }
const explode = (body: Uint8Array, selector: string | null = null) =>
  binanceTicker24hr.explode({ body, status: 200, window, selector })
const assess = (body: Uint8Array, selector: string) => binanceTicker24hr.asking!.assess(body, { window, selector })
const valuesOf = (slices: Slice[]) => Object.fromEntries(slices.map(({ key, values }) => [key, values[0]]))
const json = (value: unknown) => Buffer.from(JSON.stringify(value))

describe('recorded answers', () => {
  // Read from the files by eye.
  const expected: Record<string, Record<string, number>> = {
    'binance_24hr_2019-10-08_btcusdt.json': {
      'BTCUSDT.last': 8199.59,
      'BTCUSDT.bid': 8196.76,
      'BTCUSDT.ask': 8199.56,
      'BTCUSDT.open': 8150.17,
      'BTCUSDT.high': 8325,
      'BTCUSDT.low': 8112.03,
      'BTCUSDT.vwap': 8210.52120244,
      'BTCUSDT.change': 49.42,
      'BTCUSDT.volume': 43952.845785,
      'BTCUSDT.quote_volume': 360875772.2251384,
      'BTCUSDT.trades': 448721,
    },
    'binance_24hr_2022-02-01_shibtry.json': {
      'SHIBTRY.last': 0.0002922,
      'SHIBTRY.bid': 0.00029206,
      'SHIBTRY.ask': 0.00029223,
      'SHIBTRY.open': 0.00028275,
      'SHIBTRY.high': 0.000295,
      'SHIBTRY.low': 0.0002818,
      'SHIBTRY.vwap': 0.00028925,
      'SHIBTRY.change': 0.00000945,
      'SHIBTRY.volume': 621432087719,
      'SHIBTRY.quote_volume': 179748569.24176604,
      'SHIBTRY.trades': 38701,
    },
  }
  it.each([
    ['binance_24hr_2019-10-08_btcusdt.json', 'BTCUSDT', 1570543246606],
    ['binance_24hr_2022-02-01_shibtry.json', 'SHIBTRY', 1643723642711],
  ])('%s', (file, symbol, closeTime) => {
    const body = recordedFile(`cryptowatch/${file}`)
    if (!body) return expect(body, 'recordings are missing; said above').toBeUndefined()
    const { slices, refusal, refusedParts, ignored } = explode(body, symbol)
    expect({ refusal, refusedParts, ignored }).toEqual({ refusal: undefined, refusedParts: [], ignored: {} })
    expect(valuesOf(slices)).toEqual(expected[file])
    for (const slice of slices) {
      expect(slice).toMatchObject({ startMs: window.startMs, stepS: 1, flags: [], upstreamModifiedAtMs: closeTime })
    }
    expect(assess(body, symbol)).toBe('complete')
    // The same as a list with one symbol.
    const list = Buffer.from(`[${body}]`)
    expect(explode(list, symbol).slices).toEqual(slices)
    expect(binanceTicker24hr.place!({ body, status: 200, window }, `${symbol}.vwap`, 0)).toEqual(['weightedAvgPrice'])
    expect(binanceTicker24hr.place!({ body: list, status: 200, window }, `${symbol}.vwap`, 0)).toEqual([
      0,
      'weightedAvgPrice',
    ])
  })
})

it('asks for symbols together as JSON, or for all', () => {
  const path = (selector: string) => binanceTicker24hr.asking!.requestPath({ window, selector })
  expect(path('BTCUSDT,ETHUSDT')).toBe('/api/v3/ticker/24hr?symbols=%5B%22BTCUSDT%22%2C%22ETHUSDT%22%5D')
  expect(path('*')).toBe('/api/v3/ticker/24hr')
})

it('stays below a weight of 6000 a minute whatever is asked for: 80 at the most', () => {
  expect(binance.upstream!.budget.perMinute * 80).toBeLessThan(6_000)
})

it('refuses the error of Binance with what it says', () => {
  const body = json({ code: -1121, msg: 'Invalid symbol.' })
  expect(explode(body, 'BTCUSDT,NOSUCH').refusal).toEqual({
    reason: 'upstream-rejected',
    message:
      'Binance says {"code":-1121,"msg":"Invalid symbol."}; asked was BTCUSDT,NOSUCH: one of them is none of its markets, see BINANCE_SYMBOLS',
  })
  expect(assess(body, 'BTCUSDT,NOSUCH')).toEqual(explode(body, 'BTCUSDT,NOSUCH').refusal)
})

it('refuses a market without a name or one twice; an empty list is empty', () => {
  const market = { symbol: 'BTCUSDT', lastPrice: '1.0' }
  expect(explode(json([market, 7])).refusal?.reason).toBe('schema')
  expect(explode(json([market, { lastPrice: '1.0' }])).refusal?.reason).toBe('schema')
  expect(explode(json([market, market])).refusal?.reason).toBe('conflicting-rows')
  expect(assess(json([]), '*')).toBe('empty')
})

it('refuses a bad market alone, in the form of an answer', () => {
  const [market, bad] = [
    { symbol: 'BTCUSDT', lastPrice: '1.0' },
    { symbol: 'ETHUSDT', lastPrice: 'NaN' },
  ]
  const { slices, refusedParts } = explode(json([market, bad]))
  expect(valuesOf(slices)).toEqual({ 'BTCUSDT.last': 1 })
  expect(refusedParts!.map(({ body }) => JSON.parse(Buffer.from(body).toString()))).toEqual([[bad]])
})

it('reads exponents, and keeps the price of a market with a bad figure', () => {
  const market = { symbol: 'BTCUSDT', priceChange: '-1E-05', lastPrice: '90000.0', volume: '3.7222581473E7', count: 0 }
  expect(valuesOf(explode(json([market])).slices)).toEqual({
    ...{ 'BTCUSDT.last': 90_000, 'BTCUSDT.change': -0.00001, 'BTCUSDT.volume': 37_222_581.473, 'BTCUSDT.trades': 0 },
  })
  const { slices, refusedParts, refusal } = explode(json([{ ...market, priceChange: 'NaN' }]))
  expect([valuesOf(slices)['BTCUSDT.last'], slices.length, refusedParts?.length, refusal]).toEqual([
    ...[90_000, 3, 1, undefined],
  ])
})

it('allows a negative change, and ignores an invalid time of upstream', () => {
  const { slices } = explode(json([{ symbol: 'A币USDT', lastPrice: '1.0', priceChange: '-2.50', closeTime: 1e300 }]))
  expect(slices.map(({ flags, values, upstreamModifiedAtMs }) => [flags, values, upstreamModifiedAtMs])).toEqual([
    [[], [1], undefined],
    [[], [-2.5], undefined],
  ])
})

it('splits names at the quote currency', () => {
  const labels = (market: string) => binanceTicker24hr.labels(`${market}.last`)
  expect(labels('BTCUSDT')).toEqual({ market: 'BTCUSDT', metric: 'last', asked: 'BTCUSDT', base: 'BTC', quote: 'USDT' })
  expect(labels('BTCFDUSD')).toMatchObject({ base: 'BTC', quote: 'FDUSD' })
  expect(labels('SHIBTRY')).toMatchObject({ base: 'SHIB', quote: 'TRY' })
  expect(labels('ODD')).toEqual({ market: 'ODD', metric: 'last', asked: 'ODD' })
})
