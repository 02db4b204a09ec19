import { expect, test } from 'vitest'
import { recordedFile } from '../../test/support/recorded-file.ts'
import type { Answer, Dataset } from '../source.ts'
import { cryptowatch } from './cryptowatch.ts'

const markets = cryptowatch.datasets[0] as Dataset
const atMs = Date.parse('2023-07-30T10:00:00Z')
const answer = (body: string | Buffer, url: string): Answer => ({
  body: Buffer.from(body),
  ...{ status: 200, window: { startMs: atMs, endMs: atMs + 1000 }, url },
})

/** Read in the files by hand: how many values, some of them, or why it is refused. */
const files: Record<string, { values?: number; some?: Record<string, number>; refused?: [string, RegExp] }> = {
  'markets_summaries.json': {
    values: 18,
    some: {
      'binance-us:1inchusdt.last': 0.304,
      'binance-us:1inchusdt.high': 0.308,
      'binance-us:1inchusdt.low': 0.297,
      'binance-us:1inchusdt.changePercentage': 0.006622516556291397,
      'binance-us:1inchusdt.changeAbsolute': 0.0020000000000000018,
      'binance-us:1inchusdt.volume': 1440.4999999999627,
      'binance-us:1inchusdt.volumeBase': 1440.4999999999627,
      'binance-us:1inchusdt.volumeQuote': 437.8506999999481,
      'binance-us:1inchusdt.volumeUSD': 437.8694070135708,
      'binance-us:aaveusdt.last': 72.5,
    },
  },
  'markets_summaries_limit3.json': { values: 27 },
  'markets_summaries_keyby_id.json': {
    values: 18,
    some: { '1.last': 29378, '1.changeAbsolute': -21, '100.volumeUSD': 108.32337939129846 },
  },
  'markets_summaries_keyby_id_cursor.json': { values: 27, some: { '3763626.high': 3.479 } },
  'market_kraken_btcusd_summary.json': {
    values: 7,
    some: { 'kraken:btcusd.last': 29337, 'kraken:btcusd.volumeQuote': 60061803.852393046 },
  },
  'market_kraken_btcusd_price.json': { values: 1, some: { 'kraken:btcusd.last': 29080.7 } },
  'markets_prices.json': {
    values: 8,
    some: {
      'binance-us:1inchusdt.last': 0.306,
      'binance-us:adabtc.last': 0.00001046,
      'binance-us:algousdt.last': 0.1094,
    },
  },
  '2021_price.json': { refused: ['other-file', /does not name it/] },
  '2021_error.json': { refused: ['upstream-rejected', /error: Exchange not found$/] },
  '2021_exchanges.json': { refused: ['other-file', /has no markets/] },
  'markets_list.json': { refused: ['other-file', /has no markets/] },
  'market_kraken_btcusd.json': { refused: ['other-file', /no market is named id|neither a summary nor a price/] },
}

test.each(Object.entries(files))('%s', (name, { values, some = {}, refused }) => {
  const body = recordedFile(`cryptowatch/${name}`)
  if (!body) return expect(body, 'recordings are missing; said above').toBeUndefined()
  const { slices, refusal } = markets.explode(answer(body, `file:///archive/${name}`))
  if (refused) {
    expect(refusal).toEqual({ reason: refused[0], message: expect.stringMatching(refused[1]) })
    expect(refusal?.message).toContain(`file:///archive/${name}`)
    return expect(slices).toEqual([])
  }
  expect(refusal).toBeUndefined()
  expect(slices).toHaveLength(values as number)
  for (const slice of slices)
    expect(slice).toMatchObject({ startMs: atMs, stepS: 1, flags: [], values: [expect.any(Number)] })
  expect(Object.fromEntries(slices.map((slice) => [slice.key, slice.values[0]]))).toMatchObject(some)
})

test('the address that was asked names the market of an answer, too', () => {
  const { slices } = markets.explode(
    answer('{"result":{"price":1.5}}', 'https://api.cryptowat.ch/markets/kraken/ethusd/price'),
  )
  expect(slices.map(({ key, values }) => [key, values])).toEqual([['kraken:ethusd.last', [1.5]]])
})

test('hostile answers are refused whole', () => {
  const of = (body: string) => markets.explode(answer(body, 'file:///x')).refusal?.reason
  expect(of('{"result":{"kraken:btcusd":"1"}}')).toBe('other-file')
  expect(of('{"result":{"kraken:btcusd":1,"market:kraken:btcusd":2}}')).toBe('conflicting-rows')
  expect(of('{"result":{"a\\u001b[2Jb":1}}')).toBe('other-file')
  expect(of('{"result":')).toBe('not-json')
  expect(of('[]')).toBe('other-file')
  expect(of('{"result":{"kraken:btcusd":1,"kraken:btcusd":1}}')).toBe('schema')
  expect(of('{"result":{"kraken:btcusd":{"price":1,"pric\\u0065":2}}}')).toBe('schema')
})

test('a key says its market and metric, and the metric its unit', () => {
  expect(markets.labels('kraken:btcusd.last')).toEqual({ market: 'kraken:btcusd', metric: 'last' })
  expect(markets.labels('nothing')).toEqual({})
  expect(markets.unitOf?.('kraken:btcusd.volume')).toBe('base currency')
})
