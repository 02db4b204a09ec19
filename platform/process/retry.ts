import { setTimeout as sleep } from 'node:timers/promises'

export interface Backoff {
  firstMs: number
  maxMs: number
}

/** Returns the wait before retry number `attempt` (from 1), ms: it doubles up to `maxMs`, and half of it is random. */
export function backoffMs(backoff: Backoff, attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(attempt - 1, 30))
  return Math.round(ceiling / 2 + (random() * ceiling) / 2)
}

/** Sleeps for `ms`. Resolves early, and does not reject, if the signal aborts. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, signal ? { signal } : {})
  } catch (error) {
    if (!signal?.aborted) throw error
  }
}
