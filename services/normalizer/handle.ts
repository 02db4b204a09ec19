import { setImmediate } from 'node:timers/promises'
import { type AnswerEncoder, answerEncoder, type BatchEncoder } from '#core/encode-answer.ts'
import { explodeRaw, type StoredRaw } from '#core/explode-raw.ts'
import { sourceOutputs, topicsOfOutputs } from '#core/source-outputs.ts'
import type { KafkaClients } from '#platform/kafka/consuming-service.ts'
import type { ConsumedRecord, Subscription } from '#platform/kafka/process-batch.ts'
import type { SizeCheck } from '#platform/kafka/topic-limits.ts'
import { dead, ok, type Verdict } from '#platform/kafka/verdict.ts'
import { version } from '#platform/process/version.ts'
import { startSpan, tracesOf } from '#platform/tracing/trace.ts'
import { traceHeaders } from '#platform/tracing/trace-context.ts'
import { type RawResponse, rawResponseSchema } from '#schemas/generated/records.ts'
import { deadLetterTopic, rawTopic } from '#schemas/topics.ts'
import type { Dataset, Source } from '#sources/source.ts'
import type { ParkedDatasets } from './parked-datasets.ts'
import { createParkingGuard, type ParkingGuard } from './parking.ts'

/**
 * Builds the subscription to a source's raw topic. @throws TransientError if an output topic's schema is not registered
 */
export async function subscribeTo(
  source: Source,
  { registry, producer }: Pick<KafkaClients, 'registry' | 'producer'>,
  { countIgnored, countFlagged }: Pick<Rules, 'countIgnored' | 'countFlagged'>,
  parkedDatasets: ParkedDatasets,
  off: ReadonlySet<string>,
  nowMs: () => number,
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
      guard: createParkingGuard(parkedDatasets, `normalizer ${version}`, nowMs),
      off,
      countIgnored,
      countFlagged,
    }),
  }
}

interface Rules {
  datasets: ReadonlyMap<string, Dataset>
  /** Names of datasets whose answers are skipped: neither exploded nor refused. */
  off: ReadonlySet<string>
  countIgnored: (ignored: Record<string, number>, dataset: string) => void
  countFlagged: (flagged: Record<string, number>, dataset: string) => void
}

/** A raw record with its Kafka headers. */
type RawRecord = StoredRaw & Partial<Pick<ConsumedRecord, 'headers'>>

interface HandlerParts extends Rules {
  encoder: AnswerEncoder
  sizeCheck: () => Promise<SizeCheck>
  guard: ParkingGuard
}

/**
 * Returns a handler that gives one verdict per raw response, in order. The handler may park a dataset in the middle of
 * a batch.
 * @throws TransientError if Kafka is unavailable
 */
export function answersHandler({ encoder, sizeCheck, guard, ...rules }: HandlerParts) {
  return async (batch: RawRecord[]): Promise<Verdict[]> => {
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
      // Yields to the event loop, so that heartbeats and health checks run during a large batch.
      await setImmediate()
    }
    return verdicts
  }
}

/** Two spans of its trace say how the answer fared: `explode` and `slices`. */
export function verdictOn(raw: RawRecord, encoder: BatchEncoder, rules: Rules): Verdict {
  const { datasets, off, countIgnored, countFlagged } = rules
  const { dataset, requestIdentity } = raw.record
  if (off.has(dataset)) {
    countIgnored({ 'answer-of-a-dataset-that-is-off': 1 }, dataset)
    return ok()
  }
  const attributes = { 'tidemark.dataset': dataset, 'tidemark.request_identity': requestIdentity }
  const explode = startSpan('explode', { kind: 'consumer', ...tracesOf([raw]), attributes })
  const exploded = explodeRaw(raw, datasets)
  const sending = startSpan('slices', { kind: 'producer', from: explode.context ? [explode.context] : [], attributes })
  const answer = encoder.encode(exploded, sending.context?.isSampled ? traceHeaders(sending.context) : undefined)
  countIgnored(answer.ignored, dataset)
  if ('refusal' in answer) {
    const { reason, message } = answer.refusal
    explode.end(`${reason}: ${message}`)
    return dead(reason, message, dataset)
  }
  countFlagged(answer.flagged, dataset)
  const { outputs, deadParts, onAcknowledged } = answer
  explode.set({ 'tidemark.slices': answer.slices.length, 'tidemark.refused_parts': deadParts.length })
  const [first] = answer.refusedParts
  explode.end(first && `${deadParts.length} parts were refused: ${first.refusal.message}`)
  return ok(outputs, deadParts, { onAcknowledged, ...(sending.context && outputs.length > 0 && { sending }) })
}
