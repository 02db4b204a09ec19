import type { DeclaredStep } from '#sources/source.ts'
import { dayAt, type Window } from '../business-day.ts'
import { datasetsByName } from '../datasets.ts'
import { expectationOf } from '../expectation.ts'

export interface WatchedSeries {
  dataset: string
  key: string
  labels: Readonly<Record<string, string>>
  steps: readonly DeclaredStep[]
}

/** Returns what the declaration of a dataset says about a series. undefined: no source declares the dataset. */
export function declaredSeries(dataset: string, key: string): WatchedSeries | undefined {
  const declared = datasetsByName.get(dataset)?.dataset
  if (declared === undefined) return undefined
  return { dataset, key, labels: declared.labels(key), steps: declared.steps }
}

/** Returns the unit of a series. Empty: no source declares the dataset. */
export function unitOfSeries(dataset: string, key: string): string {
  const declared = datasetsByName.get(dataset)?.dataset
  return declared?.unitOf?.(key) ?? declared?.unit ?? ''
}

const maxRemembered = 2_000
const remembered = new Map<string, number>()

/** Returns by when upstream publishes a window, ms UTC. Null: the points are due at their own time, or nobody knows. */
export function dueAtMs(dataset: string, window: Window): number | null {
  const calendar = datasetsByName.get(dataset)?.dataset.calendar
  if (calendar?.kind !== 'days') return null
  const name = `${dataset} ${window.startMs} ${window.endMs}`
  const known = remembered.get(name)
  if (known !== undefined) return known
  const expectation = expectationOf(calendar, dayAt(calendar.zone, window.startMs), window)
  const dueMs = expectation.state === 'expected' ? expectation.expectedByMs : window.endMs
  if (remembered.size >= maxRemembered) remembered.clear()
  remembered.set(name, dueMs)
  return dueMs
}
