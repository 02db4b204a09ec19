// Answers as a store keeps them: their points, then the accepted answers.
import type { Store } from '#platform/clickhouse/client.ts'
import { acceptedAnswer, insertAnswers, insertSlices, slice } from './slices.ts'

/** An answer as explode read it. Times are ms UTC. */
export interface Reading {
  dataset: string
  identity: number
  windowStart: number
  knownAt: number
  offset: number
  transformVersion: number
  contentHash: string
  replaces: boolean
  /** Number of hourly points of each key, from the start of the window on. */
  keys: Record<string, number>
}

export const windowMs = 4 * 3_600_000

/** Stores readings: first all points, then the answers. */
export async function insertReadings(store: Store, readings: readonly Reading[]): Promise<void> {
  const slices = readings.flatMap(({ keys, windowStart, knownAt, offset, ...about }) =>
    Object.entries(keys).map(([key, length]) => ({
      ...slice({
        ...{ ...about, key, values: new Array(length).fill(1), start: new Date(windowStart).toISOString() },
        ...{ windowEnd: new Date(windowStart + windowMs).toISOString(), knownAt: new Date(knownAt).toISOString() },
      }),
      raw: { partition: 0, offset },
    })),
  )
  if (slices.length > 0) await insertSlices(store, slices)
  const answers = readings.map(({ keys, offset, ...about }) =>
    acceptedAnswer({
      ...{ ...about, windowEnd: about.windowStart + windowMs, raw: { partition: 0, offset } },
      points: Object.values(keys).reduce((sum, length) => sum + length, 0),
    }),
  )
  if (answers.length > 0) await insertAnswers(store, answers)
}

export const reading = (over: Partial<Reading> = {}): Reading => ({
  ...{
    dataset: 'made.data',
    identity: 1,
    windowStart: Date.parse('2026-01-01'),
    knownAt: Date.parse('2026-01-01T08:00Z'),
    offset: 1,
  },
  ...{ transformVersion: 1, contentHash: 'a', replaces: true, keys: { a: 3 } },
  ...over,
})
