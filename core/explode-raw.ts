// What one raw response becomes, for everybody who asks: the normalizer, replays, rebuilds, the shadow. Pure.
import { createHash } from 'node:crypto'
import type { AcceptedAnswer, RawResponse, Series, TimeseriesSlice } from '#schemas/generated/records.ts'
import { quoted, refused as refusalOf } from '#sources/answers/refusal.ts'
import type { Answer, Coverage, Dataset, ExplodeResult, Refusal, RefusedPart, Slice } from '#sources/source.ts'
import { identityNumber, subjectOf } from './request-identity.ts'

/** A raw response and where it lies in its topic. */
export interface StoredRaw {
  record: RawResponse
  partition: number
  offset: string
}

/**
 * Why a raw response was refused: as explode says, an exception of explode, a dataset that nobody declares, or a record
 * that its topic does not take.
 */
export interface RawRefusal {
  reason: Refusal['reason'] | 'bug' | 'unknown-dataset' | 'too-large'
  /** One sentence: what, where. */
  message: string
}

const ourReasons: ReadonlySet<string> = new Set(['schema', 'type', 'step', 'bug'])

/** Whether a refusal points at us: upstream changed, or our code is wrong. The others point at upstream, or at a file. */
export const pointsAtUs = (reason: string): boolean => ourReasons.has(reason)

/** What a raw response holds, or why it was refused. */
export type ExplodeOutcome = ExplodedAnswer | RefusedAnswer

export interface RefusedAnswer {
  refusal: RawRefusal
  /** Parts that explode left out without harm before the refusal, by kind. */
  ignored: Record<string, number>
}

export interface ExplodedAnswer {
  dataset: Dataset
  slices: TimeseriesSlice[]
  /** Of the source's own topics, by suffix. */
  records: { topic: string; key: string; record: Record<string, unknown> }[]
  /** Parts that were refused alone, each as the raw response that holds nothing else. */
  refusedParts: { refusal: RawRefusal; record: RawResponse }[]
  /** What subscribers and the store are told of the answer as a whole; null for one without points that confirms nothing. */
  accepted: AcceptedAnswer | null
  ignored: Record<string, number>
}

/**
 * Runs today's explode of a raw response's dataset. Whatever explode throws concerns this response alone: a refusal with
 * reason `bug`. An answer that is not empty and gives no record at all is refused, too: nothing is lost in silence.
 *
 * @param datasets the declared datasets by name
 */
export function explodeRaw(raw: StoredRaw, datasets: ReadonlyMap<string, Dataset>): ExplodeOutcome {
  const { record } = raw
  const dataset = datasets.get(record.dataset)
  if (!dataset) return refused('unknown-dataset', `no source declares the dataset ${record.dataset}`)
  const window = { startMs: record.windowStart, endMs: record.windowEnd }
  const subject = subjectOf(record.requestIdentity, record.dataset)
  const { body, status, url, headers } = record
  try {
    const answer = { body, status, window, subject, url, headers }
    const exploded = dataset.explode(answer)
    const { slices, ignored, records = [], refusedParts = [] } = exploded
    const refusal = exploded.refusal ?? whyNothing(dataset, answer, exploded)
    if (refusal) return { refusal, ignored }
    const whole = {
      dataset,
      slices: slices.map((slice) => toRecord(slice, raw, dataset)),
      records: records.map(({ fields, ...own }) => ({ ...own, record: { ...fields, ...provenance(raw, dataset) } })),
      refusedParts: lettersOf(record, refusedParts),
    }
    return { ...whole, accepted: acceptedAnswer(raw, whole, exploded.counted), ignored }
  } catch (error) {
    return refused('bug', `explode of ${dataset.name} version ${dataset.transformVersion} threw: ${error}`)
  }
}

const refused = (reason: RawRefusal['reason'], message: string): ExplodeOutcome => ({
  refusal: { reason, message },
  ignored: {},
})

