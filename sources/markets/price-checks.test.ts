import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { coinbaseStats24h, coinbaseTrade, krakenMarket } from '../../test/support/documented-tickers.ts'
import { flaggedPoints, sortPoints } from '../../test/support/flagged-points.ts'
import { binanceTicker24hr } from '../binance/ticker-24hr.ts'
import { coinbaseStats, coinbaseTicker } from '../coinbase/products.ts'
import { cryptowatch } from '../cryptowatch/cryptowatch.ts'
import { krakenTicker } from '../kraken/ticker.ts'
import type { Dataset, Slice } from '../source.ts'

const at = '2026-11-20T12:00:00Z'
const window = { startMs: Date.parse(at), endMs: Date.parse('2026-11-20T12:00:10Z') }

/** What an answer says of a price. `''` is unreadable, a price of 0 or less implausible, undefined absent. */
type Told = string | null | undefined
type Prices = Record<'bid' | 'ask' | 'last' | 'low' | 'high', Told>

const price = fc.constantFrom<Told>('1', '1.5', '1.50', '2', '3', '0', '-1', '', null, undefined)
const last = price.filter((told) => told !== undefined)
const prices: fc.Arbitrary<Prices> = fc.record({ bid: price, ask: price, last, low: price, high: price })

interface Exchange {
  dataset: Dataset
  metrics: (keyof Prices)[]
  answer: (market: string, told: Prices) => unknown
}

const [cryptowatchMarkets] = cryptowatch.datasets as [Dataset]
const exchanges: Exchange[] = [
  {
    dataset: krakenTicker,
    metrics: ['bid', 'ask', 'last', 'low', 'high'],
    answer: (market, { bid, ask, last, low, high }) => {
      const list = (told: Told, values: Told[]) => (told === undefined ? {} : values)
      const [b, a, l, h] = [list(bid, [bid]), list(ask, [ask]), list(low, ['1', low]), list(high, ['1', high])]
      return { error: [], result: { [market]: { ...krakenMarket, b, a, l, h, c: [last] } } }
    },
  },
  {
    dataset: binanceTicker24hr,
    metrics: ['bid', 'ask', 'last', 'low', 'high'],
    answer: (symbol, { bid, ask, last, low, high }) => {
      return [{ symbol, bidPrice: bid, askPrice: ask, lastPrice: last, lowPrice: low, highPrice: high, count: 1 }]
    },
  },
  {
    dataset: coinbaseTicker,
    metrics: ['bid', 'ask', 'last'],
    answer: (_, { bid, ask, last }) => ({ ...coinbaseTrade, bid, ask, price: last }),
  },
  {
    dataset: coinbaseStats,
    metrics: ['low', 'high'],
    answer: (_, { low, high, last }) => ({ ...coinbaseStats24h, low, high, last }),
  },
  {
    dataset: cryptowatchMarkets,
    metrics: ['last', 'low', 'high'],
    answer: (market, { last, low, high }) => ({
      result: { [market]: { price: { last, low, high, change: { percentage: 0.1, absolute: 1 } }, volume: 1 } },
    }),
  },
]

describe.each(exchanges)('$dataset.name', ({ dataset, metrics, answer }) => {
  const market = dataset === cryptowatchMarkets ? 'kraken:btcusd' : 'XBTUSD'
  const explode = (told: Prices, checked = dataset): Slice[] => {
    const body = Buffer.from(JSON.stringify(answer(market, told)))
    return checked.explode({ body, status: 200, window, selector: market }).slices
  }

  test('exactly the prices that contradict have a flag, and no value changes', () => {
    fc.assert(
      fc.property(prices, (told) => {
        /** A price that can be compared: a number above 0 that this dataset has. */
        const known = (metric: keyof Prices) => {
          const text = metrics.includes(metric) ? told[metric] : undefined
          return text != null && Number(text) > 0 ? Number(text) : Number.NaN
        }
        const flagged = new Set<string>()
        const add = (flag: string, lower: keyof Prices, upper: keyof Prices) => {
          if (known(lower) > known(upper)) for (const metric of [lower, upper]) flagged.add(`${metric} ${flag}`)
        }
        add('bid-above-ask', 'bid', 'ask')
        add('last-outside-range', 'low', 'last')
        add('last-outside-range', 'last', 'high')
        add('low-above-high', 'low', 'high')
        const slices = explode(told)
        const expected = [...flagged].map((each) => each.split(' ') as [string, string])
        expect(flaggedPoints(slices, dataset.checks!)).toEqual(
          sortPoints(expected.map(([metric, flag]) => [`${market}.${metric}`, at, flag])),
        )
        for (const metric of metrics) {
          const text = told[metric]
          const values = slices.find(({ key }) => key === `${market}.${metric}`)?.values
          expect(values).toEqual(text === undefined ? undefined : [text === null || text === '' ? null : Number(text)])
        }
      }),
      { numRuns: 300 },
    )
  })
})

test('a check that compares nothing of a dataset is not declared', () => {
  expect(exchanges.map(({ dataset }) => dataset.checks!.map(({ flag }) => flag))).toEqual([
    ['bid-above-ask', 'last-outside-range', 'low-above-high'],
    ['bid-above-ask', 'last-outside-range', 'low-above-high'],
    ['bid-above-ask'],
    ['low-above-high'],
    ['last-outside-range', 'low-above-high'],
  ])
})
