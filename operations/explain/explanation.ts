import { selectorOf } from '#core/request-identity.ts'
import { utcText } from '#platform/process/utc-text.ts'
import { readTraceContext } from '#platform/tracing/trace-context.ts'
import type { Dataset } from '#sources/source.ts'
import type { FoundRaw } from './raw-records.ts'
import type { PointAnswer, ReplacingAnswer, StoredPoint } from './stored-point.ts'
import { locateValue, type ValuePlace } from './value-place.ts'

export interface Explanation {
  dataset: string
  calendar: Dataset['calendar']['kind']
  key: string
  /** Time of the point, at or before the requested time `asked`. All times are ISO 8601, UTC. */
  ts: string
  asked: string
  unit: string
  /** Knowledge time: only answers known by then give the value. null: now. */
  at: string | null
  /** True: an answer known at `at` contained the point. */
  known: boolean
  /** Value of the point as known at `at`; null if the value was null or withdrawn, or if `known` is false. */
  value: number | null
  knownAt: string | null
  /** The answer that withdrew the point; null if the point is not withdrawn. */
  withdrawnBy: Withdrawal | null
  transformVersion: number
  answers: ExplainedAnswer[]
}

export interface Withdrawal {
  knownAt: string
  raw: { topic: string; partition: number; offset: number }
}

export interface ExplainedAnswer {
  value: number | null
  /**
   * published: the first value that is not null. changed: differs from `previousValue`. repeated: equals
   * `previousValue`. nothing-yet: all values so far are null.
   */
  change: 'published' | 'changed' | 'repeated' | 'nothing-yet'
  previousValue: number | null
  knownAt: string
  /** True: this answer is the newest one known at `at` that contained the point. */
  current: boolean
  later: boolean
  transformVersion: number
  windowStart: string
  windowEnd: string
  stepS: number
  flags: string[]
  origin: string
  upstreamModifiedAt: string | null
  raw: ExplainedRaw
  /** The next accepted answer of the same request identity, if that answer lacks the point; else null. */
  withdrawnBy: Withdrawal | null
}

export type ExplainedRaw = { topic: string; partition: number; offset: number } & (
  | { state: 'deleted' | 'broken'; why: string }
  | ({ state: 'here'; problems: string[] } & RawDetails)
)

export interface RawDetails {
  key: string | null
  recordHeaders: Record<string, string>
  /** Id of the trace of the poll that brought the answer; null if tracing was off. */
  traceId: string | null
  writtenAt: string
  url: string
  status: number
  headers: Record<string, string>
  sentAt: string
  fetchedAt: string
  contentHash: string
  bodyBytes: number
  /** `place` is null if the value was not found in the body, or if the dataset does not declare where values stand. */
  body?: { base64: string; place: ValuePlace | null; placeIsDeclared: boolean }
}

export interface ExplainQuestion {
  dataset: Dataset
  key: string
  atMs: number
  knownByMs: number | undefined
  topic: string
  withBody: boolean
}

export function explanationOf(asked: ExplainQuestion, point: StoredPoint, raws: readonly FoundRaw[]): Explanation {
  const { dataset, key, topic, knownByMs = Number.POSITIVE_INFINITY } = asked
  const { tsMs, answers, replacing } = point
  const known = replacing.filter(({ knownAtMs }) => knownAtMs <= knownByMs)
  const current = answers.findLast(({ knownAtMs }) => knownAtMs <= knownByMs)
  const withdrawnBy = current && withdrawing(known, current, undefined)
  // `knownAt` is the time of the newest answer of the window, as in view `latest`.
  const speaks = withdrawnBy ? known.findLast(({ identity }) => identity === current.identity) : current
  const told = (by: ReplacingAnswer | undefined): Withdrawal | null =>
    by === undefined
      ? null
      : { knownAt: utcText(by.knownAtMs), raw: { topic, partition: by.rawPartition, offset: by.rawOffset } }
  return {
    dataset: dataset.name,
    calendar: dataset.calendar.kind,
    key,
    ts: utcText(tsMs),
    asked: utcText(asked.atMs),
    unit: dataset.unitOf?.(key) ?? dataset.unit,
    at: asked.knownByMs === undefined ? null : utcText(asked.knownByMs),
    known: current !== undefined,
    value: withdrawnBy ? null : (current?.value ?? null),
    knownAt: speaks ? utcText(speaks.knownAtMs) : null,
    withdrawnBy: told(withdrawnBy),
    transformVersion: dataset.transformVersion,
    answers: answers.map((answer, index) => ({
      value: answer.value,
      ...changeOf(valuesBefore(answers.slice(0, index + 1), replacing), answer.value),
      knownAt: utcText(answer.knownAtMs),
      current: answer === current,
      later: answer.knownAtMs > knownByMs,
      transformVersion: answer.transformVersion,
      windowStart: utcText(answer.windowStartMs),
      windowEnd: utcText(answer.windowEndMs),
      stepS: answer.stepS,
      flags: answer.flags,
      origin: answer.origin,
      upstreamModifiedAt: answer.upstreamModifiedAtMs === null ? null : utcText(answer.upstreamModifiedAtMs),
      raw: rawOf(asked, tsMs, answer, raws[index]),
      withdrawnBy: told(withdrawing(replacing, answer, answers[index + 1])),
    })),
  }
}

