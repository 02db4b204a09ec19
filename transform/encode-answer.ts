// What an answer holds as records of their topics. Keeps what was said of keys before, so that it need not be said with every answer.
import type { Output } from '#platform/kafka/verdict.ts'
import type { Series, TimeseriesSlice } from '#schemas/generated/records.ts'
import type { Dataset } from '#sources/source.ts'
import { type ExplodedAnswer, meaningOf } from './explode-raw.ts'

/** Where a source's records go, and how they are written. */
export interface SourceOutputs {
  timeseries: { topic: string; encode: (slice: TimeseriesSlice) => Buffer }
  series: { topic: string; encode: (series: Series) => Buffer }
  /** Topics of the source's own, by suffix. */
  own: Map<string, { topic: string; encode: (record: never) => Buffer }>
}

/** What was last said of a series, and the record key of both its topics. */
interface Said {
  recordKey: string
  stepS: number
  transformVersion: number
  atMs: number
}

/** What was said longer ago is said again: a deletion may have taken it away, and the key may be named again after it. */
const sayAgainMs = 60 * 60 * 1_000

export type AnswerEncoder = (answer: Pick<ExplodedAnswer, 'slices' | 'records' | 'dataset'>) => Output[]

/**
 * A function that makes the outputs of an answer, in order: its slices, then the records of the source's own topics.
 * What a key means comes before its first slice, once a process, again when it changes, and after an hour. Repeats are
 * harmless: the topic of meanings is compacted. Throws for a record of a topic that the source does not declare.
 */
export function answerEncoder(outputs: SourceOutputs, headers?: Record<string, string>): AnswerEncoder {
  const encodeSlices = sliceEncoder(outputs, headers)
  return ({ slices, records, dataset }) => {
    const encoded = encodeSlices(slices, dataset)
    for (const { topic: suffix, key, record } of records) {
      const own = outputs.own.get(suffix)
      if (own === undefined)
        throw new Error(`${dataset.name} yields a record for the topic ${suffix}, which its source does not declare`)
      encoded.push({ topic: own.topic, key, value: own.encode(record as never), ...(headers && { headers }) })
    }
    return encoded
  }
}

function sliceEncoder(
  { timeseries, series }: SourceOutputs,
  headers?: Record<string, string>,
): (slices: TimeseriesSlice[], dataset: Dataset) => Output[] {
  const said = new Map<string, Map<string, Said>>()
  const withHeaders = headers && { headers }
  return (slices, dataset) => {
    const saidOfDataset = said.get(dataset.name) ?? new Map<string, Said>()
    said.set(dataset.name, saidOfDataset)
    const nowMs = Date.now()
    return slices.flatMap((slice): Output[] => {
      const { key, step: stepS, transformVersion } = slice
      const value = timeseries.encode(slice)
      const before = saidOfDataset.get(key)
      const recent = before !== undefined && nowMs - before.atMs < sayAgainMs
      if (recent && before.stepS === stepS && before.transformVersion === transformVersion) {
        return [{ topic: timeseries.topic, key: before.recordKey, value, ...withHeaders }]
      }
      const recordKey = `${slice.dataset}/${key}`
      saidOfDataset.set(key, { recordKey, stepS, transformVersion, atMs: nowMs })
      const meaning = series.encode(meaningOf(slice, dataset))
      return [
        { topic: series.topic, key: recordKey, value: meaning, ...withHeaders },
        { topic: timeseries.topic, key: recordKey, value, ...withHeaders },
      ]
    })
  }
}
