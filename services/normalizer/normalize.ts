// One raw response becomes slices, what their keys mean, or a dead letter. Pure but for what was said of keys before.
import type { Output, Verdict } from '#platform/kafka/verdict.ts'
import { dead, ok } from '#platform/kafka/verdict.ts'
import type { RawResponse, Series, TimeseriesSlice } from '#schemas/generated/records.ts'
import type { Dataset, Slice } from '#sources/source.ts'

/** Where a source's records go, and how they are written. */
export interface SourceOutputs {
  timeseries: { topic: string; encode: (slice: TimeseriesSlice) => Buffer }
  series: { topic: string; encode: (series: Series) => Buffer }
}

/** A raw response and where it lies in its topic. */
export interface StoredRaw {
  record: RawResponse
  partition: number
  offset: string
}

/** What was last said of a series, and the record key of both its topics. */
interface Said {
  recordKey: string
  stepS: number
  transformVersion: number
}

/** What was said of the series of a source, by dataset and key; lives as long as the process. */
export type SaidOfSeries = Map<string, Map<string, Said>>

/**
 * The verdict on one raw response of a source. Outputs are in order: what a key means comes before its first slice.
 * Whatever explode throws concerns this message alone: a dead letter with reason `bug`.
 */
export function normalize(
  raw: StoredRaw,
  datasets: Map<string, Dataset>,
  outputs: SourceOutputs,
  said: SaidOfSeries,
  count: (ignored: Record<string, number>, dataset: string) => void,
): Verdict {
  const { record } = raw
  const dataset = datasets.get(record.dataset)
  if (!dataset) return dead('unknown-dataset', `no source declares the dataset ${record.dataset}`)
  const window = { startMs: record.windowStart, endMs: record.windowEnd }
  try {
    const explosion = dataset.explode({ body: record.body, status: record.status, window })
    count(explosion.ignored, dataset.name)
    if (explosion.refusal) return dead(explosion.refusal.reason, explosion.refusal.message)
    const saidOfDataset = said.get(dataset.name) ?? new Map<string, Said>()
    said.set(dataset.name, saidOfDataset)
    return ok(explosion.slices.flatMap((slice) => outputsOf(slice, raw, dataset, outputs, saidOfDataset)))
  } catch (error) {
    return dead('bug', `explode of ${dataset.name} version ${dataset.transformVersion} threw: ${error}`)
  }
}

function outputsOf(
  slice: Slice,
  raw: StoredRaw,
  dataset: Dataset,
  outputs: SourceOutputs,
  said: Map<string, Said>,
): Output[] {
  const { record } = raw
  const value = outputs.timeseries.encode({
    dataset: dataset.name,
    key: slice.key,
    windowStart: record.windowStart,
    windowEnd: record.windowEnd,
    start: slice.startMs,
    step: slice.stepS,
    values: slice.values,
    knownAt: record.fetchedAt,
    upstreamModifiedAt: slice.upstreamModifiedAtMs ?? null,
    transformVersion: dataset.transformVersion,
    unit: dataset.unit,
    flags: slice.flags,
    origin: record.origin,
    raw: { partition: raw.partition, offset: Number(raw.offset) },
  })
  const { transformVersion } = dataset
  const before = said.get(slice.key)
  if (before?.stepS === slice.stepS && before.transformVersion === transformVersion) {
    return [{ topic: outputs.timeseries.topic, key: before.recordKey, value }]
  }
  // Repeats are harmless: the topic is compacted.
  const recordKey = `${dataset.name}/${slice.key}`
  said.set(slice.key, { recordKey, stepS: slice.stepS, transformVersion })
  const meaning = outputs.series.encode({
    dataset: dataset.name,
    key: slice.key,
    labels: dataset.labels(slice.key),
    unit: dataset.unit,
    step: slice.stepS,
    transformVersion,
    emittedAt: record.fetchedAt,
  })
  return [
    { topic: outputs.series.topic, key: recordKey, value: meaning },
    { topic: outputs.timeseries.topic, key: recordKey, value },
  ]
}
