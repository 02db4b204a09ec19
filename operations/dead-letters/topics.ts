import { topicsOf } from '#core/source-topics.ts'
import {
  deadLetterTopic,
  parkingTopic,
  platformDeadLetterTopic,
  platformTopics,
  rawTopic,
  type Topic,
} from '#schemas/topics.ts'
import { sources } from '#sources/index.ts'

export interface RefusingTopic {
  topic: Topic
  deadLetters: string
}

/**
 * The topics to which dead letters may return, by name. Dead letters come from every topic that the normalizer or the
 * sink consumes. A record of topic `parking` must not return: there the newest record decides whether a dataset is parked.
 */
export const refusingTopics: ReadonlyMap<string, RefusingTopic> = new Map(
  [
    ...platformTopics.filter(takesBack).map((topic) => ({ topic, deadLetters: platformDeadLetterTopic.name })),
    ...sources.flatMap((source) =>
      [rawTopic(source.name), ...topicsOf(source).filter(takesBack)].map((topic) => ({
        topic,
        deadLetters: deadLetterTopic(source.name).name,
      })),
    ),
  ].map((refusing) => [refusing.topic.name, refusing]),
)

/** Names of the dead-letter topics by source name. The key `tidemark` has the topic of the platform. */
export const deadLetterTopics: ReadonlyMap<string, string> = new Map([
  ...sources.map(({ name }): [string, string] => [name, deadLetterTopic(name).name]),
  ['tidemark', platformDeadLetterTopic.name],
])

function takesBack({ name, table, record }: Topic): boolean {
  return table !== undefined && record !== null && name !== parkingTopic.name
}
