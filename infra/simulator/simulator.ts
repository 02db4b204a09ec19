import { type Clock, createClock } from './clock.ts'
import type { Fault } from './faults.ts'
import { createUpstream, type Upstream } from './jao/upstream.ts'
import { createLimit, type Limit } from './limit.ts'
import { createRequestLog, type RequestLog } from './request-log.ts'
import { loadState, saveState } from './state-file.ts'

export type SimulatorOptions = {
  readonly seed?: number
  /** What is in it goes before `start` and `speed`, which are for the very first start. */
  readonly stateFile?: string | undefined
  /** Where the clock begins, ms since 1970; without it the clock is the machine's. */
  readonly startMs?: number | undefined
  readonly speed?: number
  readonly limitPerMinute?: number
}

/** Everything one simulator holds. Whoever changes `faults`, `etag`, the clock or the commands calls `save`. */
export type Simulator = {
  readonly seed: number
  readonly clock: Clock
  readonly upstream: Upstream
  readonly limit: Limit
  readonly log: RequestLog
  faults: readonly Fault[]
  etag: boolean
  notModified: number
  save(): void
}

/** Throws when the state file is of no use (`loadState`) or cannot be written. */
export function createSimulator(options: SimulatorOptions = {}): Simulator {
  const { seed = 1, stateFile, startMs, speed = 1, limitPerMinute = 100 } = options
  const state = stateFile === undefined ? undefined : loadState(stateFile, seed)
  const clock = createClock(state?.clock ?? { mode: 'machine' })
  if (state === undefined && (startMs !== undefined || speed !== 1)) {
    clock.change({ speed, allowBackwards: true, ...(startMs !== undefined && { setMs: startMs }) })
  }
  const simulator: Simulator = {
    seed,
    clock,
    upstream: createUpstream(seed, state?.commands),
    limit: createLimit(limitPerMinute),
    log: createRequestLog(),
    faults: state?.faults ?? [],
    etag: state?.etag ?? false,
    notModified: 0,
    save() {
      if (stateFile === undefined) return
      const { etag, faults, upstream } = simulator
      const commands = [...upstream.commands()]
      saveState(stateFile, { version: 1, seed, etag, clock: clock.save(), faults: [...faults], commands })
    },
  }
  simulator.save()
  return simulator
}
