import type { Kafka } from '#platform/kafka/client.ts'
import { groupPasses } from '#platform/kafka/progress.ts'
import { ownTopic, pollsTopic, rawTopic, seriesTopic, timeseriesTopic } from '#schemas/topics.ts'
import { sources } from '#sources/index.ts'

/**
 * Returns when all that the source's raw topic holds now has gone through the normalizer, and all that came of it through
 * the sink: what was fetched before can be queried, or lies among the dead letters.
 *
 * @param say told what it waits for when that takes long
 */
export async function untilQueryable(kafka: Kafka, source: string, say?: (text: string) => void): Promise<void> {
  await groupPasses(kafka, 'normalizer', rawTopic(source).name, say)
  const own = sources.find(({ name }) => name === source)?.topics ?? []
  for (const topic of [
    timeseriesTopic(source),
    seriesTopic(source),
    ...own.map((each) => ownTopic(source, each)),
    pollsTopic,
  ]) {
    await groupPasses(kafka, 'sink', topic.name, say)
  }
}
