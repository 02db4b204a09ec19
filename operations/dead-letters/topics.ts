import { topicsOf } from '#core/source-topics.ts'
import { deadLetterTopic, platformDeadLetterTopic, platformTopics, rawTopic, type Topic } from '#schemas/topics.ts'
import { sources } from '#sources/index.ts'

/** A topic whose messages can be refused, and where the refused ones lie. */
export interface RefusingTopic {
  topic: Topic
  deadLetters: string
}

/** Every topic that the normalizer or the sink consumes, by name: letters come from these and go back to no other. */
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

/** The names of the dead-letter topics, by source; `tidemark` is the platform's own. */
export const deadLetterTopics: ReadonlyMap<string, string> = new Map([
  ...sources.map(({ name }): [string, string] => [name, deadLetterTopic(name).name]),
  ['tidemark', platformDeadLetterTopic.name],
])

function hasTable({ table }: Topic): boolean {
  return table !== undefined
}
