// Polls that the memory knows of and the log may not hold: their poller ended, or Kafka was away, between the two records.
import type { Poll } from '#schemas/generated/records.ts'

/** Candidates, and what of the log tells which of them it holds. Taking a record again changes nothing. */
export interface UnloggedPolls {
  /** A record of an identity in the memory, with Kafka's timestamp. */
  remembered: (poll: Poll, inLog: boolean, at: { partition: number; writtenAtMs: number }) => void
  /** Between which times, of the broker's clock, the log of a partition must be read; undefined: nothing is remembered. */
  span: (partition: number) => { fromMs: number; toMs: number } | undefined
  /** A poll that the log holds. */
  logged: (poll: Poll) => void
  /** The polls of a host that the log does not hold, oldest first, once all of the span is read. */
  of: (host: string) => Poll[]
}

/**
 * A poll is written to the log when the memory has it, before its identity is polled again; while the log cannot be
 * written, no more polls end than were under way. So only the newest record of an identity can lack its poll, and it is
 * not much older than the newest of all.
 */
const lookedBackMs = 2 * 60_000

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
        if (candidate.writtenAtMs >= known.newestMs - lookedBackMs) break
        known.candidates.delete(name)
      }
    },
    span(partition) {
      const known = partitions.get(partition)
      return known && { fromMs: known.newestMs - lookedBackMs, toMs: known.newestMs + lookedBackMs }
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
