import { z } from 'zod'
import type { Logger } from '#platform/process/log.ts'

/**
 * A reading of the clock: `nowMs` in ms UTC, for calendars, and `monotonicMs` in ms of monotonic time. The time between
 * two readings is the difference in `nowMs` or in `monotonicMs`, whichever is greater.
 */
export interface ClockReading {
  nowMs: number
  monotonicMs: number
}

export interface Clock {
  /** Returns a reading. Neither of its two values ever decreases. */
  now: () => ClockReading
  /** Converts a duration of this clock to real ms. Infinity while a simulated clock stands still. */
  realMs: (spanMs: number) => number
  spanMs: (realMs: number) => number
  stop: () => void
}

export interface SystemClocks {
  wallMs: () => number
  monotonicMs: () => number
}

const machine: SystemClocks = { wallMs: Date.now, monotonicMs: () => performance.now() }

/**
 * Returns a clock that never runs backwards. If the machine's clock steps back, the returned clock runs at half speed
 * until the machine's clock has caught up.
 */
export function liveClock(readings: SystemClocks = machine): Clock {
  const startMs = readings.monotonicMs()
  let shown = { nowMs: readings.wallMs(), monotonicMs: 0 }
  return {
    now: () => {
      const monotonicMs = Math.max(shown.monotonicMs, readings.monotonicMs() - startMs)
      const goneOnMs = shown.nowMs + (monotonicMs - shown.monotonicMs) / 2
      shown = { nowMs: Math.max(readings.wallMs(), goneOnMs), monotonicMs }
      return { nowMs: Math.floor(shown.nowMs), monotonicMs }
    },
    realMs: (spanMs) => spanMs,
    spanMs: (realMs) => realMs,
    stop: () => {},
  }
}

const reading = z.object({ nowMs: z.number(), speed: z.number().min(0) })
export type SimulatorReading = z.infer<typeof reading>

/** Returns a clock that follows the simulator's clock. `monotonicMs` advances at the simulator's speed, without jumps. */
export function followingClock(first: SimulatorReading, readings: SystemClocks = machine) {
  let anchor = { ...first, readAtMs: readings.monotonicMs(), monotonicMs: 0 }
  let latestMs = Number.NEGATIVE_INFINITY
  const sinceMs = () => (readings.monotonicMs() - anchor.readAtMs) * anchor.speed
  const monotonicMs = () => anchor.monotonicMs + sinceMs()
  return {
    follow: (next: SimulatorReading): void => {
      anchor = { ...next, monotonicMs: monotonicMs(), readAtMs: readings.monotonicMs() }
    },
    now: (): ClockReading => {
      latestMs = Math.max(latestMs, Math.floor(anchor.nowMs + sinceMs()))
      return { nowMs: latestMs, monotonicMs: monotonicMs() }
    },
    realMs: (spanMs: number): number => spanMs / anchor.speed,
    spanMs: (realMs: number): number => realMs * anchor.speed,
  }
}

/** Returns the clock of the pollers: the simulator's if its address is given. @throws if its first reading fails */
export const openClock = async (simulatorUrl: string | undefined, log: Logger): Promise<Clock> =>
  simulatorUrl === undefined ? liveClock() : simulatedClock(simulatorUrl, log)

const syncEveryMs = 500
const syncTimeoutMs = 2_000

/** Reads the simulator's clock twice a second, and runs on alone if that fails. @throws if the first reading fails */
export async function simulatedClock(url: string, log: Logger): Promise<Clock> {
  const read = async (): Promise<SimulatorReading> => {
    const answer = await fetch(new URL('/simulator/clock', url), { signal: AbortSignal.timeout(syncTimeoutMs) })
    if (!answer.ok) throw new Error(`${url}/simulator/clock answered HTTP ${answer.status}`)
    return reading.parse(await answer.json())
  }
  const clock = followingClock(
    await read().catch((cause) => {
      throw new Error(`The simulator's clock cannot be read at ${url} (SIMULATOR_URL): is the simulator up?`, { cause })
    }),
  )
  let away = false
  let underWay = false
  const timer = setInterval(async () => {
    if (underWay) return
    underWay = true
    try {
      clock.follow(await read())
      away = false
    } catch (error) {
      if (!away) log.warn({ err: error }, "the simulator's clock cannot be read: going on by itself")
      away = true
    } finally {
      underWay = false
    }
  }, syncEveryMs)
  return { ...clock, stop: () => clearInterval(timer) }
}
