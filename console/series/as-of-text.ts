// What an instant in the past says, in sentences: what was known at it, and how that differs from now. All functions are
// pure; instants are ms UTC.
import { minuteText, secondText, withoutDay } from '../local-time.ts'
import { valueText } from '../value-text.ts'
import { type KnownInstant, missingWord, type SeriesHistory, type Version, versionAt } from './knowledge.ts'

type Histories = readonly Pick<SeriesHistory, 'name' | 'unit' | 'points'>[]

/** Says what was known at an instant, and what became known at it or last before it. null: now. */
export function knownText(
  histories: Histories,
  instants: readonly KnownInstant[],
  atMs: number | null,
  tz: string,
): string {
  if (atMs === null) return 'Now: the newest values.'
  const at = secondText(atMs, tz)
  const last = instants.findLast(({ ms }) => ms <= atMs)
  if (last === undefined) return `${at}: nothing was known yet.`
  if (last.ms === atMs) {
    const change = last.maxChange > 0 ? `, changed by up to ${valueText(last.maxChange)}` : ''
    return `${at}: ${valuesText(last.points)} became known${change}.`
  }
  const known = histories.flatMap(({ points }) =>
    points.filter((point) => (versionAt(point, atMs)?.value ?? null) !== null),
  )
  const were = `${valuesText(known.length)} ${known.length === 1 ? 'was' : 'were'} known`
  return `${at}: ${were}; the last change was at ${withoutDay(secondText(last.ms, tz), atMs, tz)}.`
}

const valuesText = (count: number): string => (count === 1 ? '1 value' : `${count} values`)

/**
 * Says how the values known at an instant differ from those known now: how many, and which change is the largest. A value
 * that came or went counts, and is named if no number changed.
 */
export function differenceText(histories: Histories, atMs: number, tz: string): string {
  const times = histories.flatMap(({ name, unit, points }) =>
    points
      .filter(({ versions }) => versions.length > 0)
      .map((point) => ({ name, unit, ms: point.ms, before: versionAt(point, atMs), now: versionAt(point, null) })),
  )
  const differing = times.filter(({ before, now }) => (before?.value ?? null) !== (now?.value ?? null))
  const [largest] = differing.toSorted((one, other) => sizeOf(other) - sizeOf(one))
  const verb = differing.length === 1 ? 'differs' : 'differ'
  const count = `${differing.length} of ${valuesText(times.length)} ${verb}`
  if (largest === undefined) return `${count} from what is known now.`
  const { name, unit, ms, before, now } = largest
  const where = `${histories.length > 1 ? `${name} ` : ''}${minuteText(ms, tz)}`
  const text = (version: Version | undefined): string => {
    if (version === undefined) return 'not known'
    return version.value === null ? missingWord(version) : `${valueText(version.value)} ${unit}`
  }
  return `${count} from what is known now; the largest is ${where}: ${text(before)} then, ${text(now)} now.`
}

const sizeOf = ({ before, now }: { before: Version | undefined; now: Version | undefined }): number => {
  const [old, newest] = [before?.value ?? null, now?.value ?? null]
  return old === null || newest === null ? 0 : Math.abs(newest - old)
}

/** When the points of a span were published first: the first and the last instant at which any was. null: none was. */
export function firstKnown(histories: Histories): { fromMs: number; toMs: number } | null {
  const found = histories.flatMap(({ points }) => points.flatMap(({ versions }) => versions[0]?.knownMs ?? []))
  if (found.length === 0) return null
  return found.reduce((span, ms) => ({ fromMs: Math.min(span.fromMs, ms), toMs: Math.max(span.toMs, ms) }), {
    fromMs: Number.POSITIVE_INFINITY,
    toMs: 0,
  })
}
