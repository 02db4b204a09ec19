import type { Role } from './access.ts'
import { Failure } from './failure.ts'

export interface Queue {
  /**
   * Waits until a query may run. Resolves to a function to call when the query has ended.
   * @throws Failure TOO_MANY_SIMULTANEOUS_QUERIES, or NETWORK_ERROR if the client left
   */
  enter(gone: AbortSignal, role: Role): Promise<() => void>
  readonly running: number
}

interface QueuedStatement {
  role: Role
  admit: () => void
}

/**
 * At most `places` queries run at a time, and at most `readerPlaces` of them are of readers. For each role, at most
 * `maxWaiting` queries wait, each for at most `maxWaitMs`.
 */
export function createQueue(places: number, readerPlaces: number, maxWaiting: number, maxWaitMs: number): Queue {
  const running = { reader: 0, writer: 0 }
  const waiting: QueuedStatement[] = []
  const isRoomFor = (role: Role) =>
    running.reader + running.writer < places && (role === 'writer' || running.reader < readerPlaces)

  function leave(role: Role): void {
    running[role]--
    waiting.find((one) => isRoomFor(one.role))?.admit()
  }
  function admitted(role: Role): () => void {
    running[role]++
    let left = false
    return () => {
      if (!left) leave(role)
      left = true
    }
  }
  function enter(gone: AbortSignal, role: Role): Promise<() => void> {
    // A signal that is already aborted fires no event, so the entry would wait until its timeout.
    if (gone.aborted) return Promise.reject(clientLeft())
    if (isRoomFor(role)) return Promise.resolve(admitted(role))
    const tooMany = () => tooManyOf(role, running[role], waiting.filter((one) => one.role === role).length)
    if (waiting.filter((one) => one.role === role).length >= maxWaiting) return Promise.reject(tooMany())
    const { promise, resolve, reject } = Promise.withResolvers<() => void>()
    const waiter = { role, admit: () => settle(() => resolve(admitted(role))) }
    const timer = setTimeout(() => settle(() => reject(tooMany())), maxWaitMs)
    const onGone = () => settle(() => reject(clientLeft()))
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
      return running.reader + running.writer
    },
  }
}

function clientLeft(): Failure {
  return new Failure(210, 'NETWORK_ERROR', 'The client left.')
}

function tooManyOf(role: Role, running: number, waiting: number): Failure {
  const sentence = `Too many simultaneous queries: ${running} of the ${role} run and ${waiting} wait.`
  return new Failure(202, 'TOO_MANY_SIMULTANEOUS_QUERIES', sentence)
}
