// One raw response becomes slices, what their keys mean, records of the source's own, or a dead letter.
import { dead, ok, type Verdict } from '#platform/kafka/verdict.ts'
import type { RawResponse } from '#schemas/generated/records.ts'
import type { Dataset } from '#sources/source.ts'
import type { AnswerEncoder } from '#transform/encode-answer.ts'
import { explodeRaw, type StoredRaw } from '#transform/explode-raw.ts'

export interface Encoders {
  answer: AnswerEncoder
  /** A part of an answer, as the raw response that goes to the dead letters. */
  raw: (part: RawResponse) => Buffer
}

/** The verdict on one raw response of a source. */
export function normalize(
  raw: StoredRaw,
  datasets: ReadonlyMap<string, Dataset>,
  encode: Encoders,
  count: (ignored: Record<string, number>, dataset: string) => void,
): Verdict {
  const exploded = explodeRaw(raw, datasets)
  count(exploded.ignored, raw.record.dataset)
  if ('refusal' in exploded) return dead(exploded.refusal.reason, exploded.refusal.message, raw.record.dataset)
  try {
    const deadParts = exploded.refusedParts.map(({ refusal, record }) => {
      return { ...refusal, dataset: record.dataset, value: encode.raw(record) }
    })
    return ok(encode.answer(exploded), deadParts)
  } catch (error) {
    // What explode yields and no record can hold concerns this answer alone.
    const { name, transformVersion } = exploded.dataset
    return dead('bug', `what ${name} version ${transformVersion} yields makes no record: ${error}`, name)
  }
}
