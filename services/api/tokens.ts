// The tokens that the API accepts. They are read from the topic api-tokens, at the start and from then on.
import { hashOfToken, isRole, refusalOfToken } from '#core/api-token.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { follow } from '#platform/kafka/follow.ts'
import { offsetRange, readRanges } from '#platform/kafka/read-range.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import type { Logger } from '#platform/process/log.ts'
import { apiTokensTopic } from '#schemas/api-topics.ts'
import { type ApiToken, apiTokenSchema } from '#schemas/generated/records.ts'
import type { Caller } from './access.ts'

export interface Tokens {
  /** Finds the caller of a token. undefined: the token is unknown, expired or revoked. */
  callerOf: (text: string) => Caller | undefined
  stop: () => Promise<void>
}

/** Reads the topic, and follows it. @param crash called if the topic can no longer be read; it must end the process */
export async function openTokens(
  { kafka, registry }: { kafka: Kafka; registry: Registry },
  log: Logger,
  crash: (error: Error) => void,
): Promise<Tokens> {
  const topic = apiTokensTopic.name
  const decoder = registry.decoder(apiTokenSchema)
  const newest = new Map<string, { offset: number; token: ApiToken }>()
  const byHash = new Map<string, string>()
  const read = async (records: { offset: number; value: Buffer | null }[]): Promise<void> => {
    await decoder.prepare(records.map(({ value }) => value))
    for (const { offset, value } of records) {
      const token = decoder.decode(value)
      if (!('sha256' in token)) log.warn({ topic, offset }, 'a record is not a token: passed over')
      else if (offset >= (newest.get(token.id)?.offset ?? -1)) {
        newest.set(token.id, { offset, token })
        byHash.set(token.sha256, token.id)
      }
    }
  }
  const span = await offsetRange(kafka, topic)
  await readRanges(kafka, topic, span, read)
  const stop = await follow(kafka, { topic, partition: 0, offset: span.get(0)?.to ?? 0 }, read, crash)

  return {
    callerOf: (text) => {
      const token = newest.get(byHash.get(hashOfToken(text)) ?? '')?.token
      if (token === undefined || refusalOfToken(token, Date.now()) !== undefined || !isRole(token.role))
        return undefined
      return { role: token.role, name: token.id, source: token.source }
    },
    stop,
  }
}
