import { z } from 'zod'
import type { Logger } from '#platform/process/log.ts'
import type { ClockReading } from './candidate.ts'

/** The poller's one clock. */
export interface Clock {
  /** The time, and how far the steady clock has come. Neither ever runs backwards. */
  now: () => ClockReading
  /** How long a span of this clock is in real ms; for sleeping. Infinity while a simulated clock stands still. */
  realMs: (spanMs: number) => number
  /** How long a span of real time is on this clock, ms. */
  spanMs: (realMs: number) => number
  stop: () => void
}

/** The machine's two clocks; tests give their own. */
export interface SystemClocks {
  wallMs: () => number
  monotonicMs: () => number
}

const machine: SystemClocks = { wallMs: Date.now, monotonicMs: () => performance.now() }

/**
 * The machine's clock. When it steps back, the time goes on at half speed until the machine has caught up: no answer is
 * ever known before an earlier one, and nothing that is due waits for long.
 */
export function liveClock(readings: SystemClocks = machine): Clock {
  const startMs = readings.monotonicMs()
  let shown = { nowMs: readings.wallMs(), steadyMs: 0 }
  return {
    now: () => {
      const steadyMs = Math.max(shown.steadyMs, readings.monotonicMs() - startMs)
      const goneOnMs = shown.nowMs + (steadyMs - shown.steadyMs) / 2
      shown = { nowMs: Math.max(readings.wallMs(), goneOnMs), steadyMs }
      return { nowMs: Math.floor(shown.nowMs), steadyMs }
    },
    realMs: (spanMs) => spanMs,
    spanMs: (realMs) => realMs,
    stop: () => {},
  }
}

const reading = z.object({ nowMs: z.number(), speed: z.number().min(0) })
export type SimulatorReading = z.infer<typeof reading>

/**
 * A clock that follows readings of the simulator's and goes on by itself between them. The steady part advances at the
 * simulator's speed and never jumps: the simulator counts its sliding minute in the same way.
 */
export function followingClock(first: SimulatorReading, readings: SystemClocks = machine) {
  let anchor = { ...first, monotonicMs: readings.monotonicMs(), steadyMs: 0 }
  let latestMs = Number.NEGATIVE_INFINITY
  const sinceMs = () => (readings.monotonicMs() - anchor.monotonicMs) * anchor.speed
  const steadyMs = () => anchor.steadyMs + sinceMs()
  return {
    follow: (next: SimulatorReading): void => {
      anchor = { ...next, steadyMs: steadyMs(), monotonicMs: readings.monotonicMs() }
    },
    now: (): ClockReading => {
      latestMs = Math.max(latestMs, Math.floor(anchor.nowMs + sinceMs()))
      return { nowMs: latestMs, steadyMs: steadyMs() }
    },
    realMs: (spanMs: number): number => spanMs / anchor.speed,
    spanMs: (realMs: number): number => realMs * anchor.speed,
  }
}

const syncEveryMs = 500
const syncTimeoutMs = 2_000

/**
 * The simulator's clock at `<url>/simulator/clock`, read again twice a second; while the simulator is away it goes on as
 * before. Rejects when the first reading fails.
 */
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
