import { marketStatements } from '../markets/store.ts'
import { retention } from '../markets/ticker-dataset.ts'
import type { Source } from '../source.ts'
import { krakenSite, krakenTicker } from './ticker.ts'

/** Kraken allows one request a second ("What are the API rate limits?" on support.kraken.com). */
export const kraken: Source = {
  name: 'kraken',
  title: 'Kraken',
  owner: 'tidemark',
  licence: {
    terms: 'public market data without login, under the terms of service of the exchange',
    link: 'https://www.kraken.com/legal',
  },
  upstream: {
    baseUrl: { default: 'https://api.kraken.com', setting: 'KRAKEN_BASE_URL' },
    budget: { perMinute: 64, burst: 1, refillPerMinute: 60, maxInFlight: 2 },
  },
  retention,
  datasets: [krakenTicker],
  site: krakenSite,
  statements: marketStatements,
}
