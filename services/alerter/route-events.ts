// Which messages transitions become: to whom, told together with what, and when.
import { silencesEvent } from '#core/alerts/silence.ts'
import type { AlertDelivery, AlertEndpoint, AlertEvent, AlertSilence } from '#schemas/generated/records.ts'
import { composeMessage, isEnd, type MessageBody, maxListed } from './compose-message.ts'
import { forgettable } from './forget-old.ts'
import { HeldBack } from './held-back.ts'
import { endsSoon, silenceEnding } from './notices.ts'

export interface Routing {
  /** Returns the endpoints that a rule names; none if it is not there or cannot be read. */
  tell: (ruleId: string) => readonly string[]
  endpoint: (id: string) => AlertEndpoint | undefined
  silences: () => readonly AlertSilence[]
}

/** Messages of one group and endpoint follow each other at this distance, ms. The first one is sent at once. */
const groupEveryMs = 60_000
/** More messages of an endpoint than that within a minute are told in one. */
const maxPerMinute = 20
const minuteMs = 60_000
/** What a source does not deliver is told when nothing is added for this long: its datasets do not stop at one instant. */
const collectMs = 5_000
/** The ids of a message must fit into a record. */
const maxEvents = 10_000

/** A message to which transitions are added. */
interface Draft {
  delivery: Omit<AlertDelivery, 'eventIds' | 'body'>
  eventIds: string[]
  /** The first ones, which are spelled out. */
  events: AlertEvent[]
}

interface Drafts {
  /** By endpoint and group: those to which more is added. */
  open: Map<string, Draft>
  /** By endpoint and transition. */
  byEvent: Map<string, Draft>
}

interface DraftPlace {
  endpoint: string
  group: string
  nowMs: number
}

/** The messages that wait, and those that ended lately. Pure, but for what it holds. */
export class Mailroom {
  private readonly deliveries = new Map<string, AlertDelivery>()
  private readonly open = new Map<string, AlertDelivery>()
  /** By endpoint and transition: the delivery that tells it. */
  private readonly byEvent = new Map<string, AlertDelivery>()
  /** By transition: the endpoints that have a delivery of it. */
  private readonly toldOf = new Map<string, string[]>()
  /** By endpoint and group: the delivery that may be extended. One that another process has made may have been sent. */
  private readonly extendable = new Map<string, AlertDelivery>()
  /** By endpoint and group: when the last message was sent or made, ms UTC. */
  private readonly lastMs = new Map<string, number>()
  /** By endpoint: when its last messages were made, ms UTC. */
  private readonly createdAt = new Map<string, number[]>()
  /** What Kafka has not acknowledged yet. It is not sent. */
  private readonly unwritten = new Map<string, AlertDelivery>()

  private readonly heldBack = new HeldBack()

  /** @param onUnreadable is told of silenced deliveries that are passed over, because their body cannot be read */
  constructor(deliveries: Iterable<AlertDelivery>, onUnreadable: (delivery: AlertDelivery) => void = () => undefined) {
    // What was silenced may have been told since, in a message about several.
    const isLater = ({ state }: AlertDelivery): number => (state === 'silenced' ? 0 : 1)
    for (const delivery of [...deliveries].toSorted((one, other) => isLater(one) - isLater(other))) {
      this.put(delivery)
      const { endpoint, state, createdAt } = delivery
      if (state !== 'open' && state !== 'sent') continue
      this.createdAt.set(endpoint, [...this.recent(endpoint, createdAt), createdAt])
    }
    this.heldBack.unreadable.forEach(onUnreadable)
  }

  /** Takes a delivery as it was written. */
  put(delivery: AlertDelivery): void {
    const name = deliveryName(delivery)
    const group = groupName(delivery)
    this.deliveries.set(name, delivery)
    if (delivery.state === 'open') this.open.set(name, delivery)
    else this.open.delete(name)
    if (this.extendable.get(group)?.id === delivery.id) this.extendable.delete(group)
    for (const id of delivery.eventIds) {
      this.byEvent.set(`${delivery.endpoint}/${id}`, delivery)
      const told = this.toldOf.get(id)
      if (told === undefined) this.toldOf.set(id, [delivery.endpoint])
      else if (!told.includes(delivery.endpoint)) told.push(delivery.endpoint)
    }
    this.heldBack.put(delivery)
    if (delivery.state === 'silenced') return
    this.lastMs.set(group, Math.max(this.lastMs.get(group) ?? 0, delivery.endedAt ?? delivery.createdAt))
  }

  /** Says that Kafka has acknowledged deliveries that `route` returned. */
  written(deliveries: readonly AlertDelivery[]): void {
    for (const delivery of deliveries) {
      const name = deliveryName(delivery)
      if (this.unwritten.get(name) === delivery) this.unwritten.delete(name)
    }
  }

