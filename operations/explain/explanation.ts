// What is said of a point. Pure.
import { subjectOf } from '#core/request-identity.ts'
import { utcText } from '#platform/process/utc-text.ts'
import type { Dataset } from '#sources/source.ts'
import type { FoundRaw } from './raw-records.ts'
import type { PointAnswer, ReplacingAnswer, StoredPoint } from './stored-point.ts'
import { placeOf, type ValuePlace } from './value-place.ts'

/** Where a point's value comes from. Times are ISO texts, UTC. */
export interface Explanation {
  dataset: string
  /** What its windows are: days, or ticks, which are known only once they are over. */
  calendar: Dataset['calendar']['kind']
  key: string
  /** The time of the point, and the instant asked for, which may lie inside its step. */
  ts: string
  asked: string
  unit: string
  /** The knowledge time asked for; null: now. */
  at: string | null
  /** Whether any answer had named the point by then, and what the last of these said; null where it was withdrawn. */
  known: boolean
  value: number | null
  knownAt: string | null
  /** The first answer of the same window that no longer named the point, where none has named it since; else null. */
  withdrawnBy: Withdrawal | null
  /** The number of today's explode. */
  transformVersion: number
  /** Every answer that named the point, oldest first. */
  answers: ExplainedAnswer[]
}

/** An answer that withdrew a point: when it became known, and where it lies. */
export interface Withdrawal {
  knownAt: string
  raw: { topic: string; partition: number; offset: number }
}

export interface ExplainedAnswer {
  value: number | null
  /** published: the first value that is not null; changed: another than before, null included; nothing-yet: null so far. */
  change: 'published' | 'changed' | 'repeated' | 'nothing-yet'
  previousValue: number | null
  knownAt: string
  /** Gave the value above. */
  current: boolean
  /** Became known after the knowledge time asked for. */
  later: boolean
  transformVersion: number
  windowStart: string
  windowEnd: string
  stepS: number
  flags: string[]
  origin: string
  upstreamModifiedAt: string | null
  raw: ExplainedRaw
  /** The first answer of the same window after it, where that did not name the point; else null. */
  withdrawnBy: Withdrawal | null
}

export type ExplainedRaw = { topic: string; partition: number; offset: number } & (
  | { state: 'deleted' | 'broken'; why: string }
  | ({ state: 'here'; problems: string[] } & RawDetails)
)

/** A raw record. Texts as upstream and others wrote them. */
export interface RawDetails {
  key: string | null
  recordHeaders: Record<string, string>
  writtenAt: string
  url: string
  status: number
  headers: Record<string, string>
  sentAt: string
  fetchedAt: string
  contentHash: string
  bodyBytes: number
  /**
   * Where bodies were asked for: the body in base64, and where the value stands in it; null where today's code finds no place, or where
   * nobody has told it where values of the dataset stand (`placeIsDeclared`).
   */
  body?: { base64: string; place: ValuePlace | null; placeIsDeclared: boolean }
}

export interface ExplainQuestion {
  dataset: Dataset
  key: string
  atMs: number
  /** Undefined: now. */
  knownByMs: number | undefined
  topic: string
  withBody: boolean
}

/** @param raws the raw record of each answer of `point`, in the same order */
export function explanationOf(asked: ExplainQuestion, point: StoredPoint, raws: readonly FoundRaw[]): Explanation {
  const { dataset, key, topic, knownByMs = Number.POSITIVE_INFINITY } = asked
  const { tsMs, answers, replacing } = point
  const known = replacing.filter(({ knownAtMs }) => knownAtMs <= knownByMs)
  const current = answers.findLast(({ knownAtMs }) => knownAtMs <= knownByMs)
  const withdrawnBy = current && withdrawing(known, current, undefined)
  // As `latest` says it: the newest answer of the window speaks.
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

/** The first answer of the same request identity after one that named the point, unless another names it before. */
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

/** What the answers before the last of some said, in order, and null wherever the point was withdrawn. */
function valuesBefore(answers: readonly PointAnswer[], replacing: readonly ReplacingAnswer[]): (number | null)[] {
  return answers.slice(0, -1).flatMap((answer, index) => {
    const by = withdrawing(replacing, answer, answers[index + 1])
    if (by === undefined) return [answer.value]
    // A newer transform of the same answer that does not name it: it never said so.
    return by.knownAtMs === answer.knownAtMs ? [null] : [answer.value, null]
  })
}

/** The same distinctions as view `revisions` makes. */
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
  const subject = subjectOf(record.requestIdentity, record.dataset)
  const path = asked.withBody
    ? asked.dataset.place?.({ body: record.body, status: record.status, window, subject }, asked.key, tsMs)
    : undefined
  const place = path && placeOf(record.body, path)
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

/** What today's code reads there must be what is stored, where it was today's code that read it. */
function disagreements(dataset: Dataset, place: ValuePlace, { value, transformVersion }: PointAnswer): string[] {
  if (transformVersion !== dataset.transformVersion) return []
  // Exchanges write decimal numbers as texts, and nothing as an empty one.
  const stands = textIn(place.text)
  const agrees =
    value === null ? ['null', ''].includes(stands.trim()) : stands.trim() !== '' && Number(stands) === value
  return agrees ? [] : [`at its place in the body stands ${place.text}, and stored is ${value}`]
}

/** What a JSON text says, or the JSON itself where it is not a text, or cut. */
function textIn(json: string): string {
  if (!json.startsWith('"')) return json
  try {
    return JSON.parse(json)
  } catch {
    return json
  }
}
