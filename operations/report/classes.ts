/** The classes of the view completeness, the worst one first: of several windows on a day, the worst one is shown. */
export const classesByWorst = [
  'late',
  'lost',
  'partial',
  'retracted',
  'unknown',
  'not-collected',
  'deleted',
  'not-yet-due',
  'before-history',
  'complete',
] as const

export type CompletenessClass = (typeof classesByWorst)[number]

/** Classes of windows that are no gap: nothing is missing, or nothing can be there. */
const noGap: ReadonlySet<CompletenessClass> = new Set(['complete', 'not-yet-due', 'before-history'])

export const isGap = (each: CompletenessClass): boolean => !noGap.has(each)

export const worstOf = (found: Iterable<CompletenessClass>): CompletenessClass | null => {
  const all = new Set(found)
  return classesByWorst.find((each) => all.has(each)) ?? null
}