  /** Returns the deliveries that are on Kafka and wait to be sent, oldest first. */
  toSend(): AlertDelivery[] {
    return this.waiting().filter((delivery) => !this.unwritten.has(deliveryName(delivery)))
  }

  /** Returns the deliveries that wait, oldest first. */
  waiting(): AlertDelivery[] {
    return [...this.open.values()].toSorted((one, other) => one.createdAt - other.createdAt)
  }

  /**
   * Forgets deliveries that ended long ago, and returns the names of their records.
   * @param firing the ids of the firings that go on: see `forgettable`
   */
  forgetOld(firing: ReadonlySet<string>, nowMs: number): string[] {
    const old = forgettable([...this.deliveries.values()], firing, nowMs).filter((each) => !this.heldBack.has(each))
    for (const delivery of old) {
      this.deliveries.delete(deliveryName(delivery))
      for (const id of delivery.eventIds) {
        this.byEvent.delete(`${delivery.endpoint}/${id}`)
        const others = this.toldOf.get(id)?.filter((endpoint) => endpoint !== delivery.endpoint) ?? []
        if (others.length > 0) this.toldOf.set(id, others)
        else this.toldOf.delete(id)
      }
      // A group whose last message is older may send at once, known or not.
      const group = groupName(delivery)
      if ((this.lastMs.get(group) ?? 0) < nowMs - groupEveryMs) this.lastMs.delete(group)
    }
    return old.map(deliveryName)
  }

  /**
   * Returns the deliveries that are to be written: those that are new or changed by the transitions, and those that were
   * not acknowledged before. A transition that was routed before changes none.
   */
  route(events: readonly AlertEvent[], routing: Routing, nowMs: number): AlertDelivery[] {
    const drafts: Drafts = { open: new Map(), byEvent: new Map() }
    for (const event of events) {
      // A test names its endpoint itself.
      const endpoints = event.kind === 'test' ? [event.key] : this.endpointsFor(event, routing)
      const silence = routing.silences().find((each) => silencesEvent(each, event, nowMs))
      for (const endpoint of endpoints) {
        const name = `${endpoint}/${event.id}`
        if (this.byEvent.has(name) || drafts.byEvent.has(name)) continue
        const firingName = `${endpoint}/${event.firingId}`
        const firing = this.byEvent.get(firingName) ?? drafts.byEvent.get(firingName)?.delivery
        const refusal = refusalOf(isToldEnd(event, firing) ? undefined : silence, firing, routing.endpoint(endpoint))
        const group = this.groupOf(event, endpoint, firing, nowMs)
        if (refusal === undefined) this.draft(drafts, event, { endpoint, group, nowMs })
        else {
          const refused = { ...newDelivery(event, endpoint, group, nowMs), ...refusal, endedAt: nowMs }
          this.keep(composed({ delivery: refused, eventIds: [event.id], events: [event] }))
        }
      }
    }
    for (const draft of drafts.open.values()) this.keep(composed(draft))
    return [...this.unwritten.values()]
  }

  /**
   * Returns the deliveries that are to be written because silences end: alerts that go on and that no silence holds back any
   * more are told now. Where a silence ends soon, its endpoints are told what goes on.
   */
  endSilences(routing: Routing, nowMs: number): AlertDelivery[] {
    const drafts: Drafts = { open: new Map(), byEvent: new Map() }
    for (const { delivery, event } of this.heldBack.free(routing.silences(), nowMs)) {
      const { endpoint } = delivery
      const refusal = refusalOf(undefined, undefined, routing.endpoint(endpoint))
      const detail = [event.detail, 'it began while it was silenced'].filter((part) => part !== null).join('; ')
      const group = this.groupOf(event, endpoint, undefined, nowMs)
      if (refusal === undefined) this.draft(drafts, { ...event, detail }, { endpoint, group, nowMs })
      else this.keep({ ...delivery, ...refusal, endedAt: nowMs })
    }
    for (const draft of drafts.open.values()) this.keep(composed(draft))
    const ending = routing.silences().filter((silence) => endsSoon(silence, nowMs))
    return this.add(
      ending.flatMap((silence) =>
        [...this.heldBack.heldBy(silence, nowMs)].map(([endpoint, alerts]) =>
          silenceEnding(
            silence,
            endpoint,
            alerts.map(({ event }) => event),
            nowMs,
          ),
        ),
      ),
    )
  }

  /** Returns the deliveries that are to be written because of a message that is about no transition. */
  add(notices: readonly AlertDelivery[]): AlertDelivery[] {
    for (const notice of notices) if (!this.deliveries.has(deliveryName(notice))) this.keep(notice)
    return [...this.unwritten.values()]
  }

  /** What follows a firing is told to those who were told of that, whom the rule names now or not. */
  private endpointsFor({ ruleId, firingId }: AlertEvent, { tell }: Routing): readonly string[] {
    const before = firingId === null ? undefined : this.toldOf.get(firingId)
    return before ?? [...new Set(tell(ruleId))]
  }

