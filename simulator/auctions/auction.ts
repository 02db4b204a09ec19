import { hashText, mix, mixFraction } from '../hash.ts'
import { addDays, businessDay } from '../jao/calendar.ts'
import { type MarketPeriod, productsOf } from './periods.ts'

export type Result = {
  readonly product: string
  readonly hour: string
  readonly startMs: number
  readonly offered: number
  readonly requested: number
  readonly allocated: number
  readonly price: number
}

const MINUTE_MS = 60_000

export type Gates = {
  readonly atcOpensMs: number
  readonly atcClosesMs: number
  readonly bidsOpenMs: number
  readonly bidsCloseMs: number
  readonly resultsMs: number
  readonly disputesEndMs: number
  readonly finalMs: number
}

/** Returns an auction's times. As in recorded answers, bidding lasts 22 minutes, and results come 5 minutes later. */
export function gatesOf({ resultsMs }: MarketPeriod): Gates {
  return {
    atcOpensMs: resultsMs - 6 * 24 * 60 * MINUTE_MS - 170 * MINUTE_MS,
    atcClosesMs: resultsMs - 30 * MINUTE_MS,
    bidsOpenMs: resultsMs - 27 * MINUTE_MS,
    bidsCloseMs: resultsMs - 5 * MINUTE_MS,
    resultsMs,
    disputesEndMs: resultsMs + 30 * MINUTE_MS,
    finalMs: resultsMs + 90 * MINUTE_MS,
  }
}

export function resultsOf(seed: number, corridor: string, period: MarketPeriod): Result[] {
  const hash = hashText(`${corridor} ${period.horizon}`)
  const rated = 500 + (mix(seed, hash, 1) % 1_500)
  return productsOf(period).map(({ product, hour, startMs }) => {
    const slot = Math.floor(startMs / 3_600_000)
    const offered = Math.round(rated * (0.5 + 0.5 * mixFraction(seed, hash, slot, 2)))
    const requested = offered + (mix(seed, hash, slot, 3) % 6_000)
    const allocated = offered - (mix(seed, hash, slot, 4) % 3 === 0 ? 1 : 0)
    return { product, hour, startMs, offered, requested, allocated, price: (mix(seed, hash, slot, 5) % 6_000) / 100 }
  })
}

/** Prints an auction as recorded answers do: the same keys in the same order, results and products unordered. */
export function auctionJson(seed: number, corridor: string, period: MarketPeriod, atMs: number): string {
  const gates = gatesOf(period)
  const results = resultsOf(seed, corridor, period)
  const shuffle = hashText(`${corridor} ${period.identification}`)
  const known = atMs >= gates.resultsMs
  const updatedMs = Math.min(gates.finalMs + (mix(seed, shuffle, 6) % 600_000), Math.max(atMs, gates.atcClosesMs))
  const auction = {
    identification: `${corridor}-${period.identification}`,
    horizonName: period.horizon,
    corridorCode: corridor,
    cancelled: false,
    lastDataUpdate: stamp(known && atMs < gates.finalMs ? gates.resultsMs : updatedMs),
    marketPeriodStart: stamp(period.startMs),
    marketPeriodStop: stamp(period.endMs),
    atcGateOpening: stamp(gates.atcOpensMs),
    atcGateClosure: stamp(gates.atcClosesMs),
    bidGateOpening: stamp(gates.bidsOpenMs),
    bidGateClosure: stamp(gates.bidsCloseMs),
    isBidGateOpen: atMs >= gates.bidsOpenMs && atMs < gates.bidsCloseMs,
    disputeSubmissionGateOpening: stamp(gates.resultsMs),
    disputeSubmissionGateClosure: stamp(gates.disputesEndMs),
    disputeProcessGateOpening: stamp(gates.disputesEndMs),
    disputeProcessGateClosure: stamp(gates.finalMs),
    provisionalAuctionresult: stamp(gates.resultsMs),
    ltResaleGateOpening: null,
    ltResaleGateClosure: null,
    periodToBeSecuredStart: stamp(businessDay(addDays(period.day, -1)).startMs),
    periodToBeSecuredStop: stamp(businessDay(addDays(period.day, 35)).startMs),
    maintenances: [],
    results: known ? unordered(results, shuffle).map((result) => resultJson(corridor, result)) : [],
    products: unordered(results, shuffle + 7).map((result) => productJson(corridor, result, known)),
    winningParties: [],
    xnRule: '1/1',
    operationalMessage: null,
    ftroption: 'PTR',
  }
  return JSON.stringify(auction).replace(/"#(-?[\d.]+)#"/g, '$1')
}

function resultJson(corridorCode: string, { hour, product, offered, requested, allocated, price }: Result) {
  return {
    comment: null,
    corridorCode,
    offeredCapacity: number(offered),
    requestedCapacity: number(requested),
    allocatedCapacity: number(allocated),
    productHour: hour,
    productIdentification: product,
    auctionPrice: number(price),
    additionalMessage: null,
  }
}

function productJson(corridorCode: string, { hour, product, offered, requested }: Result, known: boolean) {
  const bidders = 15 + (requested % 15)
  return {
    corridorCode,
    productIdentification: product,
    productHour: hour,
    atc: number(offered),
    resoldCapacity: null,
    offeredCapacity: number(offered),
    comment: null,
    bidderPartyCount: known ? bidders : 0,
    winnerPartyCount: known ? Math.ceil(bidders / 2) : 0,
  }
}

function unordered<T>(items: readonly T[], draw: number): T[] {
  const cut = 1 + (draw % Math.max(1, items.length - 1))
  const [head, tail] = [items.slice(0, cut), items.slice(cut).toReversed()]
  return draw % 2 === 0 ? [...head, ...tail] : [...tail, ...head]
}

/** Returns a text "#883.0#", because JSON.stringify would print 883. auctionJson removes the quotes and #. */
function number(value: number): string {
  return `#${Number.isInteger(value) ? `${value}.0` : value}#`
}

function stamp(instantMs: number): string {
  return new Date(instantMs).toISOString().replace('Z', '+00:00')
}
