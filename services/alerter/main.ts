// The alerter: <source>.timeseries -> rules -> transitions on Kafka -> messages on Kafka -> webhooks and e-mail.
import type { AlertEngine, EngineOutcome } from '#core/alerts/engine.ts'
import type { RuleVersion } from '#core/alerts/rule.ts'
import { openClock } from '#core/clock.ts'
import { alerterGroup, alertMessagesGroup } from '#core/consumer-groups.ts'
import { createConsumeMetrics } from '#platform/kafka/consume-metrics.ts'
import { type ConsumerGroup, type KafkaClients, startConsuming } from '#platform/kafka/consuming-service.ts'
import { followNewest } from '#platform/kafka/newest-records.ts'
import type { Subscription } from '#platform/kafka/process-batch.ts'
import type { Output } from '#platform/kafka/verdict.ts'
import { readServiceConfig } from '#platform/process/config.ts'
import { createLogger } from '#platform/process/log.ts'
import { type OnStop, run } from '#platform/process/run.ts'
import {
  alertDeliveriesTopic,
  alertEndpointsTopic,
  alertEventsTopic,
  alertRulesTopic,
  alertSilencesTopic,
  alertStateTopic,
} from '#schemas/alert-topics.ts'
import { completenessTopic } from '#schemas/completeness-topics.ts'
import { sources } from '#sources/index.ts'
import { alertRecords } from './alert-records.ts'
import { openDelivery } from './deliver.ts'
import { judgeSlices } from './judge.ts'
import type { QueryJudge } from './judge-queries.ts'
import { judgeWindows } from './judge-windows.ts'
import { openMessages } from './messages.ts'
import { alertMetrics } from './metrics.ts'
import { openQueries } from './open-queries.ts'
import { alerterSettings } from './settings.ts'
import { type KnownRule, readRules, readTold, startEngine, validRules } from './start-engine.ts'

const config = readServiceConfig(alerterSettings)
const log = createLogger('alerter', config.LOG_LEVEL)
const shape = { minBytes: 1, maxWaitMs: 100, maxBytesPerPartition: 1024 * 1024, concurrentPartitions: 2 }
const measureEveryMs = 1_000
let queries: QueryJudge | undefined

await run(log, 8_000, async (onStop) => {
  const clock = await openClock(config.SIMULATOR_URL, log)
  onStop('clock', clock.stop)
  const nowMs = (): number => clock.now().nowMs
  const metrics = createConsumeMetrics('alerter')
  const measures = alertMetrics(metrics.registry)
  await startConsuming(
    {
      name: 'alerter',
      config,
      log,
      nowMs,
      metrics,
      status: () => ({ queries: queries?.status() ?? [] }),
      groups: (clients, stop) => groupsOf(clients, measures, nowMs, stop),
    },
    onStop,
  )
})

async function groupsOf(
  clients: KafkaClients,
  measures: ReturnType<typeof alertMetrics>,
  nowMs: () => number,
  onStop: OnStop,
): Promise<ConsumerGroup[]> {
  const { kafka, registry, producer } = clients
  const crash = (error: Error): void => {
    log.fatal({ err: error }, 'a topic of alerts can no longer be followed')
    process.exit(1)
  }
  const rules = await followNewest(clients, alertRulesTopic, log, crash)
  onStop('rules', rules.stop)
  const endpoints = await followNewest(clients, alertEndpointsTopic, log, crash)
  onStop('endpoints', endpoints.stop)
  const silences = await followNewest(clients, alertSilencesTopic, log, crash)
  onStop('silences', silences.stop)
  const encode = {
    event: await registry.encoder(alertEventsTopic.name, alertEventsTopic.record),
    state: await registry.encoder(alertStateTopic.name, alertStateTopic.record),
    delivery: await registry.encoder(alertDeliveriesTopic.name, alertDeliveriesTopic.record),
    endpoint: await registry.encoder(alertEndpointsTopic.name, alertEndpointsTopic.record),
  }
  const messages = openMessages({
    ...{ kafka, registry, producer, encode, log, endpoint: endpoints.get, attempt: openDelivery(config) },
    routing: { rule: rules.get, endpoint: endpoints.get, silences: silences.values },
    // People and their servers live by the machine's clock.
    nowMs: Date.now,
    onAttempt: ({ endpoint }, { kind: result }) =>
      measures.attempts.inc({ kind: endpoints.get(endpoint)?.kind ?? 'none', result }),
  })
  onStop('messages', messages.stop)
  let parsed: { version: number; known: ReadonlyMap<string, KnownRule>; valid: readonly RuleVersion[] } | undefined
  const parsedRules = () => {
    if (parsed?.version === rules.version()) return parsed
    const known = readRules(rules.values(), log)
    parsed = { version: rules.version(), known, valid: validRules(known) }
    return parsed
  }
  const versions = (): readonly RuleVersion[] => parsedRules().valid
  const encodeOutcome = (outcome: EngineOutcome): Output[] => alertRecords(outcome, encode, nowMs())
  const count = ({ transitions }: EngineOutcome): void => {
    for (const { kind, rule } of transitions) measures.transitions.inc({ kind, severity: rule.rule.severity })
  }
  const windows = judgeWindows({
    ...{ versions, encode: encodeOutcome, onJudged: count },
    readTold: () => readTold(kafka, registry, log),
  })
  const judges = sources.map(({ name }) =>
    judgeSlices(name, {
      rulesVersion: rules.version,
      start: (place) => startEngine({ kafka, registry, log, rules: () => parsedRules().known }, place),
      encode: encodeOutcome,
      heardOf: windows.heardOf,
      onJudged: (outcome, slice) => {
        measures.judged.observe(Math.max(0, nowMs() - slice.knownAt) / 1_000)
        count(outcome)
      },
    }),
  )
  queries = openQueries(
    clients,
    {
      ...{ config, measures, nowMs, log, encode: encodeOutcome, onTold: count },
      ...{ rulesVersion: rules.version, rules: () => parsedRules().known },
    },
    onStop,
  )
  const measure = setInterval(() => {
    const loads = judges.flatMap(({ engines }) => engines()).map(({ load }: AlertEngine) => load)
    measures.memory.set(loads.reduce((total, { bytes }) => total + bytes, 0))
    measures.series.set(loads.reduce((total, { series }) => total + series, 0))
    measures.rules.set(versions().length)
    measures.waiting.set(messages.waiting().length)
    measures.disabled.set(endpoints.values().filter(({ disabledAt }) => disabledAt !== null).length)
    measures.heartbeat.set(Math.floor(Date.now() / 1_000))
  }, measureEveryMs)
  onStop('measures', () => clearInterval(measure))
  return [
    {
      ...{ groupId: alerterGroup, shape, from: 'newest' },
      subscriptions: [...judges, windows.subscription] as Subscription[],
      onAssigned: (partitions) => queries?.onAssigned(partitions[completenessTopic.name]?.includes(0) ?? false),
    },
    {
      ...{ groupId: alertMessagesGroup, shape, subscriptions: [messages.subscription as Subscription] },
      onAssigned: (partitions) => messages.onAssigned((partitions[alertEventsTopic.name]?.length ?? 0) > 0),
    },
  ]
}
