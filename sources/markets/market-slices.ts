import { otherNames, refused } from '../answers/refusal.ts'
import type { Refusal, Slice, Window } from '../source.ts'
import { countValue, decimalValue, figureOf } from './decimal.ts'
import { isImplausible, keyOf, type Metric, metrics } from './metrics.ts'

/** All that an exchange's ticker must declare. */
export interface Ticker {
  /** Where each metric stands inside a market's object; a market without `last` is refused. */
  places: Partial<Record<Metric, (string | number)[]>>
  /** The markets of a parsed answer, or why it is refused. */
  marketsOf: (json: unknown, subject: string | null) => AnsweredMarket[] | Refusal
  /** The same text for each spelling of a market: what was asked for and what is answered are compared by it. */
  sameName: (symbol: string) => string
  /** An answer of one market alone, to be kept when that market, or a figure of it, is refused. */
  answerOf: (market: AnsweredMarket) => unknown
  /** When upstream made a market's figures, ms UTC, if it says. */
  modifiedAt?: (fields: object) => unknown
}

/** A market of an answer. Its figures are not looked at yet. */
export interface AnsweredMarket {
  /** As the answer spells it. */
  name: string
  fields: object
  /** Where `fields` stand inside the answer's JSON. */
  path: (string | number)[]
}

/** Letters and digits of any script (Binance has names in Chinese), apart by what exchanges put in between. */
const marketName = /^[\p{L}\p{N}][\p{L}\p{N}./-]{0,59}$/u

/** What can be stored of a market, and why the others of its figures are refused, each in a sentence. */
export interface SlicedMarket {
  slices: Slice[]
  badFigures: string[]
}

/**
 * The slices of one market, each of one value at the window's start; a figure that is no number has none. Or why all of
 * this market is refused.
 */
export function sliceMarket(
  { places, modifiedAt }: Ticker,
  { name, fields }: AnsweredMarket,
  window: Window,
  count: (ignored: string) => void,
): SlicedMarket | Refusal {
  if (!marketName.test(name)) return refused('schema', `${quoted(name)} is no name of a market`)
  const slices: Slice[] = []
  const badFigures: string[] = []
  for (const [metric, place] of Object.entries(places) as [Metric, (string | number)[]][]) {
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
    slices.push({
      key: keyOf(name, metric),
      startMs: window.startMs,
      stepS: Math.max(1, Math.round((window.endMs - window.startMs) / 1000)),
      values: [value],
      flags: value !== null && isImplausible(metric, value) ? ['implausible'] : flags,
      ...modified(modifiedAt?.(fields)),
    })
  }
  if (slices.length + badFigures.length > 0) return { slices, badFigures }
  const wantedNames = Object.values(places).map((place) => place.join('.'))
  return otherNames(`the market ${name} has`, Object.keys(fields), wantedNames.join(', '))
}

const wanted = (metric: Metric): string =>
  metrics[metric].unit === 'trades' ? 'no whole number' : 'no decimal number as text'

/** What stands at a path of own fields, or null or an empty text in place of it; undefined where nothing does. */
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

/** What upstream says of the time of its figures; nothing where that is no time. */
function modified(atMs: unknown): { upstreamModifiedAtMs?: number } {
  const isTime = Number.isSafeInteger(atMs) && (atMs as number) >= year2000 && (atMs as number) < year2100
  return isTime ? { upstreamModifiedAtMs: atMs as number } : {}
}

/** JSON has no word for what is beyond all numbers. */
const quoted = (value: unknown): string =>
  (typeof value === 'number' ? `${value}` : (JSON.stringify(value) ?? 'undefined')).slice(0, 80)
