// A pipeline with an alerter and receivers of its messages, and what feeds it: slices, and what becomes of windows.
import { setTimeout as sleep } from 'node:timers/promises'
import { alerterGroupOf, alertMessagesGroup } from '#core/consumer-groups.ts'
import { saveEndpoint } from '#operations/alerts/endpoints.ts'
import type { AlertParts } from '#operations/alerts/rules.ts'
import { waitForGroup } from '#platform/kafka/consumer-lag.ts'
import { readNewest } from '#platform/kafka/newest-records.ts'
import { offsetRange, readRanges } from '#platform/kafka/read-range.ts'
import { DecodeFailure } from '#platform/kafka/registry.ts'
import { alertDeliveriesTopic, alertEventsTopic } from '#schemas/alert-topics.ts'
import { completenessTopic } from '#schemas/completeness-topics.ts'
import {
  type AlertDelivery,
  type AlertEvent,
  type CompletenessChange,
  completenessChangeSchema,
  type TimeseriesSlice,
  timeseriesSliceSchema,
} from '#schemas/generated/records.ts'
import { listenForHooks, listenForMail, type MailReceiver, type WebhookReceiver } from './alert-receivers.ts'
import { type Pipeline, startPipeline } from './pipeline.ts'
import type { ServiceProcess } from './service-process.ts'

const masterKey = Buffer.alloc(32, 7)
export const stepMs = 10_000
const dayMs = 86_400_000

export interface SentValues {
  dataset?: string
  key: string
  /** How many steps after the start. */
  at: number
  values: (number | null)[]
  knownMs?: number
  replay?: boolean
}

export interface Alerting {
  pipeline: Pipeline
  parts: AlertParts
  hooks: WebhookReceiver
  mail: MailReceiver
  /** What the webhook answers next, before 204 again. */
  answers: number[]
  /** What the webhook of an endpoint always answers. */
  statuses: Map<string, number>
  /** Event time of the first step, ms UTC. */
  startMs: number
  startAlerter: (more?: Record<string, string>) => Promise<ServiceProcess>
  addHook: (id: string) => Promise<void>
  /** Sends a slice of ticks. It became known 50 ms after its last value if nothing else is said. */
  send: (values: SentValues) => Promise<void>
  sendSlice: (slice: Omit<TimeseriesSlice, 'raw'>, replay?: boolean) => Promise<void>
  /** Says that the window of tomorrow of a dataset of JAO is late, or what else became of it. */
  sendChange: (change: Partial<CompletenessChange>) => Promise<void>
  /** Waits until everything that was fed is judged, routed, and sent or given up. */
  settle: () => Promise<void>
  /**
   * Returns the transitions on their topic, oldest first. @throws Error if a repeat says something else. Only that data is
   * there again may be said of another point.
   */
  transitions: () => Promise<AlertEvent[]>
  deliveries: () => Promise<AlertDelivery[]>
  stop: () => Promise<void>
}

/** Event time of the window that `sendChange` is about, ms UTC. */
export const tomorrowMs = Math.floor(Date.now() / dayMs) * dayMs + dayMs

