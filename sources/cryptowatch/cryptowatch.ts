// Cryptowatch: 24-hour summaries and last prices of markets at many exchanges. Closed in September 2023.
// Source: archived answers of https://api.cryptowat.ch (/markets/summaries, /markets/prices,
// /markets/<exchange>/<pair>/summary or /price). `tidemark ingest cryptowatch FILE --at INSTANT` reads them. The
// instant is an option, because answers contain no time.
// Quirks: markets are named binance-us:1inchusdt, market:binance-us:1inchusdt (prices) or by a number (keyBy=id), whose
// list no longer exists. An answer for one market does not name it, so the file name must. An error has the body
// {"error": "..."}. A listing may have pages with a cursor; each page is one answer.
import type { Dataset, Source } from '../source.ts'
import { checks, explodeMarkets } from './explode.ts'

const markets: Dataset = {
  name: 'cryptowatch.markets',
  title: 'Cryptowatch market summaries and prices',
  description:
    'Last price, and over 24 hours the highest, the lowest, the change and the volumes of each market, as an archived answer of Cryptowatch told them.',
  page: 'https://github.com/cryptowatch/cw-sdk-go',
  shape: 'recorded',
  unit: 'price in the quote currency',
  unitOf: (key) => units[key.slice(key.lastIndexOf('.') + 1)] ?? 'unknown',
  steps: [{ fromMs: 0, stepS: 1 }],
  keys: {
    pattern: '<exchange>:<pair>.<metric>, or <number>.<metric>',
    example: 'kraken:btcusd.last',
    labels: { market: 'exchange and pair, or the number of the market', metric: 'what of it' },
  },
  keysVary: 'a file has one market or all of that time',
  expectations: [
    'what is no number is refused alone; an empty text is a null with the flag unreadable',
    'no price is 0, nothing but a change is negative: flag implausible',
    'no market is named twice',
  ],
  checks,
  transformVersion: 3,
  schedule: 'on-demand',
  calendar: { kind: 'files', zone: 'UTC' },
  files: { by: 'file', maxBytes: 7 * 1024 * 1024 },
  explode: explodeMarkets,
  labels: (key) => {
    const [, market, metric] = /^(.+)\.([a-zA-Z]+)$/.exec(key) ?? []
    return market === undefined || metric === undefined ? {} : { market, metric }
  },
}

const units: Record<string, string> = {
  last: 'quote currency',
  high: 'quote currency',
  low: 'quote currency',
  changeAbsolute: 'quote currency',
  changePercentage: '1',
  volume: 'base currency',
  volumeBase: 'base currency',
  volumeQuote: 'quote currency',
  volumeUSD: 'USD',
}

export const cryptowatch: Source = {
  name: 'cryptowatch',
  title: 'Cryptowatch (closed 2023)',
  owner: 'tidemark',
  licence: { terms: 'not stated; the service has ended', link: 'https://blog.kraken.com/news/cryptowatch-to-sunset' },
  datasets: [markets],
}
