import type { AcrossCheck } from '../answers/across-answers.ts'
import type { Metric } from './metrics.ts'

/**
 * Returns the checks across the answers of a ticker with these metrics. `perRequest` is how many markets an answer has: the
 * rows of an answer with one market say nothing.
 */
export function tickerChecks(metrics: readonly string[], perRequest: number): AcrossCheck[] {
  const has = (...names: Metric[]): boolean => names.every((name) => metrics.includes(name))
  const grows = has('trades') ? 'trades' : 'volume'
  return [
    ...(has('last', 'bid', 'ask', grows) ? [frozen(grows)] : []),
    ...(has('last') ? [jump] : []),
    ...(perRequest > 1 ? [fewRows] : []),
  ]
}

/** 30 ticks are 5 minutes where nothing else is set. */
const frozen = (grows: 'trades' | 'volume'): AcrossCheck => ({
  check: 'frozen',
  text: `The last price of a market stands still over 30 ticks within 10 minutes, though ${grows} grew 5 times while best bid and best ask both lay above it or both below it: trades were made at other prices.`,
  ends: { value: '.last', grows: `.${grows}`, low: '.bid', high: '.ask' },
  ...{ ticks: 30, withinS: 600, times: 5 },
})

const jump: AcrossCheck = {
  check: 'jump',
  text: 'The last price of a market is ten times, or a tenth of, what it was at the tick before, at most a minute earlier.',
  step: { end: '.last', factor: 10, withinS: 60 },
}

const fewRows: AcrossCheck = {
  check: 'few-rows',
  text: 'An answer has less than half of the usual figures: the median of the 180 answers before, within an hour.',
  ...{ share: 0.5, history: 180, minHistory: 60, withinS: 3_600 },
}
