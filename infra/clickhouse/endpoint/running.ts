import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from './engine.ts'

/** A statement that runs: `marker` stands in its text, in a comment, and in no other text. */
export interface Running {
  queryId: string
  user: string
  marker: string
  /** Asks the engine to stop it, again and again until it has; settles when it was asked once. */
  killNow(): Promise<void>
}

const KILL_AGAIN_MS = 50

/** Knows the running statements by the ids that clients chose. */
export class RunningStatements {
  readonly #engine: Engine
  readonly #running = new Set<Running>()
  #count = 0

  constructor(engine: Engine) {
    this.#engine = engine
  }

  get all(): Running[] {
    return [...this.#running]
  }

  hasId(queryId: string): boolean {
    return this.all.some((one) => one.queryId === queryId)
  }

  /**
   * Runs `start` and keeps it killable until it settles. A kill before the engine knows the statement matches nothing,
   * so it is repeated.
   */
  async track<T>(queryId: string, user: string, start: (running: Running) => Promise<T>): Promise<T> {
    let settled = false
    let asked: Promise<void> | undefined
    const askOnce = () => this.#engine.kill(running.marker).catch(() => {})
    const askAgain = async () => {
      while (!settled) {
        await sleep(KILL_AGAIN_MS)
        if (!settled) await askOnce()
      }
    }
    const killNow = () => {
      if (asked === undefined) {
        asked = askOnce()
        void asked.then(askAgain)
      }
      return asked
    }
    const running: Running = { queryId, user, marker: `tm-${process.pid}-${++this.#count}-`, killNow }
    this.#running.add(running)
    try {
      return await start(running)
    } finally {
      settled = true
      this.#running.delete(running)
    }
  }
}