/**
 * Returns the first accepted answer of the same identity after `answer`. Returns undefined if there is none, or if
 * `next`, the next answer with the point, arrived no later.
 */
function withdrawing(
  replacing: readonly ReplacingAnswer[],
  answer: PointAnswer,
  next: PointAnswer | undefined,
): ReplacingAnswer | undefined {
  const after = replacing.find(({ identity, knownAtMs, transformVersion }) => {
    const isLater =
      knownAtMs > answer.knownAtMs || (knownAtMs === answer.knownAtMs && transformVersion > answer.transformVersion)
    return identity === answer.identity && isLater
  })
  return after && (next === undefined || after.knownAtMs < next.knownAtMs) ? after : undefined
}

/** Returns the point's values in all answers but the last, in order. Adds a null for each withdrawal. */
function valuesBefore(answers: readonly PointAnswer[], replacing: readonly ReplacingAnswer[]): (number | null)[] {
  return answers.slice(0, -1).flatMap((answer, index) => {
    const by = withdrawing(replacing, answer, answers[index + 1])
    if (by === undefined) return [answer.value]
    return by.knownAtMs === answer.knownAtMs ? [null] : [answer.value, null]
  })
}

function changeOf(before: (number | null)[], value: number | null): Pick<ExplainedAnswer, 'change' | 'previousValue'> {
  const previousValue = before.at(-1) ?? null
  if (before.every((each) => each === null)) {
    return { change: value === null ? 'nothing-yet' : 'published', previousValue }
  }
  return { change: value === previousValue ? 'repeated' : 'changed', previousValue }
}

function rawOf(asked: ExplainQuestion, tsMs: number, answer: PointAnswer, found: FoundRaw | undefined): ExplainedRaw {
  const where = { topic: asked.topic, partition: answer.rawPartition, offset: answer.rawOffset }
  if (found === undefined) throw new Error(`the raw record ${where.partition}/${where.offset} was not looked for`)
  if (found.state !== 'here') return { ...where, ...found }
  const { stored, record } = found
  const window = { startMs: record.windowStart, endMs: record.windowEnd }
  const selector = selectorOf(record.requestIdentity, record.dataset)
  const path = asked.withBody
    ? asked.dataset.place?.({ body: record.body, status: record.status, window, selector }, asked.key, tsMs)
    : undefined
  const place = path && locateValue(record.body, path)
  const body = {
    base64: Buffer.from(record.body).toString('base64'),
    place: place ?? null,
    placeIsDeclared: asked.dataset.place !== undefined,
  }
  return {
    ...where,
    state: 'here',
    problems: [...found.problems, ...(place ? disagreements(asked.dataset, place, answer) : [])],
    key: stored.key === null ? null : stored.key.toString(),
    recordHeaders: Object.fromEntries(Object.entries(stored.headers).map(([name, text]) => [name, text.toString()])),
    traceId: readTraceContext(stored.headers)?.traceId ?? null,
    writtenAt: utcText(stored.writtenAtMs),
    url: record.url,
    status: record.status,
    headers: record.headers,
    sentAt: utcText(record.sentAt),
    fetchedAt: utcText(record.fetchedAt),
    contentHash: record.contentHash,
    bodyBytes: record.body.length,
    ...(asked.withBody && { body }),
  }
}

/**
 * Returns a problem if body and store have different values. Skips a value of another transform version than today's.
 */
function disagreements(dataset: Dataset, place: ValuePlace, { value, transformVersion }: PointAnswer): string[] {
  if (transformVersion !== dataset.transformVersion) return []
  // Exchanges send decimals as strings, and an empty string for no value.
  const stands = textIn(place.text)
  const agrees =
    value === null ? ['null', ''].includes(stands.trim()) : stands.trim() !== '' && Number(stands) === value
  return agrees ? [] : [`at its place in the body stands ${place.text}, and stored is ${value}`]
}

function textIn(json: string): string {
  if (!json.startsWith('"')) return json
  try {
    return JSON.parse(json)
  } catch {
    return json
  }
}
