export type Limit = {
  /** Admits a request that comes at `elapsedMs`, or returns how long to wait until one is admitted, simulated ms. */
  admit(elapsedMs: number): { readonly admitted: true } | { readonly admitted: false; readonly waitMs: number }
  violations(): number
  /** The greatest number of requests so far within 60 seconds, refused ones included. */
  busiestMinute(): number
}

const MINUTE_MS = 60_000

/**
 * Limits the requests of all clients within any 60 seconds. Refused requests do not count. The seconds are simulated
 * (`Clock.elapsedMs`): at speed 60 they pass in one real second. Setting the clock does not shorten them.
 */
export function createLimit(perMinute: number): Limit {
  const admitted = slidingMinute()
  const asked = slidingMinute()
  let violations = 0
  let busiest = 0
  return {
    admit(elapsedMs) {
      busiest = Math.max(busiest, asked.since(elapsedMs).length + 1)
      asked.add(elapsedMs)
      const recent = admitted.since(elapsedMs)
      if (recent.length < perMinute) {
        admitted.add(elapsedMs)
        return { admitted: true }
      }
      violations++
      return { admitted: false, waitMs: (recent[recent.length - perMinute] ?? elapsedMs) + MINUTE_MS - elapsedMs }
    },
    violations: () => violations,
    busiestMinute: () => busiest,
  }
}

function slidingMinute() {
  let instants: number[] = []
  return {
    add: (atMs: number) => void instants.push(atMs),
    since(nowMs: number): readonly number[] {
      const gone = instants.findIndex((atMs) => atMs > nowMs - MINUTE_MS)
      if (gone !== 0) instants = gone < 0 ? [] : instants.slice(gone)
      return instants
    },
  }
}
