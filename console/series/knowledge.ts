// What was known of series, and when. All functions are pure; instants are ms UTC.
import type { GridValue, KnownValue } from '../api/records.ts'

/** What was known of a point from an instant on. */
export interface Version {
  knownMs: number
  /** null: published empty, or withdrawn. */
  value: number | null
  flags: string[]
  rawPartition: number
  rawOffset: number
}

export interface Point {
  ms: number
  stepMs: number
  /** In the order in which they became known. None: nothing was ever known. */
  versions: Version[]
}

export interface SeriesHistory {
  /** `dataset/key` */
  name: string
  unit: string
  /** The zone of its days of delivery. */
  zone: string
  points: Point[]
}

/** Joins the grid of a series with all that was ever known of its points. Both are in the order of time. */
export function pointsOf(grid: readonly GridValue[], known: readonly KnownValue[]): Point[] {
  const versions = Map.groupBy(known, ({ ts }) => ts)
  let stepMs = 3_600_000
  const points = grid.map(({ ts, step_s: stepS }, index): Point => {
    const found = versions.get(ts) ?? []
    versions.delete(ts)
    const ms = Date.parse(ts)
    // A time without a value says no step: it reaches to the next time of the grid, and the last one as far as the one before.
    const next = grid[index + 1]
    if (stepS !== null) stepMs = stepS * 1_000
    else if (next !== undefined) stepMs = Date.parse(next.ts) - ms
    return { ms, stepMs, versions: found.map(versionOf) }
  })
  // A point that is not on the grid of today was known at another step once.
  const others = [...versions].map(([ts, found]) => ({ ms: Date.parse(ts), stepMs, versions: found.map(versionOf) }))
  return [...points, ...others].sort((one, other) => one.ms - other.ms)
}

const versionOf = ({ known_at, value, flags, raw_partition, raw_offset }: KnownValue): Version => ({
  ...{ knownMs: Date.parse(known_at), value, flags, rawPartition: raw_partition, rawOffset: raw_offset },
})

/** Returns what was known of a point at an instant. null: now. undefined: nothing was known. */
export const versionAt = ({ versions }: Point, atMs: number | null): Version | undefined =>
  atMs === null ? versions.at(-1) : versions.findLast(({ knownMs }) => knownMs <= atMs)

/** An instant at which something became known. */
export interface KnownInstant {
  ms: number
  points: number
  /** Largest absolute change of a value; 0: first publications alone. */
  maxChange: number
}

/** Returns the instants at which something of the series became known, in their order. The as-of slider stops at them. */
export function knownInstants(histories: readonly Pick<SeriesHistory, 'points'>[]): KnownInstant[] {
  const found = new Map<number, KnownInstant>()
  for (const { points } of histories)
    for (const { versions } of points)
      versions.forEach(({ knownMs, value }, index) => {
        const instant = found.get(knownMs) ?? { ms: knownMs, points: 0, maxChange: 0 }
        const before = versions[index - 1]?.value ?? null
        const change = value === null || before === null ? 0 : Math.abs(value - before)
        found.set(knownMs, { ...instant, points: instant.points + 1, maxChange: Math.max(instant.maxChange, change) })
      })
  return [...found.values()].sort((one, other) => one.ms - other.ms)
}

/** Returns where a value of any series may begin or end, in the order of time, each once. */
export function boundariesOf(histories: readonly Pick<SeriesHistory, 'points'>[]): number[] {
  const found = new Set<number>()
  for (const { points } of histories)
    for (const { ms, stepMs } of points) {
      found.add(ms)
      found.add(ms + stepMs)
    }
  return [...found].sort((one, other) => one - other)
}

type Values = (number | null)[]

/** Values between boundaries: the value at index i holds from boundary i to boundary i + 1. null: a gap. */
export interface Lines {
  first: Values
  now: Values
  asOf: Values
  /** Smallest and largest value that was ever known. */
  low: Values
  high: Values
}

export function linesOf(
  { points }: Pick<SeriesHistory, 'points'>,
  boundaries: readonly number[],
  atMs: number | null,
): Lines {
  const lines: Lines = { first: [], now: [], asOf: [], low: [], high: [] }
  let index = 0
  for (const ms of boundaries) {
    while (index < points.length && endOf(points[index]) <= ms) index++
    const point = points[index]
    const covering = point !== undefined && point.ms <= ms ? point : undefined
    const values = covering?.versions.flatMap(({ value }) => (value === null ? [] : [value])) ?? []
    lines.first.push(values[0] ?? null)
    lines.now.push(covering?.versions.at(-1)?.value ?? null)
    lines.asOf.push(covering === undefined ? null : (versionAt(covering, atMs)?.value ?? null))
    lines.low.push(values.length === 0 ? null : Math.min(...values))
    lines.high.push(values.length === 0 ? null : Math.max(...values))
  }
  return lines
}

const endOf = (point: Point | undefined): number =>
  point === undefined ? Number.POSITIVE_INFINITY : point.ms + point.stepMs

/** Returns the point that covers an instant. */
export const pointAt = (points: readonly Point[], ms: number): Point | undefined =>
  points.findLast((point) => point.ms <= ms && ms < point.ms + point.stepMs)

/** What stands in place of a value that is not a number. */
export function missingWord(version: Version | undefined): string {
  if (version === undefined) return '–'
  return version.flags.includes('withdrawn') ? 'withdrawn' : 'no value'
}

/** Says in a sentence what a chart shows, for those who cannot see it. */
export function summaryOf({ name, unit, points }: SeriesHistory, atMs: number | null): string {
  const values = points.flatMap((point) => versionAt(point, atMs)?.value ?? [])
  const gaps = points.length - values.length
  if (values.length === 0) return `${name}: no value of ${points.length} times.`
  const revised = points.filter(({ versions }) => versions.length > 1).length
  const [min, max] = [Math.min(...values), Math.max(...values)]
  return `${name}: ${values.length} values from ${min} to ${max} ${unit}, ${gaps} gaps, ${revised} times were revised.`
}
