import { createHash } from 'node:crypto'
import type { AcceptedAnswer, RawResponse, Series, TimeseriesSlice } from '#schemas/generated/records.ts'
import { commonFlags } from '#sources/answers/checks.ts'
import { quoteJson, refused as refusalOf } from '#sources/answers/refusal.ts'
import type { Answer, Coverage, Dataset, ExplodeResult, Refusal, RefusedPart, Slice } from '#sources/source.ts'
import { identityNumber, selectorOf } from './request-identity.ts'

export interface StoredRaw {
  record: RawResponse
  partition: number
  offset: string
}

/**
 * Why an answer or a part of it is refused. `bug`: explode threw, or a record cannot be encoded. `too-large`: a record
 * exceeds its topic's size limit. `unknown-dataset`: no source declares the dataset.
 */
export interface RawRefusal {
  reason: Refusal['reason'] | 'bug' | 'unknown-dataset' | 'too-large'
  message: string
}

const codeErrorReasons: ReadonlySet<string> = new Set(['schema', 'type', 'step', 'bug'])

/** Returns true if the reason suggests an error in our code or a changed format of upstream. */
export const suggestsCodeError = (reason: string): boolean => codeErrorReasons.has(reason)

export type ExplodeOutcome = ExplodedAnswer | RefusedAnswer

export interface RefusedAnswer {
  refusal: RawRefusal
  ignored: Record<string, number>
}

export interface ExplodedAnswer {
  dataset: Dataset
  slices: TimeseriesSlice[]
  records: { topic: string; key: string; record: Record<string, unknown> }[]
  /** Refused parts, such as lines of a file. Each record is the raw response with only that part as its body. */
  refusedParts: { refusal: RawRefusal; record: RawResponse }[]
  /** Null if the answer has no points, own records or counted rows, and does not confirm that its window is empty. */
  accepted: AcceptedAnswer | null
  ignored: Record<string, number>
  /** Counts of points, and of rows of own records, by the flags of the dataset's checks and by the common flags. */
  flagged: Record<string, number>
}

/**
 * Explodes a raw response. Pure. Never throws: an exception in explode becomes the refusal `bug`. An answer that yields no
 * record is refused, unless it is empty or a row count, so that no data disappears silently.
 */
export function explodeRaw(raw: StoredRaw, datasets: ReadonlyMap<string, Dataset>): ExplodeOutcome {
  const { record } = raw
  const dataset = datasets.get(record.dataset)
  if (!dataset) return refused('unknown-dataset', `no source declares the dataset ${record.dataset}`)
  const window = { startMs: record.windowStart, endMs: record.windowEnd }
  const selector = selectorOf(record.requestIdentity, record.dataset)
  const { body, status, url, headers } = record
  try {
    const answer = { body, status, window, selector, url, headers }
    const exploded = dataset.explode(answer)
    const { slices, ignored, records = [], refusedParts = [] } = exploded
    const refusal = exploded.refusal ?? whyNothing(dataset, answer, exploded)
    if (refusal) return { refusal, ignored }
    const provenance = provenanceOf(raw, dataset)
    const whole = {
      dataset,
      slices: slices.map((slice) => toRecord(slice, provenance, dataset)),
      records: records.map(({ fields, ...own }) => ({ ...own, record: { ...fields, ...provenance.ofRecords } })),
      refusedParts: lettersOf(record, refusedParts),
    }
    const accepted = acceptedAnswer(raw, whole, provenance, exploded.counted)
    return { ...whole, accepted, ignored, flagged: flaggedPoints(dataset, exploded) }
  } catch (error) {
    return refused('bug', `explode of ${dataset.name} version ${dataset.transformVersion} threw: ${error}`)
  }
}

const refused = (reason: RawRefusal['reason'], message: string): ExplodeOutcome => ({
  refusal: { reason, message },
  ignored: {},
})

/**
 * Returns the refusal of an answer from which nothing can be stored. Returns undefined if something can be stored, if
 * the answer is a row count, or if assess() finds it empty.
 */
function whyNothing(
  { asking }: Dataset,
  answer: Answer,
  { slices, records = [], refusedParts = [], counted }: ExplodeResult,
): Refusal | undefined {
  const holdsSomething = slices.some(({ values }) => values.length > 0) || records.length + refusedParts.length > 0
  if (holdsSomething || counted !== undefined) return undefined
  const { body, window, selector = null } = answer
  let coverage: Coverage | Refusal | undefined
  try {
    coverage = asking?.assess(body, { window, selector })
  } catch (error) {
    return refusalOf('schema', `nothing of the answer can be stored: ${(error as Error).message}`)
  }
  if (coverage === 'empty') return undefined
  if (typeof coverage === 'object') return coverage
  if (coverage === 'refused') return refusalOf('upstream-rejected', 'upstream refused the request')
  return refusalOf('schema', `the answer is not empty, and nothing of it can be stored; it starts ${startOf(body)}`)
}

