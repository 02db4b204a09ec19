// The records of topic poller-memory: what each says, and under which key. All of this is pure.
import type { CarriedOver, HostPause, IdentityMemory, Poll, PollerMemory } from '#schemas/generated/records.ts'
import { noRequests, type RequestProgress, requestsAfter } from './requests.ts'

/** Where a record of raw lies. */
export interface RawPlace {
  partition: number
  offset: number
}

/** What is remembered of an identity from poll to poll, besides what each poll's own memory carries forward. */
export interface IdentityProgress {
  /** Where its newest answer lies in raw; null when it has none. */
  raw: RawPlace | null
  /** Which requests are answered, in the partition of the host. */
  requests: RequestProgress
}

/** The place that a poll or the record of an identity tells; null where it tells none. */
export const rawPlaceOf = ({ rawPartition, rawOffset }: Pick<Poll, 'rawPartition' | 'rawOffset'>): RawPlace | null =>
  rawPartition === null || rawOffset === null ? null : { partition: rawPartition, offset: rawOffset }

export const nothingCarried: IdentityProgress = { raw: null, requests: noRequests }

/** What is carried forward after a poll. */
export const carriedAfter = ({ raw, requests }: IdentityProgress, poll: Poll): IdentityProgress => ({
  raw: rawPlaceOf(poll) ?? raw,
  requests: requestsAfter(requests, poll),
})

/** What an identity's record carries. */
export function carriedOf({ answeredTo, failedRequests, ...place }: IdentityMemory): IdentityProgress {
  const failures = failedRequests.map(({ sentAt, readTo }) => ({ sentAtMs: sentAt, readTo }))
  return { raw: rawPlaceOf(place), requests: { answeredTo, failures } }
}

/** A record and its key. */
export interface MemoryRecord {
  key: string
  record: PollerMemory
}

const none: PollerMemory = { identity: null, host: null, carriedOver: null }

/**
 * The record of an identity.
 *
 * @param poll the newest poll, as topic `polls` holds it
 * @param polledAt when it was last polled, whatever came of it, ms
 * @param inLog whether `polls` holds the poll already
 */
export function identityRecord(
  identity: string,
  poll: Buffer,
  polledAt: number,
  { raw, requests }: IdentityProgress,
  inLog: boolean,
): MemoryRecord {
  const failedRequests = requests.failures.map(({ sentAtMs, readTo }) => ({ sentAt: sentAtMs, readTo }))
  const { answeredTo } = requests
  return {
    key: identity,
    record: {
      ...none,
      identity: {
        ...{ poll, polledAt, rawPartition: raw?.partition ?? null, rawOffset: raw?.offset ?? null },
        ...{ answeredTo, failedRequests, inLog },
      },
    },
  }
}

/** The record of a host. No identity has this key: the name of a dataset has a dot. */
export const hostRecord = (host: string, pauses: HostPause[]): MemoryRecord => ({
  key: `host/${host}`,
  record: { ...none, host: { host, pauses } },
})

/** Key and partition of the record that says that all is carried over. */
export const carriedOverKey = 'carried-over'
export const carriedOverPartition = 0

/** The record that says that all is carried over. */
export const carriedOverRecord = (carriedOver: CarriedOver): MemoryRecord => ({
  key: carriedOverKey,
  record: { ...none, carriedOver },
})

/** Pauses longer than this are not believed, ms. */
export const maxHostPauseMs = 24 * 60 * 60 * 1_000

/** The pause that a poll's answer asked for; undefined when it asked for none. */
export function pauseOf(
  { pausedUntil, pauseReason, sentAt }: Poll,
  attempts: number,
  recordedAt: number | null,
): HostPause | undefined {
  if (pausedUntil === null) return undefined
  const lengthMs = Math.min(maxHostPauseMs, pausedUntil - sentAt)
  return { until: pausedUntil, lengthMs, reason: pauseReason ?? 'not stated', attempts, recordedAt }
}
