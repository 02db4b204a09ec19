import type { Kafka } from '#platform/kafka/client.ts'
import { deadLetterHeaders } from '#platform/kafka/dead-letter.ts'
import { follow } from '#platform/kafka/follow.ts'
import { endsOf, groupPasses } from '#platform/kafka/progress.ts'
import { pollsTopic, rawTopic, seriesTopic, timeseriesTopic } from '#schemas/topics.ts'

/**
 * Returns when all that the source's raw topic holds now has gone through the normalizer, and all that came of it through
 * the sink: what was fetched before can be queried, or lies among the dead letters.
 */
export async function untilQueryable(kafka: Kafka, source: string): Promise<void> {
  await groupPasses(kafka, 'normalizer', rawTopic(source).name)
  for (const topic of [timeseriesTopic(source), seriesTopic(source), pollsTopic]) {
    await groupPasses(kafka, 'sink', topic.name)
  }
}

/** Why raw records were refused, by `partition/offset`: the dead letters of one topic from an offset on. */
export async function refusals(
  kafka: Kafka,
  topic: { dlq: string; raw: string },
  fromOffset: number,
): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const end = (await endsOf(kafka, topic.dlq)).get(0) ?? 0
  if (end <= fromOffset) return found
  await new Promise<void>((resolve, reject) => {
    const following = follow(kafka, { topic: topic.dlq, partition: 0, offset: fromOffset }, (records) => {
      for (const { headers } of records) {
        if (headers[deadLetterHeaders.topic] !== topic.raw) continue
        const place = `${headers[deadLetterHeaders.partition]}/${headers[deadLetterHeaders.offset]}`
        found.set(place, `${headers[deadLetterHeaders.reason]}: ${headers[deadLetterHeaders.message]}`)
      }
      if ((records.at(-1)?.offset ?? -1) + 1 >= end) following.then((stop) => stop()).then(resolve, reject)
    })
    following.catch(reject)
  })
  return found
}
