import { z } from 'zod'
import { gatesOf, resultsOf } from './auctions/auction.ts'
import { horizonNamed, isCorridor } from './auctions/host.ts'
import { periodOf } from './auctions/periods.ts'
import type { HostName } from './hosts.ts'
import { businessDay, hoursOf } from './jao/calendar.ts'
import type { Domain } from './jao/domain.ts'
import type { Upstream } from './jao/upstream.ts'
import { marketTruth } from './markets/truth.ts'
import type { Simulator } from './simulator.ts'

export type TruthResult = { readonly told: unknown; readonly error?: undefined } | { readonly error: string }

/** Returns what a host had published at an instant. Tests compare it with the store. */
export function truthOf(simulator: Simulator, host: HostName, query: URLSearchParams, atMs: number): TruthResult {
  if (host === 'jao-auctions') return auctionTruth(simulator.seed, query, atMs)
  if (host !== 'jao') return marketTruth(simulator.exchanges[host], query, atMs)
  const upstream = simulator.jao.named(query.get('dataset') ?? undefined)
  if (upstream === undefined) return { error: `dataset must be one of ${simulator.jao.names().join(' ')}` }
  const day = readDay(query.get('day'), upstream.dataset.firstDay)
  if (day === undefined) return { error: dayWanted(upstream.dataset.firstDay) }
  return 'page' in upstream ? domainTruth(upstream, day, query, atMs) : { told: dayTruth(upstream, day, atMs) }
}

export function dayWanted(firstDay: string): string {
  return `day must be a date such as 2026-04-20, not before ${firstDay}`
}

export function readDay(text: string | null, firstDay: string): string | undefined {
  const parsed = z.iso.date().safeParse(text)
  return parsed.success && parsed.data >= firstDay ? parsed.data : undefined
}

function dayTruth(upstream: Upstream, day: string, atMs: number) {
  const found = upstream.published(day, atMs)
  const head = headOf(day, atMs)
  if (found === undefined) return { ...head, revision: null, publishedAt: null, rows: [] }
  const { publication, contents } = found
  const rows = contents.hoursMs.flatMap((hourMs, row) =>
    contents.columns.map(({ key }, column) => ({
      hour: iso(hourMs),
      key,
      value: contents.values[row]?.[column] ?? null,
    })),
  )
  return { ...head, revision: publication.revision, publishedAt: iso(publication.publishedAtMs), rows }
}

/** Returns rows of an hour, by default the first hundred. `hour` is the hour's index in the day, from 0. */
function domainTruth(domain: Domain, day: string, query: URLSearchParams, atMs: number): TruthResult {
  const hour = Number(query.get('hour') ?? 0)
  const [skip, take] = [Number(query.get('skip') ?? 0), Number(query.get('take') ?? 100)]
  const hourMs = hoursOf(businessDay(day))[hour]
  if (hourMs === undefined || !Number.isInteger(skip) || !Number.isInteger(take) || skip < 0 || take < 0) {
    return { error: 'hour is the number of an hour of the day, skip and take count rows' }
  }
  const publication = domain.inForce(day, atMs)
  const toMs = hourMs + 3_600_000
  return {
    told: {
      ...headOf(day, atMs),
      hour: iso(hourMs),
      revision: publication?.revision ?? null,
      publishedAt: publication === undefined ? null : iso(publication.publishedAtMs),
      totalRows: domain.count(hourMs, toMs, atMs),
      rows: [...domain.page(hourMs, toMs, atMs, skip, Math.min(take, 5_000))].map((row) => JSON.parse(row) as unknown),
    },
  }
}

const METRICS = {
  offeredCapacity: 'offered',
  requestedCapacity: 'requested',
  allocatedCapacity: 'allocated',
  auctionPrice: 'price',
} as const

/** Returns the results of an auction by corridor, horizon and the day on which its market period begins. */
function auctionTruth(seed: number, query: URLSearchParams, atMs: number): TruthResult {
  const corridor = query.get('corridor') ?? ''
  const horizon = horizonNamed(query.get('horizon') ?? 'Daily')
  const day = readDay(query.get('day'), '')
  if (!isCorridor(corridor) || horizon === undefined || day === undefined) {
    return { error: 'corridor, such as IF1-FR-GB, horizon and day are needed' }
  }
  const period = periodOf(horizon, day)
  if (period === undefined) return { error: `no ${horizon} auction begins with ${day}` }
  const known = gatesOf(period).resultsMs <= atMs
  const rows = resultsOf(seed, corridor, period).flatMap((result) =>
    Object.entries(METRICS).map(([key, field]) => ({
      hour: iso(result.startMs),
      product: result.hour,
      key,
      value: result[field],
    })),
  )
  const head = { corridor, horizon, day, windowStart: iso(period.startMs), windowEnd: iso(period.endMs), at: iso(atMs) }
  return { told: { ...head, publishedAt: known ? iso(period.resultsMs) : null, rows: known ? rows : [] } }
}

function headOf(day: string, atMs: number) {
  const { startMs, endMs } = businessDay(day)
  return { day, windowStart: iso(startMs), windowEnd: iso(endMs), at: iso(atMs) }
}

export function iso(instantMs: number): string {
  return new Date(instantMs).toISOString()
}
