import { type ColumnPair, contradictions, isAbove, pairCheck } from '../answers/checks.ts'
import type { Check, Slice, Window } from '../source.ts'

const known: { flag: string; text: string; pairs: ColumnPair[] }[] = [
  { flag: 'bid-above-ask', text: 'The best bid of a market is above its best ask.', pairs: [['bid', 'ask']] },
  {
    flag: 'last-outside-range',
    text: 'The last price of a market is below its lowest or above its highest price of the day.',
    pairs: [
      ['low', 'last'],
      ['last', 'high'],
    ],
  },
  {
    flag: 'low-above-high',
    text: 'The lowest price of a market in the day is above its highest.',
    pairs: [['low', 'high']],
  },
]

/** Returns the checks that compare some of these metrics. */
export const priceChecks = (metrics: readonly string[]): Check[] =>
  known.flatMap(({ flag, text, pairs }) => {
    const present = pairs.filter((pair) => pair.every((metric) => metrics.includes(metric)))
    return present.length === 0 ? [] : [pairCheck(flag, text, () => present, isAbove)]
  })

/** The slices that checks compare, by metric, one per market of an answer. Undefined where a market has none. */
export type PriceColumns = ReadonlyMap<string, (Slice | undefined)[]>

export const priceColumns = (checks: readonly Check[], markets: number): PriceColumns =>
  new Map(checks.length === 0 ? [] : compared.map((metric) => [metric, new Array(markets).fill(undefined)]))

const compared = [...new Set(known.flatMap(({ pairs }) => pairs.flat()))]

/** Gives flags to the prices of a market that contradict. A price that has a flag, such as `implausible`, takes no part. */
export function flagPrices(checks: readonly Check[], prices: PriceColumns, window: Window): void {
  const columns = new Map<string, (number | null)[]>()
  for (const [metric, slices] of prices) columns.set(metric, slices.map(priceOf))
  for (const [metric, rows] of contradictions(checks, columns, window)) {
    for (const [market, flags] of rows) prices.get(metric)?.[market]?.flags.push(...flags)
  }
}

const priceOf = (slice: Slice | undefined): number | null =>
  slice === undefined || slice.flags.length > 0 ? null : (slice.values[0] ?? null)
