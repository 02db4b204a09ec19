import { createHash } from 'node:crypto'
import { maxHostPauseMs } from '#core/memory-records.ts'
import { type Backoff, backoffMs } from '#platform/process/retry.ts'
import type { Lane } from './candidate.ts'

const minuteMs = 60_000

/** How long a window waits after failed polls. Live stays quick: an upstream that recovers is noticed within minutes. */
const backoffs: Record<Lane, Backoff> = {
  live: { firstMs: minuteMs, maxMs: 5 * minuteMs },
  requested: { firstMs: 5_000, maxMs: minuteMs },
  background: { firstMs: minuteMs, maxMs: 60 * minuteMs },
}

/** A host that answered 429 without saying for how long. */
const hostBackoff: Backoff = { firstMs: 30_000, maxMs: 10 * minuteMs }

/** A host that cannot be connected to: one request a minute hurts nobody, and a tick that was missed never comes back. */
const connectionBackoff: Backoff = { firstMs: 5_000, maxMs: minuteMs }

/** One that banned our address: Binance does so for two minutes at the least, and for longer when it is asked on. */
const banBackoff: Backoff = { firstMs: 4 * minuteMs, maxMs: maxHostPauseMs }

/**
 * How long to wait after `failures` (≥ 1) failed polls in a row, ms: exponential with jitter. The jitter is a function of
 * identity and count, so that asking twice what is due gives the same answer twice.
 */
export function retryDelayMs(lane: Lane, identity: string, failures: number): number {
  return backoffMs(backoffs[lane], failures, () => fraction(`${identity} ${failures}`))
}

/**
 * How long a whole host is left alone after it said "too many" or "not now", ms: what Retry-After says, up to a day,
 * else exponential by how often it said so in a row.
 *
 * @param isBan whether it said that our address is banned: then it is left alone for longer
 */
export function hostPauseMs(host: string, retryAfterMs: number | undefined, inARow: number, isBan = false): number {
  if (retryAfterMs !== undefined) return Math.min(retryAfterMs, maxHostPauseMs)
  return backoffMs(isBan ? banBackoff : hostBackoff, inARow, () => fraction(`${host} ${inARow}`))
}

/** How long nothing is sent to a host after `inARow` (≥ 1) connections in a row that could not be made, ms. */
export const connectionRetryMs = (host: string, inARow: number): number =>
  backoffMs(connectionBackoff, inARow, () => fraction(`${host} ${inARow}`))

/** 0 ≤ fraction < 1, the same for the same text. */
function fraction(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32
}
