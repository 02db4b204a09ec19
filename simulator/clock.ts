/** The saved clock. Mode `own`: it was at `simMs` when the machine's clock was at `wallMs`, and has gone on since. */
export type ClockState =
  | { readonly mode: 'machine' }
  | { readonly mode: 'own'; readonly simMs: number; readonly wallMs: number; readonly speed: number }

export type ClockChange = { readonly setMs?: number; readonly speed?: number; readonly allowBackwards?: boolean }

/** The simulator's only clock. Its time is whole ms UTC and never runs backwards, unless it is set back. */
export type Clock = {
  nowMs(): number
  /** Moves the clock on by 1 ms and returns its time, so that a command never shares its instant with an answer. */
  tickMs(): number
  /** Simulated ms since the start, which depend on the speed. Setting the clock does not change them. */
  elapsedMs(): number
  speed(): number
  /** Sets the clock or its speed. Returns the reason if the change is refused, else undefined. */
  change(change: ClockChange): string | undefined
  save(): ClockState
}

type Readings = { readonly wallMs: () => number; readonly monotonicMs: () => number }

/** Creates a clock that follows the machine's clock. Once its time or speed is set, it follows the monotonic clock. */
export function createClock(
  state: ClockState,
  readings: Readings = { wallMs: Date.now, monotonicMs: () => performance.now() },
): Clock {
  let own = state.mode === 'own' ? restored(state, readings) : undefined
  let mark = { monotonicMs: readings.monotonicMs(), elapsedMs: 0 }
  let latestMs = Number.NEGATIVE_INFINITY

  const speed = () => own?.speed ?? 1
  const elapsedMs = () => mark.elapsedMs + (readings.monotonicMs() - mark.monotonicMs) * speed()
  const nowMs = () => {
    const shownMs = own ? own.simMs + (readings.monotonicMs() - own.monotonicMs) * own.speed : readings.wallMs()
    latestMs = Math.max(latestMs, Math.floor(shownMs))
    return latestMs
  }
  return {
    nowMs,
    elapsedMs,
    speed,
    tickMs() {
      latestMs = nowMs() + 1
      return latestMs
    },
    change(change) {
      const fromMs = nowMs()
      const toMs = change.setMs ?? fromMs
      if (toMs < fromMs && !change.allowBackwards) {
        return `the clock stands at ${new Date(fromMs).toISOString()} and does not go back unless allowBackwards is true`
      }
      mark = { monotonicMs: readings.monotonicMs(), elapsedMs: elapsedMs() }
      own = { simMs: toMs, monotonicMs: mark.monotonicMs, speed: change.speed ?? speed() }
      latestMs = toMs
      return undefined
    },
    save: () =>
      own ? { mode: 'own', simMs: nowMs(), wallMs: readings.wallMs(), speed: own.speed } : { mode: 'machine' },
  }
}

function restored(state: Extract<ClockState, { mode: 'own' }>, readings: Readings) {
  const awayMs = Math.max(0, readings.wallMs() - state.wallMs)
  return { simMs: state.simMs + awayMs * state.speed, monotonicMs: readings.monotonicMs(), speed: state.speed }
}
