import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { recordedFile } from '../../test/support/recorded-file.ts'
import { startSimulator } from '../server.ts'
import { createExchange, type Spike } from './exchange.ts'
import { walk } from './walk.ts'

const START = Date.parse('2026-11-20T12:30:00Z')
let simulator: Awaited<ReturnType<typeof startSimulator>>
beforeEach(async () => {
  simulator = await startSimulator({ startMs: START, speed: 0 })
})
afterEach(() => simulator.stop())

type Truth = { values: Record<string, number>; answer: unknown; answered: string }
const control = async <T>(path: string) => (await (await fetch(`${simulator.url}/simulator/${path}`)).json()) as T
const post = async (path: string, body: unknown) =>
  fetch(`${simulator.url}/simulator/${path}`, { method: 'POST', body: JSON.stringify(body) })
const kraken = (query: string) => fetch(`${simulator.urls.kraken}/0/public/Ticker${query}`)
const binance = (query: string) => fetch(`${simulator.urls.binance}/api/v3/ticker/24hr${query}`)
const coinbase = (path: string) => fetch(`${simulator.urls.coinbase}/products/${path}`)

/** Masks the digits of a JSON text: those before the point as one, those after it one by one. */
const shape = (json: string) =>
  json.replace(/-?\d+(\.\d+)?(?=[",\]}])/g, (_, rest = '') => `n${rest.replace(/\d/g, '0')}`)

describe('Kraken', () => {
  test('prints a ticker as it was recorded: names, order, text, decimals', async () => {
    const text = await (await kraken('?pair=XBTUSD')).text()
    expect(text).toMatch(
      /^\{"error":\[\],"result":\{"XXBTZUSD":\{"a":\["\d+\.\d{5}","1","1\.000"\],"b":\["\d+\.\d{5}","2","2\.000"\],"c":\["\d+\.\d{5}","\d+\.\d{8}"\],"v":\["\d+\.\d{8}","\d+\.\d{8}"\],"p":\["\d+\.\d{5}","\d+\.\d{5}"\],"t":\[\d+,\d+\],"l":\["\d+\.\d{5}","\d+\.\d{5}"\],"h":\["\d+\.\d{5}","\d+\.\d{5}"\],"o":"\d+\.\d{5}"\}\}\}$/,
    )
    const recorded = recordedFile('cryptowatch/kraken_ticker_2025.json')?.toString()
    if (recorded !== undefined) expect(shape(text)).toBe(shape(recorded.trim()))
  })

  test('answers old pairs by their long names, in the order asked; unknown ones are an error with 200', async () => {
    const names = async (query: string) =>
      Object.keys(((await (await kraken(query)).json()) as { result: object }).result)
    expect(await names('?pair=ETHUSD,XBTUSD,SOLUSD')).toEqual(['XETHZUSD', 'XXBTZUSD', 'SOLUSD'])
    expect(await names('?pair=XXBTZUSD,ETH/USD')).toEqual(['XXBTZUSD', 'XETHZUSD'])
    expect(await names('')).toHaveLength(1_000)
    const unknown = await kraken('?pair=XBTUSD,NOPE')
    expect([unknown.status, await unknown.text()]).toEqual([200, '{"error":["EQuery:Unknown asset pair"]}'])
    expect((await fetch(`${simulator.urls.kraken}/0/public/Nothing`)).status).toBe(404)
  })
})

describe('Binance', () => {
  test('prints a ticker as it was recorded', async () => {
    const text = await (await binance('?symbol=BTCUSDT')).text()
    const recorded = recordedFile('cryptowatch/binance_24hr_2019-10-08_btcusdt.json')?.toString()
    if (recorded !== undefined) expect(shape(text)).toBe(shape(recorded.trim()))
    const ticker = JSON.parse(text) as Record<string, number | string>
    expect(ticker.closeTime).toBe(START)
    expect(ticker.openTime).toBe(START - 86_400_000)
    expect(Number(ticker.lastId) - Number(ticker.firstId) + 1).toBe(ticker.count)
    expect(Number(ticker.lastPrice) - Number(ticker.openPrice)).toBeCloseTo(Number(ticker.priceChange), 7)
    const percent = (100 * Number(ticker.priceChange)) / Number(ticker.openPrice)
    expect(Number(ticker.priceChangePercent)).toBeCloseTo(percent, 2)
  })

  test('gives one object, a list of those named, or all; what it does not know is a 400', async () => {
    const symbols = async (query: string) =>
      ((await (await binance(query)).json()) as { symbol: string }[]).map(({ symbol }) => symbol)
    expect(await symbols(`?symbols=${encodeURIComponent('["ETHUSDT","BTCUSDT"]')}`)).toEqual(['ETHUSDT', 'BTCUSDT'])
    expect(await symbols('')).toHaveLength(1_000)
    for (const query of ['?symbol=NOPE', `?symbols=${encodeURIComponent('["BTCUSDT","NOPE"]')}`]) {
      const unknown = await binance(query)
      expect([unknown.status, await unknown.text()]).toEqual([400, '{"code":-1121,"msg":"Invalid symbol."}'])
    }
    expect((await binance('?symbols=BTCUSDT')).status).toBe(400)
  })
})

test('Coinbase prints a product’s newest trade and its day, and 404 for what it does not know', async () => {
  expect(await (await coinbase('BTC-USD/ticker')).text()).toMatch(
    /^\{"ask":"\d+\.\d+","bid":"\d+\.\d+","volume":"\d+\.\d{8}","trade_id":\d+,"price":"\d+\.\d+","size":"\d+\.\d{8}","time":"2026-11-20T12:30:00\.000000Z"\}$/,
  )
  expect(await (await coinbase('BTC-USD/stats')).text()).toMatch(
    /^\{"open":"\d+\.\d+","high":"\d+\.\d+","low":"\d+\.\d+","last":"\d+\.\d+","volume":"\d+\.\d{8}","volume_30day":"\d+\.\d{8}"\}$/,
  )
  const unknown = await coinbase('XX-YY/stats')
  expect([unknown.status, await unknown.text()]).toEqual([404, '{"message":"NotFound"}'])
})

describe('walks', () => {
  const exchange = createExchange('kraken', 1, 1_000, () => [])

  test('a step of a walk is one standard deviation a second, and grows with the root of the time', () => {
    const spread = (lengthS: number) => {
      const steps = Array.from({ length: 3_000 }, (_, index) => {
        const atS = 1_790_000_000 + index * 977
        return walk(1, 42, atS + lengthS) - walk(1, 42, atS)
      })
      return Math.sqrt(steps.reduce((sum, step) => sum + step ** 2, 0) / steps.length)
    }
    for (const lengthS of [1, 16, 256]) {
      expect([lengthS, spread(lengthS) / Math.sqrt(lengthS)]).toEqual([lengthS, expect.closeTo(1, 0)])
      expect(spread(lengthS) / Math.sqrt(lengthS)).toBeGreaterThan(0.8)
      expect(spread(lengthS) / Math.sqrt(lengthS)).toBeLessThan(1.25)
    }
  })

  test('a thousand different markets that are positive, within their day, and the same whenever asked', () => {
    expect(new Set(exchange.markets.map(({ name }) => name)).size).toBe(1_000)
    for (const market of exchange.markets) {
      const sample = exchange.sample(market, START)
      expect(sample.last).toBeGreaterThan(0)
      expect([market.name, sample.low <= sample.last, sample.last <= sample.high]).toEqual([market.name, true, true])
      expect([market.name, sample.low <= sample.vwap + 1e-7, sample.vwap - 1e-7 <= sample.high]).toEqual([
        market.name,
        true,
        true,
      ])
      expect(sample.trades).toBeGreaterThan(0)
    }
    const [market] = exchange.markets
    exchange.sample(market!, START + 1e9)
    const again = createExchange('kraken', 1, 10, () => [])
    expect(again.sample(again.markets[0]!, START)).toEqual(exchange.sample(market!, START))
    const other = createExchange('kraken', 2, 10, () => [])
    expect(other.last(other.markets[0]!, START)).not.toBe(exchange.last(market!, START))
  })

  test('known markets move each second, and some stand still for long', () => {
    const distinct = (name: string) => {
      const market = exchange.find(name)!
      return new Set(Array.from({ length: 600 }, (_, second) => exchange.last(market, START + second * 1_000))).size
    }
    expect(distinct('XBTUSD')).toBeGreaterThan(200)
    const quiet = exchange.markets.find(({ paceS }) => paceS === 900)!
    expect(distinct(quiet.name)).toBe(1)
  })

  test('a spike multiplies the price from its instant on for so long, and the day’s high knows of it', () => {
    const spikes: Spike[] = []
    const spiky = createExchange('kraken', 1, 10, () => spikes)
    const market = spiky.find('XBTUSD')!
    const before = [0, 30, 59, 60].map((second) => spiky.last(market, START + second * 1_000))
    spikes.push({ host: 'kraken', market: 'XBTUSD', factor: 2, durationS: 60, atMs: START })
    spikes.push({ host: 'binance', market: 'XBTUSD', factor: 9, durationS: 60, atMs: START })
    const during = [0, 30, 59, 60].map((second) => spiky.last(market, START + second * 1_000))
    expect(during.map((price, at) => Math.round((10 * price) / before[at]!))).toEqual([20, 20, 20, 10])
    expect(spiky.last(market, START - 1)).toBe(exchange.last(exchange.find('XBTUSD')!, START - 1))
    expect(spiky.sample(market, START + 3_600_000).high).toBe(during[0])
  })
})

test('a commanded spike shows in the answer and in the truth, and ends on time', async () => {
  const last = async () =>
    Number((JSON.parse(await (await binance('?symbol=ETHUSDT')).text()) as { lastPrice: string }).lastPrice)
  const before = await last()
  const done = await post('command', { spike: { host: 'binance', market: 'ETHUSDT', factor: 1.5, durationS: 600 } })
  expect(done.status).toBe(200)
  const spiked = await last()
  expect(spiked / before).toBeCloseTo(1.5, 3)
  expect((await control<Truth>('truth?host=binance&market=ETHUSDT')).values.last).toBe(spiked)
  // Earlier values do not change.
  const then = new Date(START).toISOString()
  expect((await control<Truth>(`truth?host=binance&market=ETHUSDT&at=${then}`)).values.last).toBe(before)
  await post('clock', { set: new Date(START + 660_000).toISOString() })
  expect((await last()) / before).toBeLessThan(1.2)
  for (const wrong of [
    { host: 'binance', market: 'NOPE', factor: 2, durationS: 1 },
    { host: 'jao', market: 'ETHUSDT', factor: 2, durationS: 1 },
    { host: 'binance', market: 'ETHUSDT', factor: 0, durationS: 1 },
  ])
    expect([wrong, (await post('command', { spike: wrong })).status]).toEqual([wrong, 400])
})

test('the truth of a market equals its answer, and its statistics those of its samples', async () => {
  const answered = ((await (await kraken('?pair=XBTUSD')).json()) as { result: Record<string, unknown> }).result
  const truth = await control<Truth>('truth?host=kraken&market=XBTUSD')
  expect(truth.answer).toEqual(answered[truth.answered])
  const { ticker, stats } = (await control<Truth>('truth?host=coinbase&market=BTC-USD')).answer as Record<
    string,
    unknown
  >
  expect(ticker).toEqual(await (await coinbase('BTC-USD/ticker')).json())
  expect(stats).toEqual(await (await coinbase('BTC-USD/stats')).json())
  const { samples, sums } = await control<{
    samples: { at: string; last: number }[]
    sums: Record<string, number>
  }>('truth?host=kraken&market=XBTUSD&from=2026-11-20T12:00:00Z&to=2026-11-20T12:01:00Z&everyS=10')
  expect(samples.map(({ at }) => at.slice(11, 19))).toEqual([
    '12:00:00',
    '12:00:10',
    '12:00:20',
    '12:00:30',
    '12:00:40',
    '12:00:50',
  ])
  const values = samples.map(({ last }) => last).sort((one, other) => one - other)
  expect(sums).toMatchObject({ count: 6, min: values[0], max: values[5], last: samples[5]!.last })
  expect(sums.change).toBe(samples[5]!.last - samples[0]!.last)
  const meanOfSquares = values.reduce((sum, value) => sum + value * value, 0) / 6
  const mean = (values[0]! + values[1]! + values[2]! + values[3]! + values[4]! + values[5]!) / 6
  expect(sums.mean).toBeCloseTo(mean, 6)
  expect(sums.standardDeviation).toBeCloseTo(Math.sqrt(meanOfSquares - mean * mean), 2)
  for (const wrong of [
    'host=kraken&market=NOPE',
    'host=kraken&market=XBTUSD&from=x&to=y&everyS=1',
    'host=kraken&market=XBTUSD&from=2026-11-20T12:00:00Z&to=2026-11-21T12:01:00Z&everyS=10',
    'host=moon',
  ])
    expect(await control(`truth?${wrong}`)).toMatchObject({ status: 400 })
})
