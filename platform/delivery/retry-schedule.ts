// When a message is tried again. The waits are those that Standard Webhooks 1.0.0 recommends.
import { createHash } from 'node:crypto'

const secondMs = 1_000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs

/** The wait before each attempt, ms after the failure of the attempt before. */
const waitsMs = [
  ...[0, 5 * secondMs, 5 * minuteMs, 30 * minuteMs, 2 * hourMs],
  ...[5 * hourMs, 10 * hourMs, 14 * hourMs, 20 * hourMs, 24 * hourMs],
]

/** A wait is up to this part longer or shorter, so that messages which failed together are not all tried together. */
const jitter = 0.1

export interface FailedAttempt {
  messageId: string
  /** Failures of the message at this endpoint so far, from 1. */
  failures: number
  failedAtMs: number
  /** What the receiver asked for. It lengthens a wait, and never shortens one. */
  afterMs?: number
}

export type NextAttempt = { kind: 'retry'; atMs: number } | { kind: 'given-up' }

/** Returns when the next attempt is due; `given-up` after the tenth failure. Pure: the jitter derives from the message. */
export function nextAttempt({ messageId, failures, failedAtMs, afterMs = 0 }: FailedAttempt): NextAttempt {
  const waitMs = waitsMs[failures]
  if (waitMs === undefined) return { kind: 'given-up' }
  const part = createHash('sha256').update(`${messageId}/${failures}`).digest().readUInt32BE() / 2 ** 32
  const jittered = Math.round(waitMs * (1 - jitter + 2 * jitter * part))
  return { kind: 'retry', atMs: failedAtMs + Math.max(jittered, afterMs) }
}
