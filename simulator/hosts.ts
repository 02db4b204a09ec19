import type { IncomingHttpHeaders } from 'node:http'
import type { Reply } from './reply.ts'

/** The upstreams that are played, by the names of their sources: each is a host of its own, at a port of its own. */
export const HOST_NAMES = ['jao', 'jao-auctions', 'kraken', 'binance', 'coinbase'] as const
export type HostName = (typeof HOST_NAMES)[number]

/** The setting of the simulator that says where a host listens. */
export function portSetting(name: HostName): string {
  return name === 'jao' ? 'SIMULATOR_PORT' : `SIMULATOR_${name.replaceAll('-', '_').toUpperCase()}_PORT`
}

/** What a host allows in a sliding minute. JAO's two limits are documented, those of the exchanges plausible. */
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
  /** The instant of asking on the simulator's clock, ms since 1970. */
  readonly atMs: number
}

/** A request that a host understands well enough to count it. */
export type Question = {
  /** The business days it touches, which faults may be meant for. */
  readonly days: readonly string[]
  readonly fromUtc?: string | null
  readonly toUtc?: string | null
  readonly good: () => Reply
  /** The answer to the same question about a day earlier, for the fault `wrong-day`. */
  readonly dayBefore: () => Reply
}

/** One upstream without limit, faults and wire. */
export type Host = {
  readonly name: HostName
  /** What a request is about; or a reply at once, which counts towards nothing: no such path. */
  readonly ask: (request: HostRequest) => Question | Reply
  readonly voice: HostReplies
}

/** How a host says that it does not answer. */
export type HostReplies = {
  readonly tooMany: (retryAfterS?: number) => Reply
  readonly failed: (status: 500 | 503) => Reply
  /** A refusal and an answer without data, both with status 200 where the host does so. */
  readonly rejected: Reply
  readonly empty: Reply
}
