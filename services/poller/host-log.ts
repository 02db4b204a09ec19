// What the owner of a host says about it, so that a late answer can be told from a poller that was away, paused or too
// busy: topic host-log.
import type { ClockReading } from '#core/clock.ts'
import type { Logger } from '#platform/process/log.ts'
import type { HostLog } from '#schemas/generated/records.ts'

/** A poll from its first request to its records. */
export interface UnsettledPoll {
  /** Takes the time when an answer's last byte, or its failure, arrived, ms UTC. Only the first answer counts. */
  received: (atMs: number) => void
  /** Call it when memory and poll log of all answers are acknowledged. */
  settled: () => void
}

/** The polls of a host whose answers arrived and are not recorded yet. */
export interface UnsettledPolls {
  begin: () => UnsettledPoll
  /** Returns a time, ms UTC: all answers that arrived before it are recorded. `nowMs` is the present. */
  settledTo: (nowMs: number) => number
}

export function createUnsettledPolls(): UnsettledPolls {
  const receivedAtMs = new Map<UnsettledPoll, number>()
  return {
    begin() {
      const poll: UnsettledPoll = {
        received: (atMs) => void receivedAtMs.set(poll, receivedAtMs.get(poll) ?? atMs),
        settled: () => void receivedAtMs.delete(poll),
      }
      return poll
    },
    settledTo: (nowMs) => Math.min(nowMs, ...[...receivedAtMs.values()].map((atMs) => atMs - 1)),
  }
}

/** What decides whether a record is due. `realMs` is monotonic real time. */
export interface ToldState extends Pick<HostLog, 'pausedUntil' | 'pauseReason'> {
  moment: ClockReading
  realMs: number
}

/** Time between two records of a host without changes, ms of the poller's clock. */
const intervalMs = 60_000
/** A simulated clock may run so fast that a minute is over at once. Real ms between two records without changes. */
const minRealMs = 1_000
/** The end of a pause is computed from two clocks, so it moves a little. */
const sameEndMs = 60_000

/**
 * Returns whether a record is due: after a minute of the poller's clock, and if a pause began, grew or ended. The view
 * completeness takes a host for owned only if its owner has spoken within some minutes of that clock. Pure.
 */
export function isWorthTelling(told: ToldState | undefined, now: ToldState): boolean {
  if (told === undefined) return true
  const { nowMs, monotonicMs } = told.moment
  const passedMs = Math.max(now.moment.nowMs - nowMs, now.moment.monotonicMs - monotonicMs)
  if (passedMs >= intervalMs && now.realMs - told.realMs >= minRealMs) return true
  if (told.pauseReason !== now.pauseReason) return true
  return (now.pausedUntil ?? 0) - (told.pausedUntil ?? 0) > sameEndMs
}

export interface HostLogWriter {
  /** Writes a record in the background. Never throws, and nobody waits for it. */
  write: (record: HostLog) => void
  /** Resolves when no send is under way. Records may be left that Kafka did not take. */
  flushed: () => Promise<void>
}

/**
 * Returns a writer that sends records in order. If a send fails, its records are sent with the next record.
 * @param maxKept maximum number of records that wait. If there are more, the oldest are dropped
 */
export function createHostLogWriter(
  send: (records: HostLog[]) => Promise<void>,
  log: Logger,
  maxKept = 10_000,
): HostLogWriter {
  let waiting: HostLog[] = []
  let sending: Promise<void> | undefined
  const sendAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      const records = waiting
      waiting = []
      try {
        await send(records)
      } catch (error) {
        log.warn({ err: error, records: records.length }, 'the host log could not be written: trying again in a minute')
        waiting = newest([...records, ...waiting])
        return
      }
    }
  }
  const newest = (records: HostLog[]): HostLog[] => {
    const dropped = records.length - maxKept
    if (dropped <= 0) return records
    log.error({ dropped }, 'records of the host log are lost: Kafka has not taken any for too long')
    return records.slice(dropped)
  }
  return {
    write(record) {
      waiting = newest([...waiting, record])
      sending ??= sendAll().finally(() => {
        sending = undefined
      })
    },
    flushed: async () => {
      await sending
    },
  }
}
