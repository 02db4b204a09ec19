// Which messages transitions become: to whom, told together with what, and when.
import { matches, ruleSchema } from '#core/alerts/rule.ts'
import type { AlertDelivery, AlertEndpoint, AlertEvent, AlertRule, AlertSilence } from '#schemas/generated/records.ts'
import { composeMessage, type MessageBody } from './compose-message.ts'

export interface Routing {
  rule: (id: string) => AlertRule | undefined
  endpoint: (id: string) => AlertEndpoint | undefined
  silences: () => readonly AlertSilence[]
}

/** Messages of one group and endpoint follow each other at this distance, ms. The first one is sent at once. */
const groupEveryMs = 60_000
/** That a source brings nothing concerns many rules, whose transitions may come in several batches. They are awaited, ms. */
const collectSourceMs = 10_000
/** More messages of an endpoint than that within a minute are told in one. */
const maxPerMinute = 20
const minuteMs = 60_000
const keptEndedMs = 7 * 86_400_000

/** The messages that wait, and those that ended lately. Pure, but for what it holds. */
export class Mailroom {
  private readonly deliveries = new Map<string, AlertDelivery>()
  /** Those that wait, and of each endpoint and group the one that may still grow, and when the newest one was. */
  private readonly open = new Map<string, AlertDelivery>()
  private readonly growing = new Map<string, AlertDelivery>()
  private readonly newestMs = new Map<string, number>()
  /** By endpoint and transition: the delivery that tells it. */
  private readonly byEvent = new Map<string, AlertDelivery>()
  private readonly createdAt = new Map<string, number[]>()
  /** What Kafka has not acknowledged yet. It is not sent. */
  private readonly unwritten = new Map<string, AlertDelivery>()

  constructor(deliveries: Iterable<AlertDelivery>) {
    for (const delivery of deliveries) this.put(delivery)
  }

