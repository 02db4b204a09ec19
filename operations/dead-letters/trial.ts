// Whether this release would take what dead letters hold: it explodes them, and sends nothing.
import { datasetsByName } from '#core/datasets.ts'
import { explodeRaw, type RawRefusal } from '#core/explode-raw.ts'
import { isPage, subjectOf } from '#core/request-identity.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { DecodeFailure, type Decoder, type Registry } from '#platform/kafka/registry.ts'
import { type RawResponse, rawResponseSchema } from '#schemas/generated/records.ts'
import type { Letter } from './letter.ts'
import type { ReturnableLetter } from './plan.ts'
import { chunksOf, valuesOf } from './send-back.ts'

const datasets = new Map([...datasetsByName].map(([name, { dataset }]) => [name, dataset]))

/** Why this release would refuse a letter again. */
export type TriedRefusal = Pick<RawRefusal, 'message'> & { reason: string }

/**
 * Tries letters of raw topics: gives those that would be refused again, by id. What retention has deleted meanwhile is
 * not among them.
 *
 * @param onDone called with how many are done
 */
export async function tryLetters(
  { kafka, registry }: { kafka: Kafka; registry: Registry },
  letters: readonly ReturnableLetter[],
  onDone: (done: number) => void = () => {},
): Promise<Map<string, TriedRefusal>> {
  const decoder = registry.decoder(rawResponseSchema)
  const refused = new Map<string, TriedRefusal>()
  let done = 0
  for (const chunk of chunksOf(letters)) {
    const records = await valuesOf(kafka, chunk)
    await decoder.prepare([...records.values()].map(({ value }) => value))
    for (const { letter, to } of chunk) {
      const record = records.get(letter.id)
      const why = record && refusalOf(decoder, record.value, to)
      if (why) refused.set(letter.id, why)
    }
    done += chunk.length
    onDone(done)
  }
  return refused
}

function refusalOf(
  decoder: Decoder<RawResponse>,
  value: Buffer | null,
  { partition, offset }: ReturnableLetter['to'],
): TriedRefusal | undefined {
  const record = decoder.decode(value)
  if (record instanceof DecodeFailure) return record
  const exploded = explodeRaw({ record, partition, offset: `${offset}` }, datasets)
  return 'refusal' in exploded ? exploded.refusal : undefined
}

/** The newest letter of each kind: alike are those of one dataset and subject that were refused for one reason before. Pure. */
export function newestOfEachKind(letters: readonly ReturnableLetter[]): ReturnableLetter[] {
  const alike = Map.groupBy(letters, ({ letter }) => kindOf(letter))
  return [...alike.values()].map((same) =>
    same.reduce((newest, one) => (one.letter.offset > newest.letter.offset ? one : newest)),
  )
}

function kindOf({ dataset, key, reason, previousReason }: Letter): string {
  const subject = key === null || dataset === null ? null : subjectOf(key, dataset)
  return JSON.stringify([dataset, isPage(subject) ? null : subject, reason, previousReason])
}
