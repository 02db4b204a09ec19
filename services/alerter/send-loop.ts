// Sends the messages that are due. What became of an attempt is written to Kafka before the next one is made.
import type { AlertMessage, DeliveryResult } from '#platform/delivery/message.ts'
import { nextAttempt } from '#platform/delivery/retry-schedule.ts'
import type { Producer } from '#platform/kafka/produce.ts'
import type { Logger } from '#platform/process/log.ts'
import { moment } from '#platform/process/moments.ts'
import { pause } from '#platform/process/retry.ts'
import { alertDeliveriesTopic, alertEndpointsTopic } from '#schemas/alert-topics.ts'
import type { AlertDelivery, AlertEndpoint, AlertSilence } from '#schemas/generated/records.ts'
import type { MessageBody } from './compose-message.ts'
import { notHeld } from './held-in-silence.ts'
import { SendSlots } from './next-deliveries.ts'
import { endpointDisabled } from './notices.ts'
import { deliveryName, type Mailroom } from './route-events.ts'

export interface SendParts {
  mailroom: Mailroom
  endpoint: (id: string) => AlertEndpoint | undefined
  endpoints: () => readonly AlertEndpoint[]
  silences: () => readonly AlertSilence[]
  attempt: (endpoint: AlertEndpoint, message: AlertMessage) => Promise<DeliveryResult>
  /** Whether nobody else can send by now. An attempt is made, and written, only while it says so. */
  holds: () => boolean
  producer: Producer
  encode: { delivery: (record: AlertDelivery) => Buffer; endpoint: (record: AlertEndpoint) => Buffer }
  nowMs: () => number
  onAttempt: (delivery: AlertDelivery, result: DeliveryResult) => void
  log: Logger
}

export interface SendLoop {
  /** Looks for messages that are due. To be called when some were written. */
  wake: () => void
  stop: () => Promise<void>
}

const lookEveryMs = 500
const afterErrorMs = 1_000

export function startSending(parts: SendParts): SendLoop {
  const slots = new SendSlots((endpoint) => parts.endpoint(endpoint)?.kind === 'email')
  const busy = new Set<Promise<void>>()
  let isStopped = false
  const look = (): void => {
    if (isStopped || !parts.holds()) return
    const nowMs = parts.nowMs()
    for (const delivery of slots.take(notHeld(parts.mailroom.toSend(), parts.silences(), nowMs), nowMs)) {
      const sending = send(parts, slots, delivery, () => isStopped)
        .catch((error) => {
          parts.log.error({ err: error, delivery: deliveryName(delivery) }, 'what became of a message was not written')
        })
        .finally(() => {
          slots.free(delivery.endpoint)
          busy.delete(sending)
          look()
        })
      busy.add(sending)
    }
  }
  const timer = setInterval(look, lookEveryMs)
  look()
  return {
    wake: look,
    stop: async () => {
      isStopped = true
      clearInterval(timer)
      await Promise.all(busy)
    },
  }
}

async function send(
  parts: SendParts,
  slots: SendSlots,
  delivery: AlertDelivery,
  isStopped: () => boolean,
): Promise<void> {
  const { mailroom, endpoint, nowMs, onAttempt } = parts
  const target = endpoint(delivery.endpoint)
  // From the first attempt on nothing is added to a message, because receivers know it by its id.
  const tried = { ...delivery, attempts: delivery.attempts + 1 }
  mailroom.put(tried)
  moment('attempt-begins', delivery.endpoint)
  const result = await attempted(parts, target, delivery)
  slots.answered(delivery.endpoint, nowMs())
  moment('attempt-made', delivery.endpoint)
  onAttempt(tried, result)
  const ended = afterAttempt(tried, result, nowMs())
  // Before its message has ended: whoever dies in between would send what follows to an endpoint that is gone.
  if (ended.state === 'given-up' && result.kind !== 'delivered') await disable(parts, target, result.reason, isStopped)
  const records = [{ key: deliveryName(ended), value: parts.encode.delivery(ended) }]
  await write(parts, alertDeliveriesTopic.name, records, isStopped)
  moment('outcome-acknowledged', delivery.endpoint)
  mailroom.put(ended)
}

async function attempted(
  { attempt, log }: SendParts,
  target: AlertEndpoint | undefined,
  delivery: AlertDelivery,
): Promise<DeliveryResult> {
  if (target === undefined || target.disabledAt !== null)
    return { kind: 'gone', reason: 'the endpoint is disabled or deleted' }
  try {
    const body = JSON.parse(delivery.body) as MessageBody
    return await attempt(target, { id: delivery.id, ...body })
  } catch (error) {
    // A message that cannot be sent is given up in the end, as one that nobody takes.
    log.error({ err: error, delivery: deliveryName(delivery) }, 'a message could not be sent')
    return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) }
  }
}

/**
 * Writes until Kafka has acknowledged. The message itself is not sent again for that.
 * @throws if the loop is stopped, or if another process may send by now: what it has written must stay
 */
async function write(
  { producer, holds, log }: SendParts,
  topic: string,
  records: { key: string; value: Buffer }[],
  isStopped: () => boolean,
): Promise<void> {
  for (;;) {
    if (!holds()) throw new Error('another alerter may have sent it, too')
    try {
      await producer.send(topic, records)
      return
    } catch (error) {
      if (isStopped()) throw error
      log.warn({ err: error, topic, key: records[0]?.key }, 'what became of a message cannot be written yet')
      await pause(afterErrorMs)
    }
  }
}

async function disable(
  parts: SendParts,
  tried: AlertEndpoint | undefined,
  reason: string,
  isStopped: () => boolean,
): Promise<void> {
  const { nowMs, encode, log } = parts
  // It may have been deleted or saved anew while the message was under way.
  const target = tried && parts.endpoint(tried.id)
  if (target === undefined || target.disabledAt !== null || target.changedAt !== tried?.changedAt) return
  // Those who would have been told hear of it another way, if there is one.
  const others = parts.endpoints().filter(({ id, owner, disabledAt }) => {
    return id !== target.id && owner === target.owner && disabledAt === null
  })
  const notices = parts.mailroom.add(others.map(({ id }) => endpointDisabled(target, reason, id, nowMs())))
  const records = notices.map((notice) => ({ key: deliveryName(notice), value: encode.delivery(notice) }))
  await write(parts, alertDeliveriesTopic.name, records, isStopped)
  parts.mailroom.written(notices)
  const disabled = { ...target, disabledAt: nowMs(), disabledWhy: reason, changedAt: nowMs(), changedBy: 'alerter' }
  await write(parts, alertEndpointsTopic.name, [{ key: target.id, value: encode.endpoint(disabled) }], isStopped)
  moment('endpoint-disabled', target.id)
  log.error({ endpoint: target.id, why: reason }, 'an endpoint of alerts was disabled')
}

/** Returns what a delivery is after an attempt. Pure. */
export function afterAttempt(delivery: AlertDelivery, result: DeliveryResult, nowMs: number): AlertDelivery {
  if (result.kind === 'delivered') return { ...delivery, state: 'sent', endedAt: nowMs, detail: null }
  const { reason } = result
  if (result.kind === 'gone') return { ...delivery, state: 'given-up', endedAt: nowMs, detail: reason }
  const next = nextAttempt({
    ...{ messageId: delivery.id, failures: delivery.attempts, failedAtMs: nowMs },
    ...(result.afterMs !== undefined && { afterMs: result.afterMs }),
  })
  if (next.kind === 'given-up') return { ...delivery, state: 'given-up', endedAt: nowMs, detail: reason }
  return { ...delivery, dueAt: next.atMs, detail: reason }
}
