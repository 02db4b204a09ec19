import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from './engine.ts'
import { Failure } from './failure.ts'

/** A statement that the engine runs. `marker` is a comment in its text that no other statement contains. */
export interface RunningStatement {
  queryId: string
  user: string
  marker: string
  /** Asks the engine again and again to stop the statement, until the statement ends. Resolves after the first time. */
  kill(): Promise<void>
  /** Resolves when the statement has ended; never rejects. */
  ended: Promise<void>
}

const KILL_AGAIN_MS = 50

/** Kills the statement after `limitMs`. @throws Failure TIMEOUT_EXCEEDED if it was killed, else the error of `work` */
export async function withTimeLimit<T>(limitMs: number, running: RunningStatement, work: Promise<T>): Promise<T> {
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    void running.kill()
  }, limitMs)
  try {
    return await work
  } catch (error) {
    if (!isLate) throw error
    const sentence = `Timeout exceeded: a query of the reader may run for ${limitMs / 1000} seconds.`
    throw new Failure(159, 'TIMEOUT_EXCEEDED', sentence)
  } finally {
    clearTimeout(timer)
  }
}

export class RunningStatements {
  readonly #engine: Engine
  readonly #running = new Set<RunningStatement>()
  #count = 0
  #isStopping = false

  constructor(engine: Engine) {
    this.#engine = engine
  }

  get all(): RunningStatement[] {
    return [...this.#running]
  }

  /** Kills every statement, and refuses those that come later. */
  stop(): void {
    this.#isStopping = true
    for (const one of this.all) void one.kill()
  }

  hasId(queryId: string): boolean {
    return this.all.some((one) => one.queryId === queryId)
  }

  /** Runs `start`. If `gone` aborts, kills its statement repeatedly: the engine may not know the statement yet. */
  async track<T>(
    queryId: string,
    user: string,
    gone: AbortSignal,
    start: (running: RunningStatement) => Promise<T>,
  ): Promise<T> {
    if (gone.aborted) throw new Failure(210, 'NETWORK_ERROR', 'The client left.')
    if (this.#isStopping) throw new Failure(210, 'NETWORK_ERROR', 'The endpoint stops.')
    const marker = `tm-${process.pid}-${++this.#count}-`
    const { promise: over, resolve: settle } = Promise.withResolvers<void>()
    const killNow = this.#killer(marker, over)
    const running: RunningStatement = { queryId, user, marker, kill: killNow, ended: over }
    this.#running.add(running)
    gone.addEventListener('abort', killNow, { once: true })
    try {
      return await start(running)
    } finally {
      gone.removeEventListener('abort', killNow)
      this.#running.delete(running)
      settle()
    }
  }

  #killer(marker: string, over: Promise<void>): () => Promise<void> {
    let asked: Promise<void> | undefined
    let isOver = false
    void over.then(() => {
      isOver = true
    })
    const askOnce = () => this.#engine.kill(marker).catch(() => {})
    const askAgain = async () => {
      while (!isOver) {
        await sleep(KILL_AGAIN_MS)
        if (!isOver) await askOnce()
      }
    }
    return () => {
      if (asked === undefined) {
        asked = askOnce()
        void asked.then(askAgain)
      }
      return asked
    }
  }
}
