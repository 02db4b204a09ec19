// Recorded answers of exchanges, and answers in the documented form.
import {
  krakenMarket as kraken,
  coinbaseStats24h as stats,
  coinbaseTrade as trade,
} from '../support/documented-tickers.ts'
import { recordedFile } from '../support/recorded-file.ts'
import type { NamedAnswer } from './answers.ts'
import type { ReadByHand } from './read-by-hand.ts'

const at = '2026-11-20T12:00:00Z'
const window = { startMs: Date.parse('2026-11-20T12:00:00Z'), endMs: Date.parse('2026-11-20T12:00:10Z') }

const recorded: [dataset: string, file: string, selector: string][] = [
  ['kraken.ticker', 'kraken_ticker_2015.json', 'XBTUSD'],
  ['kraken.ticker', 'kraken_ticker_2023-05.json', 'XBTUSD'],
  ['kraken.ticker', 'kraken_ticker_2025.json', 'XBTUSD'],
  ['binance.ticker24hr', 'binance_24hr_2019-10-08_btcusdt.json', 'BTCUSDT'],
  ['binance.ticker24hr', 'binance_24hr_2022-02-01_shibtry.json', 'SHIBTRY'],
]

export function recordedMarketAnswers(): { answers: NamedAnswer[]; absent: string[] } {
  const read = recorded.map(([dataset, file, selector]) => ({
    dataset,
    file,
    selector,
    body: recordedFile(`cryptowatch/${file}`),
  }))
  return {
    answers: read.flatMap(({ dataset, file, selector, body }) =>
      body ? [{ dataset, name: file, answer: { body, status: 200, window, selector } }] : [],
    ),
    absent: read.filter(({ body }) => body === undefined).map(({ file }) => file),
  }
}

const binance = { symbol: 'BTCUSDT', lastPrice: '1.5', priceChange: '-0.1', count: 3, closeTime: 1_600_000_000_000 }

/** The last price and the lowest are above the highest. Bid and ask are equal, and so are the last and the lowest. */
const contradicting = {
  ...{ symbol: 'BTCUSDT', lastPrice: '7', bidPrice: '7.10', askPrice: '7.1', highPrice: '6.9', lowPrice: '7' },
}

const made: [dataset: string, name: string, selector: string, answer: unknown][] = [
  ['kraken.ticker', 'two markets', 'XBTUSD,ETHUSD', { error: [], result: { XXBTZUSD: kraken, XETHZUSD: kraken } }],
  [
    'kraken.ticker',
    'a market that cannot be read',
    '*',
    { error: [], result: { XXBTZUSD: kraken, ADAUSD: { c: ['x'] } } },
  ],
  ['kraken.ticker', 'without some figures', 'XBTUSD', { error: [], result: { XXBTZUSD: { c: ['7'], o: null } } }],
  ['kraken.ticker', 'an unknown symbol', 'NOSUCH', { error: ['EQuery:Unknown asset pair'] }],
  ['kraken.ticker', 'another form', 'XBTUSD', { result: [] }],
  ['binance.ticker24hr', 'a list', 'BTCUSDT,ETHUSDT', [binance, { ...binance, symbol: 'ETHUSDT' }]],
  [
    'binance.ticker24hr',
    'an exponent, and a price that is none',
    'BTCUSDT',
    [{ ...binance, priceChange: '-1E-05', lastPrice: 'NaN' }],
  ],
  [
    'binance.ticker24hr',
    'nothing traded',
    'BTCUSDT',
    [{ ...binance, lastPrice: '0.00000000', priceChange: '0', count: 0 }],
  ],
  ['binance.ticker24hr', 'a market twice', '*', [binance, binance]],
  ['binance.ticker24hr', 'an unknown symbol', 'NOSUCH', { code: -1121, msg: 'Invalid symbol.' }],
  ['coinbase.ticker', 'as documented', 'BTC-USD', trade],
  ['coinbase.ticker', 'numbers that are no texts', 'BTC-USD', { ...trade, price: 6268.48 }],
  ['coinbase.ticker', 'neither bid nor ask', 'BTC-USD', { ...trade, bid: '', ask: '' }],
  [
    'kraken.ticker',
    'prices that contradict',
    'XBTUSD,ETHUSD,ADAUSD',
    {
      error: [],
      result: {
        XXBTZUSD: { ...kraken, b: ['101.2', '1', '1.000'], c: ['103.5', '0.5'] },
        XETHZUSD: { ...kraken, l: ['99.0', '103.5'] },
        ADAUSD: { ...kraken, b: ['0.0', '1', '1.000'], a: ['', '1', '1.000'], h: ['102.0', null] },
      },
    },
  ],
  [
    'binance.ticker24hr',
    'prices that contradict',
    'BTCUSDT,ETHUSDT',
    [contradicting, { ...contradicting, symbol: 'ETHUSDT', bidPrice: '7.2', highPrice: '8' }],
  ],
  ['coinbase.ticker', 'a bid above the ask', 'BTC-USD', { ...trade, bid: '6267.72' }],
  ['coinbase.stats', 'a low above the high', 'BTC-USD', { ...stats, low: '6441.38' }],
  ['coinbase.ticker', 'an unknown product', 'NO-SUCH', { message: 'NotFound' }],
  ['coinbase.stats', 'as documented', 'BTC-USD', stats],
  ['coinbase.stats', 'other names', 'BTC-USD', { stats_24h: stats }],
  ['coinbase.stats', 'an exponent', 'BTC-USD', { ...stats, last: '1e999' }],
]