/** Starts everything but the alerter. `trader@example.org` has the endpoint `mail`. */
export async function startAlerting(): Promise<Alerting> {
  const pipeline = await startPipeline()
  const { kafka, registry, producer } = pipeline
  const parts: AlertParts = { kafka, registry, log: { warn: () => undefined } }
  const answers: number[] = []
  const statuses = new Map<string, number>()
  const generations = new Map<string, number>()
  const hooks = await listenForHooks(
    masterKey,
    (endpoint) => statuses.get(endpoint) ?? answers.shift() ?? 204,
    (endpoint) => generations.get(endpoint) ?? 1,
  )
  const mail = await listenForMail()
  await saveEndpoint(parts, { id: 'mail', kind: 'email', address: 'trader@example.org', owner: 'us' }, 'a test')
  const encodeSlice = await registry.encoder('kraken.timeseries', timeseriesSliceSchema)
  const encodeChange = await registry.encoder(completenessTopic.name, completenessChangeSchema)
  const startMs = Math.floor(Date.now() / stepMs) * stepMs - 3_600_000
  let offset = 0
  const sendSlice = async (slice: Omit<TimeseriesSlice, 'raw'>, replay = false): Promise<void> => {
    const value = encodeSlice({ ...slice, raw: { partition: 0, offset: offset++ } })
    const headers = replay ? { headers: { replay: 'r1' } } : {}
    const topic = `${slice.dataset.split('.')[0]}.timeseries`
    await producer.send(topic, [{ key: `${slice.dataset}/${slice.key}`, value, ...headers }])
  }
  const deliveries = async (): Promise<AlertDelivery[]> => [
    ...(await readNewest(kafka, registry, alertDeliveriesTopic, parts.log)).values(),
  ]
  return {
    ...{ deliveries, transitions: () => readTransitions(pipeline) },
    settle: async () => {
      await waitForGroup(kafka, alerterGroupOf({ name: 'kraken' }), 'kraken.timeseries')
      for (const name of ['kraken', 'jao']) await waitForGroup(kafka, alerterGroupOf({ name }), completenessTopic.name)
      await waitForGroup(kafka, alertMessagesGroup, alertEventsTopic.name)
      while ((await deliveries()).some(({ state }) => state === 'open')) await sleep(200)
    },
    ...{ pipeline, parts, hooks, mail, answers, statuses, startMs, sendSlice },
    startAlerter: (more = {}) => {
      const { reader } = pipeline.endpoint().credentials
      return pipeline.start('alerter', {
        ...{ CLICKHOUSE_READER_USER: reader.user, CLICKHOUSE_READER_PASSWORD: reader.password },
        ...{ ALERT_MASTER_KEY: masterKey.toString('base64'), ALERT_ALLOWED_NETWORKS: '127.0.0.0/8' },
        ...{ ALERT_SMTP_URL: mail.url, ALERT_MAIL_FROM: 'tidemark@example.org', ...more },
      })
    },
    addHook: async (id) => {
      const endpoint = { id, kind: 'webhook', address: hooks.urlOf(id), owner: 'us' } as const
      generations.set(id, (await saveEndpoint(parts, endpoint, 'a test')).keyGeneration)
    },
    send: async ({ dataset = 'kraken.ticker', key, at, values, knownMs, replay }) => {
      const start = startMs + at * stepMs
      const windowEnd = start + values.length * stepMs
      await sendSlice(
        {
          ...{ dataset, key, windowStart: start, windowEnd, start, step: stepMs / 1_000, values },
          ...{ knownAt: knownMs ?? start + (values.length - 1) * stepMs + 50, upstreamModifiedAt: null },
          ...{ transformVersion: 1, unit: 'USD', flags: [], origin: 'live', identity: 1 },
        },
        replay,
      )
    },
    sendChange: async (change) => {
      const dataset = change.dataset ?? 'jao.core.maxExchanges'
      const record: CompletenessChange = {
        ...{ dataset, requestIdentity: `${dataset}/x`, selector: null, windowStart: tomorrowMs },
        ...{ windowEnd: tomorrowMs + dayMs, class: 'late', previousClass: 'not-yet-due', cause: 'upstream-empty' },
        ...{ detail: null, since: tomorrowMs - 36_000_000, at: tomorrowMs - 35_000_000 },
        ...{ expectedBy: tomorrowMs - 37_800_000, ...change },
      }
      await producer.send(completenessTopic.name, [{ key: record.requestIdentity, value: encodeChange(record) }])
    },
    stop: async () => {
      await pipeline.stop()
      hooks.stop()
      await mail.stop()
    },
  }
}

async function readTransitions({ kafka, registry }: Pipeline): Promise<AlertEvent[]> {
  const events = new Map<string, AlertEvent>()
  const decoder = registry.decoder(alertEventsTopic.record)
  await readRanges(kafka, alertEventsTopic.name, await offsetRange(kafka, alertEventsTopic.name), async (records) => {
    await decoder.prepare(records.map(({ value }) => value))
    for (const { value } of records) {
      const event = decoder.decode(value)
      if (event instanceof DecodeFailure) throw event
      const { at } = event
      const before = events.get(event.id) ?? event
      if (event.kind !== 'known' && JSON.stringify({ ...before, at }) !== JSON.stringify(event))
        throw new Error(`a repeat differs: ${JSON.stringify([before, event])}`)
      events.set(event.id, before)
    }
  })
  return [...events.values()]
}

/** Returns by how many rules an alerter judges. */
export async function judgedRules({ url }: ServiceProcess): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/^tidemark_alert_rules(?:{[^}]*})? (\S+)$/m.exec(text)?.[1])
}
