// Kraken's ticker: price, best bid and ask, and the last 24 hours of each market.
// Source: https://docs.kraken.com/api/docs/rest-api/get-ticker-information, public, no login.
// Quirks: the status is always 200, and one unknown symbol fails the whole request (`error`). Answers and requests name
// markets differently (pairs.ts). v, p, t, l and h are [today, last 24 hours]; the second value is read. `o` is the
// price at 00:00 UTC.
import { refused } from '../answers/refusal.ts'
import { isProblem, readParameters } from '../answers/site-requests.ts'
import type { Ticker } from '../markets/market-slices.ts'
import { allMarkets, symbolsOf } from '../markets/ticker.ts'
import { figuresExpected, tickerDataset } from '../markets/ticker-dataset.ts'
import { tickerRequest } from '../markets/ticker-site.ts'
import type { Site } from '../site.ts'
import { krakenSpelling, requestSymbol } from './pairs.ts'

const ticker: Ticker = {
  places: {
    last: ['c', 0],
    bid: ['b', 0],
    ask: ['a', 0],
    open: ['o'],
    high: ['h', 1],
    low: ['l', 1],
    vwap: ['p', 1],
    volume: ['v', 1],
    trades: ['t', 1],
  },
  marketsOf: (json, selector) => {
    const { error, result } = fieldsOf(json)
    if (!Array.isArray(error)) return refused('schema', 'not an answer of Kraken: it has no list "error"')
    // An error that begins with W is a warning, and comes with a result.
    const errors = error.filter((one) => typeof one !== 'string' || !one.startsWith('W'))
    if (errors.length > 0) {
      const reply = JSON.stringify(errors).slice(0, 200)
      return refused('upstream-rejected', `Kraken says ${reply}; asked was ${shown(selector)}${adviceOn(reply)}`)
    }
    if (typeof result !== 'object' || result === null || Array.isArray(result)) {
      return refused('schema', 'not an answer of Kraken: its "result" is no object of markets')
    }
    return Object.entries(result).map(([name, fields]) => ({ name, fields: fieldsOf(fields), path: ['result', name] }))
  },
  sameName: requestSymbol,
  answerOf: ({ name, fields }) => ({ error: [], result: { [name]: fields } }),
}

const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

const shown = (selector: string | null): string => (selector ?? allMarkets).slice(0, 200)

function adviceOn(reply: string): string {
  if (reply.includes('Unknown asset pair')) return ': one of them is none of its markets, see KRAKEN_SYMBOLS'
  return reply.includes('Rate limit') ? ': something else at this address asks Kraken, too' : ''
}

const path = '/0/public/Ticker'

export const krakenTicker = tickerDataset({
  name: 'kraken.ticker',
  title: 'Kraken ticker',
  description: "Price, book and last 24 hours of Kraken's spot markets, a sample every 10 s.",
  page: 'https://docs.kraken.com/api/docs/rest-api/get-ticker-information',
  shape: 'recorded',
  example: 'XXBTZUSD.last',
  ticker,
  spelling: krakenSpelling,
  settings: 'KRAKEN',
  selectors: {
    default: ['XBTUSD', 'ETHUSD'],
    pattern: /^(?:\*|[A-Z0-9.]{3,24})$/,
    // Kraken states no limit. 200 symbols make a URL of 2 kB.
    perRequest: 200,
  },
  requestPath: ({ selector }) => {
    const symbols = symbolsOf(selector).map(encodeURIComponent)
    return symbols.length > 0 ? `${path}?pair=${symbols.join(',')}` : path
  },
  expectations: [
    'every symbol that is asked for is answered: where one is not, the poll is partial',
    ...figuresExpected,
  ],
  transformVersion: 3,
})

export const krakenSite: Site = {
  read: (asked, query) => {
    if (asked !== path) return undefined
    const given = readParameters(query, ['pair'])
    return isProblem(given) ? given : tickerRequest(krakenTicker, given.get('pair')?.split(',') ?? [])
  },
}
