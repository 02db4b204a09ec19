import { marketStatements } from '../markets/store.ts'
import { retention } from '../markets/ticker-dataset.ts'
import type { Source } from '../source.ts'
import { coinbaseSite, coinbaseStats, coinbaseTicker } from './products.ts'

/** Coinbase allows an address 10 requests/s, bursts of 15 (docs.cdp.coinbase.com/exchange/rest-api/rate-limits). */
export const coinbase: Source = {
  name: 'coinbase',
  title: 'Coinbase Exchange',
  owner: 'tidemark',
  licence: {
    terms: 'public market data without login, under the market data terms of the exchange',
    link: 'https://www.coinbase.com/legal/market_data',
  },
  upstream: {
    baseUrl: { default: 'https://api.exchange.coinbase.com', setting: 'COINBASE_BASE_URL' },
    budget: { perMinute: 600, burst: 5, refillPerMinute: 560, maxInFlight: 8 },
  },
  retention,
  datasets: [coinbaseTicker, coinbaseStats],
  site: coinbaseSite,
  statements: marketStatements,
}
