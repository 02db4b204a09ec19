import type { Poll } from '#schemas/generated/records.ts'

/** The ends of the newest polls by host, by Kafka's timestamps: what a new owner counts against the sliding minute. */
export interface RecentPolls {
  /** A record of `polls` as it was read. Reading it again changes nothing. */
  seen: (poll: Poll, at: { partition: number; offset: number; writtenAtMs: number }) => void
  /** How long ago each poll of the host ended, real ms, those of the last minute of any clock. */
  agesMs: (host: string, nowWallMs: number) => number[]
}

/** More than any budget allows in a minute; older ones are forgotten. */
const keptPerHost = 2_000

export function createRecentPolls(): RecentPolls {
  const ends = new Map<string, number[]>()
  const readUpTo = new Map<number, number>()
  return {
    seen({ host }, { partition, offset, writtenAtMs }) {
      if (offset <= (readUpTo.get(partition) ?? -1)) return
      readUpTo.set(partition, offset)
      const list = ends.get(host) ?? []
      list.push(writtenAtMs)
      ends.set(host, list.length > 2 * keptPerHost ? list.slice(-keptPerHost) : list)
    },
    agesMs: (host, nowWallMs) => (ends.get(host) ?? []).map((writtenAtMs) => nowWallMs - writtenAtMs),
  }
}
