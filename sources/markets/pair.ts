import { type Metric, metrics, readKey } from './metrics.ts'

/** The two currencies of a market, by their common names (BTC also where the exchange says XBT). */
export interface Pair {
  base: string
  quote: string
}

/** How an exchange spells markets. */
export interface Spelling {
  /** Undefined where the name cannot be cut into currencies that are declared. */
  pairOf: (market: string) => Pair | undefined
  /** The symbol that is asked for to be answered this market. */
  askedAs: (market: string) => string
}

/** Labels of a key: market, metric, asked, and base and quote where they can be read; empty for what is no key. */
export function marketLabels({ pairOf, askedAs }: Spelling, key: string): Record<string, string> {
  const read = readKey(key)
  return read ? { ...read, asked: askedAs(read.market), ...pairOf(read.market) } : {}
}

/** The unit of a key: its currency, as far as it can be read, or trades. */
export function unitOfKey({ pairOf }: Spelling, key: string): string {
  const read = readKey(key)
  if (!read) return 'unknown'
  const { unit } = metrics[read.metric]
  return unit === 'trades' ? 'trades' : (pairOf(read.market)?.[unit] ?? `${unit} currency`)
}

/** Cuts a name without a separator at the longest declared quote that it ends with: BTCUSDT is BTC and USDT. */
export function cutAtQuote(name: string, longestFirst: readonly string[]): Pair | undefined {
  const quote = longestFirst.find((one) => name.length > one.length && name.endsWith(one))
  return quote === undefined ? undefined : { base: name.slice(0, -quote.length), quote }
}

/** What `keys` of a dataset declare, for the catalogue. */
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
