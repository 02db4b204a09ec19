import { type Metric, metrics, readKey } from './metrics.ts'

/** The currency that is traded (base) and that of the prices (quote), by common names: BTC, where Kraken writes XBT. */
export interface Pair {
  base: string
  quote: string
}

export interface Spelling {
  /** Returns undefined if a currency in the market's name is unknown. */
  pairOf: (market: string) => Pair | undefined
  requestSymbol: (market: string) => string
}

/** Labels: market, metric, and `asked`, the symbol to request. Also base and quote if known. {} for an invalid key. */
export function marketLabels({ pairOf, requestSymbol }: Spelling, key: string): Record<string, string> {
  const read = readKey(key)
  return read ? { ...read, asked: requestSymbol(read.market), ...pairOf(read.market) } : {}
}

export function unitOfKey({ pairOf }: Spelling, key: string): string {
  const read = readKey(key)
  if (!read) return 'unknown'
  const { unit } = metrics[read.metric]
  return unit === 'trades' ? 'trades' : (pairOf(read.market)?.[unit] ?? `${unit} currency`)
}

/** Splits BTCUSDT into BTC and USDT, the first currency of the list that ends the name. Undefined if none does. */
export function cutAtQuote(name: string, longestFirst: readonly string[]): Pair | undefined {
  const quote = longestFirst.find((one) => name.length > one.length && name.endsWith(one))
  return quote === undefined ? undefined : { base: name.slice(0, -quote.length), quote }
}

export function keysDeclared(example: string, places: Partial<Record<Metric, unknown>>) {
  const names = Object.keys(places) as Metric[]
  return {
    pattern: `<market>.<metric>, metric one of ${names.join(', ')}`,
    example,
    labels: {
      market: 'the market as the exchange answers it',
      metric: names.map((name) => `${name}: ${metrics[name].means}`).join('; '),
      asked: 'the symbol that is asked for',
      base: 'the currency that is traded, where the name can be read',
      quote: 'the currency that prices are in, where the name can be read',
    },
  }
}
