// What came of a backfill: the poll that ended each window's request, and the dead letters of its answers.
import type { Kafka } from '#platform/kafka/client.ts'
import { deadLetterHeaders } from '#platform/kafka/dead-letter.ts'
import { readSpan } from '#platform/kafka/read-range.ts'
import { DecodeFailure, type Registry } from '#platform/kafka/registry.ts'
import { printable } from '#platform/process/printable.ts'
import { type Poll, timeseriesSliceSchema } from '#schemas/generated/records.ts'

/** What came of each window. Windows by name: days as YYYY-MM-DD. */
export interface BackfillReport {
  dataset: string
  from: string
  to: string
  windows: number
  changed: number
  unchanged: number
  /** Published nothing yet, or nothing any more. */
  empty: string[]
  /** Of these, those that are confirmed to be empty: no value of them stands. Absent where nobody asked for that. */
  confirmedEmpty?: string[]
  /** Only a part of the day is there. */
  partial: string[]
  /** Could not be fetched, or cannot be used. */
  failed: { day: string; reason: string }[]
}

/**
 * Sums up the poll that ended each window's request. Pure.
 *
 * @param confirmsEmpty whether empty answers were to be believed at once
 */
export function reportOf(
  dataset: string,
  { from, to }: { from: string; to: string },
  days: readonly { day: string; poll: Poll; refusal?: string | undefined }[],
  confirmsEmpty = false,
): BackfillReport {
  const good = days.filter(({ poll, refusal }) => whyUseless(poll, refusal) === undefined)
  const nothing = good.filter(({ poll }) => poll.outcome === 'empty' || poll.outcome === 'emptied')
  return {
    dataset,
    from,
    to,
    windows: days.length,
    changed: good.filter(({ poll }) => poll.outcome === 'changed').length,
    unchanged: good.filter(({ poll }) => poll.outcome === 'unchanged').length,
    empty: nothing.map(({ day }) => day),
    ...(confirmsEmpty && {
      confirmedEmpty: nothing.filter(({ poll }) => poll.memory.emptyConfirmed).map(({ day }) => day),
    }),
    partial: good.filter(({ poll }) => hasRows(poll) && poll.memory.completeness === 'partial').map(({ day }) => day),
    failed: days.flatMap(({ day, poll, refusal }) => {
      const reason = whyUseless(poll, refusal)
      return reason === undefined ? [] : [{ day, reason: printable(reason) }]
    }),
  }
}

/** Why a day's answer is of no use; undefined when it is. */
function whyUseless(poll: Poll, refusal: string | undefined): string | undefined {
  if (poll.outcome === 'failed' || poll.outcome === 'refused' || poll.outcome === 'unreadable') {
    return poll.error ?? poll.outcome
  }
  return refusal === undefined ? undefined : `went to the dead letters: ${refusal}`
}

const hasRows = ({ outcome }: Poll): boolean => outcome === 'changed' || outcome === 'unchanged'

/** Where the slices of a source lie, and what reads them. */
interface SliceReader {
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
  const decoder = slices.registry.decoder(timeseriesSliceSchema)
  await decoder.prepare(ofSlices.map(({ value }) => value))
  for (const { value, headers } of ofSlices) {
    const slice = decoder.decode(value)
    // What is no slice tells of no raw record: it was not the normalizer that wrote it.
    if (slice instanceof DecodeFailure) continue
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
