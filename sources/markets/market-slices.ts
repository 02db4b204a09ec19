import { refused, refuseUnexpectedNames } from '../answers/refusal.ts'
import type { Refusal, Slice, Window } from '../source.ts'
import { countValue, decimalValue, figureOf } from './decimal.ts'
import { isImplausible, keyOf, type Metric, metrics } from './metrics.ts'
import type { PriceColumns } from './price-checks.ts'

export interface Ticker {
  /** The path of each metric in a market's fields. A market without `last` is refused. */
  places: Partial<Record<Metric, (string | number)[]>>
  marketsOf: (json: unknown, selector: string | null) => AnsweredMarket[] | Refusal
  /** Returns one text for all spellings of a market. It matches the requested markets with those in the answer. */
  sameName: (symbol: string) => string
  /** Builds an answer with only this market, for a dead letter. */
  answerOf: (market: AnsweredMarket) => unknown
  modifiedAt?: (fields: object) => unknown
}

export interface AnsweredMarket {
  name: string
  fields: object
  path: (string | number)[]
}

/** Name of a market: letters and digits of any script (Binance has Chinese names), and . / - as separators. */
const marketName = /^[\p{L}\p{N}][\p{L}\p{N}./-]{0,59}$/u

export interface SlicedMarket {
  slices: Slice[]
  badFigures: string[]
}

/** What the markets of an answer have in common. */
export interface MarketsReading {
  window: Window
  places: MetricPlace[]
  count: (ignored: string) => void
}

interface MetricPlace {
  metric: Metric
  place: (string | number)[]
  /** Collects the metric's slices for the checks. Undefined if no check compares the metric. */
  prices: (Slice | undefined)[] | undefined
}

export const metricPlaces = ({ places }: Ticker, prices: PriceColumns): MetricPlace[] =>
  (Object.entries(places) as [Metric, (string | number)[]][]).map(([metric, place]) => {
    return { metric, place, prices: prices.get(metric) }
  })

/**
 * Returns a slice of one value per metric, at the window's start. Returns a refusal if the whole market is invalid.
 * `index` is the number of the market in the answer, from 0.
 */
export function sliceMarket(
  { modifiedAt }: Ticker,
  { name, fields }: AnsweredMarket,
  index: number,
  { window, places, count }: MarketsReading,
): SlicedMarket | Refusal {
  if (!marketName.test(name)) return refused('schema', `${quoted(name)} is no name of a market`)
  const slices: Slice[] = []
  const badFigures: string[] = []
  for (const { metric, place, prices } of places) {
    const found = valueAt(fields, place)
    if (found === undefined) {
      if (metric === 'last') return refused('schema', `the market ${name} has no ${place.join('.')}`)
      count('absent-metric')
      continue
    }
    const figure = figureOf(found, metrics[metric].unit === 'trades' ? countValue : decimalValue)
    if (figure === undefined) {
      badFigures.push(`${place.join('.')} of ${name} is ${wanted(metric)}: ${quoted(found)}`)
      continue
    }
    const { value, flags } = figure
    const slice = {
      key: keyOf(name, metric),
      startMs: window.startMs,
      stepS: Math.max(1, Math.round((window.endMs - window.startMs) / 1000)),
      values: [value],
      flags: value !== null && isImplausible(metric, value) ? ['implausible'] : flags,
      ...modified(modifiedAt?.(fields)),
    }
    slices.push(slice)
    if (prices !== undefined) prices[index] = slice
  }
  if (slices.length + badFigures.length > 0) return { slices, badFigures }
  const wantedNames = places.map(({ place }) => place.join('.'))
  return refuseUnexpectedNames(`the market ${name} has`, Object.keys(fields), wantedNames.join(', '))
}

const wanted = (metric: Metric): string =>
  metrics[metric].unit === 'trades' ? 'no whole number' : 'no decimal number as text'

/** Returns the value at a path. Returns a null or blank text on the way instead. Undefined if the path is absent. */
export function valueAt(fields: object, place: (string | number)[]): unknown {
  let value: unknown = fields
  for (const step of place) {
    if (value === null || (typeof value === 'string' && value.trim() === '')) return value
    if (typeof value !== 'object' || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string | number, unknown>)[step]
  }
  return value
}

const [year2000, year2100] = [Date.UTC(2000), Date.UTC(2100)]

function modified(atMs: unknown): { upstreamModifiedAtMs?: number } {
  const isTime = Number.isSafeInteger(atMs) && (atMs as number) >= year2000 && (atMs as number) < year2100
  return isTime ? { upstreamModifiedAtMs: atMs as number } : {}
}

/** Quotes a value for a message. JSON.stringify would write null for Infinity. */
const quoted = (value: unknown): string =>
  (typeof value === 'number' ? `${value}` : (JSON.stringify(value) ?? 'undefined')).slice(0, 80)
