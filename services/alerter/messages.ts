// Turns transitions into messages. They are written to Kafka before they are sent. Whoever is assigned the topic of
// transitions sends all messages.
import type { Kafka } from '#platform/kafka/client.ts'
import { readNewest } from '#platform/kafka/newest-records.ts'
import type { Subscription } from '#platform/kafka/process-batch.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import { okAfter } from '#platform/kafka/verdict.ts'
import type { Logger } from '#platform/process/log.ts'
import { TransientError } from '#platform/process/transient-error.ts'
import { alertDeliveriesTopic, alertEventsTopic } from '#schemas/alert-topics.ts'
import { type AlertDelivery, type AlertEvent, alertEventSchema } from '#schemas/generated/records.ts'
import { deliveryName, Mailroom, type Routing } from './route-events.ts'
import { type SendLoop, type SendParts, startSending } from './send-loop.ts'
import { readTold } from './start-engine.ts'

export interface MessageParts extends Omit<SendParts, 'mailroom' | 'holds' | 'silences'> {
  kafka: Kafka
  registry: Registry
  routing: Routing
  log: Logger
}

export interface Messages {
  subscription: Subscription<AlertEvent>
  /**
   * To be called with each assignment. `holds`: see Assigned; undefined: the topic of transitions is not assigned to this
   * process. What was sent since the last assignment is read from Kafka.
   */
  onAssigned: (holds: (() => boolean) | undefined) => void
  waiting: () => AlertDelivery[]
  stop: () => Promise<void>
}

const heldByNobody = (): boolean => false
const retryMs = 1_000
const silencesEveryMs = 5_000

interface Office {
  mailroom: Mailroom
  loop: SendLoop
  stop: () => Promise<void>
}

/** The ids of the firings that go on, by what the judges have written. */
async function firingNow({ kafka, registry, log, nowMs }: MessageParts): Promise<Set<string>> {
  const episodes = (await readTold(kafka, registry, log)).flatMap((state) => state.episodes)
  return new Set(episodes.filter(({ endsMs }) => endsMs === null || endsMs > nowMs()).map(({ firingId }) => firingId))
}

export function openMessages(parts: MessageParts): Messages {
  const { kafka, registry, log, routing, encode, nowMs } = parts
  let office: Promise<Office> | undefined
  let opened: Office | undefined
  let holds = heldByNobody
  const record = (delivery: AlertDelivery) => ({ key: deliveryName(delivery), value: encode.delivery(delivery) })
  const tellWhatSilencesHeld = async (mailroom: Mailroom, loop: SendLoop, held: () => boolean): Promise<void> => {
    if (!held()) return
    const changed = mailroom.endSilences(routing, nowMs())
    if (changed.length === 0) return
    await parts.producer.send(alertDeliveriesTopic.name, changed.map(record))
    mailroom.written(changed)
    loop.wake()
  }
  const open = async (): Promise<Office> => {
    const held = holds
    const deliveries = await readNewest(kafka, registry, alertDeliveriesTopic, log)
    const mailroom = new Mailroom(deliveries.values(), (delivery) => {
      log.warn(
        { delivery: deliveryName(delivery) },
        'a silenced message cannot be read: it is not told after its silence',
      )
    })
    const old = mailroom.forgetOld(await firingNow(parts), nowMs()).map((key) => ({ key, value: null }))
    await parts.producer.send(alertDeliveriesTopic.name, old)
    const loop = startSending({ ...parts, mailroom, holds: held, silences: routing.silences })
    const timer = setInterval(() => {
      tellWhatSilencesHeld(mailroom, loop, held).catch((error) => {
        log.warn({ err: error }, 'what silences held back cannot be written yet')
      })
    }, silencesEveryMs)
    const stop = async (): Promise<void> => {
      clearInterval(timer)
      await loop.stop()
    }
    opened = { mailroom, loop, stop }
    return opened
  }
  const close = async (): Promise<void> => {
    const before = office
    office = undefined
    opened = undefined
    await (await before?.catch(() => undefined))?.stop()
  }
  const theOffice = (): Promise<Office> => {
    office ??= open().catch((error) => {
      office = undefined
      throw error
    })
    return office
  }
  const openSoon = (): void => {
    theOffice().catch((error) => {
      log.warn({ err: error }, 'the messages that wait cannot be read yet')
      setTimeout(openSoon, retryMs).unref()
    })
  }
  return {
    subscription: {
      topic: alertEventsTopic.name,
      record: alertEventSchema,
      deadLetterTopic: null,
      handle: async (batch) => {
        const { mailroom, loop } = await theOffice()
        if (!holds()) throw new TransientError('the group has not answered a heartbeat lately')
        const events = batch.map(({ record }) => record)
        const changed = mailroom.route(events, routing, nowMs())
        const outputs = changed.map((delivery) => ({ topic: alertDeliveriesTopic.name, ...record(delivery) }))
        return okAfter(batch.length, outputs, () => {
          mailroom.written(changed)
          loop.wake()
        })
      },
    },
    onAssigned: (given) => {
      if (given === holds) return
      void close()
      holds = given ?? heldByNobody
      if (given !== undefined) openSoon()
    },
    waiting: () => opened?.mailroom.waiting() ?? [],
    stop: close,
  }
}
