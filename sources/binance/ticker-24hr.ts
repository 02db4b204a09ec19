// Binance's 24-hour ticker: price, best bid and ask, and the rolling last 24 hours of each market.
// Source: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints, public, no login.
// closeTime is when Binance computed the figures.
// Quirks: `symbol` returns one object; `symbols`, or no parameter, returns a list. One unknown symbol fails the whole
// request with status 400 and {code, msg}. A request for all markets also returns markets that are closed for trading.
import { readJson } from '../answers/json.ts'
import { elementsAt, startOf } from '../answers/json-bytes.ts'
import { isRefusal, refused } from '../answers/refusal.ts'
import { isProblem, problem, readParameters } from '../answers/site-requests.ts'
import type { Ticker } from '../markets/market-slices.ts'
import { cutAtQuote, type Spelling } from '../markets/pair.ts'
import { allMarkets, symbolsOf } from '../markets/ticker.ts'
import { figuresExpected, tickerDataset } from '../markets/ticker-dataset.ts'
import { tickerRequest } from '../markets/ticker-site.ts'
import type { Site, SiteProblem, SiteRequest } from '../site.ts'

const ticker: Ticker = {
  places: {
    last: ['lastPrice'],
    bid: ['bidPrice'],
    ask: ['askPrice'],
    open: ['openPrice'],
    high: ['highPrice'],
    low: ['lowPrice'],
    vwap: ['weightedAvgPrice'],
    change: ['priceChange'],
    volume: ['volume'],
    quote_volume: ['quoteVolume'],
    trades: ['count'],
  },
  marketsOf: (json, selector) => {
    if (isObject(json) && 'code' in json && 'msg' in json) {
      const reply = JSON.stringify({ code: json.code, msg: json.msg }).slice(0, 200)
      const advice = json.code === -1121 ? ': one of them is none of its markets, see BINANCE_SYMBOLS' : ''
      return refused(
        'upstream-rejected',
        `Binance says ${reply}; asked was ${(selector ?? allMarkets).slice(0, 200)}${advice}`,
      )
    }
    const list = Array.isArray(json) ? json : [json]
    const unnamed = list.findIndex((fields) => !isObject(fields) || typeof fields.symbol !== 'string')
    if (unnamed >= 0) return refused('schema', `not a ticker of Binance: market ${unnamed + 1} has no text "symbol"`)
    return list.map((fields, index) => ({ name: fields.symbol, fields, path: Array.isArray(json) ? [index] : [] }))
  },
  sameName: (symbol) => symbol,
  answerOf: ({ fields }) => [fields],
  modifiedAt: (fields) => (fields as { closeTime?: unknown }).closeTime,
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

// Quote currencies, longest first, because the names of markets have no separator.
const quotes = ['FDUSD', ...['USDT', 'USDC', 'TUSD', 'BUSD', 'USDP', 'USD1', 'EURI', 'BIDR', 'DOGE']]
  .concat(['BTC', 'ETH', 'BNB', 'XRP', 'TRX', 'SOL', 'DAI', 'TRY', 'EUR', 'GBP', 'AUD', 'BRL', 'JPY'])
  .concat(['ARS', 'MXN', 'COP', 'CZK', 'PLN', 'RON', 'UAH', 'ZAR', 'NGN', 'RUB', 'IDR', 'USD'])

const spelling: Spelling = { requestSymbol: (market) => market, pairOf: (market) => cutAtQuote(market, quotes) }

const path = '/api/v3/ticker/24hr'

export const binanceTicker24hr = tickerDataset({
  name: 'binance.ticker24hr',
  title: 'Binance 24-hour ticker',
  description: "Price, book and last 24 hours of Binance's spot markets, a sample every 10 s.",
  page: 'https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints',
  shape: 'recorded',
  example: 'BTCUSDT.last',
  ticker,
  spelling,
  settings: 'BINANCE',
  selectors: {
    default: ['BTCUSDT', 'ETHUSDT'],
    pattern: /^(?:\*|[\p{L}\p{N}]{3,40})$/u,
    // A request weighs 2 for up to 20 symbols, 40 for up to 100, and 80 for more than 100 or for all.
    perRequest: 100,
  },
  requestPath: ({ selector }) => {
    const symbols = symbolsOf(selector)
    return symbols.length > 0 ? `${path}?symbols=${encodeURIComponent(JSON.stringify(symbols))}` : path
  },
  expectations: [
    'every symbol that is asked for is answered: where one is not, the poll is partial',
    ...figuresExpected,
  ],
  transformVersion: 3,
})

/** `symbol` is answered with an object in place of a list of one: it is cut out of a list that has the symbol. */
export const binanceSite: Site = {
  read: (asked, query) => {
    if (asked !== path) return undefined
    const given = readParameters(query, ['symbol', 'symbols'])
    if (isProblem(given)) return given
    const symbol = given.get('symbol')
    if (symbol !== undefined) {
      if (given.has('symbols'))
        return problem('The parameters symbol and symbols exclude each other: give one of them.')
      return oneSymbol(symbol)
    }
    const symbols = symbolsIn(given.get('symbols') ?? '[]')
    if (symbols === undefined || (symbols.length === 0 && given.has('symbols'))) {
      return problem('The parameter symbols must be a list of symbols such as ["BTCUSDT","ETHUSDT"].')
    }
    return tickerRequest(binanceTicker24hr, symbols)
  },
}

function oneSymbol(symbol: string): SiteRequest | SiteProblem {
  const request = tickerRequest(binanceTicker24hr, [symbol])
  if (isProblem(request)) return request
  return {
    ...request,
    needs: (selector) => {
      const asked = symbolsOf(selector)
      return asked.length === 0 || asked.includes(symbol)
    },
    compose: (answers) => {
      const { status, body } = request.compose(answers)
      return { status, body: objectOf(symbol, body) }
    },
  }
}

/** Returns the bytes of the object of a symbol. @throws Error if the answer does not have it */
function objectOf(symbol: string, body: Uint8Array): Uint8Array {
  const json = readJson(body)
  if (isRefusal(json)) throw new Error(`a stored answer is not JSON: ${json.message}`)
  const list = Array.isArray(json.value) ? json.value : []
  const index = list.findIndex((each) => isObject(each) && each.symbol === symbol)
  const place = elementsAt(body, startOf(body))[index]
  if (place === undefined) throw new Error(`the newest answer has no ${symbol}`)
  return body.subarray(place.start, place.end)
}

function symbolsIn(text: string): string[] | undefined {
  const json = readJson(Buffer.from(text))
  if (isRefusal(json) || !Array.isArray(json.value)) return undefined
  return json.value.every((symbol) => typeof symbol === 'string') ? json.value : undefined
}
