import type { KafkaMessage } from 'kafkajs'

/**
 * A batch in parts of at most so many bytes, in order; a larger message is a part of its own. What compresses well comes
 * by the hundred megabytes in one batch: handled at once it would fill the memory, and take longer than a session.
 * An empty batch is one empty part.
 */
export function splitBatch(messages: KafkaMessage[], mostBytes: number): KafkaMessage[][] {
  const parts: KafkaMessage[][] = [[]]
  let bytes = 0
  for (const message of messages) {
    const size = message.value?.length ?? 0
    if (bytes > 0 && bytes + size > mostBytes) {
      parts.push([])
      bytes = 0
    }
    parts.at(-1)?.push(message)
    bytes += size
  }
  return parts
}
