import type { Kafka } from '#platform/kafka/client.ts'
import { deadLetterHeaders } from '#platform/kafka/dead-letter.ts'
import { readRanges } from '#platform/kafka/read-range.ts'
import { DecodeFailure, type Registry } from '#platform/kafka/registry.ts'
import { printable } from '#platform/process/printable.ts'
import { type Poll, timeseriesSliceSchema } from '#schemas/generated/records.ts'

/** Outcome of a backfill. The lists have names of windows, for example YYYY-MM-DD for a day. */
export interface BackfillReport {
  dataset: string
  from: string
  to: string
  windows: number
  changed: number
  unchanged: number
  /** Windows without values: not published yet, or emptied by upstream. */
  empty: string[]
  /** Those windows of `empty` whose values are withdrawn. Undefined unless the backfill confirms empty answers. */
  confirmedEmpty?: string[]
  partial: string[]
  failed: { day: string; reason: string }[]
}

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

function whyUseless(poll: Poll, refusal: string | undefined): string | undefined {
  if (poll.outcome === 'failed' || poll.outcome === 'refused' || poll.outcome === 'unreadable') {
    return poll.error ?? poll.outcome
  }
  return refusal === undefined ? undefined : `went to the dead letters: ${refusal}`
}

const hasRows = ({ outcome }: Poll): boolean => outcome === 'changed' || outcome === 'unchanged'

interface SliceReader {
  topic: string
  registry: Registry
}

/**
 * Reads the dead letters from `fromOffset` on: raw records that the normalizer refused, and slices that the sink
 * refused. Returns the reason of each refusal, by the position of the raw record: `partition/offset`.
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
    // The normalizer did not write it, so it names no raw record.
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

async function lettersOf(kafka: Kafka, topic: string, fromOffset: number): Promise<Letter[]> {
  const letters: Letter[] = []
  const span = new Map([[0, { from: fromOffset, to: Number.POSITIVE_INFINITY }]])
  await readRanges(kafka, topic, span, (records) => {
    for (const { value, headers } of records) letters.push({ value, headers: textsOf(headers) })
  })
  return letters
}

const textsOf = (headers: Record<string, Buffer>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.toString()]))
