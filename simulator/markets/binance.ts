import type { DataRequest, Host, HostRequest } from '../hosts.ts'
import { jsonReply, type Reply } from '../reply.ts'
import type { Exchange, Sample } from './exchange.ts'
import type { Market } from './markets.ts'

const DAY_MS = 86_400_000

/** Serves `/api/v3/ticker/24hr`: an object for `symbol`, a list for `symbols` or for all markets. */
export function binanceHost(exchange: Exchange): Host {
  return {
    name: 'binance',
    readRequest: (request) => readRequest(exchange, request),
    voice: {
      tooMany: (retryAfterS) => refusal(-1003, 'Too many requests.', 429, retryAfterS),
      failed: (status) => refusal(-1000, 'An unknown error occurred while processing the request.', status),
      rejected: refusal(-1000, 'An unknown error occurred while processing the request.', 200),
      empty: jsonReply([]),
    },
  }
}

export function binanceTicker(market: Market, sample: Sample, atMs: number) {
  const text = (value: number) => value.toFixed(8)
  const change = sample.last - sample.open
  const size = sample.volume / Math.max(1, sample.trades)
  const lastId = Math.floor(Math.sqrt(market.turnover) * (atMs / DAY_MS))
  return {
    symbol: market.answered,
    priceChange: text(change),
    priceChangePercent: ((change / sample.open) * 100).toFixed(3),
    weightedAvgPrice: text(sample.vwap),
    prevClosePrice: text(sample.open),
    lastPrice: text(sample.last),
    lastQty: text(size),
    bidPrice: text(sample.bid),
    bidQty: text(size * 3),
    askPrice: text(sample.ask),
    askQty: text(size * 2),
    openPrice: text(sample.open),
    highPrice: text(sample.high),
    lowPrice: text(sample.low),
    volume: text(sample.volume),
    quoteVolume: text(sample.quoteVolume),
    openTime: atMs - DAY_MS,
    closeTime: atMs,
    firstId: lastId - sample.trades + 1,
    lastId,
    count: sample.trades,
  }
}

function readRequest(exchange: Exchange, { url, atMs }: HostRequest): DataRequest | Reply {
  if (url.pathname !== '/api/v3/ticker/24hr') return jsonReply({ code: 404, msg: 'Not Found' }, 404)
  const answer = (whenMs: number) => {
    const ticker = (market: Market) => binanceTicker(market, exchange.sample(market, whenMs), whenMs)
    const one = url.searchParams.get('symbol')
    const several = url.searchParams.get('symbols')
    if (one !== null && several !== null) return refusal(-1128, 'Combination of optional parameters invalid.', 400)
    if (one !== null) {
      const market = exchange.find(one)
      return market === undefined ? invalidSymbol() : jsonReply(ticker(market))
    }
    const names = several === null ? exchange.markets.map(({ name }) => name) : namesIn(several)
    if (names === undefined) return refusal(-1100, "Illegal characters found in parameter 'symbols'.", 400)
    const markets = names.map((name) => exchange.find(name)).filter((market) => market !== undefined)
    return markets.length < names.length ? invalidSymbol() : jsonReply(markets.map(ticker))
  }
  return { days: [], good: () => answer(atMs), dayBefore: () => answer(atMs - DAY_MS) }
}

function namesIn(text: string): string[] | undefined {
  return /^\["[A-Z0-9]+"(,"[A-Z0-9]+")*\]$/.test(text) ? (JSON.parse(text) as string[]) : undefined
}

function invalidSymbol(): Reply {
  return refusal(-1121, 'Invalid symbol.', 400)
}

function refusal(code: number, msg: string, status: number, retryAfterS?: number): Reply {
  return jsonReply({ code, msg }, status, retryAfterS)
}