/** Expected results, written by hand. Each point is at the tick's scheduled instant. */
const told: Record<string, ReadByHand> = {
  'kraken.ticker two markets': {
    values: once(['XXBTZUSD', 'XETHZUSD'], ['last', 'bid', 'ask', 'open', 'high', 'low', 'vwap', 'volume', 'trades']),
    points: [
      ['XXBTZUSD.last', at, 101],
      ['XXBTZUSD.bid', at, 100.9],
      ['XXBTZUSD.ask', at, 101.1],
      ['XETHZUSD.high', at, 103],
      ['XETHZUSD.low', at, 98.5],
      ['XETHZUSD.vwap', at, 100.5],
      ['XETHZUSD.volume', at, 2.5],
      ['XETHZUSD.trades', at, 7],
      ['XETHZUSD.open', at, 99.5],
    ],
  },
  'binance.ticker24hr a list': {
    values: once(['BTCUSDT', 'ETHUSDT'], ['last', 'change', 'trades']),
    points: [
      ['BTCUSDT.last', at, 1.5],
      ['ETHUSDT.change', at, -0.1],
      ['ETHUSDT.trades', at, 3],
    ],
    modified: '2020-09-13T12:26:40.000Z',
  },
  // Of ADAUSD the bid is implausible, the ask unreadable and the highest price null.
  'kraken.ticker prices that contradict': {
    values: {
      ...once(['XXBTZUSD', 'XETHZUSD'], ['last', 'bid', 'ask', 'open', 'high', 'low', 'vwap', 'volume', 'trades']),
      ...once(['ADAUSD'], ['last', 'bid', 'open', 'low', 'vwap', 'volume', 'trades']),
      ...{ 'ADAUSD.ask': 0, 'ADAUSD.high': 0 },
    },
    points: [
      ['XXBTZUSD.bid', at, 101.2],
      ['XXBTZUSD.last', at, 103.5],
      ['XETHZUSD.low', at, 103.5],
      ['ADAUSD.bid', at, 0],
    ],
    flagged: [
      ['XXBTZUSD.bid', at, 'bid-above-ask'],
      ['XXBTZUSD.ask', at, 'bid-above-ask'],
      ['XXBTZUSD.last', at, 'last-outside-range'],
      ['XXBTZUSD.high', at, 'last-outside-range'],
      ['XETHZUSD.last', at, 'last-outside-range'],
      ['XETHZUSD.low', at, 'last-outside-range'],
      ['XETHZUSD.low', at, 'low-above-high'],
      ['XETHZUSD.high', at, 'low-above-high'],
    ],
  },
  'binance.ticker24hr prices that contradict': {
    values: once(['BTCUSDT', 'ETHUSDT'], ['last', 'bid', 'ask', 'high', 'low']),
    points: [['BTCUSDT.high', at, 6.9]],
    flagged: [
      ['BTCUSDT.last', at, 'last-outside-range'],
      ['BTCUSDT.high', at, 'last-outside-range'],
      ['BTCUSDT.low', at, 'low-above-high'],
      ['BTCUSDT.high', at, 'low-above-high'],
      ['ETHUSDT.bid', at, 'bid-above-ask'],
      ['ETHUSDT.ask', at, 'bid-above-ask'],
    ],
  },
  'coinbase.ticker a bid above the ask': {
    values: once(['BTC-USD'], ['last', 'bid', 'ask', 'volume']),
    points: [['BTC-USD.bid', at, 6267.72]],
    flagged: [
      ['BTC-USD.bid', at, 'bid-above-ask'],
      ['BTC-USD.ask', at, 'bid-above-ask'],
    ],
  },
  'coinbase.stats a low above the high': {
    values: once(['BTC-USD'], ['open', 'high', 'low', 'volume_30day']),
    points: [['BTC-USD.low', at, 6441.38]],
    flagged: [
      ['BTC-USD.low', at, 'low-above-high'],
      ['BTC-USD.high', at, 'low-above-high'],
    ],
  },
  'coinbase.ticker as documented': {
    values: once(['BTC-USD'], ['last', 'bid', 'ask', 'volume']),
    points: [
      ['BTC-USD.last', at, 6268.48],
      ['BTC-USD.volume', at, 53602.03940154],
    ],
    unit: ['BTC-USD.volume', 'BTC'],
    modified: '2020-03-20T00:22:57.833Z',
  },
  'coinbase.stats as documented': {
    values: once(['BTC-USD'], ['open', 'high', 'low', 'volume_30day']),
    points: [
      ['BTC-USD.open', at, 5414.18],
      ['BTC-USD.volume_30day', at, 786763.72930864],
    ],
    unit: ['BTC-USD.high', 'USD'],
  },
}

function once(markets: string[], metrics: string[]): Record<string, number> {
  return Object.fromEntries(markets.flatMap((market) => metrics.map((metric) => [`${market}.${metric}`, 1])))
}

export function madeMarketAnswers(): NamedAnswer[] {
  return made.map(([dataset, name, selector, answer]) => {
    const read = told[`${dataset} ${name}`]
    return {
      ...{ dataset, name, answer: { body: Buffer.from(JSON.stringify(answer)), status: 200, window, selector } },
      ...(read && { told: read }),
    }
  })
}
