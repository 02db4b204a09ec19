import { database, readRows, type Store } from '#platform/clickhouse/client.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { readRanges } from '#platform/kafka/read-range.ts'
import { DecodeFailure, type Registry } from '#platform/kafka/registry.ts'
import { timeseriesSliceSchema } from '#schemas/generated/records.ts'
import { deadLetterTopic, timeseriesTopic } from '#schemas/topics.ts'
import type { Place } from '../dead-letter.ts'
import { keyOf } from './answer-groups.ts'
import type { IncompleteAnswer } from './check-scope.ts'

/** Place of a dead letter on the dead-letter topic of its source. */
type LetterPlace = Pick<Place, 'partition' | 'offset'>

/** What is known of a dead letter: where its record lay, and whether it was sent back. */
interface SliceLetter {
  source: Place | null
  decision?: { decision: string }
}

/** Returns true if a dead letter holds a slice that the store refused, and nobody has sent it back. */
export const holdsRefusedSlice = (source: string, letter: SliceLetter): boolean =>
  letter.source?.topic === timeseriesTopic(source).name && letter.decision?.decision !== 'requeued'

/**
 * Returns the places of the dead letters that hold refused slices of a dataset, as far as the sink has stored them. Those
 * that name no dataset are among them.
 */
export const storedSliceLetters = (store: Store, source: string, dataset: string): Promise<LetterPlace[]> =>
  readRows(
    store,
    `SELECT partition, offset FROM ${database}.dead_letters
     WHERE ifNull(dataset, {dataset:String}) = {dataset:String} AND topic = {topic:String}
       AND original_topic = {slices:String} AND ifNull(decision, '') != 'requeued'`,
    { dataset, topic: deadLetterTopic(source).name, slices: timeseriesTopic(source).name },
  )

/** Dead letters lie compressed on their topics, and a fetch is decompressed at once. So a fetch is at most a few batches. */
const maxFetchBytes = 32 * 1024

/**
 * Returns how many of the missing points lie in dead letters, because the store refused their slices. A letter whose value
 * was left out for its size does not count.
 * @param letters dead letters of the source that hold refused slices
 * @param incomplete answers of one dataset
 * @throws TransientError if the registry is unavailable
 */
export async function refusedPoints(
  { kafka, registry }: { kafka: Kafka; registry: Registry },
  { source, dataset, letters }: { source: string; dataset: string; letters: readonly LetterPlace[] },
  incomplete: readonly IncompleteAnswer[],
): Promise<number> {
  const lacking = new Map(incomplete.map((answer) => [keyOf(answer), answer]))
  const wanted = new Set(letters.map(({ partition, offset }) => `${partition}/${offset}`))
  const decoder = registry.decoder(timeseriesSliceSchema)
  const points = new Map<string, Set<string>>()
  const read: Parameters<typeof readRanges>[3] = async (records) => {
    const refused = records.filter(({ partition, offset }) => wanted.has(`${partition}/${offset}`))
    await decoder.prepare(refused.map(({ value }) => value))
    for (const { value } of refused) {
      const slice = decoder.decode(value)
      if (slice instanceof DecodeFailure) continue
      const answer = lacking.get(keyOf({ identity: slice.identity, knownAtMs: slice.knownAt }))
      if (slice.dataset !== dataset || answer === undefined || slice.transformVersion < answer.transformVersion)
        continue
      const named = points.get(keyOf(answer)) ?? new Set()
      points.set(keyOf(answer), named)
      for (const index of slice.values.keys()) named.add(`${slice.key} ${slice.start + index * slice.step * 1_000}`)
    }
  }
  await readRanges(kafka, deadLetterTopic(source).name, rangesOf(letters), read, maxFetchBytes)
  return incomplete.reduce((sum, answer) => sum + Math.min(points.get(keyOf(answer))?.size ?? 0, answer.missing), 0)
}

function rangesOf(letters: readonly LetterPlace[]) {
  const ranges = new Map<number, { from: number; to: number }>()
  for (const { partition, offset } of letters) {
    const { from, to } = ranges.get(partition) ?? { from: offset, to: offset + 1 }
    ranges.set(partition, { from: Math.min(from, offset), to: Math.max(to, offset + 1) })
  }
  return ranges
}
