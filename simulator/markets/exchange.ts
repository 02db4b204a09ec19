import { mixFraction } from '../hash.ts'
import { type ExchangeName, type Market, marketsOf } from './markets.ts'
import { walk } from './walk.ts'

export type Spike = {
  readonly host: ExchangeName
  readonly market: string
  readonly factor: number
  readonly durationS: number
  readonly atMs: number
}

/** Figures of a market over a time. Prices and quoteVolume are in the quote currency, volume in the base currency. */
export type Stretch = {
  readonly open: number
  readonly high: number
  readonly low: number
  readonly vwap: number
  readonly volume: number
  readonly quoteVolume: number
  readonly trades: number
}

/** A market at an instant: its last 24 hours, and its UTC day so far. */
export type Sample = Stretch & {
  readonly last: number
  readonly bid: number
  readonly ask: number
  readonly today: Stretch
}

export type Exchange = {
  readonly name: ExchangeName
  readonly markets: readonly Market[]
  find(name: string): Market | undefined
  sample(market: Market, atMs: number): Sample
  last(market: Market, atMs: number): number
}

const DAY_MS = 86_400_000
const GRID_MS = 900_000
/** Limit of cached prices per market: two days of quarter hours. */
const MAX_CACHED_SAMPLES = 200

export function createExchange(
  name: ExchangeName,
  seed: number,
  count: number,
  spikes: () => readonly Spike[],
): Exchange {
  const markets = marketsOf(name, seed, count)
  const priced = prices(seed)
  const byName = new Map(
    markets.flatMap(
      (market) =>
        [
          [market.name, market],
          [market.answered, market],
        ] as const,
    ),
  )
  const spikesOf = (market: Market) => spikes().filter((spike) => spike.host === name && spike.market === market.name)
  return {
    name,
    markets,
    find: (asked) => byName.get(asked),
    last: (market, atMs) => spiked(market, priced(market, atMs), atMs, spikesOf(market)),
    sample: (market, atMs) => {
      const spikes = spikesOf(market)
      return sampleAt(seed, market, atMs, { spikes, price: (at) => spiked(market, priced(market, at), at, spikes) })
    },
  }
}

type Priced = { readonly spikes: readonly Spike[]; readonly price: (atMs: number) => number }

/** Returns a function for prices without spikes. It caches prices at quarter hours: a sample reads them for a day. */
function prices(seed: number): (market: Market, atMs: number) => number {
  const held = new Map<Market, Map<number, number>>()
  return (market, atMs) => {
    const { hash, price, volatility, paceS } = market
    const tradedS = Math.floor(atMs / 1_000 / paceS) * paceS
    const reckon = () => price * Math.exp(volatility * walk(seed, hash, tradedS))
    if (atMs % GRID_MS !== 0) return reckon()
    const own = held.get(market) ?? new Map<number, number>()
    held.set(market, own)
    const known = own.get(atMs) ?? reckon()
    if (own.size >= MAX_CACHED_SAMPLES) own.clear()
    own.set(atMs, known)
    return known
  }
}

function spiked({ decimals }: Market, exact: number, atMs: number, spikes: readonly Spike[]): number {
  const during = spikes.filter((spike) => atMs >= spike.atMs && atMs < spike.atMs + spike.durationS * 1_000)
  const price = during.reduce((product, { factor }) => product * factor, exact)
  return Math.max(rounded(price, decimals), 10 ** -decimals)
}

function sampleAt(seed: number, market: Market, atMs: number, priced: Priced): Sample {
  const last = priced.price(atMs)
  const step = 10 ** -market.decimals
  const spread = Math.max(step, rounded(last * 0.0001, market.decimals))
  const midnightMs = Math.floor(atMs / DAY_MS) * DAY_MS
  return {
    ...stretch(seed, market, atMs - DAY_MS, atMs, priced),
    last,
    bid: Math.max(step, rounded(last - spread, market.decimals)),
    ask: rounded(last + spread, market.decimals),
    today: stretch(seed, market, midnightMs, atMs, priced),
  }
}

/** Computes figures from prices at both ends, at quarter hours and at starts of spikes. May miss peaks in between. */
function stretch(seed: number, market: Market, fromMs: number, toMs: number, priced: Priced): Stretch {
  const looked = [fromMs]
  for (let gridMs = Math.floor(fromMs / GRID_MS + 1) * GRID_MS; gridMs < toMs; gridMs += GRID_MS) looked.push(gridMs)
  looked.push(...priced.spikes.map((spike) => spike.atMs).filter((spikeMs) => spikeMs > fromMs && spikeMs < toMs), toMs)
  const prices = looked.map(priced.price)
  const vwap = prices.reduce((sum, price) => sum + price, 0) / prices.length
  const day = Math.floor(toMs / DAY_MS)
  const busy = 0.75 + 0.5 * mixFraction(seed ^ 0xb05e, market.hash, day)
  const share = ((toMs - fromMs) / DAY_MS) * busy
  const volume = rounded((market.turnover * share) / market.price, 8)
  return {
    open: prices[0] ?? market.price,
    high: Math.max(...prices),
    low: Math.min(...prices),
    vwap: rounded(vwap, 8),
    volume,
    quoteVolume: rounded(volume * vwap, 8),
    trades: Math.ceil(Math.sqrt(market.turnover) * share),
  }
}

function rounded(value: number, decimals: number): number {
  const steps = 10 ** decimals
  return Math.round(value * steps) / steps
}
