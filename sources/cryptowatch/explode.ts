import { z } from 'zod'
import { readJson } from '../answers/json.ts'
import { isRefusal, refused as refusal } from '../answers/refusal.ts'
import type { Answer, Explosion, RefusalReason } from '../source.ts'

const summary = z.object({
  price: z.object({
    last: z.number(),
    high: z.number(),
    low: z.number(),
    change: z.object({ percentage: z.number(), absolute: z.number() }),
  }),
  volume: z.number(),
  volumeBase: z.number().optional(),
  volumeQuote: z.number(),
  volumeUSD: z.number().optional(),
})
const price = z.object({ price: z.number() })
const answerBody = z.object({ result: z.record(z.string(), z.unknown()) })
const errorBody = z.object({ error: z.string() })

// binance-us:1inchusdt, kraken-futures:btcusd-perpetual-future-inverse, 87
const marketName = /^(?:[a-z0-9-]{1,60}:[a-z0-9-]{1,80}|\d{1,12})$/
const mostMarkets = 100_000

/**
 * Slices of one value each, at the instant that the file is a snapshot of: of every market all metrics that its summary
 * has, or its price as `last`. Refused as a whole: errors, other answers, answers of one market that nothing names.
 */
export function explodeMarkets(answer: Answer): Explosion {
  const explosion = explode(answer)
  const { refusal: why } = explosion
  if (why === undefined || answer.url === undefined) return explosion
  return { ...explosion, refusal: refusal(why.reason, `${plain(answer.url)}: ${why.message}`) }
}

function explode({ body, window, url = '' }: Answer): Explosion {
  const json = readJson(body)
  if (isRefusal(json)) return { slices: [], refusal: json, ignored: {} }
  const error = errorBody.safeParse(json.value)
  if (error.success)
    return refused('upstream-rejected', `Cryptowatch answered with an error: ${plain(error.data.error)}`)
  const answer = answerBody.safeParse(json.value)
  if (!answer.success) {
    return refused(
      'other-file',
      'the answer has no markets: want the result of /markets/summaries, /markets/prices or of one market',
    )
  }
  const { result } = answer.data
  const single = summary.safeParse(result).success || price.safeParse(result).success
  const named = single ? oneMarket(result, url) : Object.entries(result)
  if (named === undefined) {
    return refused(
      'other-file',
      `an answer of one market that does not name it: name the file market_<exchange>_<pair>_summary.json`,
    )
  }
  if (named.length > mostMarkets)
    return refused('too-many-keys', `${named.length} markets; ${mostMarkets} are the most`)
  const values = new Map<string, number>()
  for (const [name, said] of named) {
    const market = name.replace(/^market:/, '')
    const metrics = metricsOf(said)
    if (!marketName.test(market)) return refused('other-file', `no market is named ${plain(name)}`)
    if (metrics === undefined)
      return refused('other-file', `what is said of ${market} is neither a summary nor a price`)
    for (const [metric, value] of metrics) {
      const key = `${market}.${metric}`
      if (values.has(key)) return refused('conflicting-rows', `${market} is named twice`)
      values.set(key, value)
    }
  }
  const at = { startMs: window.startMs, stepS: 1, flags: [] }
  return { slices: [...values].map(([key, value]) => ({ ...at, key, values: [value] })), ignored: {} }
}

/** The market that the address or the file's name tells of: /markets/kraken/btcusd/summary, market_kraken_btcusd_price.json. */
function oneMarket(result: unknown, url: string): [string, unknown][] | undefined {
  const [, exchange, pair] = /markets?[/_]([a-z0-9-]+)[/_]([a-z0-9-]+)[/_](?:summary|price)(?:\.json)?$/.exec(url) ?? []
  return exchange === undefined ? undefined : [[`${exchange}:${pair}`, result]]
}

/** What is said of a market, by metric; undefined for what is neither a summary nor a price. */
function metricsOf(said: unknown): [string, number][] | undefined {
  if (typeof said === 'number') return Number.isFinite(said) ? [['last', said]] : undefined
  const one = price.safeParse(said)
  if (one.success) return [['last', one.data.price]]
  const read = summary.safeParse(said)
  if (!read.success) return undefined
  const { price: prices, volume, volumeBase, volumeQuote, volumeUSD } = read.data
  const metrics: [string, number | undefined][] = [
    ['last', prices.last],
    ['high', prices.high],
    ['low', prices.low],
    ['changePercentage', prices.change.percentage],
    ['changeAbsolute', prices.change.absolute],
    ['volume', volume],
    ['volumeBase', volumeBase],
    ['volumeQuote', volumeQuote],
    ['volumeUSD', volumeUSD],
  ]
  return metrics.filter((metric): metric is [string, number] => metric[1] !== undefined)
}

const refused = (reason: RefusalReason, message: string): Explosion => ({
  slices: [],
  refusal: refusal(reason, message),
  ignored: {},
})

/** The beginning of upstream's words. */
const plain = (text: string): string => text.slice(0, 200)
