// Sessions are tokens that a login makes, on the topic of all tokens: an end or an expiry is obeyed as with any token, and a
// restart of the API ends no session.
import { newToken, type Role } from '#core/api-token.ts'
import type { Producer } from '#platform/kafka/produce.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import { apiTokensTopic } from '#schemas/api-topics.ts'
import { type ApiToken, apiTokenSchema } from '#schemas/generated/records.ts'
import type { Tokens } from '../tokens.ts'

export interface Session {
  /** The token that the cookie holds. */
  text: string
  expiresAt: number
  /** Names the session in audit records. */
  caller: string
}

export interface NewSession {
  role: Role
  by: string
  /** Names the caller in audit records. null: the id of the session does. */
  person: string | null
}

export interface Sessions {
  /** Begins a session of twelve hours. Resolves when this process accepts it. @throws TransientError */
  begin: (session: NewSession) => Promise<Session>
  /** Ends a session. Resolves when this process refuses it. @throws TransientError */
  end: (id: string) => Promise<void>
  /** Returns the role that a link gives. undefined: it is unknown, expired or used. */
  roleOfLink: (code: string) => Role | undefined
  /**
   * Uses up a link and begins its session. undefined: it is unknown, expired or used. A link begins at most one session,
   * also if several processes are asked at once: the first revocation on the topic, which has one partition, decides. If
   * Kafka fails in between, the link is used up and has begun none.
   * @throws TransientError
   */
  exchange: (code: string) => Promise<Session | undefined>
}

const sessionLastsMs = 12 * 3_600_000

export async function openSessions(
  { producer, registry }: { producer: Producer; registry: Registry },
  tokens: Tokens,
): Promise<Sessions> {
  const { name } = apiTokensTopic
  const encode = await registry.encoder(name, apiTokenSchema)
  /** Writes a record, waits until it is read, and returns its offset. */
  const write = async (token: ApiToken): Promise<number> => {
    const [place] = await producer.send(name, [{ key: token.id, value: encode(token) }])
    const offset = place?.offset ?? 0
    await tokens.readTo(offset)
    return offset
  }
  const begin = async ({ role, by, person }: NewSession): Promise<Session> => {
    const now = Date.now()
    const expiresAt = now + sessionLastsMs
    const { text, token } = newToken({ kind: 'session', role, source: null, createdBy: by, expiresAt, person }, now)
    await write(token)
    return { text, expiresAt, caller: person ?? token.id }
  }
  return {
    begin,
    end: async (id) => {
      const token = tokens.byId(id)
      if (token !== undefined) await write({ ...token, revokedAt: Date.now() })
    },
    roleOfLink: (code) => tokens.linkOf(code)?.role,
    exchange: async (code) => {
      const link = tokens.linkOf(code)
      if (link === undefined) return undefined
      const offset = await write({ ...link, revokedAt: Date.now() })
      if (tokens.revokedFirstAt(link.id) !== offset) return undefined
      return begin({ role: link.role, by: link.createdBy, person: null })
    },
  }
}
