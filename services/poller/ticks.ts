import { requestIdentity } from '#core/request-identity.ts'
import type { Candidate, Moment } from './candidate.ts'
import type { HostedDataset } from './hosts.ts'
import type { Known } from './memory.ts'

/**
 * The tick of each subject that is due, or the next one. Ticks are at whole multiples of the interval since 1970, UTC. A
 * tick that was missed or failed is not made up for: what it would have said is gone. Pure.
 */
export function tickCandidates(
  { nowMs }: Moment,
  { dataset, subjects, everyMs }: Pick<HostedDataset, 'dataset' | 'subjects' | 'everyMs'>,
  known: (identity: string) => Known | undefined,
): Candidate[] {
  if (everyMs === null) return []
  const currentMs = Math.floor(nowMs / everyMs) * everyMs
  return subjects.map((subject) => {
    const identity = requestIdentity(dataset.name, null, subject)
    const held = known(identity)
    const asked = held !== undefined && held.windowStartMs >= currentMs && held.windowStartMs <= nowMs
    const startMs = asked ? currentMs + everyMs : currentMs
    const window = { startMs, endMs: startMs + everyMs }
    const first = held === undefined || held.memory.lastGoodFetchedAt === null
    return { identity, dataset, subject, window, lane: 'live' as const, dueInMs: startMs - nowMs, first }
  })
}
