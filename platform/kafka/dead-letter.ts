import type { ProducerRecord } from './producer-record.ts'

export interface RefusedMessage {
  topic: string
  partition: number
  offset: string
  key: Buffer | null
  value: Buffer | null
  headers: Record<string, string | Buffer>
}

export interface RefusalCause {
  reason: string
  message: string
  dataset?: string | undefined
}

export const deadLetterHeaders = {
  topic: 'tidemark-topic',
  partition: 'tidemark-partition',
  offset: 'tidemark-offset',
  reason: 'tidemark-reason',
  message: 'tidemark-message',
  dataset: 'tidemark-dataset',
  service: 'tidemark-service',
  version: 'tidemark-version',
  time: 'tidemark-time',
  attempts: 'tidemark-attempts',
  previousReason: 'tidemark-previous-reason',
  leftOut: 'tidemark-left-out-bytes',
} as const

/** Reason of the dead letters of a parked dataset, whose answers are not exploded. */
export const parkedReason = 'parked'

const maxMessageChars = 2_000

/** Builds a dead letter: key and value are copied byte for byte; origin and reason are in the headers. */
export function deadLetter(
  refused: RefusedMessage,
  why: RefusalCause,
  service: { name: string; version: string },
  nowMs: number,
): ProducerRecord {
  const names = deadLetterHeaders
  const previous = previousReason(refused.headers)
  const { [names.dataset]: _dataset, [names.previousReason]: _previous, ...own } = refused.headers
  return {
    key: refused.key,
    value: refused.value,
    headers: {
      ...own,
      [names.topic]: refused.topic,
      [names.partition]: `${refused.partition}`,
      [names.offset]: refused.offset,
      [names.reason]: why.reason,
      [names.message]: why.message.slice(0, maxMessageChars),
      ...(why.dataset !== undefined && { [names.dataset]: why.dataset }),
      [names.service]: service.name,
      [names.version]: service.version,
      [names.time]: new Date(nowMs).toISOString(),
      [names.attempts]: `${attemptsOf(refused.headers) + 1}`,
      ...(previous !== undefined && { [names.previousReason]: previous }),
    },
  }
}

/** Removes the value of a dead letter that is too large for its topic. The headers name the place of the original. */
export function withoutValue(letter: ProducerRecord, whyTooLarge: string): ProducerRecord {
  const names = deadLetterHeaders
  const headers = letter.headers ?? {}
  const kept = Object.values(names).flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]]))
  const place = [headers[names.topic], headers[names.partition], headers[names.offset]].join('/')
  const message = `${headers[names.message]}; the value is left out (${whyTooLarge}), it lies at ${place}`
  return {
    ...letter,
    value: null,
    headers: {
      ...Object.fromEntries(kept),
      [names.message]: message,
      [names.leftOut]: `${letter.value?.length ?? 0}`,
    },
  }
}

type Headers = Readonly<Record<string, string | Buffer>>

/** Returns how many times a message was refused, from its headers. Returns 0 if the header is absent or invalid. */
export function attemptsOf(headers: Headers): number {
  const attempts = Number(headers[deadLetterHeaders.attempts]?.toString() ?? '0')
  return Number.isInteger(attempts) && attempts >= 0 && attempts < Number.MAX_SAFE_INTEGER ? attempts : 0
}

/** Returns the reason of the previous refusal, if any. Skips `parked`, which says nothing about the message itself. */
function previousReason(headers: Headers): string | undefined {
  const reason = headers[deadLetterHeaders.reason]?.toString()
  return reason === parkedReason ? headers[deadLetterHeaders.previousReason]?.toString() : reason
}

/** Returns the headers to requeue a dead letter's message with: its own, its last two reasons, its refusal count. */
export function headersOfRefused(headers: Readonly<Record<string, Buffer>>): Record<string, Buffer> {
  const { reason, attempts, previousReason: previous } = deadLetterHeaders
  const dropped = new Set<string>(Object.values(deadLetterHeaders))
  for (const kept of [reason, attempts, previous]) dropped.delete(kept)
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.has(name)))
}
