import { answerEncoder } from '#core/encode-answer.ts'
import { sourceOutputs, topicsOfOutputs } from '#core/source-outputs.ts'
import type { KafkaClients } from '#platform/kafka/consuming-service.ts'
import type { Subscription } from '#platform/kafka/process-batch.ts'
import { ok } from '#platform/kafka/verdict.ts'
import { version } from '#platform/process/version.ts'
import { type RawResponse, rawResponseSchema } from '#schemas/generated/records.ts'
import { deadLetterTopic, rawTopic } from '#schemas/topics.ts'
import type { Source } from '#sources/source.ts'
import { createJudge } from './judge.ts'
import { normalize } from './normalize.ts'
import type { ParkedDatasets } from './parked-datasets.ts'

/**
 * The subscription to a source's raw topic. Answers of datasets that are off are passed over. Fails when the topics'
 * schemas are not registered yet.
 */
export async function subscribeTo(
  source: Source,
  { registry, producer }: Pick<KafkaClients, 'registry' | 'producer'>,
  countIgnored: (ignored: Record<string, number>, dataset: string) => void,
  parkedDatasets: ParkedDatasets,
  off: ReadonlySet<string>,
): Promise<Subscription<RawResponse>> {
  const datasets = new Map(source.datasets.map((dataset) => [dataset.name, dataset]))
  const outputs = await sourceOutputs(source, registry)
  const topics = topicsOfOutputs(outputs)
  const answers = answerEncoder(outputs)
  const judge = createJudge(parkedDatasets, `normalizer ${version}`)
  return {
    topic: rawTopic(source.name).name,
    record: rawResponseSchema,
    deadLetterTopic: deadLetterTopic(source.name).name,
    handle: async (batch) => {
      const encoder = answers.batch(await producer.sizeCheck(topics))
      return judge(batch, (raw) => {
        if (!off.has(raw.record.dataset)) return normalize(raw, datasets, encoder, countIgnored)
        countIgnored({ 'answer-of-a-dataset-that-is-off': 1 }, raw.record.dataset)
        return ok()
      })
    },
  }
}
