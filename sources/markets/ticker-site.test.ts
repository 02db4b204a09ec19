import { expect, test } from 'vitest'
import { readPath, requestAt, stored } from '../../test/support/site-request.ts'
import { binance } from '../binance/binance.ts'
import { coinbase } from '../coinbase/coinbase.ts'
import { kraken } from '../kraken/kraken.ts'

const sites = { kraken: kraken.site!, binance: binance.site!, coinbase: coinbase.site! }
const tick = (second: number) => ({ startMs: second * 1_000, endMs: (second + 10) * 1_000 })

test.each([
  ['kraken', '/0/public/Ticker?pair=XBTUSD,ETHUSD', 'kraken.ticker', 'XBTUSD,ETHUSD'],
  ['kraken', '/0/public/Ticker?PAIR=XBTUSD%2CETHUSD', 'kraken.ticker', 'XBTUSD,ETHUSD'],
  [
    'binance',
    '/api/v3/ticker/24hr?symbols=%5B%22BTCUSDT%22%2C%20%22ETHUSDT%22%5D',
    'binance.ticker24hr',
    'BTCUSDT,ETHUSDT',
  ],
] as const)('%s %s asks for exactly these symbols, in any order', (name, path, dataset, selector) => {
  const request = requestAt(sites[name], path)
  expect(request).toMatchObject({ dataset, selector, span: null })
  const [one, other] = selector.split(',')
  expect([selector, `${other},${one}`].map(request.needs)).toEqual([true, true])
  expect([one!, `${selector},LTCUSD`, '*', `${selector},*`, selector.toLowerCase(), null].map(request.needs)).toEqual(
    new Array(6).fill(false),
  )
})

test('all markets are those for which all were asked for', () => {
  for (const [site, path] of [
    [sites.kraken, '/0/public/Ticker'],
    [sites.binance, '/api/v3/ticker/24hr'],
  ] as const) {
    const request = requestAt(site, path)
    expect(request.selector).toBe('*')
    expect(['*', 'XBTUSD,*', 'XBTUSD'].map(request.needs)).toEqual([true, true, false])
  }
})

test('one symbol of Binance is an object in place of a list, cut out byte for byte of an answer that has it', () => {
  const request = requestAt(sites.binance, '/api/v3/ticker/24hr?symbol=ETHUSDT')
  expect(request).toMatchObject({ dataset: 'binance.ticker24hr', selector: 'ETHUSDT', span: null })
  expect(['BTCUSDT,ETHUSDT', 'ETHUSDT', '*', 'BTCUSDT', 'ETHUSDTX'].map(request.needs)).toEqual([
    ...[true, true, true, false, false],
  ])
  const [btc, eth] = ['{"symbol":"BTCUSDT","lastPrice":"1.00"}', '{ "lastPrice" : "2.50000000", "symbol":"ETHUSDT" }']
  const { status, body } = request.compose([stored(tick(0), ` [${btc} , ${eth}]\n`, 'BTCUSDT,ETHUSDT')])
  expect([status, `${Buffer.from(body)}`]).toEqual([200, eth])
  expect(() => request.compose([stored(tick(0), `[${btc}]`, '*')])).toThrow('the newest answer has no ETHUSDT')
  expect(() => request.compose([stored(tick(0), '<html>', '*')])).toThrow('is not JSON')
})

test('a product of Coinbase is in the path', () => {
  const request = requestAt(sites.coinbase, '/products/BTC-USD/stats')
  expect(request).toMatchObject({ dataset: 'coinbase.stats', selector: 'BTC-USD', span: null })
  expect(['BTC-USD', 'ETH-USD', null].map(request.needs)).toEqual([true, false, false])
  expect(requestAt(sites.coinbase, '/products/BTC-USD/ticker').dataset).toBe('coinbase.ticker')
})

test('the answer is the newest tick as it came', () => {
  const { compose } = requestAt(sites.kraken, '/0/public/Ticker?pair=XBTUSD')
  const [older, newer] = [stored(tick(0), '{"a":1.0}', 'XBTUSD'), stored(tick(10), '{ "a":2.00 }', 'XBTUSD')]
  expect(compose([newer])).toEqual({ status: 200, body: newer.body })
  expect(compose([older, newer]).body).toBe(newer.body)
  expect(() => compose([])).toThrow('no stored answer of kraken.ticker: a tick is one answer')
})

test.each([
  ['kraken', '/0/public/ticker'],
  ['kraken', '/0/public/Depth?pair=XBTUSD'],
  ['binance', '/api/v3/ticker/price'],
  ['coinbase', '/products'],
  ['coinbase', '/products/BTC-USD/trades'],
  ['coinbase', '/products/BTC-USD/ticker/'],
] as const)('%s: %s is no path of a dataset', (name, path) => expect(readPath(sites[name], path)).toBeUndefined())

const list = 'The parameter symbols must be a list of symbols such as ["BTCUSDT","ETHUSDT"].'
test.each([
  ['kraken', '/0/public/Ticker?pair=', '"" is not a symbol such as XBTUSD.'],
  ['kraken', '/0/public/Ticker?pair=XBTUSD,*', '"*" is not a symbol such as XBTUSD.'],
  ['kraken', '/0/public/Ticker?pair=XBTUSD&Pair=ETHUSD', 'The parameter pair is given twice: give it once.'],
  [
    'kraken',
    '/0/public/Ticker?asset_class=forex',
    'The parameter "asset_class" cannot be applied to stored answers: only pair can be applied.',
  ],
  ['binance', '/api/v3/ticker/24hr?symbol=', '"" is not a symbol such as BTCUSDT.'],
  ['binance', '/api/v3/ticker/24hr?symbol=*', '"*" is not a symbol such as BTCUSDT.'],
  ['binance', '/api/v3/ticker/24hr?symbol=BTCUSDT,ETHUSDT', '"BTCUSDT,ETHUSDT" is not a symbol such as BTCUSDT.'],
  [
    'binance',
    '/api/v3/ticker/24hr?symbol=BTCUSDT&symbols=["BTCUSDT"]',
    'The parameters symbol and symbols exclude each other: give one of them.',
  ],
  [
    'binance',
    '/api/v3/ticker/24hr?type=MINI',
    'The parameter "type" cannot be applied to stored answers: only symbol, symbols can be applied.',
  ],
  ['binance', '/api/v3/ticker/24hr?symbols=BTCUSDT', list],
  ['binance', '/api/v3/ticker/24hr?symbols=', list],
  ['binance', '/api/v3/ticker/24hr?symbols=[]', list],
  ['binance', '/api/v3/ticker/24hr?symbols=[7]', list],
  ['binance', `/api/v3/ticker/24hr?symbols=${'['.repeat(10_000)}${']'.repeat(10_000)}`, list],
  ['binance', '/api/v3/ticker/24hr?symbols=["A,B"]', '"A,B" is not a symbol such as BTCUSDT.'],
  ['coinbase', '/products/btc/ticker', '"btc" is not a symbol such as BTC-USD.'],
  [
    'coinbase',
    '/products/BTC-USD/ticker?level=2',
    'The parameter "level" cannot be applied to stored answers: this path has no parameters.',
  ],
] as const)('%s: %s', (name, path, message) => {
  expect(readPath(sites[name], path)).toEqual({ status: 400, message })
})
