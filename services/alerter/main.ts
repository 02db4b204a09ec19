// The alerter: <source>.timeseries -> rules -> transitions on Kafka -> messages on Kafka -> webhooks and e-mail.
import type { Registry as MetricsRegistry } from 'prom-client'
import type { EngineOutcome } from '#core/alerts/engine.ts'
import { openClock } from '#core/clock.ts'
import { alerterGroupOf, alerterGroups, alertMessagesGroup, consumerGroups, isReplaced } from '#core/consumer-groups.ts'
import { createStore, type Store } from '#platform/clickhouse/client.ts'
import { afterRecords } from '#platform/kafka/after-records.ts'
import { createConsumeMetrics } from '#platform/kafka/consume-metrics.ts'
import { type OffsetReader, openOffsetReader } from '#platform/kafka/consumer-lag.ts'
import { type ConsumerGroup, type KafkaClients, startConsuming } from '#platform/kafka/consuming-service.ts'
import type { Subscription } from '#platform/kafka/process-batch.ts'
import type { Output } from '#platform/kafka/verdict.ts'
import { readServiceConfig } from '#platform/process/config.ts'
import { createLogger } from '#platform/process/log.ts'
import { type OnStop, run } from '#platform/process/run.ts'
import { alertDeliveriesTopic, alertEndpointsTopic, alertEventsTopic, alertStateTopic } from '#schemas/alert-topics.ts'
import { timeseriesTopic } from '#schemas/topics.ts'
import { sources } from '#sources/index.ts'
import type { Source } from '#sources/source.ts'
import { alertRecords } from './alert-records.ts'
import { openDelivery } from './deliver.ts'
import { type FollowedAlerts, followAlerts } from './follow-alerts.ts'
import { startHeartbeat } from './heartbeat.ts'
import { type JudgeParts, judgeSource, type SourceJudge } from './judge.ts'
import type { QueryJudge } from './judge-queries.ts'
import { openMessages } from './messages.ts'
import { alertMetrics, measureState } from './metrics.ts'
import { openQueries } from './open-queries.ts'
import { readBuckets } from './read-buckets.ts'
import { alerterSettings } from './settings.ts'
import { startEngine } from './start-engine.ts'

const config = readServiceConfig(alerterSettings)
const log = createLogger('alerter', config.LOG_LEVEL)
const shape = { minBytes: 1, maxWaitMs: 500, maxBytesPerPartition: 1024 * 1024, concurrentPartitions: 2 }
/** Alerters are in the order of their age: each takes sources in turn. */
const sinceMs = Date.now()
let queries: QueryJudge | undefined
/** The sources that are judged here. */
const ours = new Set<string>()

await run(log, 8_000, async (onStop) => {
  const clock = await openClock(config.SIMULATOR_URL, log)
  onStop('clock', clock.stop)
  const nowMs = (): number => clock.now().nowMs
  const metrics = createConsumeMetrics('alerter')
  await startConsuming(
    {
      name: 'alerter',
      config,
      log,
      nowMs,
      metrics,
      status: () => ({ sources: [...ours], queries: queries?.status() ?? [] }),
      groups: (clients, stop) => groupsOf(clients, metrics.registry, nowMs, stop),
    },
    onStop,
  )
})

