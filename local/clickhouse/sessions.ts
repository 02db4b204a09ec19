import { MAX_SESSIONS } from './config.ts'
import type { Connection, Engine } from './engine.ts'
import { Failure } from './failure.ts'
import type { Parameters } from './parameters.ts'
import { quoteName, quoteString } from './quote.ts'

export interface SessionRequest {
  id: string
  timeoutS: number
  mustExist: boolean
  isReadonly: boolean
}

interface Session {
  connection: Connection
  busy: boolean
  restored: Promise<unknown>
  timer: NodeJS.Timeout | undefined
}

/** Keeps the connection of a session, which is named by session_id and user, between its requests. */
export class Sessions {
  readonly #engine: Engine
  readonly #open = new Map<string, Session>()

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /**
   * Runs `work` on the session's connection. Afterwards restores the settings and database that the request's URL
   * changed. Changes by the statement itself stay.
   * @throws Failure SESSION_NOT_FOUND, SESSION_IS_LOCKED if it is in use, TOO_MANY_SIMULTANEOUS_QUERIES
   */
  async use(
    user: string,
    wanted: SessionRequest,
    parameters: Parameters,
    work: (connection: Connection) => Promise<void>,
  ): Promise<void> {
    const name = `${user}\0${wanted.id}`
    const session = this.#take(name, wanted)
    try {
      await session.restored
      const undo = await remember(session.connection, parameters)
      await work(session.connection).finally(() => {
        if (undo !== '') session.restored = session.connection.run(undo, 'Null').catch(() => {})
      })
    } finally {
      // The reply may be sent before the settings are restored. The session's next request waits for `restored`.
      session.busy = false
      session.timer = setTimeout(() => this.#drop(name), wanted.timeoutS * 1000)
    }
  }

  #take(name: string, wanted: SessionRequest): Session {
    const known = this.#open.get(name)
    if (known?.busy)
      throw new Failure(373, 'SESSION_IS_LOCKED', `Session ${wanted.id} is locked by a concurrent client.`)
    if (known === undefined && wanted.mustExist) throw new Failure(372, 'SESSION_NOT_FOUND', 'Session not found.')
    if (known === undefined && this.#open.size >= MAX_SESSIONS) {
      throw new Failure(202, 'TOO_MANY_SIMULTANEOUS_QUERIES', `Too many sessions: ${MAX_SESSIONS} are open.`)
    }
    const session = known ?? this.#begin(wanted)
    clearTimeout(session.timer)
    session.busy = true
    this.#open.set(name, session)
    return session
  }

  #begin(wanted: SessionRequest): Session {
    const connection = this.#engine.connect(wanted.isReadonly)
    return { connection, busy: true, restored: Promise.resolve(), timer: undefined }
  }

  #drop(name: string): void {
    this.#open.get(name)?.connection.close()
    this.#open.delete(name)
  }
}

async function remember(connection: Connection, parameters: Parameters): Promise<string> {
  const lines: string[] = []
  if (parameters.settings.length > 0) {
    const names = parameters.settings.map(([name]) => quoteString(name)).join(', ')
    const query = `SELECT name, value FROM system.settings WHERE name IN (${names})`
    const { bytes } = await connection.run(query, 'JSONCompactEachRow')
    const values = bytes.toString('utf8').trim().split('\n').filter(Boolean)
    for (const line of values) {
      const [name, value] = JSON.parse(line) as [string, string]
      lines.push(`SET ${name}=${quoteString(value)}`)
    }
  }
  if (parameters.database) {
    const { bytes } = await connection.run('SELECT currentDatabase()', 'JSONCompactEachRow')
    const [database] = JSON.parse(bytes.toString('utf8')) as [string]
    lines.push(`USE ${quoteName(database)}`)
  }
  return lines.join(';\n')
}
