// What a dead letter holds, for people to read.
import type { StoredRecord } from '#platform/kafka/read-span.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import { printable } from '#platform/process/printable.ts'
import { Unwell } from '#platform/process/unwell.ts'
import { utcText } from '#platform/process/utc-text.ts'
import type { RawResponse, RecordName, Records } from '#schemas/generated/records.ts'
import { refusingTopics } from './topics.ts'

const longestExcerpt = 1_000

/** The value, decoded where it is a record of the topic it came from; else its beginning. Steers no terminal. */
export async function contentOf(
  { value }: Pick<StoredRecord, 'value'>,
  topic: string | undefined,
  registry: Registry,
): Promise<string> {
  if (value === null) return 'no value'
  const name = refusingTopics.get(topic ?? '')?.topic.record
  if (!name) return excerpt(value)
  const decoder = registry.decoder(name)
  try {
    await decoder.prepare([value])
  } catch (error) {
    if (!(error instanceof Unwell)) throw error
    return `${printable(error.message)}\n${excerpt(value)}`
  }
  const record = decoder.decode(value)
  if ('reason' in record) return `${printable(record.message)}\n${excerpt(value)}`
  return name === 'RawResponse' ? rawText(record as RawResponse) : recordText(name, record)
}

function rawText(raw: RawResponse): string {
  const { dataset, windowStart, windowEnd, url, status, fetchedAt, body } = raw
  const lines = [
    `dataset: ${dataset}`,
    `window: ${utcText(windowStart)} to ${utcText(windowEnd)}`,
    `url: ${url}`,
    `status: ${status}`,
    `fetchedAt: ${utcText(fetchedAt)}`,
  ]
  return `${lines.map(printable).join('\n')}\nbody: ${excerpt(body)}`
}

function recordText(name: RecordName, record: Records[RecordName]): string {
  const text = JSON.stringify(record)
  return printable(`${name} ${text.length > longestExcerpt ? `${text.slice(0, longestExcerpt)}…` : text}`)
}

/** The beginning of some bytes: as text where they are UTF-8, else in hexadecimal. */
function excerpt(bytes: Buffer): string {
  const start = bytes.subarray(0, longestExcerpt)
  const text = new TextDecoder().decode(start, { stream: true })
  const shown = text.includes('\ufffd') ? start.subarray(0, 200).toString('hex') : printable(text)
  const rest = bytes.length > start.length ? '…' : ''
  return `${bytes.length} bytes: ${shown}${rest}`
}
