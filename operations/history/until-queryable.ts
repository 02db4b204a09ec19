import { sinkGroupOf } from '#core/consumer-groups.ts'
import { topicsOf } from '#core/source-topics.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { waitForGroup } from '#platform/kafka/consumer-lag.ts'
import { pollsTopic, rawTopic } from '#schemas/topics.ts'
import type { Source } from '#sources/source.ts'

/** Waits until the normalizer and the sink have processed everything that the source's raw topic holds now. */
export async function untilQueryable(
  kafka: Kafka,
  source: Pick<Source, 'name' | 'topics'>,
  say?: (text: string) => void,
): Promise<void> {
  await waitForGroup(kafka, 'normalizer', rawTopic(source.name).name, say)
  const stored = topicsOf(source).filter(({ table }) => table !== undefined)
  for (const topic of [...stored, pollsTopic]) await waitForGroup(kafka, sinkGroupOf(topic), topic.name, say)
}