/** Why an answer of which nothing can be stored is refused; undefined where it holds something, counts rows, or says that it is empty. */
function whyNothing(
  { asking }: Dataset,
  answer: Answer,
  { slices, records = [], refusedParts = [], counted }: ExplodeResult,
): Refusal | undefined {
  const holdsSomething = slices.some(({ values }) => values.length > 0) || records.length + refusedParts.length > 0
  if (holdsSomething || counted !== undefined) return undefined
  const { body, window, subject = null } = answer
  let coverage: Coverage | Refusal | undefined
  try {
    coverage = asking?.assess(body, { window, subject })
  } catch (error) {
    return refusalOf('schema', `nothing of the answer can be stored: ${(error as Error).message}`)
  }
  if (coverage === 'empty') return undefined
  if (typeof coverage === 'object') return coverage
  if (coverage === 'refused') return refusalOf('upstream-rejected', 'upstream refused the request')
  return refusalOf('schema', `the answer is not empty, and nothing of it can be stored; it starts ${startOf(body)}`)
}

const startOf = (body: Uint8Array): string => quoted(Buffer.from(body.subarray(0, 200)).toString(), 200)

/** What every record that is exploded from a raw response says of where it comes from. */
function provenance({ record, partition, offset }: StoredRaw, dataset: Dataset) {
  return {
    dataset: dataset.name,
    windowStart: record.windowStart,
    windowEnd: record.windowEnd,
    knownAt: record.fetchedAt,
    transformVersion: dataset.transformVersion,
    origin: record.origin,
    raw: { partition, offset: Number(offset) },
  }
}

/** An answer without points, or one that counts no rows, is believed only where its raw record confirms an earlier one. */
function acceptedAnswer(
  raw: StoredRaw,
  { dataset, slices, records }: Pick<ExplodedAnswer, 'dataset' | 'slices' | 'records'>,
  counted = 0,
): AcceptedAnswer | null {
  const { record } = raw
  const points = slices.reduce((sum, { values }) => sum + values.length, 0) + records.length + counted
  if (points === 0 && !record.confirms) return null
  const { origin: _, ...about } = provenance(raw, dataset)
  return {
    ...about,
    requestIdentity: record.requestIdentity,
    identity: identityNumber(record.requestIdentity),
    selector: subjectOf(record.requestIdentity, record.dataset),
    points,
    keys: new Set([...slices, ...records].map(({ key }) => key)).size,
    contentHash: record.contentHash,
    // Ticks and files name instants of their own, and a part is not all that its answer says.
    replaces: dataset.calendar.kind === 'days' && !(partHeader in record.headers),
  }
}

function toRecord(slice: Slice, raw: StoredRaw, dataset: Dataset): TimeseriesSlice {
  return {
    ...provenance(raw, dataset),
    key: slice.key,
    start: slice.startMs,
    step: slice.stepS,
    values: slice.values,
    upstreamModifiedAt: slice.upstreamModifiedAtMs ?? null,
    unit: dataset.unitOf?.(slice.key) ?? dataset.unit,
    flags: slice.flags,
    identity: identityNumber(raw.record.requestIdentity),
  }
}

/** So many parts are refused apart; more of one answer become one letter, which is the whole answer. */
const maxParts = 100

function lettersOf(record: RawResponse, parts: readonly RefusedPart[]): ExplodedAnswer['refusedParts'] {
  const apart = parts.slice(0, maxParts).map((part) => ({ refusal: part.refusal, record: partOf(record, part) }))
  const [first] = parts.slice(maxParts)
  if (first === undefined) return apart
  const message = `${parts.length - maxParts} parts more were refused, this is the whole answer; the next: ${first.refusal.message}`
  return [...apart, { refusal: { reason: first.refusal.reason, message }, record }]
}

/** Marks a raw record that is a part of an answer. The poller keeps no header of upstream's with this name. */
const partHeader = 'tidemark-part'

/** A refused part as an answer of its own. Its hash is that of the part: it is other bytes than the whole. */
function partOf(record: RawResponse, { body, headers }: RefusedPart): RawResponse {
  const contentHash = createHash('sha256').update(body).digest('hex')
  return {
    ...record,
    body: Buffer.from(body),
    contentHash,
    headers: { ...record.headers, ...headers, [partHeader]: 'true' },
  }
}

/** What the key of a slice means. */
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
