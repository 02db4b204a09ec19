import type { Kafka } from '#platform/kafka/client.ts'
import { readRanges } from '#platform/kafka/read-range.ts'
import { DecodeFailure, type Registry } from '#platform/kafka/registry.ts'
import { timeseriesSliceSchema } from '#schemas/generated/records.ts'
import { deadLetterTopic, timeseriesTopic } from '#schemas/topics.ts'
import { readLetters } from '../dead-letters/read-letters.ts'
import { keyOf } from './answer-groups.ts'
import type { IncompleteAnswer } from './check-scope.ts'

/**
 * Returns how many of the missing points lie in dead letters, because the store refused their slices: in letters that are
 * open or were dropped. A letter whose value was left out for its size does not count.
 * @param incomplete answers of one dataset
 * @throws TransientError if the registry is unavailable
 */
export async function refusedPoints(
  { kafka, registry }: { kafka: Kafka; registry: Registry },
  { source, dataset }: { source: string; dataset: string },
  incomplete: readonly IncompleteAnswer[],
): Promise<number> {
  const lacking = new Map(incomplete.map((answer) => [keyOf(answer), answer]))
  const topic = deadLetterTopic(source).name
  const letters = (await readLetters(kafka, [topic])).filter((letter) => {
    return letter.source?.topic === timeseriesTopic(source).name && letter.decision?.decision !== 'requeued'
  })
  const wanted = new Set(letters.map(({ partition, offset }) => `${partition}/${offset}`))
  const decoder = registry.decoder(timeseriesSliceSchema)
  const points = new Map<string, Set<string>>()
  await readRanges(kafka, topic, rangesOf(letters), async (records) => {
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
  })
  return incomplete.reduce((sum, answer) => sum + Math.min(points.get(keyOf(answer))?.size ?? 0, answer.missing), 0)
}

function rangesOf(letters: readonly { partition: number; offset: number }[]) {
  const ranges = new Map<number, { from: number; to: number }>()
  for (const { partition, offset } of letters) {
    const { from, to } = ranges.get(partition) ?? { from: offset, to: offset + 1 }
    ranges.set(partition, { from: Math.min(from, offset), to: Math.max(to, offset + 1) })
  }
  return ranges
}
