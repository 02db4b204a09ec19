// What one raw response becomes, for everybody who asks: the normalizer, replays, rebuilds, the shadow. Pure.
import type { RawResponse, Series, TimeseriesSlice } from '#schemas/generated/records.ts'
import type { Dataset, Refusal, Slice } from '#sources/source.ts'

/** A raw response and where it lies in its topic. */
export interface StoredRaw {
  record: RawResponse
  partition: number
  offset: string
}

/** Why a raw response was refused: as explode says, an exception of explode, or a dataset that nobody declares. */
export interface RawRefusal {
  reason: Refusal['reason'] | 'bug' | 'unknown-dataset'
  /** One sentence: what, where. */
  message: string
}

/** What a raw response holds, or why it was refused. */
export type Exploded =
  | { dataset: Dataset; slices: TimeseriesSlice[]; ignored: Record<string, number> }
  | { refusal: RawRefusal; ignored: Record<string, number> }

/**
 * Runs today's explode of a raw response's dataset. Whatever explode throws concerns this response alone: a refusal with
 * reason `bug`.
 *
 * @param datasets the declared datasets by name
 */
export function explodeRaw(raw: StoredRaw, datasets: ReadonlyMap<string, Dataset>): Exploded {
  const { record } = raw
  const dataset = datasets.get(record.dataset)
  if (!dataset) return refused('unknown-dataset', `no source declares the dataset ${record.dataset}`)
  const window = { startMs: record.windowStart, endMs: record.windowEnd }
  try {
    const { slices, refusal, ignored } = dataset.explode({ body: record.body, status: record.status, window })
    if (refusal) return { refusal, ignored }
    return { dataset, slices: slices.map((slice) => toRecord(slice, raw, dataset)), ignored }
  } catch (error) {
    return refused('bug', `explode of ${dataset.name} version ${dataset.transformVersion} threw: ${error}`)
  }
}

const refused = (reason: RawRefusal['reason'], message: string): Exploded => ({
  refusal: { reason, message },
  ignored: {},
})

function toRecord(slice: Slice, { record, partition, offset }: StoredRaw, dataset: Dataset): TimeseriesSlice {
  return {
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
    raw: { partition, offset: Number(offset) },
  }
}

/** What the key of a slice means. */
export function meaningOf(slice: TimeseriesSlice, dataset: Dataset): Series {
  return {
    dataset: slice.dataset,
    key: slice.key,
    labels: dataset.labels(slice.key),
    unit: slice.unit,
    step: slice.step,
    transformVersion: slice.transformVersion,
    emittedAt: slice.knownAt,
  }
}