const startOf = (body: Uint8Array): string => quoteJson(Buffer.from(body.subarray(0, 200)).toString(), 200)

/** What all records of an answer say about it. Their identity is a hash, so it is computed once per answer. */
interface Provenance {
  identity: number
  ofRecords: Pick<
    TimeseriesSlice,
    'dataset' | 'windowStart' | 'windowEnd' | 'knownAt' | 'transformVersion' | 'origin' | 'raw'
  >
}

function provenanceOf({ record, partition, offset }: StoredRaw, dataset: Dataset): Provenance {
  return {
    identity: identityNumber(record.requestIdentity),
    ofRecords: {
      dataset: dataset.name,
      windowStart: record.windowStart,
      windowEnd: record.windowEnd,
      knownAt: record.fetchedAt,
      transformVersion: dataset.transformVersion,
      origin: record.origin,
      raw: { partition, offset: Number(offset) },
    },
  }
}

function acceptedAnswer(
  { record }: StoredRaw,
  { dataset, slices, records }: Pick<ExplodedAnswer, 'dataset' | 'slices' | 'records'>,
  { identity, ofRecords }: Provenance,
  counted = 0,
): AcceptedAnswer | null {
  const points = countPoints(slices) + records.length + counted
  if (points === 0 && !record.confirms) return null
  const { origin: _, ...about } = ofRecords
  return {
    ...about,
    requestIdentity: record.requestIdentity,
    identity,
    selector: selectorOf(record.requestIdentity, record.dataset),
    points,
    keys: new Set([...slices, ...records].map(({ key }) => key)).size,
    contentHash: record.contentHash,
    // Answers of ticks and files do not replace older answers, but add to them. A part is not a whole answer, so it
    // does not replace one.
    replaces: dataset.calendar.kind === 'days' && !(partHeader in record.headers),
  }
}

function flaggedPoints({ checks = [] }: Dataset, { slices, flaggedRows }: ExplodeResult): Record<string, number> {
  const counted = new Set([...commonFlags, ...checks.map(({ flag }) => flag)])
  const counts: Record<string, number> = {}
  const add = (flag: string, times: number) => {
    if (counted.has(flag)) counts[flag] = (counts[flag] ?? 0) + times
  }
  for (const { flags, values } of slices) for (const flag of flags) add(flag, values.length)
  for (const [flag, rows] of Object.entries(flaggedRows ?? {})) add(flag, rows)
  return counts
}

/** Counts the points that slices name. A point that is named twice counts once, because the store has one row of it. */
function countPoints(slices: readonly TimeseriesSlice[]): number {
  let points = 0
  for (const ofKey of Map.groupBy(slices, ({ key }) => key).values()) {
    const [first, ...others] = ofKey
    points +=
      others.length === 0
        ? (first?.values.length ?? 0)
        : new Set(ofKey.flatMap(({ start, step, values }) => values.map((_, at) => start + at * step * 1_000))).size
  }
  return points
}

function toRecord(slice: Slice, { identity, ofRecords }: Provenance, dataset: Dataset): TimeseriesSlice {
  return {
    ...ofRecords,
    key: slice.key,
    start: slice.startMs,
    step: slice.stepS,
    values: slice.values,
    upstreamModifiedAt: slice.upstreamModifiedAtMs ?? null,
    unit: dataset.unitOf?.(slice.key) ?? dataset.unit,
    flags: slice.flags,
    identity,
  }
}

/**
 * Maximum number of refused parts that each become a dead letter. All further parts share one dead letter, which holds
 * the whole answer.
 */
const maxParts = 100

function lettersOf(record: RawResponse, parts: readonly RefusedPart[]): ExplodedAnswer['refusedParts'] {
  const apart = parts.slice(0, maxParts).map((part) => ({ refusal: part.refusal, record: partOf(record, part) }))
  const [first] = parts.slice(maxParts)
  if (first === undefined) return apart
  const message = `${parts.length - maxParts} parts more were refused, this is the whole answer; the next: ${first.refusal.message}`
  return [...apart, { refusal: { reason: first.refusal.reason, message }, record }]
}

/** Header that marks a raw record as a part of an answer. The poller does not store upstream headers of this name. */
const partHeader = 'tidemark-part'

function partOf(record: RawResponse, { body, headers }: RefusedPart): RawResponse {
  const contentHash = createHash('sha256').update(body).digest('hex')
  return {
    ...record,
    body: Buffer.from(body),
    contentHash,
    headers: { ...record.headers, ...headers, [partHeader]: 'true' },
  }
}

export function seriesMetadata(slice: TimeseriesSlice, dataset: Dataset): Series {
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
