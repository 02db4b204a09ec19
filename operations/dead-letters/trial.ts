// Tests whether this release would refuse the records of dead letters. Sends nothing.
import { datasetsByName } from '#core/datasets.ts'
import type { DeadLetter } from '#core/dead-letter.ts'
import { explodeRaw, type RawRefusal } from '#core/explode-raw.ts'
import { isPage, selectorOf } from '#core/request-identity.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { DecodeFailure, type Decoder, type Registry } from '#platform/kafka/registry.ts'
import { type RawResponse, rawResponseSchema } from '#schemas/generated/records.ts'
import type { ReturnableLetter } from './plan.ts'
import { chunksOf, valuesOf } from './send-back.ts'

const datasets = new Map([...datasetsByName].map(([name, { dataset }]) => [name, dataset]))

export type TriedRefusal = Pick<RawRefusal, 'message'> & { reason: string }

/** Explodes the refused records. Returns the new refusals by id of the dead letter. Skips records that are deleted. */
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

/** Returns the newest letter of each kind. For the kind, all pages of a dataset count as one selector. */
export function newestOfEachKind(letters: readonly ReturnableLetter[]): ReturnableLetter[] {
  const alike = Map.groupBy(letters, ({ letter }) => kindOf(letter))
  return [...alike.values()].map((same) =>
    same.reduce((newest, one) => (one.letter.offset > newest.letter.offset ? one : newest)),
  )
}

function kindOf({ dataset, key, reason, previousReason }: DeadLetter): string {
  const selector = key === null || dataset === null ? null : selectorOf(key, dataset)
  return JSON.stringify([dataset, isPage(selector) ? null : selector, reason, previousReason])
}