async function groupsOf(
  clients: KafkaClients,
  metrics: MetricsRegistry,
  nowMs: () => number,
  onStop: OnStop,
): Promise<ConsumerGroup[]> {
  const { kafka, registry, producer } = clients
  const measures = alertMetrics(metrics)
  const alerts = await followAlerts(clients, log, onStop)
  const encode = {
    event: await registry.encoder(alertEventsTopic.name, alertEventsTopic.record),
    state: await registry.encoder(alertStateTopic.name, alertStateTopic.record),
    delivery: await registry.encoder(alertDeliveriesTopic.name, alertDeliveriesTopic.record),
    endpoint: await registry.encoder(alertEndpointsTopic.name, alertEndpointsTopic.record),
  }
  const messages = openMessages({
    ...{ kafka, registry, producer, encode, log, attempt: openDelivery(config) },
    ...{ endpoint: alerts.endpoint, endpoints: alerts.endpoints, routing: alerts },
    // People and their servers live by the machine's clock.
    nowMs: Date.now,
    onAttempt: ({ endpoint }, { kind: result }) =>
      measures.attempts.inc({ kind: alerts.endpoint(endpoint)?.kind ?? 'none', result }),
  })
  onStop('messages', messages.stop)
  const encodeOutcome = (outcome: EngineOutcome): Output[] => alertRecords(outcome, encode, nowMs())
  const count = ({ transitions }: EngineOutcome): void => {
    for (const { kind, rule } of transitions) measures.transitions.inc({ kind, severity: rule.rule.severity })
  }
  const offsets = await openOffsetReader(kafka)
  onStop('offsets', offsets.close)
  const store = openStore()
  onStop('store', async () => store?.close())
  const publish = async (outputs: readonly Output[]): Promise<void> => {
    for (const together of [outputs.filter(({ isLast }) => !isLast), outputs.filter(({ isLast }) => isLast)])
      if (together[0] !== undefined) await producer.send(together[0].topic, together)
  }
  const judges = judgeSources(
    clients,
    { alerts, offsets, store, encode: encodeOutcome, publish },
    (outcome, knownMs) => {
      measures.judged.observe(Math.max(0, nowMs() - knownMs) / 1_000)
      count(outcome)
    },
  )
  queries = openQueries(
    clients,
    {
      ...{ config, store, measures, nowMs, log, onTold: count },
      publish: (outcome) => publish(encodeOutcome(outcome)),
      ...{ rulesVersion: alerts.rulesVersion, rules: alerts.known },
    },
    onStop,
  )
  onStop('rules of now', followRules(judges, alerts.rulesVersion))
  let heartbeatMs = 0
  const groups = consumerGroups().filter(({ group }) => alerterGroups.includes(group))
  const heartbeat = startHeartbeat(offsets, groups, log, () => {
    heartbeatMs = Date.now()
  })
  onStop('heartbeat', heartbeat.stop)
  measureState(metrics, {
    loads: () => judges.flatMap(({ engine }) => engine()?.load ?? []),
    rules: () => alerts.valid().length,
    waiting: () => messages.waiting().length,
    disabled: () => alerts.endpoints().filter(({ disabledAt }) => disabledAt !== null).length,
    heartbeatMs: () => heartbeatMs,
  })
  return [
    ...judges.map(({ source, subscriptions, onAssigned }, place) => ({
      ...{ groupId: alerterGroupOf(source), shape, from: 'newest' as const, turn: { place, sinceMs }, subscriptions },
      onAssigned: (partitions: Record<string, number[]>) => {
        if (onAssigned(partitions)) ours.add(source.name)
        else ours.delete(source.name)
      },
    })),
    {
      ...{ groupId: alertMessagesGroup, shape, turn: { place: 0, sinceMs } },
      subscriptions: [messages.subscription as Subscription],
      onAssigned: (partitions, holds) => {
        const isOurs = (partitions[alertEventsTopic.name]?.length ?? 0) > 0
        messages.onAssigned(isOurs ? holds : undefined)
        // Queries are asked by the same one: they look at the store and not at a source.
        queries?.onAssigned(isOurs ? holds : undefined)
      },
    },
  ]
}

/** The store as its reader: for rules with queries, and for points of long windows. */
function openStore(): Store | undefined {
  const { CLICKHOUSE_URL: url, CLICKHOUSE_READER_USER: user, CLICKHOUSE_READER_PASSWORD: password } = config
  return url === undefined ? undefined : createStore({ url, user, password, requestTimeoutMs: 30_000 })
}

/** Lets the judges see a change of a rule within a second, also where no slice comes. Returns how to stop that. */
function followRules(judges: readonly Pick<SourceJudge, 'refresh'>[], rulesVersion: () => number): () => void {
  let seen = rulesVersion()
  let isBusy = false
  const look = async (): Promise<void> => {
    const version = rulesVersion()
    if (isBusy || version === seen) return
    isBusy = true
    try {
      await Promise.all(judges.map(({ refresh }) => refresh()))
      seen = version
    } catch (error) {
      log.warn({ err: error }, 'a change of the rules waits for Kafka')
    } finally {
      isBusy = false
    }
  }
  const timer = setInterval(() => void look(), 1_000)
  return () => clearInterval(timer)
}

interface JudgedBy extends Pick<JudgeParts, 'encode' | 'publish'> {
  alerts: FollowedAlerts
  offsets: OffsetReader
  store: Store | undefined
}

interface JudgedSource extends Pick<SourceJudge, 'engine' | 'refresh' | 'onAssigned'> {
  source: Source
  subscriptions: Subscription[]
}

function judgeSources(
  { kafka, registry }: KafkaClients,
  { alerts, offsets, store, encode, publish }: JudgedBy,
  onJudged: JudgeParts['onJudged'],
): JudgedSource[] {
  return sources.map((source) => {
    const { name } = source
    const group = alerterGroupOf(source)
    const { slices, answers, windows, ...judge } = judgeSource(name, {
      ...{ rulesVersion: alerts.rulesVersion, encode, publish, log, onJudged },
      start: (place) =>
        startEngine({ kafka, registry, log, rules: alerts.known, hasStore: store !== undefined }, place),
      readBuckets: async (buckets) => (store === undefined ? [] : readBuckets(store, buckets)),
      committed: (topics) => offsets.committed(group, topics),
      afterSlices: afterRecords(offsets, () => group)([timeseriesTopic(name)]),
    })
    const subscriptions = (isReplaced(source) ? [slices, answers, windows] : [slices, windows]) as Subscription[]
    return { ...judge, source, subscriptions }
  })
}
