import type { Outgoing } from './produce.ts'

/** What a dead letter needs of the message that was refused. */
export interface Refused {
  topic: string
  partition: number
  offset: string
  key: Buffer | null
  value: Buffer | null
  headers: Record<string, string | Buffer>
}

/** Headers of a dead letter; all text. Headers of the refused message stay beside them. */
export const deadLetterHeaders = {
  topic: 'tidemark-topic',
  partition: 'tidemark-partition',
  offset: 'tidemark-offset',
  reason: 'tidemark-reason',
  message: 'tidemark-message',
  service: 'tidemark-service',
  version: 'tidemark-version',
  time: 'tidemark-time',
  attempts: 'tidemark-attempts',
} as const

const longestMessage = 2_000

/** The refused message as a dead letter: its key and value byte for byte, where it came from and why in the headers. */
export function deadLetter(
  refused: Refused,
  why: { reason: string; message: string },
  service: { name: string; version: string },
  nowMs: number,
): Outgoing {
  const names = deadLetterHeaders
  const attempts = Number(refused.headers[names.attempts]?.toString() ?? '0')
  return {
    key: refused.key,
    value: refused.value,
    headers: {
      ...refused.headers,
      [names.topic]: refused.topic,
      [names.partition]: `${refused.partition}`,
      [names.offset]: refused.offset,
      [names.reason]: why.reason,
      [names.message]: why.message.slice(0, longestMessage),
      [names.service]: service.name,
      [names.version]: service.version,
      [names.time]: new Date(nowMs).toISOString(),
      [names.attempts]: `${Number.isSafeInteger(attempts) ? attempts + 1 : 1}`,
    },
  }
}
