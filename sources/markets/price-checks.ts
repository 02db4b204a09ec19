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

/** Flags the prices of one market that contradict. A value that has a flag, such as `implausible`, is not compared. */
export function flagPrices(checks: readonly Check[], byMetric: ReadonlyMap<string, Slice>, window: Window): void {
  const columns = new Map<string, (number | null)[]>()
  for (const [metric, { values, flags }] of byMetric) if (flags.length === 0) columns.set(metric, values)
  for (const [metric, rows] of contradictions(checks, columns, window)) {
    for (const flags of rows.values()) byMetric.get(metric)?.flags.push(...flags)
  }
}
