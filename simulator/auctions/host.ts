import type { DataRequest, Host, HostRequest } from '../hosts.ts'
import { daysWithin } from '../jao/calendar.ts'
import { jsonReply, okReply, type Reply } from '../reply.ts'
import { auctionJson, gatesOf } from './auction.ts'
import { FIRST_AUCTION, HORIZONS, type Horizon, periodsWithin } from './periods.ts'

const DAY_MS = 86_400_000
const MAX_SPAN_MS = 31 * DAY_MS
const INSTANT = /^(\d{4}-\d{2}-\d{2})(?:-(\d{2}:\d{2}:\d{2}))?$/

const CORRIDORS: ReadonlySet<string> = new Set(
  [
    'EL1-FR-GB',
    'IF1-FR-GB',
    'IF2-FR-GB',
    'BE-GB',
    'DE-CH',
    'AT-CH',
    'FR-CH',
    'IT-CH',
    'IT-AT',
    'IT-FR',
    'HU-RS',
    'HR-RS',
  ].flatMap((corridor) => [corridor, corridor.replace(/([A-Z]{2})-([A-Z]{2})$/, '$2-$1')]),
)

/** Serves `/OWSMP/getauctions` for any key in the header AUTH_API_KEY. An answer without auctions has status 400. */
export function auctionsHost(seed: number): Host {
  return {
    name: 'jao-auctions',
    readRequest: (request) => readRequest(seed, request),
    voice: {
      tooMany: (retryAfterS) => jsonReply({ status: 429, message: 'Too Many Requests' }, 429, retryAfterS),
      failed: (status) => jsonReply({ status, message: 'Internal Server Error' }, status),
      rejected: jsonReply({ status: 400, message: 'Bad Request' }, 400),
      empty: refusal('No Data found'),
    },
  }
}

export function isCorridor(text: string): boolean {
  return CORRIDORS.has(text)
}

export function horizonNamed(text: string): Horizon | undefined {
  return HORIZONS.find((horizon) => horizon.toLowerCase() === text.toLowerCase())
}

function readRequest(seed: number, { url, headers, atMs }: HostRequest): DataRequest | Reply {
  if (url.pathname !== '/OWSMP/getauctions') return jsonReply({ status: 404, message: 'Not Found' }, 404)
  const fromMs = instantMs(url.searchParams.get('fromdate'), 0)
  const toMs = instantMs(url.searchParams.get('todate'), DAY_MS)
  const known = Boolean(headers.auth_api_key)
  const answer = (laterMs: number) =>
    known ? auctions(seed, url.searchParams, { fromMs, toMs }, laterMs, atMs) : unauthorized()
  const readable = fromMs !== undefined && toMs !== undefined && toMs - fromMs <= MAX_SPAN_MS + DAY_MS
  return {
    days: readable ? daysWithin(fromMs, toMs, FIRST_AUCTION).map(({ day }) => day) : [],
    fromUtc: url.searchParams.get('fromdate'),
    toUtc: url.searchParams.get('todate'),
    good: () => answer(0),
    dayBefore: () => answer(-DAY_MS),
  }
}

type Span = { readonly fromMs: number | undefined; readonly toMs: number | undefined }

/**
 * Answers with auctions whose market period begins in a span of UTC dates. The last date is included. Midnight in
 * Brussels is 22:00 or 23:00 UTC, so the period of a local day begins on the UTC date before.
 */
function auctions(seed: number, query: URLSearchParams, { fromMs, toMs }: Span, laterMs: number, atMs: number): Reply {
  const corridor = query.get('corridor')
  if (corridor === null) return refusal('corridor is missing')
  if (fromMs === undefined || toMs === undefined) return refusal('fromdate or todate is missing or cannot be read')
  const lastDateMs = query.get('todate')?.length === 10 ? toMs - DAY_MS : toMs
  if (lastDateMs < fromMs) return refusal('todate is before fromdate')
  if (lastDateMs - fromMs > MAX_SPAN_MS) return refusal('The period between fromdate and todate exceeds 31 days')
  const asked = query.get('horizon')
  const horizon = asked === null ? undefined : horizonNamed(asked)
  if (asked !== null && horizon === undefined) return refusal('No Data found')
  const horizons = horizon === undefined ? HORIZONS : [horizon]
  const found = CORRIDORS.has(corridor)
    ? horizons.flatMap((each) => periodsWithin(each, fromMs + laterMs, toMs + laterMs))
    : []
  const out = found.filter((period) => gatesOf(period).atcClosesMs <= atMs)
  if (out.length === 0) return refusal('No Data found')
  return okReply(Buffer.from(`[${out.map((period) => auctionJson(seed, corridor, period, atMs)).join(',')}]`))
}

/** Parses yyyy-MM-dd-HH:mm:ss in UTC. A date alone, yyyy-MM-dd, is its midnight plus `dateMs`. Undefined if invalid. */
function instantMs(text: string | null, dateMs: number): number | undefined {
  const [, date, time] = INSTANT.exec(text ?? '') ?? []
  if (date === undefined) return undefined
  const readMs = Date.parse(`${date}T${time ?? '00:00:00'}Z`)
  if (Number.isNaN(readMs)) return undefined
  return time === undefined ? readMs + dateMs : readMs
}

function refusal(message: string): Reply {
  return jsonReply({ status: 400, message }, 400)
}

function unauthorized(): Reply {
  return jsonReply({ status: 401, message: 'Unauthorized' }, 401)
}
