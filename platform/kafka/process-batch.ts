// What a batch becomes: parts, one verdict a message, and from the verdicts the records to send. No clock, no commit.
import type { IHeaders, KafkaMessage } from 'kafkajs'
import type { RecordSchema } from '#schemas/record-schema.ts'
import { deadLetter, withoutValue } from './dead-letter.ts'
import type { ProducerRecord } from './producer-record.ts'
import { DecodeFailure, type Decoder } from './registry.ts'
import type { SizeCheck } from './topic-limits.ts'
import { dead, ok, type Verdict } from './verdict.ts'

/** A message of a topic, read as the topic's record. */
export interface ConsumedRecord<T = unknown> {
  topic: string
  partition: number
  offset: string
  headers: Record<string, string | Buffer>
  record: T
}

/** A topic to consume: its record, where its refused messages go, and who handles a batch of it. */
export interface Subscription<T = unknown> {
  topic: string
  record: RecordSchema<T>
  /** null: refused messages are sent nowhere; whoever read them first has done so. */
  deadLetterTopic: string | null
  /** A record without a value says that its key is gone: it is passed over. Else it is a dead letter. */
  tombstones?: boolean
  /**
   * One verdict a message, in order. Throws TransientError when a dependency is unavailable (everything is tried again); any other
   * error ends the process. Must be safe to repeat.
   */
  handle(batch: ConsumedRecord<T>[]): Promise<Verdict[]> | Verdict[]
  /**
   * How many of the messages at these offsets of a partition may be handled now; the others are asked for again after a
   * moment. Default: all. It must not wait: a partition that waits keeps all others from being read. Throws TransientError.
   */
  admit?: (partition: number, offsets: readonly number[]) => Promise<number>
}

/**
 * A batch in parts of at most so many bytes, in order; a larger message is a part of its own. What compresses well comes
 * by the hundred megabytes in one batch: handled at once it would fill the memory, and take longer than a session.
 * An empty batch is one empty part.
 */
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

/** Decodes a batch and lets the subscription's handler judge what could be decoded: one verdict a message, in order. */
export async function processBatch(
  subscription: Subscription,
  decoder: Decoder,
  partition: number,
  messages: KafkaMessage[],
): Promise<Verdict[]> {
  await decoder.prepare(messages.map((message) => message.value))
  const verdicts: (Verdict | undefined)[] = []
  const incoming: ConsumedRecord[] = []
  for (const message of messages) {
    if (message.value === null && subscription.tombstones) {
      verdicts.push(ok())
      continue
    }
    const record = decoder.decode(message.value)
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

/**
 * What the verdicts ask to be sent, by topic: outputs, and the refused messages as dead letters. Topics in the order in
 * which they are to be sent, those of outputs that come last at the end.
 *
 * @param whyTooLarge why a topic will not take a letter, which then goes without its value
 */
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

function plainHeaders(headers: IHeaders | undefined): Record<string, string | Buffer> {
  const plain: Record<string, string | Buffer> = {}
  for (const [name, value] of Object.entries(headers ?? {})) {
    const last = Array.isArray(value) ? value.at(-1) : value
    // A header without a value comes as null, whatever the types say, and kafkajs cannot send that.
    if (last !== undefined) plain[name] = last ?? ''
  }
  return plain
}
