import { z } from 'zod'
import { readJson, writeJson } from '../answers/json.ts'
import { isRefusal, quoteJson, refused as refusal } from '../answers/refusal.ts'
import { figureOf } from '../markets/decimal.ts'
import { valueAt } from '../markets/market-slices.ts'
import { flagPrices, type PriceColumns, priceChecks, priceColumns } from '../markets/price-checks.ts'
import type { Answer, ExplodeResult, Refusal, RefusalReason, RefusedPart, Slice, Window } from '../source.ts'

const answerBody = z.object({ result: z.record(z.string(), z.unknown()) })
const errorBody = z.object({ error: z.string() })

// Names of markets: binance-us:1inchusdt, kraken-futures:btcusd-perpetual-future-inverse, 87.
const marketName = /^(?:[a-z0-9-]{1,60}:[a-z0-9-]{1,80}|\d{1,12})$/
const maxMarkets = 100_000

/** The path of each metric in a summary. A metric that some answers lack is `optional`. */
const summary: { metric: string; place: string[]; optional?: true; isPrice?: true; isChange?: true }[] = [
  { metric: 'last', place: ['price', 'last'], isPrice: true },
  { metric: 'high', place: ['price', 'high'], isPrice: true },
  { metric: 'low', place: ['price', 'low'], isPrice: true },
  { metric: 'changePercentage', place: ['price', 'change', 'percentage'], isChange: true },
  { metric: 'changeAbsolute', place: ['price', 'change', 'absolute'], isChange: true },
  { metric: 'volume', place: ['volume'] },
  { metric: 'volumeBase', place: ['volumeBase'], optional: true },
  { metric: 'volumeQuote', place: ['volumeQuote'] },
  { metric: 'volumeUSD', place: ['volumeUSD'], optional: true },
]
export const checks = priceChecks(summary.map(({ metric }) => metric))

const inObject: typeof summary = [{ metric: 'last', place: ['price'], isPrice: true }]
const bare: typeof summary = [{ metric: 'last', place: [], isPrice: true }]

/** Returns slices at the window's start. A bad figure is refused alone. If all are bad, the whole answer is refused. */
export function explodeMarkets(answer: Answer): ExplodeResult {
  const { refusedParts = [], ...explosion } = explode(answer)
  const inFile = (why: Refusal): Refusal =>
    answer.url === undefined ? why : refusal(why.reason, `${plain(answer.url)}: ${why.message}`)
  if (explosion.refusal) return { ...explosion, refusal: inFile(explosion.refusal) }
  return { ...explosion, refusedParts: refusedParts.map((part) => ({ ...part, refusal: inFile(part.refusal) })) }
}

function explode({ body, window, url = '' }: Answer): ExplodeResult {
  const json = readJson(body)
  if (isRefusal(json)) return { slices: [], refusal: json, ignored: {} }
  const error = errorBody.safeParse(json.value)
  if (error.success)
    return refused('upstream-rejected', `Cryptowatch answered with an error: ${plain(error.data.error)}`)
  const answer = answerBody.safeParse(json.value)
  const { result = {} } = answer.data ?? {}
  if (Object.keys(result).length === 0) {
    return refused(
      'other-file',
      'the answer has no markets: want the result of /markets/summaries, /markets/prices or of one market',
    )
  }
  const named = placesOf(result) ? oneMarket(result, url) : Object.entries(result)
  if (named === undefined) {
    return refused(
      'other-file',
      `an answer of one market that does not name it: name the file market_<exchange>_<pair>_summary.json`,
    )
  }
  if (named.length > maxMarkets) return refused('too-many-keys', `${named.length} markets; ${maxMarkets} are the most`)
  return sliceMarkets(named, window)
}

function sliceMarkets(named: [string, unknown][], window: Window): ExplodeResult {
  const markets = new Set<string>()
  const sliced: SlicedMarkets = { slices: [], absent: 0, prices: priceColumns(checks, named.length) }
  const refusedParts: RefusedPart[] = []
  for (const [index, [name, content]] of named.entries()) {
    const market = name.replace(/^market:/, '')
    if (markets.has(market)) return refused('conflicting-rows', `${market} is named twice`)
    markets.add(market)
    const why = sliceMarket({ market, name, content, index }, window.startMs, sliced)
    if (why) refusedParts.push({ refusal: why, body: writeJson({ result: { [name]: content } }) })
  }
  flagPrices(checks, sliced.prices, window)
  const { slices, absent } = sliced
  const ignored: Record<string, number> = absent > 0 ? { 'absent-metric': absent } : {}
  const [first] = refusedParts
  return first && slices.length === 0 ? { slices, refusal: first.refusal, ignored } : { slices, refusedParts, ignored }
}

interface SlicedMarkets {
  slices: Slice[]
  absent: number
  prices: PriceColumns
}

/** Adds the valid figures of a market to `sliced`. Returns a refusal if the market or one of its figures is invalid. */
function sliceMarket(
  { market, name, content, index }: { market: string; name: string; content: unknown; index: number },
  startMs: number,
  sliced: SlicedMarkets,
): Refusal | undefined {
  if (!marketName.test(market)) return refusal('other-file', `no market is named ${plain(name)}`)
  const places = placesOf(content)
  if (places === undefined) return refusal('other-file', `what is said of ${market} is neither a summary nor a price`)
  const bad: string[] = []
  for (const { metric, place, optional, isPrice, isChange } of places) {
    const found = place.length === 0 ? content : valueAt(content as object, place)
    if (found === undefined) {
      if (!optional) sliced.absent++
      continue
    }
    const figure = figureOf(found)
    if (figure === undefined) {
      bad.push(`${metric} of ${market} is no number: ${typeof found === 'number' ? found : quoteJson(found)}`)
      continue
    }
    const { value, flags } = figure
    const isOdd = value !== null && !isChange && (value < 0 || (isPrice && value === 0))
    const key = `${market}.${metric}`
    const slice = { key, startMs, stepS: 1, values: [value], flags: isOdd ? ['implausible'] : flags }
    sliced.slices.push(slice)
    const prices = sliced.prices.get(metric)
    if (prices) prices[index] = slice
  }
  return bad.length === 0 ? undefined : refusal('type', bad.join('; ').slice(0, 600))
}

/** The market that a URL /markets/kraken/btcusd/summary or a file market_kraken_btcusd_price.json names, if any. */
function oneMarket(result: unknown, url: string): [string, unknown][] | undefined {
  const [, exchange, pair] = /markets?[/_]([a-z0-9-]+)[/_]([a-z0-9-]+)[/_](?:summary|price)(?:\.json)?$/.exec(url) ?? []
  return exchange === undefined ? undefined : [[`${exchange}:${pair}`, result]]
}

function placesOf(content: unknown): typeof summary | undefined {
  if (typeof content === 'number') return bare
  if (typeof content !== 'object' || content === null || !Object.hasOwn(content, 'price')) return undefined
  const { price } = content as { price: unknown }
  if (typeof price !== 'object' || price === null) return inObject
  return Object.hasOwn(price, 'last') ? summary : undefined
}

const refused = (reason: RefusalReason, message: string): ExplodeResult => ({
  slices: [],
  refusal: refusal(reason, message),
  ignored: {},
})

const plain = (text: string): string => text.slice(0, 200)
