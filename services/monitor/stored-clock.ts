import type { Clock } from '#core/clock.ts'
import { readRows, type Store } from '#platform/clickhouse/client.ts'

/** Returns the time `agoMs` real ms before now, ms UTC, by the clock that `stored_at` of answers is of. */
export type StoredClock = (agoMs: number) => Promise<number>

/** @param simulated the simulator's clock, by which the sink stores answers; absent: they are stored by the store's clock */
export function storedClock(store: Store, simulated?: Pick<Clock, 'now' | 'spanMs'>): StoredClock {
  if (simulated !== undefined) return async (agoMs) => Math.floor(simulated.now().nowMs - simulated.spanMs(agoMs))
  return async (agoMs) => {
    const [now] = await readRows<{ ms: number }>(store, 'SELECT toUnixTimestamp64Milli(now64(3)) AS ms', {})
    return (now?.ms ?? 0) - agoMs
  }
}
