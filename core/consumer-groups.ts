import { alertEventsTopic } from '#schemas/alert-topics.ts'
import { completenessTopic } from '#schemas/completeness-topics.ts'
import { answersTopic, platformTopics, rawTopic, type Topic, timeseriesTopic } from '#schemas/topics.ts'
import { sources } from '#sources/index.ts'
import type { Source } from '#sources/source.ts'
import { topicsOf } from './source-topics.ts'

/** The consumer groups of the sink. Dead letters have their own, because they are read in much smaller fetches. */
export const sinkGroup = 'sink'
export const sinkLettersGroup = 'sink-dead-letters'

/** The alerter judges each source in a group, so that several alerters share the sources. */
export const alerterGroupOf = ({ name }: Pick<Source, 'name'>): string => `alerter-source-${name}`
/** In it the alerter turns transitions into messages. */
export const alertMessagesGroup = 'alerter-messages'
export const alerterGroups: readonly string[] = [...sources.map(alerterGroupOf), alertMessagesGroup]

/** Returns the group in which the sink reads a topic that declares a table. */
export const sinkGroupOf = ({ record }: Pick<Topic, 'record'>): string =>
  record === null ? sinkLettersGroup : sinkGroup

/** Returns the topics that each consumer group reads: first the normalizer's, then those of the sink and of the alerter. */
export function consumerGroups(): { group: string; topics: string[] }[] {
  const stored = [...platformTopics, ...sources.flatMap(topicsOf)].filter(({ table }) => table)
  const bySink = Map.groupBy(stored, sinkGroupOf)
  return [
    { group: 'normalizer', topics: sources.map(({ name }) => rawTopic(name).name) },
    ...[...bySink].map(([group, topics]) => ({ group, topics: topics.map(({ name }) => name) })),
    ...sources.map((source) => ({
      group: alerterGroupOf(source),
      topics: [
        timeseriesTopic(source.name).name,
        ...(isReplaced(source) ? [answersTopic(source.name).name] : []),
        completenessTopic.name,
      ],
    })),
    { group: alertMessagesGroup, topics: [alertEventsTopic.name] },
  ]
}

/** Returns whether answers of a source may withdraw what earlier ones said. Ticks and files only add to it. */
export const isReplaced = ({ datasets }: Pick<Source, 'datasets'>): boolean =>
  datasets.some(({ calendar }) => calendar.kind === 'days')
