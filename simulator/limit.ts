/** Counts requests of the last minute and says which one is too many. */
export type Limit = {
  /** Admits a request or says after how many simulated ms the next one would be. */
  ask(elapsedMs: number): { readonly admitted: true } | { readonly admitted: false; readonly waitMs: number }
  violations(): number
  /** The most requests, admitted and refused, that any sliding minute has seen. */
  busiestMinute(): number
}

const MINUTE_MS = 60_000

/**
 * JAO's rule: at most `perMinute` requests in any sliding minute, counted here over all callers together; a request
 * that was refused does not count towards it. The minute is a **simulated** one: `Clock.elapsedMs`, which is real
 * monotonic time times the speed. So a clock at 60 times its speed allows 100 requests a real second, setting the clock
 * frees nothing, and a stopped clock (speed 0) lets no minute pass.
 */
export function createLimit(perMinute: number): Limit {
  const admitted = slidingMinute()
  const asked = slidingMinute()
  let violations = 0
  let busiest = 0
  return {
    ask(elapsedMs) {
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

/** The instants of the minute that ends now; one exactly a minute old has left it. */
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
