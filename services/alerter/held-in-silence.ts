import { silencesEvent } from '#core/alerts/silence.ts'
import type { AlertDelivery, AlertEvent, AlertSilence } from '#schemas/generated/records.ts'
import { isEnd, listedEvents } from './compose-message.ts'
import { noticeGroup } from './notices.ts'

/**
 * Returns the deliveries that are not held by silences which began while they waited. What is held waits on, and is told
 * when the silence is over. Pure.
 *
 * A delivery is held if silences hold back all that it tells. Messages about one alert are held together or not at all, so
 * that none overtakes another; and the end of an alert that was told before is not held.
 */
export function notHeld(
  waiting: readonly AlertDelivery[],
  silences: readonly AlertSilence[],
  nowMs: number,
): readonly AlertDelivery[] {
  if (!silences.some(({ fromAt, untilAt }) => fromAt <= nowMs && nowMs < untilAt)) return waiting
  const isSilenced = (event: AlertEvent): boolean => silences.some((silence) => silencesEvent(silence, event, nowMs))
  const told = new Map(waiting.map((delivery) => [delivery, toldBy(delivery)]))
  const alerts = new Map<string, AlertDelivery[]>()
  for (const [delivery, { names }] of told)
    for (const name of names) alerts.set(name, [...(alerts.get(name) ?? []), delivery])
  const begins = new Set(waiting.flatMap(({ endpoint, eventIds }) => eventIds.map((id) => `${endpoint}/${id}`)))
  const held = new Set(waiting)
  const release = (first: AlertDelivery): void => {
    const rest = [first]
    for (let next = rest.pop(); next !== undefined; next = rest.pop())
      if (held.delete(next)) for (const name of told.get(next)?.names ?? []) rest.push(...(alerts.get(name) ?? []))
  }
  for (const [delivery, { events }] of told) {
    const isFree = (event: AlertEvent): boolean =>
      !isSilenced(event) || (isEnd(event) && !begins.has(`${delivery.endpoint}/${event.firingId}`))
    if (events === undefined || events.some(isFree)) release(delivery)
  }
  return waiting.filter((delivery) => !held.has(delivery))
}

interface Told {
  /** undefined: it is a notice, or not all that it tells is known. */
  events: readonly AlertEvent[] | undefined
  /** Endpoint and firing of each alert. */
  names: Set<string>
}

/** The loop asks twice a second, and after each message. A delivery that changes is another object. */
const read = new WeakMap<AlertDelivery, Told>()

function toldBy(delivery: AlertDelivery): Told {
  const told = read.get(delivery) ?? readTold(delivery)
  read.set(delivery, told)
  return told
}

function readTold(delivery: AlertDelivery): Told {
  const { endpoint, eventIds, group } = delivery
  // A notice is about a silence or an endpoint, and merely lists alerts.
  if (group.startsWith(noticeGroup)) return { events: undefined, names: new Set() }
  const events = listedEvents(delivery)
  const ids = [...eventIds, ...(events ?? []).flatMap(({ firingId }) => firingId ?? [])]
  const names = new Set(ids.map((id) => `${endpoint}/${id}`))
  return { events: events?.length === eventIds.length ? events : undefined, names }
}
