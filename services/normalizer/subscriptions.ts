import type { Registry } from '#platform/kafka/registry.ts'
import type { Subscription } from '#platform/kafka/settle.ts'
import { ok } from '#platform/kafka/verdict.ts'
import { version } from '#platform/process/version.ts'
import { deadLetterTopic, rawTopic } from '#schemas/topics.ts'
import type { Source } from '#sources/source.ts'
import { answerEncoder } from '#transform/encode-answer.ts'
import { sourceOutputs } from '#transform/source-outputs.ts'
import { createJudge } from './judge.ts'
import { normalize } from './normalize.ts'
import type { ParkedDatasets } from './parked-datasets.ts'

/**
 * The subscription to a source's raw topic. Answers of datasets that are off are passed over. Fails when the topics'
 * schemas are not registered yet.
 */
export async function subscribeTo(
  source: Source,
  registry: Registry,
  countIgnored: (ignored: Record<string, number>, dataset: string) => void,
  parkedDatasets: ParkedDatasets,
  off: ReadonlySet<string>,
): Promise<Subscription<'RawResponse'>> {
  const datasets = new Map(source.datasets.map((dataset) => [dataset.name, dataset]))
  const encode = {
    answer: answerEncoder(await sourceOutputs(source, registry)),
    raw: await registry.encoder(rawTopic(source.name).name, 'RawResponse'),
  }
  const judge = createJudge(
    (raw) => {
      if (!off.has(raw.record.dataset)) return normalize(raw, datasets, encode, countIgnored)
      countIgnored({ 'answer-of-a-dataset-that-is-off': 1 }, raw.record.dataset)
      return ok()
    },
    parkedDatasets,
    `normalizer ${version}`,
  )
  return {
    topic: rawTopic(source.name).name,
    record: 'RawResponse',
    deadLetterTopic: deadLetterTopic(source.name).name,
    handle: judge,
  }
}