  /** Takes a delivery as it was written. */
  put(delivery: AlertDelivery): void {
    const name = deliveryName(delivery)
    const group = groupName(delivery)
    const { state, attempts, endedAt, createdAt } = delivery
    this.deliveries.set(name, delivery)
    if (state === 'open') this.open.set(name, delivery)
    else this.open.delete(name)
    if (state === 'open' && attempts === 0) this.growing.set(group, delivery)
    else if (this.growing.get(group)?.id === delivery.id) this.growing.delete(group)
    if (state !== 'silenced') this.newestMs.set(group, Math.max(this.newestMs.get(group) ?? 0, endedAt ?? createdAt))
    for (const id of delivery.eventIds) this.byEvent.set(`${delivery.endpoint}/${id}`, delivery)
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

  /** Forgets deliveries that ended long ago, and returns the names of their records. */
  forgetOld(nowMs: number): string[] {
    const old = [...this.deliveries.values()].filter(({ endedAt }) => endedAt !== null && endedAt < nowMs - keptEndedMs)
    for (const delivery of old) {
      this.deliveries.delete(deliveryName(delivery))
      for (const id of delivery.eventIds) this.byEvent.delete(`${delivery.endpoint}/${id}`)
    }
    return old.map(deliveryName)
  }

  /**
   * Returns the deliveries that are to be written: those that are new or changed by the transitions, and those that were
   * not acknowledged before. A transition that was routed before changes none.
   */
  route(events: readonly AlertEvent[], routing: Routing, nowMs: number): AlertDelivery[] {
    for (const event of events) {
      // A test names its endpoint itself.
      const endpoints = event.kind === 'test' ? [event.key] : endpointsOf(routing.rule(event.ruleId))
      for (const endpoint of endpoints) {
        if (this.byEvent.has(`${endpoint}/${event.id}`)) continue
        const delivery = this.add(event, endpoint, routing, nowMs)
        if (delivery === undefined) continue
        this.put(delivery)
        this.unwritten.set(deliveryName(delivery), delivery)
      }
    }
    return [...this.unwritten.values()]
  }

  private add(event: AlertEvent, endpoint: string, routing: Routing, nowMs: number): AlertDelivery | undefined {
    const firing = event.firingId === null ? undefined : this.byEvent.get(`${endpoint}/${event.firingId}`)
    const silence = routing.silences().find((each) => silencesEvent(each, event, nowMs))
    const group = this.groupOf(event, endpoint, nowMs)
    const open = this.growing.get(groupName({ endpoint, group }))
    const isSilenced = silence !== undefined || firing?.state === 'silenced'
    if (open && !isSilenced) return extended(open, event)
    const delivery: AlertDelivery = {
      ...{ id: event.id, endpoint, group, eventIds: [event.id], state: 'open', attempts: 0, createdAt: nowMs },
      ...{ dueAt: this.dueAt(endpoint, group, nowMs), endedAt: null, detail: null },
      body: JSON.stringify(composeMessage([event.id], [event], nowMs)),
    }
    if (isSilenced) {
      const why = silence ? `silence ${silence.id}: ${silence.why}` : 'its firing was silenced'
      return { ...delivery, state: 'silenced', endedAt: nowMs, detail: why }
    }
    const target = routing.endpoint(endpoint)
    if (target === undefined || target.disabledAt !== null) {
      const why = target ? `the endpoint is disabled: ${target.disabledWhy}` : 'there is no such endpoint'
      return { ...delivery, state: 'failed', endedAt: nowMs, detail: why }
    }
    this.createdAt.set(endpoint, [...this.recent(endpoint, nowMs), nowMs])
    return delivery
  }

  /** What a source does not deliver is told in one message, and so is everything of an endpoint that gets too many. */
  private groupOf({ id, kind, ruleId, dataset }: AlertEvent, endpoint: string, nowMs: number): string {
    if (kind === 'test') return `test ${id}`
    if (kind === 'unknown' || kind === 'known') return `source ${dataset.split('.')[0]}`
    return this.recent(endpoint, nowMs).length >= maxPerMinute ? 'all rules' : `rule ${ruleId}`
  }

  private recent(endpoint: string, nowMs: number): number[] {
    return (this.createdAt.get(endpoint) ?? []).filter((at) => at > nowMs - minuteMs)
  }

  private dueAt(endpoint: string, group: string, nowMs: number): number {
    const newestMs = this.newestMs.get(groupName({ endpoint, group }))
    const collectMs = group.startsWith('source ') ? collectSourceMs : 0
    return newestMs === undefined ? nowMs + collectMs : Math.max(nowMs, newestMs + groupEveryMs)
  }
}

const groupName = ({ endpoint, group }: Pick<AlertDelivery, 'endpoint' | 'group'>): string => `${endpoint}/${group}`

export const deliveryName = ({ endpoint, id }: Pick<AlertDelivery, 'endpoint' | 'id'>): string => `${endpoint}/${id}`

/** Whom a version of a rule tells. Versions never change, so each is read once. */
const endpointsByRule = new WeakMap<AlertRule, readonly string[]>()

function endpointsOf(record: AlertRule | undefined): readonly string[] {
  if (record === undefined) return []
  const known = endpointsByRule.get(record)
  if (known !== undefined) return known
  const parsed = ruleSchema.safeParse(JSON.parse(record.rule))
  const endpoints = parsed.success ? [...new Set(parsed.data.tell)] : []
  endpointsByRule.set(record, endpoints)
  return endpoints
}

function extended(delivery: AlertDelivery, event: AlertEvent): AlertDelivery {
  const eventIds = [...delivery.eventIds, event.id]
  const { events, atMs } = JSON.parse(delivery.body) as MessageBody
  return { ...delivery, eventIds, body: JSON.stringify(composeMessage(eventIds, [...events, event], atMs)) }
}

export const silencesEvent = (
  { rule, dataset, key, fromAt, untilAt }: AlertSilence,
  event: Pick<AlertEvent, 'ruleId' | 'dataset' | 'key'>,
  atMs: number,
): boolean =>
  fromAt <= atMs &&
  atMs < untilAt &&
  matches(rule, event.ruleId) &&
  matches(dataset, event.dataset) &&
  matches(key, event.key)
