import { silencesEvent } from '#core/alerts/silence.ts'
import type { AlertDelivery, AlertEvent, AlertSilence } from '#schemas/generated/records.ts'
import { listedEvents } from './compose-message.ts'

/** An alert that goes on, and of which an endpoint was not told because of a silence. */
export interface HeldAlert {
  delivery: AlertDelivery
  event: AlertEvent
}

/** The alerts that go on and that silences hold back from endpoints. Pure, but for what it holds. */
export class HeldBack {
  /** By endpoint and firing. */
  private readonly held = new Map<string, HeldAlert>()
  /** What was passed over: nobody can say which alert it is about. */
  readonly unreadable: AlertDelivery[] = []

  /** Takes a delivery as it was written. */
  put(delivery: AlertDelivery): void {
    if (delivery.state !== 'silenced') {
      for (const id of delivery.eventIds) this.held.delete(`${delivery.endpoint}/${id}`)
      return
    }
    const [event] = listedEvents(delivery) ?? []
    if (event === undefined) return void this.unreadable.push(delivery)
    const begun = `${delivery.endpoint}/${event.firingId}`
    if (event.kind === 'firing' || event.kind === 'unknown')
      this.held.set(`${delivery.endpoint}/${event.id}`, { delivery, event })
    else if (event.kind === 'changed') {
      const alert = this.held.get(begun)
      if (alert !== undefined) alert.event = { ...alert.event, endsAt: event.endsAt }
    } else this.held.delete(begun)
  }

  /** Returns whether a delivery is of an alert that goes on, as far as is known. */
  has({ endpoint, id }: AlertDelivery): boolean {
    return this.held.has(`${endpoint}/${id}`)
  }

  /** Returns the alerts that go on and that no silence holds back any more. */
  free(silences: readonly AlertSilence[], nowMs: number): HeldAlert[] {
    return this.goingOn(nowMs).filter(({ event }) => !silences.some((silence) => silencesEvent(silence, event, nowMs)))
  }

  /** Returns the alerts that go on and that a silence holds back, by endpoint. */
  heldBy(silence: AlertSilence, nowMs: number): Map<string, HeldAlert[]> {
    const held = this.goingOn(nowMs).filter(({ event }) => silencesEvent(silence, event, nowMs))
    return Map.groupBy(held, ({ delivery }) => delivery.endpoint)
  }

  private goingOn(nowMs: number): HeldAlert[] {
    return [...this.held.values()].filter(({ event }) => event.endsAt === null || event.endsAt > nowMs)
  }
}
