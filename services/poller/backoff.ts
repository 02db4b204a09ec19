import { createHash } from 'node:crypto'
import { maxHostPauseMs } from '#core/memory-records.ts'
import { type Backoff, backoffMs } from '#platform/process/retry.ts'
import type { Lane } from './candidate.ts'

const minuteMs = 60_000

/** Backoff after failed polls, by lane. `live` stays short, to notice within minutes that an upstream recovered. */
const backoffs: Record<Lane, Backoff> = {
  live: { firstMs: minuteMs, maxMs: 5 * minuteMs },
  requested: { firstMs: 5_000, maxMs: minuteMs },
  background: { firstMs: minuteMs, maxMs: 60 * minuteMs },
}

/** Pause after HTTP 429 (too many requests) without Retry-After. */
const hostBackoff: Backoff = { firstMs: 30_000, maxMs: 10 * minuteMs }

/** Wait after failed connections. It stays short: one request a minute harms nobody, and a missed tick is lost. */
const connectionBackoff: Backoff = { firstMs: 5_000, maxMs: minuteMs }

/** Pause after HTTP 418 (banned). Binance bans an address for at least 2 minutes, and longer if requests continue. */
const banBackoff: Backoff = { firstMs: 4 * minuteMs, maxMs: maxHostPauseMs }

/** Returns the wait after `failures` (at least 1) failed polls in a row, ms. Equal arguments give equal jitter. */
export function retryDelayMs(lane: Lane, identity: string, failures: number): number {
  return backoffMs(backoffs[lane], failures, () => fraction(`${identity} ${failures}`))
}

/** Returns how long to pause a host, ms: Retry-After up to 24 hours; without it, doubled with each refusal in a row. */
export function hostPauseMs(host: string, retryAfterMs: number | undefined, inARow: number, isBan = false): number {
  if (retryAfterMs !== undefined) return Math.min(retryAfterMs, maxHostPauseMs)
  return backoffMs(isBan ? banBackoff : hostBackoff, inARow, () => fraction(`${host} ${inARow}`))
}

export const connectionRetryMs = (host: string, inARow: number): number =>
  backoffMs(connectionBackoff, inARow, () => fraction(`${host} ${inARow}`))

function fraction(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32
}
