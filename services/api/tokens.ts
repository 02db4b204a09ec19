// The tokens that the API accepts. They are read from the topic api-tokens, at the start and from then on.
import { hashOfToken, isRole, type Role, refusalOfToken } from '#core/api-token.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { follow } from '#platform/kafka/follow.ts'
import { offsetRange, readRanges } from '#platform/kafka/read-range.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import type { Logger } from '#platform/process/log.ts'
import { TransientError } from '#platform/process/transient-error.ts'
import { apiTokensTopic } from '#schemas/api-topics.ts'
import { type ApiToken, apiTokenSchema } from '#schemas/generated/records.ts'
import type { Caller } from './access.ts'

export interface Tokens {
  /** Finds the caller of a token. undefined: the token is unknown, expired or revoked, or it is a link. */
  callerOf: (text: string) => Caller | undefined
  /** Finds a link that opens a session. undefined: it is unknown, expired or used. */
  linkOf: (text: string) => (ApiToken & { role: Role }) | undefined
  byId: (id: string) => ApiToken | undefined
  /** Returns the offset of the first record that revokes a token. undefined: none does. */
  revokedFirstAt: (id: string) => number | undefined
  /** Resolves when the record at an offset was read. @throws TransientError after ten seconds */
  readTo: (offset: number) => Promise<void>
  stop: () => Promise<void>
}

const readWithinMs = 10_000

/** Reads the topic, and follows it. @param crash called if the topic can no longer be read; it must end the process */
export async function openTokens(
  { kafka, registry }: { kafka: Kafka; registry: Registry },
  log: Logger,
  crash: (error: Error) => void,
): Promise<Tokens> {
  const topic = apiTokensTopic.name
  const decoder = registry.decoder(apiTokenSchema)
  const state = createState()
  const read = async (records: { offset: number; value: Buffer | null }[]): Promise<void> => {
    await decoder.prepare(records.map(({ value }) => value))
    for (const { offset, value } of records) {
      const token = decoder.decode(value)
      if ('sha256' in token) state.add(offset, token)
      else log.warn({ topic, offset }, 'a record is not a token: passed over')
    }
    const last = records.at(-1)
    if (last !== undefined) state.isRead(last.offset)
  }
  const span = await offsetRange(kafka, topic)
  await readRanges(kafka, topic, span, read)
  const stop = await follow(kafka, { topic, partition: 0, offset: span.get(0)?.to ?? 0 }, read, crash)
  return { ...state.tokens, stop }
}

/** What the topic says so far. */
function createState() {
  const newest = new Map<string, { offset: number; token: ApiToken }>()
  const byHash = new Map<string, string>()
  const firstRevocations = new Map<string, number>()
  const waiting = new Set<{ offset: number; resolve: () => void }>()
  let readOffset = -1

  const valid = (text: string): (ApiToken & { role: Role }) | undefined => {
    const token = newest.get(byHash.get(hashOfToken(text)) ?? '')?.token
    if (token === undefined || refusalOfToken(token, Date.now()) !== undefined || !isRole(token.role)) return undefined
    return { ...token, role: token.role }
  }
  const tokens: Omit<Tokens, 'stop'> = {
    callerOf: (text) => {
      const token = valid(text)
      if (token === undefined || token.kind === 'link') return undefined
      const { id, role, source, expiresAt, kind, person } = token
      const isAccepted = () => valid(text) !== undefined
      return { role, name: person ?? id, source, expiresAt, sessionId: kind === 'session' ? id : null, isAccepted }
    },
    linkOf: (text) => {
      const token = valid(text)
      return token?.kind === 'link' ? token : undefined
    },
    byId: (id) => newest.get(id)?.token,
    revokedFirstAt: (id) => firstRevocations.get(id),
    readTo: (offset) => {
      if (offset <= readOffset) return Promise.resolve()
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const waiter = { offset, resolve }
      waiting.add(waiter)
      const late = () => reject(new TransientError(`${apiTokensTopic.name} could not be read up to offset ${offset}`))
      const timer = setTimeout(late, readWithinMs)
      return promise.finally(() => {
        clearTimeout(timer)
        waiting.delete(waiter)
      })
    },
  }
  return {
    tokens,
    add: (offset: number, token: ApiToken): void => {
      if (offset < (newest.get(token.id)?.offset ?? -1)) return
      newest.set(token.id, { offset, token })
      byHash.set(token.sha256, token.id)
      if (token.revokedAt !== null && !firstRevocations.has(token.id)) firstRevocations.set(token.id, offset)
    },
    isRead: (offset: number): void => {
      readOffset = Math.max(readOffset, offset)
      for (const waiter of waiting) if (waiter.offset <= readOffset) waiter.resolve()
    },
  }
}
