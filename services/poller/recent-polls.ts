import type { Poll } from '#schemas/generated/records.ts'

/** What `polls` tells a new owner of a host's last minute. Times are ages, real ms, by Kafka's timestamps. */
export interface RecentPolls {
  /** How long ago each of the newest polls ended. */
  endedAgoMs: number[]
  /** How long ago the host said that there were too many requests, if that is the last that was heard of it. */
  refusedAgoMs?: number
}

/** The newest polls by host, as records of `polls` are read. */
export interface RecentPollKeeper {
  /** Reading a record again changes nothing. */
  seen: (poll: Poll, at: { partition: number; offset: number; writtenAtMs: number }) => void
  of: (host: string, nowWallMs: number) => RecentPolls
}

/** More than any budget allows in a minute; older ones are forgotten. */
const keptPerHost = 2_000

export function createRecentPolls(): RecentPollKeeper {
  const hosts = new Map<string, { writtenAtMs: number[]; refused: boolean }>()
  const readUpTo = new Map<number, number>()
  return {
    seen({ host, status }, { partition, offset, writtenAtMs }) {
      if (offset <= (readUpTo.get(partition) ?? -1)) return
      readUpTo.set(partition, offset)
      const kept = hosts.get(host)?.writtenAtMs ?? []
      kept.push(writtenAtMs)
      const newest = kept.length > 2 * keptPerHost ? kept.slice(-keptPerHost) : kept
      hosts.set(host, { writtenAtMs: newest, refused: status === 429 })
    },
    of(host, nowWallMs) {
      const { writtenAtMs, refused } = hosts.get(host) ?? { writtenAtMs: [], refused: false }
      const endedAgoMs = writtenAtMs.map((atMs) => Math.max(0, nowWallMs - atMs))
      const refusedAgoMs = refused ? endedAgoMs.at(-1) : undefined
      return { endedAgoMs, ...(refusedAgoMs !== undefined && { refusedAgoMs }) }
    },
  }
}
