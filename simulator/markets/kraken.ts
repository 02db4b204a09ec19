import type { DataRequest, Host, HostRequest } from '../hosts.ts'
import { jsonReply, type Reply } from '../reply.ts'
import type { Exchange, Sample } from './exchange.ts'
import type { Market } from './markets.ts'

const DAY_MS = 86_400_000

/** Serves `/0/public/Ticker` for the requested pairs, or for all. */
export function krakenHost(exchange: Exchange): Host {
  return {
    name: 'kraken',
    readRequest: (request) => readRequest(exchange, request),
    voice: {
      tooMany: (retryAfterS) => refusal('EAPI:Rate limit exceeded', 429, retryAfterS),
      failed: (status) => refusal('EService:Unavailable', status),
      rejected: refusal('EService:Unavailable', 200),
      empty: jsonReply({ error: [], result: {} }),
    },
  }
}

export function krakenTicker({ decimals }: Market, sample: Sample) {
  const { today } = sample
  const price = (value: number) => value.toFixed(Math.max(5, decimals))
  const lots = (value: number) => value.toFixed(8)
  return {
    a: [price(sample.ask), '1', '1.000'],
    b: [price(sample.bid), '2', '2.000'],
    c: [price(sample.last), lots(sample.volume / Math.max(1, sample.trades))],
    v: [lots(today.volume), lots(sample.volume)],
    p: [price(today.vwap), price(sample.vwap)],
    t: [today.trades, sample.trades],
    l: [price(today.low), price(sample.low)],
    h: [price(today.high), price(sample.high)],
    o: price(today.open),
  }
}

function readRequest(exchange: Exchange, { url, atMs }: HostRequest): DataRequest | Reply {
  if (url.pathname !== '/0/public/Ticker') return refusal('EGeneral:Unknown method', 404)
  const asked = url.searchParams.get('pair')
  const answer = (whenMs: number) => {
    // Kraken accepts XBT/USD as another spelling of XBTUSD.
    const named = asked?.split(',').map((pair) => exchange.find(pair.replace('/', ''))) ?? exchange.markets
    const known = named.filter((market) => market !== undefined)
    if (known.length < named.length) return refusal('EQuery:Unknown asset pair', 200)
    const entries = known.map((market) => [market.answered, krakenTicker(market, exchange.sample(market, whenMs))])
    return jsonReply({ error: [], result: Object.fromEntries(entries) })
  }
  return { days: [], good: () => answer(atMs), dayBefore: () => answer(atMs - DAY_MS) }
}

function refusal(error: string, status: number, retryAfterS?: number): Reply {
  return jsonReply({ error: [error] }, status, retryAfterS)
}
