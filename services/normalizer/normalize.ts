// One raw response becomes slices, what their keys mean, or a dead letter.
import { dead, type Output, ok, type Verdict } from '#platform/kafka/verdict.ts'
import type { TimeseriesSlice } from '#schemas/generated/records.ts'
import type { Dataset } from '#sources/source.ts'
import { explodeRaw, type StoredRaw } from '#transform/explode-raw.ts'

/** The verdict on one raw response of a source. */
export function normalize(
  raw: StoredRaw,
  datasets: ReadonlyMap<string, Dataset>,
  encode: (slices: TimeseriesSlice[], dataset: Dataset) => Output[],
  count: (ignored: Record<string, number>, dataset: string) => void,
): Verdict {
  const exploded = explodeRaw(raw, datasets)
  count(exploded.ignored, raw.record.dataset)
  if ('refusal' in exploded) return dead(exploded.refusal.reason, exploded.refusal.message, raw.record.dataset)
  return ok(encode(exploded.slices, exploded.dataset))
}
