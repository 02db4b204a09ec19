import { marketStatements } from '../markets/store.ts'
import { retention } from '../markets/ticker-dataset.ts'
import type { Source } from '../source.ts'
import { binanceSite, binanceTicker24hr } from './ticker-24hr.ts'

/** Binance allows an address 6,000 units a minute (REQUEST_WEIGHT in /api/v3/exchangeInfo). A request costs 2 to 80. */
export const binance: Source = {
  name: 'binance',
  title: 'Binance',
  owner: 'tidemark',
  licence: {
    terms: 'public market data without login, under the terms of use of the exchange',
    link: 'https://www.binance.com/en/terms',
  },
  upstream: {
    baseUrl: { default: 'https://api.binance.com', setting: 'BINANCE_BASE_URL' },
    budget: { perMinute: 72, burst: 2, refillPerMinute: 66, maxInFlight: 2 },
  },
  retention,
  datasets: [binanceTicker24hr],
  site: binanceSite,
  statements: marketStatements,
}
