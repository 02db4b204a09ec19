// What an answer holds as records of their topics. Keeps what was said of keys before, so that it need not be said with every answer.
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

/** Where a source's records go, and how they are written. */
export interface SourceOutputs {
  /** A part of an answer that is refused alone, as the raw response that goes to the dead letters. */
  raw: { encode: (part: RawResponse) => Buffer }
  timeseries: { topic: string; encode: (slice: TimeseriesSlice) => Buffer }
  series: { topic: string; encode: (series: Series) => Buffer }
  answers: { topic: string; encode: (answer: AcceptedAnswer) => Buffer }
  /** Topics of the source's own, by suffix. */
  own: Map<string, { topic: string; encode: (record: never) => Buffer }>
}

/** What was last said of a series, and the record key of both its topics. */
interface PublishedSeries {
  recordKey: string
  stepS: number
  transformVersion: number
  atMs: number
}

/** What was said longer ago is said again: a deletion may have taken it away, and the key may be named again after it. */
const republishMs = 60 * 60 * 1_000

export interface AnswerEncoder {
  /**
   * Begins a batch of answers, which are sent together.
   *
   * @param whyTooLarge why a topic will not take a record
   */
  batch: (whyTooLarge?: SizeCheck) => BatchEncoder
}

/** What an answer becomes: records, in order; the parts that were refused; and whom to tell that Kafka has them all. */
export interface AnswerOutputs {
  outputs: Output[]
  deadParts: DeadPart[]
  acknowledged: () => void
}

/** What a raw response holds as records, or why it was refused. */
export type EncodedAnswer = (ExplodedAnswer & AnswerOutputs) | RefusedAnswer

export interface BatchEncoder {
  /**
   * Encodes what explode made of an answer, for all who send it or compare it: what one refuses, all refuse. Never throws:
   * a refusal stays one, and an answer is refused when a topic does not take one of its records (`too-large`), when its
   * source does not declare a topic, or when a schema cannot hold a record (`bug`). A refused answer leaves nothing behind.
   *
   * The outputs stand in order: the slices, the records of the source's own topics, and last, sent when all others of the
   * batch are acknowledged, that the answer was accepted. What a key means comes before its first slice: when nothing was
   * acknowledged of it, again when it changes, and after an hour. Repeats are harmless: the topic of meanings is compacted.
   */
  encode: (outcome: ExplodeOutcome) => EncodedAnswer
}

/** A record that its topic will not take. */
class TooLargeOutput extends Error {}

/** An encoder of a source's answers. It remembers what was said of keys, and acknowledged. */
export function answerEncoder(outputs: SourceOutputs, headers?: Record<string, string>): AnswerEncoder {
  const said: PublishedMetadata = new Map()
  return {
    batch: (whyTooLarge = () => undefined) => {
      // Said earlier in the batch: it is acknowledged together with it.
      const saidInBatch: PublishedMetadata = new Map()
      const outputsOf = (answer: ExplodedAnswer): AnswerOutputs => {
        const sayings: SeriesEntry[] = []
        const encoded = encodeSlices(answer, outputs, [saidInBatch, said], sayings)
        encoded.push(...encodeOwn(answer, outputs), ...encodeAccepted(answer, outputs))
        const sent = headers ? encoded.map((output) => ({ ...output, headers })) : encoded
        for (const output of sent) {
          const why = whyTooLarge(output.topic, output)
          if (why !== undefined) throw new TooLargeOutput(why)
        }
        const deadParts = answer.refusedParts.map(({ refusal, record }) => {
          return { ...refusal, dataset: record.dataset, value: outputs.raw.encode(record) }
        })
        remember(saidInBatch, answer.dataset, sayings)
        return { outputs: sent, deadParts, acknowledged: () => remember(said, answer.dataset, sayings) }
      }
      return {
        encode: (outcome) => {
          if ('refusal' in outcome) return outcome
          try {
            return { ...outcome, ...outputsOf(outcome) }
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

/** What was said, by dataset and key. */
type PublishedMetadata = Map<string, Map<string, PublishedSeries>>
type SeriesEntry = [key: string, said: PublishedSeries]

function remember(meanings: PublishedMetadata, { name }: Dataset, sayings: readonly SeriesEntry[]): void {
  if (sayings.length === 0) return
  const ofDataset = meanings.get(name) ?? new Map<string, PublishedSeries>()
  meanings.set(name, ofDataset)
  for (const [key, said] of sayings) ofDataset.set(key, said)
}

/** The records of an answer's slices, and of what their keys mean where that was not said; `sayings` takes what is said here. */
function encodeSlices(
  { slices, dataset }: ExplodedAnswer,
  { timeseries, series }: SourceOutputs,
  saidBefore: readonly PublishedMetadata[],
  sayings: SeriesEntry[],
): Output[] {
  const known = saidBefore.map((meanings) => meanings.get(dataset.name))
  const saidHere = new Map<string, PublishedSeries>()
  const nowMs = Date.now()
  return slices.flatMap((slice): Output[] => {
    const { key, step: stepS, transformVersion } = slice
    const value = timeseries.encode(slice)
    const before = saidHere.get(key) ?? known[0]?.get(key) ?? known[1]?.get(key)
    const isRecent = before !== undefined && nowMs - before.atMs < republishMs
    if (isRecent && before.stepS === stepS && before.transformVersion === transformVersion) {
      return [{ topic: timeseries.topic, key: before.recordKey, value }]
    }
    const said = { recordKey: `${slice.dataset}/${key}`, stepS, transformVersion, atMs: nowMs }
    saidHere.set(key, said)
    sayings.push([key, said])
    return [
      { topic: series.topic, key: said.recordKey, value: series.encode(seriesMetadata(slice, dataset)) },
      { topic: timeseries.topic, key: said.recordKey, value },
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
