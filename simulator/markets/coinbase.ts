import type { DataRequest, Host, HostRequest } from '../hosts.ts'
import { jsonReply, type Reply } from '../reply.ts'
import type { Exchange, Sample } from './exchange.ts'
import type { Market } from './markets.ts'

const DAY_MS = 86_400_000

/** Serves `/products/<id>/ticker` and `/products/<id>/stats`. */
export function coinbaseHost(exchange: Exchange): Host {
  return {
    name: 'coinbase',
    readRequest: (request) => readRequest(exchange, request),
    voice: {
      tooMany: (retryAfterS) => jsonReply({ message: 'Public rate limit exceeded' }, 429, retryAfterS),
      failed: (status) => jsonReply({ message: 'Internal server error' }, status),
      rejected: jsonReply({ message: 'Temporarily unavailable' }),
      empty: jsonReply({}),
    },
  }
}

export function coinbaseTicker({ decimals, turnover }: Market, sample: Sample, atMs: number) {
  return {
    ask: sample.ask.toFixed(decimals),
    bid: sample.bid.toFixed(decimals),
    volume: sample.volume.toFixed(8),
    trade_id: Math.floor(Math.sqrt(turnover) * (atMs / DAY_MS)),
    price: sample.last.toFixed(decimals),
    size: (sample.volume / Math.max(1, sample.trades)).toFixed(8),
    time: new Date(atMs).toISOString().replace('Z', '000Z'),
  }
}

export function coinbaseStats({ decimals }: Market, sample: Sample) {
  return {
    open: sample.open.toFixed(decimals),
    high: sample.high.toFixed(decimals),
    low: sample.low.toFixed(decimals),
    last: sample.last.toFixed(decimals),
    volume: sample.volume.toFixed(8),
    volume_30day: (sample.volume * 30).toFixed(8),
  }
}

function readRequest(exchange: Exchange, { url, atMs }: HostRequest): DataRequest | Reply {
  const [, id, what] = /^\/products\/([^/]+)\/(ticker|stats)$/.exec(url.pathname) ?? []
  if (id === undefined) return notFound()
  const answer = (whenMs: number) => {
    const market = exchange.find(id)
    if (market === undefined) return notFound()
    const sample = exchange.sample(market, whenMs)
    return jsonReply(what === 'ticker' ? coinbaseTicker(market, sample, whenMs) : coinbaseStats(market, sample))
  }
  return { days: [], good: () => answer(atMs), dayBefore: () => answer(atMs - DAY_MS) }
}

function notFound(): Reply {
  return jsonReply({ message: 'NotFound' }, 404)
}
