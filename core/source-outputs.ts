import type { Registry } from '#platform/kafka/registry.ts'
import {
  acceptedAnswerSchema,
  rawResponseSchema,
  seriesSchema,
  timeseriesSliceSchema,
} from '#schemas/generated/records.ts'
import { answersTopic, ownTopic, rawTopic, seriesTopic, timeseriesTopic } from '#schemas/topics.ts'
import type { Source } from '#sources/source.ts'
import type { SourceOutputs } from './encode-answer.ts'

/** Returns the output topics of a source with their encoders. @throws TransientError if a schema is not registered */
export async function sourceOutputs(
  { name, topics = [] }: Pick<Source, 'name' | 'topics'>,
  registry: Registry,
): Promise<SourceOutputs> {
  const timeseries = timeseriesTopic(name).name
  const series = seriesTopic(name).name
  const answers = answersTopic(name).name
  const own: SourceOutputs['own'] = new Map()
  for (const declared of topics) {
    const topic = ownTopic(name, declared).name
    own.set(declared.suffix, { topic, encode: await registry.encoder(topic, declared.record) })
  }
  return {
    raw: { encode: await registry.encoder(rawTopic(name).name, rawResponseSchema) },
    timeseries: { topic: timeseries, encode: await registry.encoder(timeseries, timeseriesSliceSchema) },
    series: { topic: series, encode: await registry.encoder(series, seriesSchema) },
    answers: { topic: answers, encode: await registry.encoder(answers, acceptedAnswerSchema) },
    own,
  }
}

export const topicsOfOutputs = ({ timeseries, series, answers, own }: SourceOutputs): string[] => [
  timeseries.topic,
  series.topic,
  answers.topic,
  ...[...own.values()].map(({ topic }) => topic),
]
