import type { Kafka } from '#platform/kafka/client.ts'
import { deadLetterHeaders } from '#platform/kafka/dead-letter.ts'
import { readSpan } from '#platform/kafka/read-span.ts'
import type { Registry } from '#platform/kafka/registry.ts'

/** Where the slices of a source lie, and what reads them. */
export interface SliceReader {
  topic: string
  registry: Registry
}

/**
 * Why raw records, or slices of them, were refused, by the raw record's `partition/offset`: the dead letters of one topic
 * from an offset on, the normalizer's and the sink's.
 */
export async function refusals(
  kafka: Kafka,
  topic: { dlq: string; raw: string },
  fromOffset: number,
  slices: SliceReader,
): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const letters = await lettersOf(kafka, topic.dlq, fromOffset)
  for (const { headers } of letters) {
    if (headers[deadLetterHeaders.topic] !== topic.raw) continue
    found.set(`${headers[deadLetterHeaders.partition]}/${headers[deadLetterHeaders.offset]}`, whyOf(headers))
  }
  const ofSlices = letters.filter(({ headers }) => headers[deadLetterHeaders.topic] === slices.topic)
  const decoder = slices.registry.decoder('TimeseriesSlice')
  await decoder.prepare(ofSlices.map(({ value }) => value))
  for (const { value, headers } of ofSlices) {
    const slice = decoder.decode(value)
    // What is no slice tells of no raw record: it was not the normalizer that wrote it.
    if ('reason' in slice) continue
    const place = `${slice.raw.partition}/${slice.raw.offset}`
    if (!found.has(place)) found.set(place, `${slice.key}: ${whyOf(headers)}`)
  }
  return found
}

interface Letter {
  value: Buffer | null
  headers: Record<string, string>
}

const whyOf = (headers: Record<string, string>): string =>
  `${headers[deadLetterHeaders.reason]}: ${headers[deadLetterHeaders.message]}`

/** The dead letters of a topic from an offset to its end as of now. */
async function lettersOf(kafka: Kafka, topic: string, fromOffset: number): Promise<Letter[]> {
  const letters: Letter[] = []
  const span = new Map([[0, { from: fromOffset, to: Number.POSITIVE_INFINITY }]])
  await readSpan(kafka, topic, span, (records) => {
    for (const { value, headers } of records) letters.push({ value, headers: textsOf(headers) })
  })
  return letters
}

const textsOf = (headers: Record<string, Buffer>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.toString()]))
