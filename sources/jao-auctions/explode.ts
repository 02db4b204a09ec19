import { isRefusal, quoteJson, refused, refuseUnexpectedNames, rejectionOf } from '../answers/refusal.ts'
import { iso } from '../answers/times.ts'
import type { Answer, Coverage, ExplodeResult, Refusal, Slice, Window } from '../source.ts'
import { type Auction, auctionsOf, type Result, readAuctions } from './auctions.ts'
import { keyOf, type Metric, metricNames, productName } from './keys.ts'
import { type ProductTime, productTime } from './market-time.ts'

/** What an auction sells. `hours`: each hour of a day, as a product. `period`: a whole period, such as a month. */
export type Products = 'hours' | 'period'

/**
 * Returns `complete` if every result has a figure and no hour is missing. Returns a refusal if upstream rejected the
 * request. @throws Error if explode refuses the answer for another reason
 */
export function assessAuctions(
  products: Products,
  body: Uint8Array,
  asked: Pick<Answer, 'window' | 'selector'>,
): Coverage | Refusal {
  const content = readContent(products, { body, ...asked })
  if (isRefusal(content)) return rejectionOf(content)
  if (content.cells.size === 0) return 'empty'
  const steps = (stepS: number) => (asked.window.endMs - asked.window.startMs) / 1000 / stepS
  const full =
    products === 'period' || [...content.cells.values()].every(({ values, stepS }) => values.size === steps(stepS))
  return content.complete && full ? 'complete' : 'partial'
}

/**
 * Returns slices of each metric that the results have. With `hours`, a slice covers the window, and an hour without a
 * result is null. With `period`, a slice has one value, at the start of the auction's period.
 */
export function explodeAuctions(products: Products, answer: Omit<Answer, 'status'>): ExplodeResult {
  const content = readContent(products, answer)
  if (isRefusal(content)) return { slices: [], refusal: content, ignored: {} }
  return {
    slices: [...content.cells.values()].flatMap((cells) => toSlices(products, cells, answer.window)),
    ignored: content.ignored,
  }
}

interface Cells {
  key: string
  stepS: number
  values: Map<number, number | null>
  cancelled: boolean
  modifiedMs: number | undefined
}

interface AuctionContent {
  cells: Map<string, Cells>
  complete: boolean
  ignored: Record<string, number>
}

function readContent(products: Products, { body, ...asked }: Omit<Answer, 'status'>): AuctionContent | Refusal {
  const read = readAuctions(body)
  if (isRefusal(read)) return read
  const content: AuctionContent = { cells: new Map(), complete: true, ignored: {} }
  for (const auction of auctionsOf(read, asked, content.ignored)) {
    const refusal = addAuction(products, auction, asked.window, content)
    if (refusal) return refusal
  }
  return content
}

function addAuction(
  products: Products,
  auction: Auction,
  window: Window,
  content: AuctionContent,
): Refusal | undefined {
  const period = { startMs: auction.marketPeriodStart, endMs: auction.marketPeriodStop }
  const lengthS = (period.endMs - period.startMs) / 1000
  if (
    !Number.isInteger(lengthS) ||
    lengthS <= 0 ||
    lengthS > maxDurationS ||
    (products === 'hours' && period.endMs > window.endMs)
  )
    return refused(
      'outside-window',
      `${auction.identification} has a market period of ${iso(period.startMs)} to ${quoteJson(auction.marketPeriodStop)}`,
    )
  const results = auction.results ?? []
  // An auction without results was announced and is not held yet. A cancelled auction never gets results.
  const isTold = (result: Result) => metricNames.some((metric) => result[metric] != null)
  if (auction.cancelled !== true && (results.length === 0 || !results.every(isTold))) content.complete = false
  const named: { result: Result; product: string | undefined; time: ProductTime }[] = []
  const several = products === 'period' && new Set(results.map(productName)).size > 1
  for (const result of results) {
    const time =
      products === 'period'
        ? { startMs: period.startMs, stepS: lengthS }
        : productTime(result.productHour ?? '', period)
    if (time === undefined)
      return refused('type', `${auction.identification} has no product hour ${quoteJson(result.productHour)}`)
    named.push({ result, product: several ? productName(result) : undefined, time })
  }
  if (results.length === 0 && auction.cancelled === true) {
    const stepS = products === 'period' ? lengthS : hourS
    for (let startMs = period.startMs; startMs < period.endMs; startMs += stepS * 1000)
      named.push({ result: {}, product: undefined, time: { startMs, stepS } })
  }
  const stray = named.find(
    ({ time }) => products === 'hours' && (time.startMs - window.startMs) % (time.stepS * 1000) !== 0,
  )
  if (stray)
    return refused(
      'step',
      `${auction.identification} has a product that lies on no regular step: ${quoteJson(stray.result.productHour)}`,
    )
  const renamed = renamedIn(auction, results)
  if (renamed) return renamed
  const absent = metricNames.filter((metric) => results.length > 0 && results.every((result) => !(metric in result)))
  for (const _ of absent) content.ignored['absent-metric'] = (content.ignored['absent-metric'] ?? 0) + 1
  const metrics = metricNames.filter((metric) => !absent.includes(metric))
  return put(auction, metrics, named, content)
}

