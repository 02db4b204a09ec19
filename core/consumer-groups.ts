import { platformTopics, rawTopic } from '#schemas/topics.ts'
import { sources } from '#sources/index.ts'
import { topicsOf } from './source-topics.ts'

/** Returns the topics that each consumer group reads: first the normalizer, then the sink. */
export function consumerGroups(): { group: string; topics: string[] }[] {
  const all = [...platformTopics, ...sources.flatMap(topicsOf)]
  return [
    { group: 'normalizer', topics: sources.map(({ name }) => rawTopic(name).name) },
    { group: 'sink', topics: all.filter(({ table }) => table).map(({ name }) => name) },
  ]
}
