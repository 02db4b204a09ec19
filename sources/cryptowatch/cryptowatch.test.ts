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

/** Read from the files by hand: the number of values, some of them, or the refusal. */
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

test('a bad figure or market is refused alone, and the rest of the file is stored', () => {
  const good = {
    price: { last: 2, high: 3, low: 1, change: { percentage: 0.1, absolute: -1 } },
    volume: 5,
    volumeQuote: 0,
  }
  const odd = { ...good, price: { ...good.price, last: 'NaN', high: '', low: '1E-05', change: null }, volume: '7' }
  const result = { 'a:good': good, 'a:odd': odd, 'a:idle': 0, 'a:none': '1', 'no name': 1 }
  const {
    slices,
    refusal,
    refusedParts = [],
    ignored,
  } = markets.explode(answer(JSON.stringify({ result }), 'file:///x'))
  expect([refusal, ignored]).toEqual([undefined, {}])
  expect(slices.map(({ key, values, flags }) => [key, values[0], ...flags])).toEqual([
    ...[
      ['a:good.last', 2],
      ['a:good.high', 3],
      ['a:good.low', 1],
      ['a:good.changePercentage', 0.1],
    ],
    ...[
      ['a:good.changeAbsolute', -1],
      ['a:good.volume', 5],
      ['a:good.volumeQuote', 0],
    ],
    ...[
      ['a:odd.high', null, 'unreadable'],
      ['a:odd.low', 0.00001],
      ['a:odd.changePercentage', null],
    ],
    ...[
      ['a:odd.changeAbsolute', null],
      ['a:odd.volume', 7],
      ['a:odd.volumeQuote', 0],
      ['a:idle.last', 0, 'implausible'],
    ],
  ])
  expect(refusedParts.map((part) => [part.refusal.reason, part.refusal.message, `${Buffer.from(part.body)}`])).toEqual([
    ['type', 'file:///x: last of a:odd is no number: "NaN"', JSON.stringify({ result: { 'a:odd': odd } })],
    ['other-file', 'file:///x: what is said of a:none is neither a summary nor a price', '{"result":{"a:none":"1"}}'],
    ['other-file', 'file:///x: no market is named no name', '{"result":{"no name":1}}'],
  ])
})

test('a summary without some figures has the others, and one of a single market may have a bad one, too', () => {
  const { slices, ignored } = markets.explode(answer('{"result":{"a:b":{"price":{"last":1},"Volume":2}}}', 'file:///x'))
  expect([slices.map(({ key }) => key), ignored]).toEqual([['a:b.last'], { 'absent-metric': 6 }])
  const single = markets.explode(
    answer('{"result":{"price":{"last":1,"high":"x"}}}', 'https://api.cryptowat.ch/markets/kraken/ethusd/summary'),
  )
  expect(single.slices.map(({ key }) => key)).toEqual(['kraken:ethusd.last'])
  expect(single.refusedParts?.map(({ body }) => `${Buffer.from(body)}`)).toEqual([
    '{"result":{"kraken:ethusd":{"price":{"last":1,"high":"x"}}}}',
  ])
})

test('hostile answers are refused whole', () => {
  const of = (body: string) => markets.explode(answer(body, 'file:///x')).refusal?.reason
  expect(of('{"result":{"kraken:btcusd":"1"}}')).toBe('other-file')
  expect(of('{"result":{"kraken:btcusd":1,"market:kraken:btcusd":2}}')).toBe('conflicting-rows')
  expect(of('{"result":{"a\\u001b[2Jb":1}}')).toBe('other-file')
  expect(of('{"result":')).toBe('not-json')
  expect(of('[]')).toBe('other-file')
  expect(of('{"result":{}}')).toBe('other-file')
  expect(of('{"result":{"kraken:btcusd":{"Price":{"last":1}}}}')).toBe('other-file')
  expect(of('{"result":{"kraken:btcusd":1e999}}')).toBe('type')
  const [part] = markets.explode(answer('{"result":{"a:a":-1e999,"a:b":1}}', 'file:///x')).refusedParts ?? []
  expect(`${Buffer.from(part!.body)}`).toBe('{"result":{"a:a":-1e999}}')
  expect(of('{"result":{"kraken:btcusd":1,"kraken:btcusd":1}}')).toBe('schema')
  expect(of('{"result":{"kraken:btcusd":{"price":1,"pric\\u0065":2}}}')).toBe('schema')
})

test('a key says its market and metric, and the metric its unit', () => {
  expect(markets.labels('kraken:btcusd.last')).toEqual({ market: 'kraken:btcusd', metric: 'last' })
  expect(markets.labels('nothing')).toEqual({})
  expect(markets.unitOf?.('kraken:btcusd.volume')).toBe('base currency')
})
