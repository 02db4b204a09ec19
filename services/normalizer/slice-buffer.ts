import type { TimeseriesSlice } from '#schemas/generated/records.ts'

export interface SliceBuffer {
  add: (slice: TimeseriesSlice) => void
  /** Returns an answer's slices: an empty list if none was added, undefined if the buffer may have dropped some. */
  get: (partition: number, offset: number) => TimeseriesSlice[] | undefined
  forget: (partition: number, below: number) => void
}

export function createSliceBuffer(limit: number): SliceBuffer {
  const answers = new Map<string, Map<string, TimeseriesSlice>>()
  const lostUpTo = new Map<number, number>()
  let count = 0
  const drop = (place: string): void => {
    count -= answers.get(place)?.size ?? 0
    answers.delete(place)
  }
  return {
    add: (slice: TimeseriesSlice): void => {
      const { partition, offset } = slice.raw
      const place = `${partition}/${offset}`
      const slices = answers.get(place) ?? new Map<string, TimeseriesSlice>()
      answers.set(place, slices)
      count -= slices.size
      slices.set(`${slice.start} ${slice.step} ${slice.key}`, slice)
      count += slices.size
      for (const oldest of answers.keys()) {
        if (count <= limit) break
        const [lostPartition = 0, lostOffset = 0] = oldest.split('/').map(Number)
        lostUpTo.set(lostPartition, Math.max(lostUpTo.get(lostPartition) ?? -1, lostOffset))
        drop(oldest)
      }
    },
    get: (partition: number, offset: number): TimeseriesSlice[] | undefined => {
      const slices = answers.get(`${partition}/${offset}`)
      if (slices) return [...slices.values()]
      return offset <= (lostUpTo.get(partition) ?? -1) ? undefined : []
    },
    forget: (partition: number, below: number): void => {
      for (const [place, slices] of answers) {
        const [first] = slices.values()
        if (first?.raw.partition === partition && first.raw.offset < below) drop(place)
      }
    },
  }
}
