// Which datasets and classes the calendar shows. All functions are pure.
import type { CompletenessClass, DatasetReport, Report } from '../api/records.ts'

/** Returns the datasets of a source (empty: of all), those alone that are collected unless `isAll`. */
export const shownDatasets = ({ datasets }: Report, source: string, isAll: boolean): DatasetReport[] =>
  datasets.filter((each) => (source === '' || each.source === source) && (isAll || isCollected(each)))

/** A dataset that is collected, or of which anything was. */
const isCollected = ({ schedule, calendar }: DatasetReport): boolean =>
  schedule === 'auto' || calendar.some(({ class: each }) => each !== 'not-collected' && each !== 'before-history')

/** Says what is wrong of the datasets that are shown; empty if nothing is. */
export function wrongText({ alarms }: Report, shown: readonly Pick<DatasetReport, 'dataset'>[]): string {
  const names = new Set(shown.map(({ dataset }) => dataset))
  const found = alarms.filter(({ dataset }) => names.has(dataset))
  return found.map(({ dataset, what, count }) => `${dataset} ${count} ${what}`).join(', ')
}

/** A day of which only hours were not asked for is what its other windows are. */
export function shownClass(
  worst: CompletenessClass | null,
  windows: Partial<Record<CompletenessClass, number>>,
): CompletenessClass | null {
  const others = Object.keys(windows).filter((name) => name !== 'not-collected')
  if (worst !== 'not-collected' || others.length === 0) return worst
  return others.includes('complete') ? 'complete' : (others[0] as CompletenessClass)
}

export const countsText = (
  windows: Partial<Record<CompletenessClass, number>>,
  each: CompletenessClass | null,
): string =>
  Object.entries(windows)
    .map(([name, count]) => (count === 1 ? name : `${count} ${name}`))
    .join(', ') ||
  each ||
  'no window'
