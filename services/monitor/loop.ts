import { pause } from '#platform/process/retry.ts'

export interface Loop {
  /** Ends the loop after the round that runs. */
  stop: () => Promise<void>
}

/**
 * Runs `round` every `everyMs` real ms, one at a time. Between two rounds it waits so long that rounds take at most the
 * share `maxShare` of the time. `round` must not reject.
 */
export function startLoop(everyMs: number, round: () => Promise<void>, maxShare = 1): Loop {
  const stopping = new AbortController()
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const beganMs = performance.now()
      await round()
      const tookMs = performance.now() - beganMs
      await pause(Math.max(everyMs, tookMs / maxShare) - tookMs, stopping.signal)
    }
  }
  const ended = loop()
  return {
    stop: async () => {
      stopping.abort()
      await ended
    },
  }
}
