import { ownTopic, sourceTopics, type Topic } from '#schemas/topics.ts'
import type { Source } from '#sources/source.ts'

export const topicsOf = ({ name, retention, topics = [] }: Pick<Source, 'name' | 'retention' | 'topics'>): Topic[] => [
  ...sourceTopics(name, retention),
  ...topics.map((own) => ownTopic(name, own, retention)),
]
