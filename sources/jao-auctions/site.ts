// Requests that clients of the auction API make: /OWSMP/getauctions?corridor=DE-CH&fromdate=2026-03-31&todate=2026-04-30
// Quirks of clients: corridors and horizons come in lower case, too. Dates may have a time: 2026-04-30-23:59:59.
import { closeBracket, editText, elementsAt, openBracket, startOf, writeList } from '../answers/json-bytes.ts'
import { isRefusal } from '../answers/refusal.ts'
import {
  clientTimeMs,
  isProblem,
  isSameWindow,
  overlapOf,
  type Parameters,
  problem,
  readParameters,
  readTimes,
} from '../answers/site-requests.ts'
import { iso, showWindow } from '../answers/times.ts'
import type { Window } from '../calendar.ts'
import type { Site, SiteAnswer, SiteProblem, SiteReply, SiteRequest } from '../site.ts'
import { type Auction, auctionsOf, readAuctions } from './auctions.ts'
import { zone } from './market-time.ts'

export const auctionsPath = '/OWSMP/getauctions'

const dayMs = 86_400_000
/** Upstream refuses dates that are further apart. */
const maxDays = 31

/** The dates with which the source itself requests a window. */
export const datesOf = (window: Window): { fromdate: string; todate: string } => ({
  fromdate: iso(window.startMs).slice(0, 10),
  todate: iso(window.endMs - 1).slice(0, 10),
})

interface AuctionsOfHorizon {
  dataset: string
  horizon: string
  window: 'day' | 'month'
}

export function auctionsSite(horizons: readonly AuctionsOfHorizon[], corridorPattern: RegExp): Site {
  return {
    read: (path, query) =>
      path.toLowerCase() === auctionsPath.toLowerCase() ? readRequest(horizons, corridorPattern, query) : undefined,
  }
}

function readRequest(
  horizons: readonly AuctionsOfHorizon[],
  corridorPattern: RegExp,
  query: URLSearchParams,
): SiteRequest | SiteProblem {
  const given = readParameters(query, ['corridor', 'fromdate', 'todate', 'horizon', 'shadow'])
  if (isProblem(given)) return given
  const asked = given.get('horizon')
  const found = horizons.find(({ horizon }) => horizon.toLowerCase() === asked?.toLowerCase())
  if (found === undefined) {
    return problem(`The parameter horizon must be one of ${horizons.map(({ horizon }) => horizon).join(', ')}.`)
  }
  const corridor = given.get('corridor')
  if (corridor === undefined || !corridorPattern.test(corridor)) {
    return problem('The parameter corridor must name one corridor, such as DE-CH.')
  }
  if ((given.get('shadow') ?? '0') !== '0') {
    return problem('The parameter shadow must be 0: shadow auctions are not collected.')
  }
  const span = readSpan(given, found.window)
  if (isProblem(span)) return span
  return {
    ...{ dataset: found.dataset, selector: corridor, span },
    needs: (selector) => selector?.toLowerCase() === corridor.toLowerCase(),
    compose: (answers) => composeAuctions(answers, span),
  }
}

const dateExample = 'a date such as 2026-04-20 or 2026-04-20-22:00:00, in UTC'

function readSpan(given: Parameters, kind: 'day' | 'month'): Window | SiteProblem {
  const times = readTimes(given, ['fromdate', 'todate'], dateMs, dateExample)
  if (isProblem(times)) return times
  const [fromMs, toMs] = times
  const [fromdate = '', todate = ''] = [given.get('fromdate'), given.get('todate')]
  if (toMs - fromMs > maxDays * dayMs) return problem(`fromdate and todate are more than ${maxDays} days apart.`)
  const span = { startMs: fromMs, endMs: isDate(todate) ? toMs + dayMs : toMs }
  if (span.endMs <= span.startMs) return problem('todate is before fromdate: no auction can be between them.')
  const own = windowAfter(fromMs, kind)
  const dates = own && datesOf(own)
  return own && dates?.fromdate === fromdate && dates.todate === todate ? own : span
}

const isDate = (text: string): boolean => /^\d{4}-\d\d-\d\d$/.test(text)

/** Parses a date, or a date and a time, to ms UTC. */
function dateMs(text: string): number | undefined {
  const [, date, time = '00:00:00'] = /^(\d{4}-\d\d-\d\d)(?:-(\d\d:\d\d:\d\d))?$/.exec(text) ?? []
  return date === undefined ? undefined : clientTimeMs(`${date}T${time}Z`)
}

/** Returns the window of the local day, or of the month, that begins on the day after a date, if one does. */
function windowAfter(dateMs: number, kind: 'day' | 'month'): Window | undefined {
  const day = Temporal.PlainDate.from(iso(dateMs).slice(0, 10)).add({ days: 1 })
  if (kind === 'month' && day.day !== 1) return undefined
  const midnightMs = (date: Temporal.PlainDate) => date.toZonedDateTime(zone).epochMilliseconds
  return { startMs: midnightMs(day), endMs: midnightMs(day.add(kind === 'day' ? { days: 1 } : { months: 1 })) }
}

const noData = Buffer.from('{"status":400,"message":"No Data found"}')

/** Writes the auctions whose market period begins in the span. Each counts in the answer of its own window only. */
function composeAuctions(answers: readonly SiteAnswer[], span: Window): SiteReply {
  const cut = answers.map((answer) => cutAnswer(answer, span))
  const [only] = cut
  if (only && cut.length === 1 && isSameWindow(only.window, span)) {
    return { status: only.isList ? 200 : 400, body: only.body }
  }
  const values = cut.flatMap(({ wanted }) => wanted)
  const form = cut.find(({ wanted }) => wanted.length > 0)
  if (form === undefined) return { status: 400, body: cut.find(({ isList }) => !isList)?.body ?? noData }
  const isWhole = values.length === form.wanted.length && values.length === form.auctions
  const place = { start: startOf(form.body), end: form.body.lastIndexOf(closeBracket) + 1 }
  return { status: 200, body: isWhole ? form.body : editText(form.body, [{ place, value: writeList(values) }]) }
}

interface CutAnswer {
  window: Window
  body: Uint8Array
  /** False: "No Data found", which upstream sends with status 400. */
  isList: boolean
  auctions: number
  wanted: Uint8Array[]
}

/** @throws Error that says why the answer cannot be read */
function cutAnswer({ window, selector, body }: SiteAnswer, span: Window): CutAnswer {
  const read = readAuctions(body)
  if (isRefusal(read)) {
    throw new Error(`the stored answer of ${showWindow(window)} cannot be read: ${read.reason}: ${read.message}`)
  }
  const start = startOf(body)
  const isList = body[start] === openBracket
  const places = isList ? elementsAt(body, start) : []
  const inSpan = new Set(auctionsOf(read, { window: overlapOf(span, window), selector }, {}))
  const wanted = places.filter((_, index) => inSpan.has(read[index] as Auction))
  const bytes = wanted.map((place) => body.subarray(place.start, place.end))
  return { window, body, isList, auctions: places.length, wanted: bytes }
}
