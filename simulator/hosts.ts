import type { IncomingHttpHeaders } from 'node:http'
import type { Reply } from './reply.ts'

export const HOST_NAMES = ['jao', 'jao-auctions', 'kraken', 'binance', 'coinbase'] as const
export type HostName = (typeof HOST_NAMES)[number]

export function portSetting(name: HostName): string {
  return name === 'jao' ? 'SIMULATOR_PORT' : `SIMULATOR_${name.replaceAll('-', '_').toUpperCase()}_PORT`
}

/** JAO's two limits are documented; those of the exchanges are plausible. */
export const REQUESTS_PER_MINUTE: Readonly<Record<HostName, number>> = {
  jao: 100,
  'jao-auctions': 100,
  // One a second, and a few that arrive late.
  kraken: 64,
  binance: 1_200,
  coinbase: 600,
}

export type HostRequest = {
  readonly url: URL
  readonly headers: IncomingHttpHeaders
  readonly atMs: number
}

/** A request that counts towards the limit. */
export type Question = {
  /** The business days in its window, for faults with a `day`. */
  readonly days: readonly string[]
  readonly fromUtc?: string | null
  readonly toUtc?: string | null
  readonly good: () => Reply
  /** The answer for the day before, for the fault `wrong-day`. */
  readonly dayBefore: () => Reply
}

export type Host = {
  readonly name: HostName
  /** A Reply instead of a Question does not count towards the limit: there is no such path. */
  readonly ask: (request: HostRequest) => Question | Reply
  readonly voice: HostReplies
}

export type HostReplies = {
  readonly tooMany: (retryAfterS?: number) => Reply
  readonly failed: (status: 500 | 503) => Reply
  /** A refusal and an answer without data; status 200 if the host does so. */
  readonly rejected: Reply
  readonly empty: Reply
}
