type Counted = 'quote' | 'base' | 'trades'

/**
 * The metrics, by names that are the same for all exchanges. All values are figures of the exchange. `the day` in
 * `means` is what the exchange calls its last 24 hours.
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

/** Returns true for a price of 0 and for any negative value except a change. */
export function isImplausible(metric: Metric, value: number): boolean {
  if (metric === 'change') return false
  return value < 0 || (value === 0 && 'isPrice' in metrics[metric])
}

/** A key is the market as the answer spells it, a dot, and the metric. Only the market may contain dots. */
export const keyOf = (market: string, metric: Metric): string => `${market}.${metric}`

export function readKey(key: string): { market: string; metric: Metric } | undefined {
  const dot = key.lastIndexOf('.')
  const metric = key.slice(dot + 1)
  if (dot < 1 || !Object.hasOwn(metrics, metric)) return undefined
  return { market: key.slice(0, dot), metric: metric as Metric }
}
