// The way of an answer through the normalizer: handle -> explode -> encode. What comes of it is sent by the consume loop.
import { setImmediate } from 'node:timers/promises'
import { type AnswerEncoder, answerEncoder, type BatchEncoder } from '#core/encode-answer.ts'
import { explodeRaw, type StoredRaw } from '#core/explode-raw.ts'
import { sourceOutputs, topicsOfOutputs } from '#core/source-outputs.ts'
import type { KafkaClients } from '#platform/kafka/consuming-service.ts'
import type { Subscription } from '#platform/kafka/process-batch.ts'
import type { SizeCheck } from '#platform/kafka/topic-limits.ts'
import { dead, ok, type Verdict } from '#platform/kafka/verdict.ts'
import { version } from '#platform/process/version.ts'
import { type RawResponse, rawResponseSchema } from '#schemas/generated/records.ts'
import { deadLetterTopic, rawTopic } from '#schemas/topics.ts'
import type { Dataset, Source } from '#sources/source.ts'
import type { ParkedDatasets } from './parked-datasets.ts'
import { createParkingGuard, type ParkingGuard } from './parking.ts'

/** The subscription to a source's raw topic. Fails when the topics' schemas are not registered yet. */
export async function subscribeTo(
  source: Source,
  { registry, producer }: Pick<KafkaClients, 'registry' | 'producer'>,
  countIgnored: Rules['countIgnored'],
  parkedDatasets: ParkedDatasets,
  off: ReadonlySet<string>,
): Promise<Subscription<RawResponse>> {
  const outputs = await sourceOutputs(source, registry)
  const topics = topicsOfOutputs(outputs)
  return {
    topic: rawTopic(source.name).name,
    record: rawResponseSchema,
    deadLetterTopic: deadLetterTopic(source.name).name,
    handle: answersHandler({
      datasets: new Map(source.datasets.map((dataset) => [dataset.name, dataset])),
      encoder: answerEncoder(outputs),
      sizeCheck: () => producer.sizeCheck(topics),
      guard: createParkingGuard(parkedDatasets, `normalizer ${version}`),
      off,
      countIgnored,
    }),
  }
}

/** What decides about one answer, besides its content. */
interface Rules {
  /** The declared datasets by name. */
  datasets: ReadonlyMap<string, Dataset>
  /** Datasets whose answers are passed over. */
  off: ReadonlySet<string>
  /** Counts what was left out without harm, by kind. */
  countIgnored: (ignored: Record<string, number>, dataset: string) => void
}

interface HandlerParts extends Rules {
  encoder: AnswerEncoder
  /** What the topics of the outputs take now. */
  sizeCheck: () => Promise<SizeCheck>
  guard: ParkingGuard
}

/**
 * Handles a batch of raw responses: one verdict on each, in order. Answers of a parked dataset are refused unread; a
 * dataset may be parked within the batch. Throws TransientError when Kafka is away; may be repeated.
 */
export function answersHandler({ encoder, sizeCheck, guard, ...rules }: HandlerParts) {
  return async (batch: StoredRaw[]): Promise<Verdict[]> => {
    const batchEncoder = encoder.batch(await sizeCheck())
    const verdicts: Verdict[] = []
    for (const raw of batch) {
      const parked = guard.verdictOnParked(raw.record.dataset)
      if (parked) {
        verdicts.push(parked)
        continue
      }
      const verdict = verdictOn(raw, batchEncoder, rules)
      verdicts.push(verdict)
      await guard.count(raw, verdict)
      // Heartbeats and health are answered between two answers, however many there are.
      await setImmediate()
    }
    return verdicts
  }
}

/** The verdict on one raw response: slices, what their keys mean, records of the source's own, or a dead letter. */
export function verdictOn(raw: StoredRaw, encoder: BatchEncoder, { datasets, off, countIgnored }: Rules): Verdict {
  const { dataset } = raw.record
  if (off.has(dataset)) {
    countIgnored({ 'answer-of-a-dataset-that-is-off': 1 }, dataset)
    return ok()
  }
  const answer = encoder.encode(explodeRaw(raw, datasets))
  countIgnored(answer.ignored, dataset)
  if ('refusal' in answer) return dead(answer.refusal.reason, answer.refusal.message, dataset)
  return ok(answer.outputs, answer.deadParts, answer.acknowledged)
}
