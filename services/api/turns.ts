// Work that is too heavy to be done many times at once.
import { Problem } from './problem.ts'

export interface Turns<Result> {
  /**
   * Does the work when its turn comes, and shares the result with all that ask for the same name meanwhile. Work that
   * everybody has left before its turn is not done.
   * @throws Problem 503 if too much waits already
   */
  take: (name: string, gone: AbortSignal, work: () => Promise<Result>) => Promise<Result>
}

interface Turn<Result> {
  result: Promise<Result>
  begin: () => void
  askers: Set<AbortSignal>
}

export function createTurns<Result>(max: { running: number; waiting: number }): Turns<Result> {
  const turns = new Map<string, Turn<Result>>()
  const waiting: Turn<Result>[] = []
  let running = 0
  const next = (): void => {
    while (running < max.running) {
      const turn = waiting.shift()
      if (turn === undefined) return
      running++
      turn.begin()
    }
  }
  return {
    take: (name, gone, work) => {
      const held = turns.get(name)
      if (held !== undefined) {
        held.askers.add(gone)
        return held.result
      }
      if (waiting.length >= max.waiting) throw tooMany
      const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
      const askers = new Set([gone])
      const result = begun
        .then(() => {
          if ([...askers].every(({ aborted }) => aborted)) throw left
          return work()
        })
        .finally(() => {
          running--
          turns.delete(name)
          next()
        })
      result.catch(() => {})
      const turn = { result, begin, askers }
      turns.set(name, turn)
      waiting.push(turn)
      next()
      return result
    },
  }
}

const tooMany = new Problem(503, 'Busy', 'Too many of these questions wait already. Ask again in some seconds.', {
  'Retry-After': '5',
})
const left = new Problem(503, 'Left', 'The client has gone.')
