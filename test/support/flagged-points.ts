import type { Check, Slice } from '#sources/source.ts'

export type FlaggedPoint = [key: string, time: string, flag: string]

/** Returns each point of the slices that has a flag of the checks, sorted by key, time and flag. */
export function flaggedPoints(slices: readonly Slice[], checks: readonly Check[]): FlaggedPoint[] {
  const points = slices.flatMap(({ key, startMs, stepS, values, flags }) =>
    values.flatMap((_, step) => {
      const time = `${new Date(startMs + step * stepS * 1000).toISOString().slice(0, 19)}Z`
      const own = flags.filter((flag) => checks.some((check) => check.flag === flag))
      return own.map((flag): FlaggedPoint => [key, time, flag])
    }),
  )
  return sortPoints(points)
}

export const sortPoints = (points: readonly FlaggedPoint[]): FlaggedPoint[] =>
  points.toSorted((one, other) => (one.join(' ') < other.join(' ') ? -1 : 1))
