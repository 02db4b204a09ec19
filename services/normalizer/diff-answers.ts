// How what this code makes of an answer differs from what production made of it. Pure.

import type { ExplodeOutcome } from '#core/explode-raw.ts'
import { utcText } from '#platform/process/utc-text.ts'
import type { TimeseriesSlice } from '#schemas/generated/records.ts'

/** What one side says of a point: its value, or in words that there is none, or how its slice lies and is flagged. */
export type PointContent = number | string | null

/** A point, or a slice (where both sides hold the same values in another form), that the two sides tell differently. */
export interface Difference {
  key: string
  /** ISO 8601 UTC. */
  ts: string
  production: PointContent
  shadow: PointContent
}

/** same, both refusing included; differing: both have slices, but not the same; the others: slices on one side alone. */
export type Agreement = 'same' | 'differing' | 'refusedHereOnly' | 'refusedThereOnly'

export interface AnswerComparison {
  agreement: Agreement
  differences: Difference[]
  /** Why this code refuses what production took. */
  refusal?: string
}

/**
 * Compares the slices of one answer by key, start, step, values and flags; the transform version does not count.
 * Production's refusal is an answer without slices.
 */
export function diffAnswer(shadow: ExplodeOutcome, production: readonly TimeseriesSlice[]): AnswerComparison {
  const slices = 'refusal' in shadow ? [] : shadow.slices
  if (slices.length === 0 && production.length > 0) {
    const refusal = 'refusal' in shadow ? `${shadow.refusal.reason}: ${shadow.refusal.message}` : 'it holds no slices'
    return { agreement: 'refusedHereOnly', differences: [], refusal }
  }
  if (slices.length > 0 && production.length === 0) return { agreement: 'refusedThereOnly', differences: [] }
  const [here, there] = [byKey(slices), byKey(production)]
  const keys = [...new Set([...there.keys(), ...here.keys()])]
  const differences = keys.flatMap((key) => differencesOf(key, there.get(key) ?? [], here.get(key) ?? []))
  return { agreement: differences.length === 0 ? 'same' : 'differing', differences }
}

const byKey = (slices: readonly TimeseriesSlice[]): Map<string, TimeseriesSlice[]> =>
  Map.groupBy(
    slices.toSorted((one, other) => one.start - other.start || one.step - other.step),
    ({ key }) => key,
  )

function differencesOf(key: string, production: TimeseriesSlice[], shadow: TimeseriesSlice[]): Difference[] {
  const [there, here] = [valuesOf(production), valuesOf(shadow)]
  const points = [...new Set([...there.keys(), ...here.keys()])].flatMap((ms): Difference[] => {
    const [theirs, ours] = [there.get(ms), here.get(ms)]
    if (Object.is(theirs, ours)) return []
    return [
      {
        key,
        ts: utcText(ms),
        production: theirs === undefined ? 'none' : theirs,
        shadow: ours === undefined ? 'none' : ours,
      },
    ]
  })
  const [form, ourForm] = [formOf(production), formOf(shadow)]
  const sliceMissing = production.length === 0 || shadow.length === 0
  if (form === ourForm || sliceMissing) return points
  return [{ key, ts: utcText(production[0]?.start ?? 0), production: form, shadow: ourForm }, ...points]
}

function valuesOf(slices: TimeseriesSlice[]): Map<number, number | null> {
  const values = new Map<number, number | null>()
  for (const { start, step, values: run } of slices) {
    run.forEach((value, index) => {
      values.set(start + index * step * 1000, value)
    })
  }
  return values
}

/** Start, step and flags of slices in words. */
const formOf = (slices: TimeseriesSlice[]): string =>
  slices
    .map(({ start, step, flags }) => [`from ${utcText(start)} every ${step} s`, ...flags.toSorted()].join(', '))
    .join('; ')
