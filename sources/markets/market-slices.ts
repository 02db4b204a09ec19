import { refused } from '../answers/refusal.ts'
import type { Refusal, Slice, Window } from '../source.ts'
import { countValue, decimalValue } from './decimal.ts'
import { keyOf, type Metric, metrics } from './metrics.ts'
import type { Ticker } from './ticker.ts'

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

/** The slices of one market, each of one value at the window's start, or why this market is refused. */
export function sliceMarket(
  { places, modifiedAt }: Ticker,
  { name, fields }: AnsweredMarket,
  window: Window,
  count: (ignored: string) => void,
): Slice[] | Refusal {
  if (!marketName.test(name)) return refused('schema', `${quoted(name)} is no name of a market`)
  const slices: Slice[] = []
  for (const [metric, place] of Object.entries(places) as [Metric, (string | number)[]][]) {
    const found = valueAt(fields, place)
    if (found === undefined) {
      if (metric === 'last') return refused('schema', `the market ${name} has no ${place.join('.')}`)
      count('absent-metric')
      continue
    }
    const value = found === null ? null : numberOf(metric, found)
    if (value === undefined)
      return refused('type', `${place.join('.')} of ${name} is ${wanted(metric)}: ${quoted(found)}`)
    const isImplausible = value !== null && value < 0 && metric !== 'change'
    slices.push({
      key: keyOf(name, metric),
      startMs: window.startMs,
      stepS: Math.max(1, Math.round((window.endMs - window.startMs) / 1000)),
      values: [value],
      flags: isImplausible ? ['implausible'] : [],
      ...modified(modifiedAt?.(fields)),
    })
  }
  return slices
}

const numberOf = (metric: Metric, value: unknown): number | undefined =>
  metrics[metric].unit === 'trades' ? countValue(value) : decimalValue(value)

const wanted = (metric: Metric): string =>
  metrics[metric].unit === 'trades' ? 'no whole number' : 'no decimal number as text'

/** What stands at a path of own fields; undefined where nothing does. */
function valueAt(fields: object, place: (string | number)[]): unknown {
  let value: unknown = fields
  for (const step of place) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
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

const quoted = (value: unknown): string => (JSON.stringify(value) ?? 'undefined').slice(0, 80)
