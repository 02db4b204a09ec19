import { expect, it } from 'vitest'
import { coinbaseStats24h as stats, coinbaseTrade as ticker } from '../../test/support/documented-tickers.ts'
import type { Dataset } from '../source.ts'
import { coinbaseStats, coinbaseTicker } from './products.ts'

// Shapes as documented; no answer was recorded.
const window = { startMs: Date.parse('2026-11-20T12:00:00Z'), endMs: Date.parse('2026-11-20T12:00:10Z') }
const json = (value: unknown) => Buffer.from(JSON.stringify(value))
const explode = (dataset: Dataset, value: unknown, selector: string | null = 'BTC-USD') =>
  dataset.explode({ body: json(value), status: 200, window, selector })
const valuesOf = (dataset: Dataset, value: unknown) =>
  Object.fromEntries(explode(dataset, value).slices.map(({ key, values }) => [key, values[0]]))

it('the documented answers', () => {
  expect(valuesOf(coinbaseTicker, ticker)).toEqual({
    'BTC-USD.last': 6268.48,
    'BTC-USD.bid': 6265.15,
    'BTC-USD.ask': 6267.71,
    'BTC-USD.volume': 53602.03940154,
  })
  expect(explode(coinbaseTicker, ticker).slices[0]?.upstreamModifiedAtMs).toBe(Date.UTC(2020, 2, 20, 0, 22, 57, 833))
  expect(valuesOf(coinbaseStats, stats)).toEqual({
    'BTC-USD.open': 5414.18,
    'BTC-USD.high': 6441.37,
    'BTC-USD.low': 5261.69,
    'BTC-USD.volume_30day': 786763.72930864,
  })
})

it('asks for one product a request', () => {
  const paths = [coinbaseTicker, coinbaseStats].map(({ asking }) =>
    asking!.requestPath({ window, selector: 'BTC-USD' }),
  )
  expect(paths).toEqual(['/products/BTC-USD/ticker', '/products/BTC-USD/stats'])
  expect(coinbaseTicker.asking!.selectors!.perRequest).toBe(1)
})

it('refuses the error of Coinbase with what it says, and an answer of which nobody knows the product', () => {
  expect(explode(coinbaseTicker, { message: 'NotFound' }, 'NO-SUCH').refusal).toEqual({
    reason: 'upstream-rejected',
    message: 'Coinbase says "NotFound"; asked was NO-SUCH: it is none of its products, see COINBASE_SYMBOLS',
  })
  expect(explode(coinbaseTicker, ticker, null).refusal?.reason).toBe('schema')
  expect(explode(coinbaseTicker, [ticker]).refusal?.reason).toBe('schema')
})

it('has stats under the names that are read, or is refused with those that it has', () => {
  const assess = (value: unknown) => coinbaseStats.asking!.assess(json(value), { window, selector: 'BTC-USD' })
  for (const [value, names] of [
    [{}, '(none)'],
    [{ stats_24h: stats, stats_30day: {} }, 'stats_24h, stats_30day'],
  ] as const) {
    const { slices, refusal } = explode(coinbaseStats, value)
    expect([slices, refusal]).toEqual([
      [],
      { reason: 'schema', message: `the market BTC-USD has ${names} instead of open, high, low, volume_30day` },
    ])
    expect(() => assess(value)).toThrow(`schema: ${refusal?.message}`)
  }
  const some = { open: '1', High: '2' }
  expect(valuesOf(coinbaseStats, some)).toEqual({ 'BTC-USD.open': 1 })
  expect(explode(coinbaseStats, some).ignored).toEqual({ 'absent-metric': 3 })
})

it('without a bid and an ask keeps the price', () => {
  const empty = { ...ticker, bid: '', ask: '' }
  expect(valuesOf(coinbaseTicker, empty)).toEqual({
    ...{ 'BTC-USD.last': 6268.48, 'BTC-USD.volume': 53602.03940154 },
    ...{ 'BTC-USD.bid': null, 'BTC-USD.ask': null },
  })
  expect(explode(coinbaseTicker, empty).slices.map(({ flags }) => flags.join())).toEqual([
    ...['', 'unreadable', 'unreadable', ''],
  ])
})

it('accepts numbers for texts, and ignores an invalid time', () => {
  expect(valuesOf(coinbaseTicker, { ...ticker, price: 6268.48 })).toMatchObject({ 'BTC-USD.last': 6268.48 })
  for (const time of ['2017-10-26T16:12:12.5Z', '2017-10-26T16:12:12.5+00:00']) {
    const [slice] = explode(coinbaseTicker, { ...ticker, time }).slices
    expect(slice?.upstreamModifiedAtMs).toBe(Date.UTC(2017, 9, 26, 16, 12, 12, 500))
  }
  for (const time of ['yesterday', '2017-02-30T16:12:12Z', 7, null, {}]) {
    expect(explode(coinbaseTicker, { ...ticker, time }).slices[0]).not.toHaveProperty('upstreamModifiedAtMs')
  }
})

it('labels', () => {
  expect(coinbaseStats.labels('BTC-USD.volume_30day')).toEqual({
    market: 'BTC-USD',
    metric: 'volume_30day',
    asked: 'BTC-USD',
    base: 'BTC',
    quote: 'USD',
  })
  expect(coinbaseStats.unitOf!('BTC-USD.volume_30day')).toBe('BTC')
})