/**
 * Refuses an auction without the key `results`, or with results without any metric: upstream must have renamed them. An
 * announced auction has `results` too: [] or null.
 */
function renamedIn(auction: Auction, results: Result[]): Refusal | undefined {
  const { identification } = auction
  if (!('results' in auction))
    return refuseUnexpectedNames(`the auction ${identification} has`, Object.keys(auction), 'results')
  if (results.length === 0 || results.some((result) => metricNames.some((metric) => metric in result))) return undefined
  return refuseUnexpectedNames(
    `the results of ${identification} have`,
    results.flatMap(Object.keys),
    metricNames.join(', '),
  )
}

function put(
  auction: Auction,
  metrics: Metric[],
  named: { result: Result; product: string | undefined; time: ProductTime }[],
  { cells, ignored }: AuctionContent,
): Refusal | undefined {
  for (const { result, product, time } of named) {
    let doubled = false
    for (const metric of metrics) {
      const key = keyOf(auction, product, metric)
      const value = result[metric] ?? null
      const of = cells.get(key) ?? {
        key,
        stepS: time.stepS,
        values: new Map(),
        cancelled: false,
        modifiedMs: undefined,
      }
      if (of.stepS !== time.stepS)
        return refused('step', `${auction.identification} has products of ${of.stepS} s and of ${time.stepS} s`)
      const before = of.values.get(time.startMs)
      if (before !== undefined && before !== value) {
        const both = `${quoteJson(before)} and ${quoteJson(value)}`
        return refused(
          'conflicting-rows',
          `${key} of ${iso(time.startMs)} is told twice, ${both}: ${auction.identification}`,
        )
      }
      doubled ||= before !== undefined
      of.values.set(time.startMs, value)
      of.cancelled ||= auction.cancelled === true
      if (auction.lastDataUpdate != null) of.modifiedMs = Math.max(of.modifiedMs ?? 0, auction.lastDataUpdate)
      cells.set(key, of)
    }
    if (doubled) ignored['doubled-result'] = (ignored['doubled-result'] ?? 0) + 1
  }
  return undefined
}

const hourS = 3_600
const maxDurationS = 2 * 366 * 86_400

function toSlices(products: Products, { key, stepS, values, cancelled, modifiedMs }: Cells, window: Window): Slice[] {
  const flags = cancelled ? ['cancelled'] : []
  const rest = { key, stepS, flags, ...(modifiedMs === undefined ? {} : { upstreamModifiedAtMs: modifiedMs }) }
  if (products === 'period') return [...values].map(([startMs, value]) => ({ ...rest, startMs, values: [value] }))
  const length = Math.ceil((window.endMs - window.startMs) / 1000 / stepS)
  const filled: (number | null)[] = new Array(length).fill(null)
  for (const [startMs, value] of values) filled[(startMs - window.startMs) / 1000 / stepS] = value
  return [{ ...rest, startMs: window.startMs, values: filled }]
}
