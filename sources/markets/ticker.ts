// Code that all exchange tickers share. An answer has markets, a market has metrics, and each value is a point at the
// tick's scheduled instant.
import { readJson, writeJson } from '../answers/json.ts'
import { isRefusal, refused, rejectionOf } from '../answers/refusal.ts'
import type { Answer, Check, Coverage, ExplodeResult, Refusal, RefusedPart, RequestTarget } from '../source.ts'
import { type AnsweredMarket, metricPlaces, sliceMarket, type Ticker } from './market-slices.ts'
import { readKey } from './metrics.ts'
import { flagPrices, priceColumns } from './price-checks.ts'

export const allMarkets = '*'

/** Returns the symbols of a selector, or [] if it selects all markets. */
export function symbolsOf(selector: string | null): string[] {
  const symbols = (selector ?? allMarkets).split(',').filter((symbol) => symbol !== '')
  return symbols.includes(allMarkets) ? [] : symbols
}

/**
 * Returns a slice of one value per market and metric. A market with an invalid figure becomes a dead letter, but its
 * valid figures are stored. If no figure is valid, the whole answer is refused. `ignored` counts absent metrics, and
 * requested symbols without an answer.
 */
export function explodeTicker(ticker: Ticker, answer: Answer, checks: readonly Check[]): ExplodeResult {
  const read = readMarkets(ticker, answer.body, answer.selector ?? null)
  if (isRefusal(read)) return { slices: [], refusal: read, ignored: {} }
  const explosion: ExplodeResult & { refusedParts: RefusedPart[] } = { slices: [], ignored: {}, refusedParts: [] }
  const count = (name: string, times = 1) => {
    explosion.ignored[name] = (explosion.ignored[name] ?? 0) + times
  }
  const prices = priceColumns(checks, read.markets.length)
  const reading = { window: answer.window, places: metricPlaces(ticker, prices), count }
  for (const [index, market] of read.markets.entries()) {
    const sliced = sliceMarket(ticker, market, index, reading)
    if (!isRefusal(sliced)) explosion.slices.push(...sliced.slices)
    const refusal = isRefusal(sliced) ? sliced : refusalOf(sliced.badFigures)
    if (refusal) explosion.refusedParts.push({ refusal, body: writeJson(ticker.answerOf(market)) })
  }
  flagPrices(checks, prices, answer.window)
  if (read.absent.length > 0) count(absentSymbol, read.absent.length)
  const [first] = explosion.refusedParts
  if (first && explosion.slices.length === 0) return { slices: [], refusal: first.refusal, ignored: explosion.ignored }
  return explosion
}

const absentSymbol = 'asked-symbol-without-answer'

/** Joins all bad figures of a market in one refusal, because one dead letter holds the whole market. */
const refusalOf = (badFigures: string[]): Refusal | undefined =>
  badFigures.length === 0 ? undefined : refused('type', badFigures.join('; ').slice(0, 600))

/**
 * Returns `complete` if every market has a value, no figure is blank or invalid, and no requested symbol is absent.
 * Returns a refusal if the exchange rejected the request.
 * @throws Error if explode refuses the answer for another reason
 */
export function assessTicker(ticker: Ticker, body: Uint8Array, asked: RequestTarget): Coverage | Refusal {
  const { slices, refusal, refusedParts = [], ignored } = explodeTicker(ticker, { body, status: 200, ...asked }, [])
  if (refusal) return rejectionOf(refusal)
  if (slices.length === 0) return 'empty'
  const marketOf = (key: string) => readKey(key)?.market
  const withValue = new Set(slices.flatMap(({ key, values }) => (values[0] === null ? [] : [marketOf(key)])))
  const isWhole = slices.every(({ key, flags }) => withValue.has(marketOf(key)) && !flags.includes('unreadable'))
  return isWhole && refusedParts.length === 0 && !(absentSymbol in ignored) ? 'complete' : 'partial'
}

export function placeInTicker(ticker: Ticker, answer: Answer, key: string): (string | number)[] | undefined {
  const asked = readKey(key)
  const place = asked && ticker.places[asked.metric]
  const read = readMarkets(ticker, answer.body, answer.selector ?? null)
  if (!asked || !place || isRefusal(read)) return undefined
  const market = read.markets.find(({ name }) => name === asked.market)
  return market && [...market.path, ...place]
}

const maxMarkets = 20_000

interface ReadMarkets {
  markets: AnsweredMarket[]
  absent: string[]
}

function readMarkets(ticker: Ticker, body: Uint8Array, selector: string | null): ReadMarkets | Refusal {
  const json = readJson(body)
  if (isRefusal(json)) return json
  const markets = ticker.marketsOf(json.value, selector)
  if (isRefusal(markets)) return markets
  if (markets.length > maxMarkets) return refused('too-many-keys', `more than ${maxMarkets} markets in one answer`)
  const names = new Set<string>()
  for (const { name } of markets) {
    if (names.has(name)) return refused('conflicting-rows', `the market ${name.slice(0, 80)} is answered twice`)
    names.add(name)
  }
  const answered = new Set([...names].map(ticker.sameName))
  return { markets, absent: symbolsOf(selector).filter((symbol) => !answered.has(ticker.sameName(symbol))) }
}
