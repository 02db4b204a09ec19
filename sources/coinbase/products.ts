// Coinbase's ticker (last trade, best bid and ask) and stats (figures of the day). A request returns one product. The
// answer does not name it, so the market is the requested one.
// Source: https://docs.cdp.coinbase.com/api-reference/exchange-api/rest-api/products, public, no login.
// Quirks: no answer was recorded, only the documentation is known. An unknown product is status 404 with {message}.
import { refused } from '../answers/refusal.ts'
import { isProblem, readParameters } from '../answers/site-requests.ts'
import { instantMs } from '../answers/times.ts'
import type { Ticker } from '../markets/market-slices.ts'
import type { Spelling } from '../markets/pair.ts'
import { figuresExpected, tickerDataset } from '../markets/ticker-dataset.ts'
import { tickerRequest } from '../markets/ticker-site.ts'
import type { Site } from '../site.ts'

const marketsOf: Ticker['marketsOf'] = (json, selector) => {
  if (selector === null) return refused('schema', 'an answer of Coinbase names no product, and none was asked for')
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return refused('schema', 'not an answer of Coinbase: it is no object')
  }
  if ('message' in json) {
    const reply = JSON.stringify(json.message).slice(0, 200)
    const advice = reply.includes('NotFound') ? ': it is none of its products, see COINBASE_SYMBOLS' : ''
    return refused('upstream-rejected', `Coinbase says ${reply}; asked was ${selector.slice(0, 200)}${advice}`)
  }
  return [{ name: selector, fields: json, path: [] }]
}

const alike = { marketsOf, sameName: (symbol: string) => symbol, answerOf: ({ fields }: { fields: object }) => fields }

const lastTrade: Ticker = {
  ...alike,
  places: { last: ['price'], bid: ['bid'], ask: ['ask'], volume: ['volume'] },
  modifiedAt: (fields) => instantMs((fields as { time?: unknown }).time),
}

/** The metrics of coinbase.stats. Last price and volume are in coinbase.ticker instead. */
const figuresOfTheDay: Ticker = {
  ...alike,
  places: {
    open: ['open'],
    high: ['high'],
    low: ['low'],
    volume_30day: ['volume_30day'],
  },
}

const spelling: Spelling = {
  requestSymbol: (market) => market,
  pairOf: (market) => {
    const [base, quote, ...more] = market.split('-')
    return base && quote && more.length === 0 ? { base, quote } : undefined
  },
}

const ofProducts = (name: string, title: string, description: string, example: string, ticker: Ticker) =>
  tickerDataset({
    name: `coinbase.${name}`,
    ...{ title, description, example, ticker, spelling },
    page: `https://docs.cdp.coinbase.com/api-reference/exchange-api/rest-api/products/get-product-${name}`,
    shape: 'documented',
    settings: 'COINBASE',
    selectors: {
      default: ['BTC-USD', 'ETH-USD'],
      pattern: /^[A-Z0-9]{1,20}-[A-Z0-9]{2,10}$/,
      perRequest: 1,
    },
    requestPath: ({ selector }) => `/products/${encodeURIComponent(selector ?? '')}/${name}`,
    expectations: figuresExpected,
    transformVersion: 3,
  })

export const coinbaseTicker = ofProducts(
  'ticker',
  'Coinbase ticker',
  "Last trade, book and 24-hour volume of Coinbase Exchange's products, a sample every 10 s.",
  'BTC-USD.last',
  lastTrade,
)

export const coinbaseStats = ofProducts(
  'stats',
  'Coinbase 24-hour stats',
  "Open, high and low over 24 hours and the volume of 30 days of Coinbase Exchange's products, a sample every 10 s.",
  'BTC-USD.open',
  figuresOfTheDay,
)

export const coinbaseSite: Site = {
  read: (path, query) => {
    const [, product = '', name] = /^\/products\/([^/]+)\/(ticker|stats)$/.exec(path) ?? []
    if (name === undefined) return undefined
    const given = readParameters(query, [])
    return isProblem(given) ? given : tickerRequest(name === 'ticker' ? coinbaseTicker : coinbaseStats, [product])
  },
}
