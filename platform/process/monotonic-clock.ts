const jumpMs = 1_000

/**
 * Returns a monotonic clock, ms, that includes system suspend: a wall-clock jump of more than 1 s counts as elapsed time. If
 * the wall clock is set forward, leases only pause until the next heartbeat.
 */
function createMonotonicClock(): () => number {
  let seen = { monotonicMs: performance.now(), wallMs: Date.now() }
  let totalMs = 0
  return () => {
    const now = { monotonicMs: performance.now(), wallMs: Date.now() }
    const passedMs = now.monotonicMs - seen.monotonicMs
    const onTheWallMs = now.wallMs - seen.wallMs
    totalMs += onTheWallMs > passedMs + jumpMs ? onTheWallMs : passedMs
    seen = now
    return totalMs
  }
}
/** The clock of this process. */
export const monotonicMs = createMonotonicClock()
