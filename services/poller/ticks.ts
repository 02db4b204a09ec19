import { requestIdentity } from '#core/request-identity.ts'
import type { Candidate, ClockReading } from './candidate.ts'
import type { HostedDataset } from './hosts.ts'
import type { KnownIdentity } from './memory.ts'

/**
 * The tick of each subject that is due, or the next one. Ticks are at whole multiples of the interval since 1970, UTC. A
 * tick that was missed or failed is not made up for: what it would have said is gone. Pure.
 */
export function tickCandidates(
  { nowMs }: ClockReading,
  { dataset, subjects, intervalMs }: Pick<HostedDataset, 'dataset' | 'subjects' | 'intervalMs'>,
  known: (identity: string) => KnownIdentity | undefined,
): Candidate[] {
  if (intervalMs === null) return []
  const currentMs = Math.floor(nowMs / intervalMs) * intervalMs
  return subjects.map((subject) => {
    const identity = requestIdentity(dataset.name, null, subject)
    const held = known(identity)
    const asked = held !== undefined && held.windowStartMs >= currentMs && held.windowStartMs <= nowMs
    const startMs = asked ? currentMs + intervalMs : currentMs
    const window = { startMs, endMs: startMs + intervalMs }
    const first = held === undefined || held.memory.lastGoodFetchedAt === null
    return { identity, dataset, subject, window, lane: 'live' as const, dueInMs: startMs - nowMs, first }
  })
}
