import { topicsOf } from '#core/source-topics.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { waitForGroup } from '#platform/kafka/consumer-lag.ts'
import { pollsTopic, rawTopic } from '#schemas/topics.ts'
import type { Source } from '#sources/source.ts'

/**
 * Returns when all that the source's raw topic holds now has gone through the normalizer, and all that came of it through
 * the sink: what was fetched before can be queried, or lies among the dead letters.
 *
 * @param say told what it waits for when that takes long
 */
export async function untilQueryable(
  kafka: Kafka,
  source: Pick<Source, 'name' | 'topics'>,
  say?: (text: string) => void,
): Promise<void> {
  await waitForGroup(kafka, 'normalizer', rawTopic(source.name).name, say)
  const stored = topicsOf(source).filter(({ table }) => table !== undefined)
  for (const topic of [...stored, pollsTopic]) await waitForGroup(kafka, 'sink', topic.name, say)
}
