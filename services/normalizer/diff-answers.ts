import type { ExplodeOutcome } from '#core/explode-raw.ts'
import { utcText } from '#platform/process/utc-text.ts'
import type { TimeseriesSlice } from '#schemas/generated/records.ts'

/** A point's value, or `none` if there is no point. If slices differ in start, step or flags: the three as text. */
export type PointContent = number | string | null

export interface Difference {
  key: string
  ts: string
  production: PointContent
  shadow: PointContent
}

/**
 * How the shadow's slices of an answer compare with production's. `same`: equal slices, or none on both sides.
 * `differing`: both sides have slices. `refusedHereOnly`: only production has slices. `refusedThereOnly`: only the
 * shadow has slices.
 */
export type Agreement = 'same' | 'differing' | 'refusedHereOnly' | 'refusedThereOnly'

export interface AnswerComparison {
  agreement: Agreement
  differences: Difference[]
  refusal?: string
}

/** Compares the slices of an answer, but not their transform versions. An empty `production` counts as a refusal. */
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

const formOf = (slices: TimeseriesSlice[]): string =>
  slices
    .map(({ start, step, flags }) => [`from ${utcText(start)} every ${step} s`, ...flags.toSorted()].join(', '))
    .join('; ')
