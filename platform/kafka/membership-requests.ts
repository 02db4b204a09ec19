import type { Consumer } from 'kafkajs'
import { monotonicMs } from '../process/monotonic-clock.ts'

/**
 * Returns when the newest answered requests of a member to its group were sent, ms of `monotonicMs`. The object changes
 * before GROUP_JOIN and HEARTBEAT are told.
 */
export function membershipRequests(consumer: Consumer): Readonly<Record<'SyncGroup' | 'Heartbeat', number>> {
  const sentMs = { SyncGroup: Number.NEGATIVE_INFINITY, Heartbeat: Number.NEGATIVE_INFINITY }
  // The time now, less the event's durations, is when the request was sent. This also holds if the process was suspended
  // in between.
  consumer.on(consumer.events.REQUEST, ({ payload: { apiName, pendingDuration, duration } }) => {
    if (apiName !== 'SyncGroup' && apiName !== 'Heartbeat') return
    sentMs[apiName] = monotonicMs() - Math.max(0, pendingDuration + duration)
  })
  return sentMs
}
