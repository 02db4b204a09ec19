import { z } from 'zod'
import { binanceTicker } from './binance.ts'
import { coinbaseStats, coinbaseTicker } from './coinbase.ts'
import type { Exchange, Sample } from './exchange.ts'
import { krakenTicker } from './kraken.ts'
import type { Market } from './markets.ts'

const MAX_SAMPLES = 100_000

/**
 * Returns a market's figures at an instant. If the query has `from`, `to` and `everyS`, returns the prices from `from`
 * to before `to`, every `everyS` seconds, and their statistics. Without `market`, returns the names of all markets.
 */
export function marketTruth(exchange: Exchange, query: URLSearchParams, atMs: number) {
  const name = query.get('market')
  if (name === null) return { told: { host: exchange.name, markets: exchange.markets.map((market) => market.name) } }
  const market = exchange.find(name)
  if (market === undefined) return { error: `${exchange.name} has no market ${name.slice(0, 60)}` }
  const head = { host: exchange.name, market: market.name, answered: market.answered }
  if (!query.has('from')) {
    const sample = exchange.sample(market, atMs)
    const { today: _, ...values } = sample
    const answer = printed[exchange.name](market, sample, atMs)
    return { told: { ...head, at: new Date(atMs).toISOString(), values, answer } }
  }
  const span = spanSchema.safeParse(Object.fromEntries(query))
  if (!span.success) return { error: z.prettifyError(span.error) }
  const [fromMs, toMs, stepMs] = [Date.parse(span.data.from), Date.parse(span.data.to), span.data.everyS * 1_000]
  const count = Math.ceil((toMs - fromMs) / stepMs)
  if (toMs > atMs || !(count >= 1 && count <= MAX_SAMPLES)) {
    return { error: `from, to and everyS must name 1 to ${MAX_SAMPLES} instants, none after the simulator's clock` }
  }
  const samples = Array.from({ length: count }, (_, index) => ({
    at: new Date(fromMs + index * stepMs).toISOString(),
    last: exchange.last(market, fromMs + index * stepMs),
  }))
  return { told: { ...head, samples, sums: statisticsOf(samples.map(({ last }) => last)) } }
}

const spanSchema = z.object({
  from: z.iso.datetime({ offset: true }),
  to: z.iso.datetime({ offset: true }),
  everyS: z.coerce.number().positive(),
})

/** Statistics of values, with the population's standard deviation. */
function statisticsOf(values: readonly number[]) {
  const count = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count
  const [first = 0, last = 0] = [values[0], values.at(-1)]
  const [min, max] = [
    values.reduce((least, value) => Math.min(least, value), first),
    values.reduce((most, value) => Math.max(most, value), first),
  ]
  return { count, last, min, max, mean, standardDeviation: Math.sqrt(variance), change: last - first }
}

const printed: Record<Exchange['name'], (market: Market, sample: Sample, atMs: number) => unknown> = {
  kraken: krakenTicker,
  binance: binanceTicker,
  coinbase: (market, sample, atMs) => ({
    ticker: coinbaseTicker(market, sample, atMs),
    stats: coinbaseStats(market, sample),
  }),
}
