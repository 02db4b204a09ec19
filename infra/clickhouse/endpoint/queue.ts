import { Failure } from './failure.ts'

/** Lets `places` holders in at a time, the others wait in order. */
export interface Queue {
  /** Waits for a place; the returned function gives it back. @throws Failure 202 when too many wait or for too long */
  enter(gone: AbortSignal): Promise<() => void>
  readonly running: number
}

export function createQueue(places: number, maxWaiting: number, maxWaitMs: number): Queue {
  let running = 0
  const waiting: { admit: () => void }[] = []
  const leave = () => {
    running--
    waiting.shift()?.admit()
  }
  function admitted(): () => void {
    running++
    let left = false
    return () => {
      if (!left) leave()
      left = true
    }
  }
  function enter(gone: AbortSignal): Promise<() => void> {
    if (running < places) return Promise.resolve(admitted())
    if (waiting.length >= maxWaiting) return Promise.reject(tooMany(places, waiting.length))
    const { promise, resolve, reject } = Promise.withResolvers<() => void>()
    const waiter = { admit: () => settle(() => resolve(admitted())) }
    const timer = setTimeout(() => settle(() => reject(tooMany(places, waiting.length))), maxWaitMs)
    const onGone = () => settle(() => reject(new Failure(210, 'NETWORK_ERROR', 'The client left.')))
    function settle(how: () => void) {
      clearTimeout(timer)
      gone.removeEventListener('abort', onGone)
      const at = waiting.indexOf(waiter)
      if (at >= 0) waiting.splice(at, 1)
      how()
    }
    gone.addEventListener('abort', onGone, { once: true })
    waiting.push(waiter)
    return promise
  }
  return {
    enter,
    get running() {
      return running
    },
  }
}

function tooMany(places: number, waiting: number): Failure {
  const sentence = `Too many simultaneous queries: ${places} run and ${waiting} wait.`
  return new Failure(202, 'TOO_MANY_SIMULTANEOUS_QUERIES', sentence)
}
