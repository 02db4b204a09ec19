// The records of topic poller-memory and their keys. All functions are pure.
import type { CarriedOver, HostPause, IdentityMemory, Poll, PollerMemory } from '#schemas/generated/records.ts'
import { noRequests, type RequestProgress, requestsAfter } from './requests.ts'

export interface RawPlace {
  partition: number
  offset: number
}

/**
 * What is known of an identity besides its newest poll: its newest answer's place in raw, and its answered requests.
 */
export interface IdentityProgress {
  raw: RawPlace | null
  requests: RequestProgress
}

export const rawPlaceOf = ({ rawPartition, rawOffset }: Pick<Poll, 'rawPartition' | 'rawOffset'>): RawPlace | null =>
  rawPartition === null || rawOffset === null ? null : { partition: rawPartition, offset: rawOffset }

export const noProgress: IdentityProgress = { raw: null, requests: noRequests }

export const progressAfter = ({ raw, requests }: IdentityProgress, poll: Poll): IdentityProgress => ({
  raw: rawPlaceOf(poll) ?? raw,
  requests: requestsAfter(requests, poll),
})

export function progressOf({ answeredTo, failedRequests, ...place }: IdentityMemory): IdentityProgress {
  const failures = failedRequests.map(({ sentAt, readTo }) => ({ sentAtMs: sentAt, readTo }))
  return { raw: rawPlaceOf(place), requests: { answeredTo, failures } }
}

export interface MemoryRecord {
  key: string
  record: PollerMemory
}

const none: PollerMemory = { identity: null, host: null, carriedOver: null }

/**
 * Returns the memory record of an identity. `poll` is the newest poll, encoded as on topic `polls`. `inLog` is true if
 * topic `polls` has this poll. `polledAt` is the time of the last poll with any outcome, ms UTC.
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

/** Returns a host's memory record. Its key never equals a request identity, which begins with `<source>.`. */
export const hostRecord = (host: string, pauses: HostPause[]): MemoryRecord => ({
  key: `host/${host}`,
  record: { ...none, host: { host, pauses } },
})

/** Key and partition of the record which says that poller-memory has the polls of earlier releases. */
export const migrationMarkerKey = 'carried-over'
export const migrationMarkerPartition = 0

export const migrationMarkerRecord = (carriedOver: CarriedOver): MemoryRecord => ({
  key: migrationMarkerKey,
  record: { ...none, carriedOver },
})

/** Maximum length of a host's pause, ms. Longer pauses are shortened to it. */
export const maxHostPauseMs = 24 * 60 * 60 * 1_000

/**
 * Returns the pause that a host demanded in reply to a poll, or undefined if it demanded no pause.
 * @param attempts how many times in a row the host has demanded a pause
 * @param recordedAt when Kafka took the pause, ms by the broker's clock; null for a new pause
 */
export function pauseOf(
  { pausedUntil, pauseReason, sentAt }: Poll,
  attempts: number,
  recordedAt: number | null,
): HostPause | undefined {
  if (pausedUntil === null) return undefined
  const lengthMs = Math.min(maxHostPauseMs, pausedUntil - sentAt)
  return { until: pausedUntil, lengthMs, reason: pauseReason ?? 'not stated', attempts, recordedAt }
}
