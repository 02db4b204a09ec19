import { topicsOf } from '#core/source-topics.ts'
import { deadLetterTopic, platformDeadLetterTopic, platformTopics, rawTopic, type Topic } from '#schemas/topics.ts'
import { sources } from '#sources/index.ts'

export interface RefusingTopic {
  topic: Topic
  deadLetters: string
}

/** All topics that the normalizer or the sink consumes, by name. Dead letters come from these topics. */
export const refusingTopics: ReadonlyMap<string, RefusingTopic> = new Map(
  [
    ...platformTopics.filter(hasTable).map((topic) => ({ topic, deadLetters: platformDeadLetterTopic.name })),
    ...sources.flatMap((source) =>
      [rawTopic(source.name), ...topicsOf(source).filter(hasTable)].map((topic) => ({
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

function hasTable({ table }: Topic): boolean {
  return table !== undefined
}