  private draft(drafts: Drafts, event: AlertEvent, { endpoint, group, nowMs }: DraftPlace): void {
    const draft = drafts.open.get(`${endpoint}/${group}`) ?? this.begin(event, endpoint, group, nowMs)
    add(event, draft)
    drafts.byEvent.set(`${endpoint}/${event.id}`, draft)
    if (draft.eventIds.length < maxEvents) drafts.open.set(`${endpoint}/${group}`, draft)
    else {
      drafts.open.delete(`${endpoint}/${group}`)
      this.keep(composed(draft))
    }
  }

  private keep(delivery: AlertDelivery): void {
    this.put(delivery)
    this.unwritten.set(deliveryName(delivery), delivery)
    if (delivery.state === 'open' && delivery.eventIds.length < maxEvents)
      this.extendable.set(groupName(delivery), delivery)
  }

  /** Returns the message of a group that waits and was not tried yet, or a new one. */
  private begin(event: AlertEvent, endpoint: string, group: string, nowMs: number): Draft {
    const waiting = this.extendable.get(`${endpoint}/${group}`)
    if (waiting !== undefined) {
      const { events } = JSON.parse(waiting.body) as MessageBody
      return { delivery: waiting, eventIds: [...waiting.eventIds], events }
    }
    this.createdAt.set(endpoint, [...this.recent(endpoint, nowMs), nowMs])
    const lastMs = this.lastMs.get(`${endpoint}/${group}`) ?? Number.NEGATIVE_INFINITY
    const dueAt = Math.max(nowMs + (group.startsWith('source ') ? collectMs : 0), lastMs + groupEveryMs)
    return { delivery: { ...newDelivery(event, endpoint, group, nowMs), dueAt }, eventIds: [], events: [] }
  }

  /**
   * What a source does not deliver is told in one message, and so is everything of an endpoint that gets too many. What
   * follows a firing that is not sent yet goes the same way, so that it cannot overtake it.
   */
  private groupOf(
    { id, kind, ruleId, dataset }: AlertEvent,
    endpoint: string,
    firing: FiringDelivery | undefined,
    nowMs: number,
  ): string {
    if (kind === 'test') return `test ${id}`
    if (kind === 'unknown' || kind === 'known') return `source ${dataset.split('.')[0]}`
    if (firing?.state === 'open') return firing.group
    return this.recent(endpoint, nowMs).length >= maxPerMinute ? 'all rules' : `rule ${ruleId}`
  }

  private recent(endpoint: string, nowMs: number): number[] {
    return (this.createdAt.get(endpoint) ?? []).filter((at) => at > nowMs - minuteMs)
  }
}

export const deliveryName = ({ endpoint, id }: Pick<AlertDelivery, 'endpoint' | 'id'>): string => `${endpoint}/${id}`
const groupName = ({ endpoint, group }: AlertDelivery): string => `${endpoint}/${group}`

/** What matters of the delivery of a firing to what follows it. */
type FiringDelivery = Pick<AlertDelivery, 'state' | 'group'>

const newDelivery = (event: AlertEvent, endpoint: string, group: string, nowMs: number): Draft['delivery'] => ({
  ...{ id: event.id, endpoint, group, state: 'open', attempts: 0, createdAt: nowMs, dueAt: nowMs },
  ...{ endedAt: null, detail: null },
})

/** Returns whether a transition ends what was told. Without it, a receiver would have the alert open for ever. */
const isToldEnd = (event: AlertEvent, firing: FiringDelivery | undefined): boolean =>
  firing !== undefined && firing.state !== 'silenced' && isEnd(event)

/** Returns why a transition is not sent. undefined: it is. */
function refusalOf(
  silence: AlertSilence | undefined,
  firing: FiringDelivery | undefined,
  target: AlertEndpoint | undefined,
): Pick<AlertDelivery, 'state' | 'detail'> | undefined {
  if (silence !== undefined) return { state: 'silenced', detail: `silence ${silence.id}: ${silence.why}` }
  if (firing?.state === 'silenced') return { state: 'silenced', detail: 'its firing was silenced' }
  if (firing?.state === 'failed' || firing?.state === 'given-up')
    return { state: 'failed', detail: 'its firing did not arrive' }
  if (target === undefined) return { state: 'failed', detail: 'there is no such endpoint' }
  if (target.disabledAt !== null) return { state: 'failed', detail: `the endpoint is disabled: ${target.disabledWhy}` }
  return undefined
}

function add(event: AlertEvent, { eventIds, events }: Draft): void {
  // What is spelled out are the first ones, without a gap.
  if (events.length === eventIds.length && events.length < maxListed) events.push(event)
  eventIds.push(event.id)
}

function composed({ delivery, eventIds, events }: Draft): AlertDelivery {
  const body = JSON.stringify(composeMessage(eventIds, events, delivery.createdAt))
  return { ...delivery, eventIds, body }
}
