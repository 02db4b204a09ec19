/** What the values of a metric count: money of the quote or amounts of the base currency, or trades. */
type Counted = 'quote' | 'base' | 'trades'

/**
 * What a ticker says of a market: one vocabulary for all exchanges, so that a metric is asked for by the same name
 * everywhere. An exchange has those that its answer holds; none is computed here. `day` is what the exchange itself calls
 * its last 24 hours.
 */
export const metrics = {
  last: { unit: 'quote', isPrice: true, means: 'price of the last trade' },
  bid: { unit: 'quote', isPrice: true, means: 'best bid' },
  ask: { unit: 'quote', isPrice: true, means: 'best ask' },
  open: { unit: 'quote', isPrice: true, means: 'price at the start of the day (Kraken: at 00:00 UTC)' },
  high: { unit: 'quote', isPrice: true, means: 'highest price of the day' },
  low: { unit: 'quote', isPrice: true, means: 'lowest price of the day' },
  vwap: { unit: 'quote', isPrice: true, means: 'average price of the day, weighted by volume' },
  change: { unit: 'quote', means: 'price now less price a day ago' },
  volume: { unit: 'base', means: 'traded in the day, in the base currency' },
  quote_volume: { unit: 'quote', means: 'traded in the day, in the quote currency' },
  volume_30day: { unit: 'base', means: 'traded in 30 days, in the base currency' },
  trades: { unit: 'trades', means: 'number of trades in the day' },
} as const satisfies Record<string, { unit: Counted; isPrice?: true; means: string }>

export type Metric = keyof typeof metrics

/** Whether a value can hardly be: a price that is 0, as of a market where nothing is traded; below 0 anything but a change. */
export function isImplausible(metric: Metric, value: number): boolean {
  if (metric === 'change') return false
  return value < 0 || (value === 0 && 'isPrice' in metrics[metric])
}

/** The key of a series: the market as the answer spells it, a dot, the metric. No metric holds a dot, a market may. */
export const keyOf = (market: string, metric: Metric): string => `${market}.${metric}`

/** Market and metric of a key; undefined where it is none. */
export function readKey(key: string): { market: string; metric: Metric } | undefined {
  const dot = key.lastIndexOf('.')
  const metric = key.slice(dot + 1)
  if (dot < 1 || !Object.hasOwn(metrics, metric)) return undefined
  return { market: key.slice(0, dot), metric: metric as Metric }
}
