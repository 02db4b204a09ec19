// Polls that are in poller-memory but perhaps not in the poll log: the poller may have died between the two writes.
import type { Poll } from '#schemas/generated/records.ts'

export interface UnloggedPolls {
  remembered: (poll: Poll, inLog: boolean, at: { partition: number; writtenAtMs: number }) => void
  /** Returns which time range of the poll log to read, ms of the broker's clock. Undefined if no memory was read. */
  span: (partition: number) => { fromMs: number; toMs: number } | undefined
  logged: (poll: Poll) => void
  of: (host: string) => Poll[]
}

/**
 * Maximum age of memory records whose poll may be missing in the log, ms before the newest record. A poller writes the
 * log right after the memory, so the polls of older records are in the log.
 */
const lookbackMs = 2 * 60_000

export function createUnloggedPolls(): UnloggedPolls {
  const partitions = new Map<
    number,
    { newestMs: number; candidates: Map<string, { poll: Poll; writtenAtMs: number }> }
  >()
  const nameOf = ({ requestIdentity, fetchedAt, poller }: Poll): string => `${requestIdentity} ${fetchedAt} ${poller}`
  return {
    remembered(poll, inLog, { partition, writtenAtMs }) {
      const known = partitions.get(partition) ?? { newestMs: writtenAtMs, candidates: new Map() }
      partitions.set(partition, known)
      known.newestMs = Math.max(known.newestMs, writtenAtMs)
      if (!inLog) known.candidates.set(nameOf(poll), { poll, writtenAtMs })
      for (const [name, candidate] of known.candidates) {
        if (candidate.writtenAtMs >= known.newestMs - lookbackMs) break
        known.candidates.delete(name)
      }
    },
    span(partition) {
      const known = partitions.get(partition)
      return known && { fromMs: known.newestMs - lookbackMs, toMs: known.newestMs + lookbackMs }
    },
    logged(poll) {
      for (const { candidates } of partitions.values()) candidates.delete(nameOf(poll))
    },
    of: (host) =>
      [...partitions.values()].flatMap(({ candidates }) =>
        [...candidates.values()].map(({ poll }) => poll).filter((poll) => poll.host === host),
      ),
  }
}
