// Splits a batch, gets one verdict per message (ok or dead letter), and builds the records to send. Commits nothing.
import type { IHeaders, KafkaMessage } from 'kafkajs'
import type { RecordSchema } from '#schemas/record-schema.ts'
import { deadLetter, withoutValue } from './dead-letter.ts'
import type { ProducerRecord } from './producer-record.ts'
import { storedRecord } from './read-range.ts'
import { DecodeFailure, type Decoder } from './registry.ts'
import type { SizeCheck } from './topic-limits.ts'
import { dead, ok, type Verdict } from './verdict.ts'

export interface ConsumedRecord<T = unknown> {
  topic: string
  partition: number
  offset: string
  headers: Record<string, string | Buffer>
  record: T
}

/** A record that is not decoded yet. */
export interface EncodedRecord<T = unknown> {
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** Where the Avro bytes begin in the value. Undefined if they were not written with the newest version of the record type. */
  readonly newestAt: number | undefined
  decode(): T | DecodeFailure
}

// Of a class and not of a literal with a function of its own, because there are tens of thousands in a second.
class MessageRecord implements EncodedRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly newestAt: number | undefined
  readonly #decoder: Decoder

  constructor({ key, value }: KafkaMessage, decoder: Decoder) {
    this.key = key
    this.value = value
    this.newestAt = decoder.newestAt(value)
    this.#decoder = decoder
  }

  decode(): unknown {
    return this.#decoder.decode(this.value)
  }
}

export interface Subscription<T = unknown> {
  topic: string
  /** Record type of the values. Null: nothing is decoded, and each record is a StoredRecord, also without a value. */
  record: RecordSchema<T> | null
  /** True: each record is an EncodedRecord, which the handler decodes if it must. It refuses what it cannot decode. */
  isEncoded?: boolean
  /** Topic for refused messages. Null: they are dropped. They are dead letters already, or become some elsewhere. */
  deadLetterTopic: string | null
  /** True: records without a value (tombstones) are skipped. False: they become dead letters. */
  tombstones?: boolean
  /**
   * Returns one verdict per message, in order. May be called again with the same messages.
   * @throws TransientError to retry the batch. Any other error ends the process
   */
  handle(batch: ConsumedRecord<T>[]): Promise<Verdict[]> | Verdict[]
  /**
   * Returns how many messages from the start of the batch may be handled now. The later messages are redelivered soon.
   * Must not wait, because a blocked partition blocks all others. @throws TransientError to retry the batch
   */
  admit?: (partition: number, offsets: readonly number[]) => Promise<number>
}

/** Splits a batch into parts of at most `maxBytes`, or one message. A large part could outlast the session timeout. */
export function splitBatch(messages: KafkaMessage[], maxBytes: number): KafkaMessage[][] {
  const parts: KafkaMessage[][] = [[]]
  let bytes = 0
  for (const message of messages) {
    const size = message.value?.length ?? 0
    if (bytes > 0 && bytes + size > maxBytes) {
      parts.push([])
      bytes = 0
    }
    parts.at(-1)?.push(message)
    bytes += size
  }
  return parts
}

/** Returns one verdict per message. @param decoder null if the subscription has no record type */
export async function processBatch(
  subscription: Subscription,
  decoder: Decoder | null,
  partition: number,
  messages: KafkaMessage[],
): Promise<Verdict[]> {
  await decoder?.prepare(messages.map((message) => message.value))
  const verdicts: (Verdict | undefined)[] = []
  const incoming: ConsumedRecord[] = []
  for (const message of messages) {
    if (message.value === null && subscription.tombstones) {
      verdicts.push(ok())
      continue
    }
    const record = recordOf(subscription, decoder, partition, message)
    if (record instanceof DecodeFailure) {
      verdicts.push(dead(record.reason, record.message))
      continue
    }
    verdicts.push(undefined)
    const headers = plainHeaders(message.headers)
    incoming.push({ topic: subscription.topic, partition, offset: message.offset, headers, record })
  }
  const judged = incoming.length > 0 ? await subscription.handle(incoming) : []
  if (judged.length !== incoming.length) throw new Error(`${judged.length} verdicts for ${incoming.length} messages`)
  let next = 0
  return verdicts.map((verdict) => verdict ?? (judged[next++] as Verdict))
}

/** Returns what the handler gets of a message, or why it gets nothing. */
function recordOf(
  { topic, isEncoded = false }: Subscription,
  decoder: Decoder | null,
  partition: number,
  message: KafkaMessage,
): unknown {
  if (decoder === null) return storedRecord(topic, partition, message)
  return isEncoded ? new MessageRecord(message, decoder) : decoder.decode(message.value)
}

/** Returns the records to send by topic, in sending order. A dead letter that is too large loses its value. */
export function outputsByTopic(
  source: { topic: string; partition: number; deadLetterTopic: string | null },
  messages: KafkaMessage[],
  verdicts: Verdict[],
  service: { name: string; version: string },
  nowMs: number,
  whyTooLarge: SizeCheck = () => undefined,
): Map<string, ProducerRecord[]> {
  const sends = new Map<string, ProducerRecord[]>()
  const lastSends = new Map<string, ProducerRecord[]>()
  const add = (topic: string, outgoing: ProducerRecord, to = sends): void => {
    const list = to.get(topic)
    if (list) list.push(outgoing)
    else to.set(topic, [outgoing])
  }
  verdicts.forEach((verdict, index) => {
    const message = messages[index]
    if (verdict.kind === 'ok') {
      for (const output of verdict.outputs) add(output.topic, output, output.isLast ? lastSends : sends)
    }
    if (!message || source.deadLetterTopic === null) return
    const { offset, key, value, headers } = message
    const { topic, partition } = source
    const refused = { topic, partition, offset, key, value, headers: plainHeaders(headers) }
    const letters = verdict.kind === 'dead' ? [{ value, ...verdict }] : (verdict.deadParts ?? [])
    for (const why of letters) {
      const letter = deadLetter({ ...refused, value: why.value }, why, service, nowMs)
      const tooLarge = whyTooLarge(source.deadLetterTopic, letter, { compress: true })
      add(source.deadLetterTopic, tooLarge === undefined ? letter : withoutValue(letter, tooLarge))
    }
  })
  return new Map([...sends, ...lastSends])
}

const noHeaders: Record<string, string | Buffer> = Object.freeze({})

function plainHeaders(headers: IHeaders | undefined): Record<string, string | Buffer> {
  if (!hasHeaders(headers)) return noHeaders
  const plain: Record<string, string | Buffer> = {}
  for (const [name, value] of Object.entries(headers)) {
    const last = Array.isArray(value) ? value.at(-1) : value
    // A header without a value is null, despite its type. kafkajs cannot send null.
    if (last !== undefined) plain[name] = last ?? ''
  }
  return plain
}

function hasHeaders(headers: IHeaders | undefined): headers is IHeaders {
  for (const _ in headers) return true
  return false
}
