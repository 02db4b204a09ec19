import { MAX_SESSIONS } from './config.ts'
import type { Connection, Engine } from './engine.ts'
import { Failure } from './failure.ts'

interface Session {
  connection: Connection
  busy: boolean
  timer: NodeJS.Timeout | undefined
}

/** Connections that outlive a request because the client named them by session_id. A name belongs to one user. */
export class Sessions {
  readonly #engine: Engine
  readonly #open = new Map<string, Session>()

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /**
   * @returns the connection, whether it is new, and `release`, to be called when the request is over
   * @throws Failure 372 when it must exist and does not, 373 when it is in use, 202 when there are too many
   */
  take(user: string, wanted: { id: string; timeoutS: number; mustExist: boolean }) {
    const name = `${user}\0${wanted.id}`
    const known = this.#open.get(name)
    if (known?.busy)
      throw new Failure(373, 'SESSION_IS_LOCKED', `Session ${wanted.id} is locked by a concurrent client.`)
    if (known === undefined && wanted.mustExist) throw new Failure(372, 'SESSION_NOT_FOUND', 'Session not found.')
    if (known === undefined && this.#open.size >= MAX_SESSIONS) {
      throw new Failure(202, 'TOO_MANY_SIMULTANEOUS_QUERIES', `Too many sessions: ${MAX_SESSIONS} are open.`)
    }
    const session = known ?? { connection: this.#engine.connect(), busy: true, timer: undefined }
    clearTimeout(session.timer)
    session.busy = true
    this.#open.set(name, session)
    const release = () => {
      session.busy = false
      session.timer = setTimeout(() => this.#drop(name), wanted.timeoutS * 1000)
    }
    return { connection: session.connection, isNew: known === undefined, release }
  }

  #drop(name: string): void {
    this.#open.get(name)?.connection.close()
    this.#open.delete(name)
  }
}
