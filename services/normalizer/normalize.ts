// One raw response becomes slices, what their keys mean, records of the source's own, or a dead letter.

import { type BatchEncoder, encodeRaw } from '#core/encode-answer.ts'
import type { StoredRaw } from '#core/explode-raw.ts'
import { dead, ok, type Verdict } from '#platform/kafka/verdict.ts'
import type { Dataset } from '#sources/source.ts'

/** The verdict on one raw response of a source. */
export function normalize(
  raw: StoredRaw,
  datasets: ReadonlyMap<string, Dataset>,
  encoder: BatchEncoder,
  count: (ignored: Record<string, number>, dataset: string) => void,
): Verdict {
  const answer = encodeRaw(raw, datasets, encoder)
  count(answer.ignored, raw.record.dataset)
  if ('refusal' in answer) return dead(answer.refusal.reason, answer.refusal.message, raw.record.dataset)
  return ok(answer.outputs, answer.deadParts, answer.acknowledged)
}
