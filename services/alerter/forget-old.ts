import type { AlertDelivery, AlertEvent } from '#schemas/generated/records.ts'
import { listedEvents } from './compose-message.ts'

const keptEndedMs = 7 * 86_400_000
/** No silence is longer. An alert whose end stands in a message that does not list it is not kept for ever. */
const longestMs = 90 * 86_400_000
/** What is told of an alert before its end. */
const beginnings: readonly string[] = ['firing', 'unknown', 'changed']

/**
 * Returns the deliveries that ended a week ago, but for those of alerts that go on: whoever was told of one is told its end,
 * and whoever was not is not. Pure.
 * @param firing the ids of the firings that go on, as the judges have written; the end of others may be under way
 * @param nowMs ms UTC
 */
export function forgettable(
  deliveries: readonly AlertDelivery[],
  firing: ReadonlySet<string>,
  nowMs: number,
): AlertDelivery[] {
  const endedBefore = (ms: number) => deliveries.filter(({ endedAt }) => endedAt !== null && endedAt < nowMs - ms)
  const old = endedBefore(keptEndedMs)
  if (old.length === 0) return []
  const tooOld = new Set(endedBefore(longestMs))
  const ends = endsOf(deliveries)
  const goesOn = (event: AlertEvent, endpoint: string): boolean => {
    if (!beginnings.includes(event.kind)) return false
    const told = ends.get(`${endpoint}/${event.firingId ?? event.id}`)
    const { endsAt } = told ?? event
    return told?.kind !== 'ended' && (endsAt === null || endsAt > nowMs)
  }
  return old.filter((delivery) => {
    if (delivery.eventIds.some((id) => firing.has(id))) return false
    return tooOld.has(delivery) || !listedEvents(delivery)?.some((event) => goesOn(event, delivery.endpoint))
  })
}

interface End {
  kind: 'ended' | 'moved'
  endsAt: number | null
  /** When it was judged, ms UTC. */
  at: number
}

/** Returns what endpoints have heard last of the end of a firing, by endpoint and firing. */
function endsOf(deliveries: readonly AlertDelivery[]): Map<string, End> {
  const ends = new Map<string, End>()
  for (const delivery of deliveries)
    for (const { kind, firingId, endsAt, at } of listedEvents(delivery) ?? []) {
      if (firingId === null) continue
      const name = `${delivery.endpoint}/${firingId}`
      const before = ends.get(name)
      if (before?.kind === 'ended' || (before?.at ?? 0) > at) continue
      ends.set(name, { kind: kind === 'changed' ? 'moved' : 'ended', endsAt, at })
    }
  return ends
}
