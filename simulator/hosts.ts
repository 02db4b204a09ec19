import type { IncomingHttpHeaders } from 'node:http'
import type { Reply } from './reply.ts'

export const HOST_NAMES = ['jao', 'jao-auctions', 'kraken', 'binance', 'coinbase'] as const
export type HostName = (typeof HOST_NAMES)[number]

export function portSetting(name: HostName): string {
  return name === 'jao' ? 'SIMULATOR_PORT' : `SIMULATOR_${name.replaceAll('-', '_').toUpperCase()}_PORT`
}

/** Limits of requests. JAO documents the limits of its hosts. The limits of the exchanges are plausible. */
export const REQUESTS_PER_MINUTE: Readonly<Record<HostName, number>> = {
  jao: 100,
  'jao-auctions': 100,
  // One request a second, and a few that arrive late.
  kraken: 64,
  binance: 1_200,
  coinbase: 600,
}

export type HostRequest = {
  readonly url: URL
  readonly headers: IncomingHttpHeaders
  readonly atMs: number
}

/** A request that counts towards the limit, with functions that build its answer. */
export type DataRequest = {
  /** The business days in the requested window. A fault with a `day` applies only to requests for that day. */
  readonly days: readonly string[]
  readonly fromUtc?: string | null
  readonly toUtc?: string | null
  readonly good: () => Reply
  /** Builds the answer for the day before, for the fault `wrong-day`. */
  readonly dayBefore: () => Reply
}

export type Host = {
  readonly name: HostName
  /** Returns a Reply if the host has no such path. Such a request does not count towards the limit. */
  readonly readRequest: (request: HostRequest) => DataRequest | Reply
  readonly voice: HostReplies
}

export type HostReplies = {
  readonly tooMany: (retryAfterS?: number) => Reply
  readonly failed: (status: 500 | 503) => Reply
  /** The host's answer to a request that it refuses. Some hosts send it with status 200. */
  readonly rejected: Reply
  /** The host's answer if it has no data. Some hosts send it with status 200. */
  readonly empty: Reply
}
