import type { SizeCheck } from '#platform/kafka/topic-limits.ts'
import type { DeadPart, Output } from '#platform/kafka/verdict.ts'
import type { AcceptedAnswer, RawResponse, Series, TimeseriesSlice } from '#schemas/generated/records.ts'
import type { Dataset } from '#sources/source.ts'
import {
  type ExplodedAnswer,
  type ExplodeOutcome,
  type RawRefusal,
  type RefusedAnswer,
  seriesMetadata,
} from './explode-raw.ts'

export interface SourceOutputs {
  /** Encodes the refused parts of an answer as raw records, for their dead letters. */
  raw: { encode: (part: RawResponse) => Buffer }
  timeseries: { topic: string; encode: (slice: TimeseriesSlice) => Buffer }
  series: { topic: string; encode: (series: Series) => Buffer }
  answers: { topic: string; encode: (answer: AcceptedAnswer) => Buffer }
  own: Map<string, { topic: string; encode: (record: never) => Buffer }>
}

interface PublishedSeries {
  recordKey: string
  stepS: number
  transformVersion: number
  atMs: number
}

/** Age at which a key's metadata is published again with the next slice, ms, in case a deletion removed it. */
const republishMs = 60 * 60 * 1_000

export interface AnswerEncoder {
  /** Begins a batch that is sent as a whole. `whyTooLarge` says why a record is too large, or returns undefined. */
  batch: (whyTooLarge?: SizeCheck) => BatchEncoder
}

/** An answer's encoded records, in sending order. Call `onAcknowledged` after Kafka has acknowledged all of them. */
export interface AnswerOutputs {
  outputs: Output[]
  deadParts: DeadPart[]
  onAcknowledged: () => void
}

export type EncodedAnswer = (ExplodedAnswer & AnswerOutputs) | RefusedAnswer

export interface BatchEncoder {
  /**
   * Encodes an exploded answer, and returns a refused answer unchanged. Never throws. Returns the refusal `too-large`
   * if a record is too large for its topic. Returns the refusal `bug` if explode yields a record for an undeclared
   * topic, or a record that does not fit its schema.
   * The outputs are ordered: slices, own records, then the accepted answer, which is sent after all other outputs of
   * the batch are acknowledged. Series metadata precedes the first slice of its key. Metadata is left out if the same
   * metadata was acknowledged within the last hour. `headers` are those of this answer's records.
   */
  encode: (outcome: ExplodeOutcome, headers?: Record<string, string>) => EncodedAnswer
}

class TooLargeOutput extends Error {}

export function answerEncoder(outputs: SourceOutputs): AnswerEncoder {
  const published: PublishedMetadata = new Map()
  return {
    batch: (whyTooLarge = () => undefined) => {
      // Metadata that earlier answers of this batch publish. It is acknowledged with the batch.
      const publishedInBatch: PublishedMetadata = new Map()
      const outputsOf = (answer: ExplodedAnswer, headers?: Record<string, string>): AnswerOutputs => {
        const { dataset } = answer
        const entries: SeriesEntry[] = []
        const encoded = encodeSlices(answer, outputs, [publishedInBatch, published], entries)
        encoded.push(...encodeOwn(answer, outputs), ...encodeAccepted(answer, outputs))
        const sent = headers ? encoded.map((output) => ({ ...output, headers })) : encoded
        for (const output of sent) {
          const why = whyTooLarge(output.topic, output)
          if (why !== undefined) throw new TooLargeOutput(why)
        }
        const deadParts = answer.refusedParts.map(({ refusal, record }) => {
          return { ...refusal, dataset: record.dataset, value: outputs.raw.encode(record) }
        })
        remember(publishedInBatch, dataset, entries)
        // The batch keeps this function until it is acknowledged. It must not keep the slices, too.
        return { outputs: sent, deadParts, onAcknowledged: () => remember(published, dataset, entries) }
      }
      return {
        encode: (outcome, headers) => {
          if ('refusal' in outcome) return outcome
          try {
            return { ...outcome, ...outputsOf(outcome, headers) }
          } catch (error) {
            return { refusal: whyNoRecords(outcome.dataset, error), ignored: outcome.ignored }
          }
        },
      }
    },
  }
}

function whyNoRecords({ name, transformVersion }: Dataset, error: unknown): RawRefusal {
  if (error instanceof TooLargeOutput) return { reason: 'too-large', message: error.message }
  return { reason: 'bug', message: `what ${name} version ${transformVersion} yields makes no record: ${error}` }
}

type PublishedMetadata = Map<string, Map<string, PublishedSeries>>
type SeriesEntry = [key: string, series: PublishedSeries]

function remember(metadata: PublishedMetadata, { name }: Dataset, entries: readonly SeriesEntry[]): void {
  if (entries.length === 0) return
  const ofDataset = metadata.get(name) ?? new Map<string, PublishedSeries>()
  metadata.set(name, ofDataset)
  for (const [key, series] of entries) ofDataset.set(key, series)
}

/** Encodes slices, and series metadata that was not published recently. Adds that metadata to `entries`. */
function encodeSlices(
  { slices, dataset }: ExplodedAnswer,
  { timeseries, series }: SourceOutputs,
  published: readonly PublishedMetadata[],
  entries: SeriesEntry[],
): Output[] {
  const known = published.map((metadata) => metadata.get(dataset.name))
  const publishedHere = new Map<string, PublishedSeries>()
  const nowMs = Date.now()
  return slices.flatMap((slice): Output[] => {
    const { key, step: stepS, transformVersion } = slice
    const value = timeseries.encode(slice)
    const before = publishedHere.get(key) ?? known[0]?.get(key) ?? known[1]?.get(key)
    const isRecent = before !== undefined && nowMs - before.atMs < republishMs
    if (isRecent && before.stepS === stepS && before.transformVersion === transformVersion) {
      return [{ topic: timeseries.topic, key: before.recordKey, value }]
    }
    const current = { recordKey: `${slice.dataset}/${key}`, stepS, transformVersion, atMs: nowMs }
    publishedHere.set(key, current)
    entries.push([key, current])
    return [
      { topic: series.topic, key: current.recordKey, value: series.encode(seriesMetadata(slice, dataset)) },
      { topic: timeseries.topic, key: current.recordKey, value },
    ]
  })
}

function encodeOwn({ records, dataset }: ExplodedAnswer, outputs: SourceOutputs): Output[] {
  return records.map(({ topic: suffix, key, record }) => {
    const own = outputs.own.get(suffix)
    if (own === undefined)
      throw new Error(`${dataset.name} yields a record for the topic ${suffix}, which its source does not declare`)
    return { topic: own.topic, key, value: own.encode(record as never) }
  })
}

function encodeAccepted({ accepted }: ExplodedAnswer, { answers }: SourceOutputs): Output[] {
  if (accepted === null) return []
  return [{ topic: answers.topic, key: accepted.requestIdentity, value: answers.encode(accepted), isLast: true }]
}
