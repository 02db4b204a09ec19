// What the rules with queries need of the world: the store as its reader, and what was told, from Kafka.
import type { z } from 'zod'
import { askQuery } from '#core/alerts/ask-query.ts'
import type { EngineOutcome } from '#core/alerts/engine.ts'
import { catchUp, type ToldQueries } from '#core/alerts/query-watch.ts'
import { queryDataset } from '#core/alerts/rule.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import type { KafkaClients } from '#platform/kafka/consuming-service.ts'
import { rangesBetween, readRanges } from '#platform/kafka/read-range.ts'
import { DecodeFailure } from '#platform/kafka/registry.ts'
import type { Logger } from '#platform/process/log.ts'
import type { OnStop } from '#platform/process/run.ts'
import { UserError } from '#platform/process/user-error.ts'
import { alertEventsTopic } from '#schemas/alert-topics.ts'
import type { AlertEvent } from '#schemas/generated/records.ts'
import { judgeQueries, type QueryJudge, type QueryParts } from './judge-queries.ts'
import type { alertMetrics } from './metrics.ts'
import type { querySettings } from './settings.ts'
import { readTold } from './start-engine.ts'

export interface OpenQueries extends Pick<QueryParts, 'rules' | 'rulesVersion' | 'nowMs'> {
  config: Pick<z.infer<z.ZodObject<typeof querySettings>>, 'ALERT_SQL_SHARE'>
  /** undefined: the alerter knows no store. */
  store: Store | undefined
  /** Writes transitions, and then states. */
  publish: (outcome: EngineOutcome) => Promise<void>
  onTold: (outcome: EngineOutcome) => void
  measures: ReturnType<typeof alertMetrics>
  log: Logger
}

/** Opens what judges the rules with queries. It asks nothing before it is assigned. */
export function openQueries(clients: KafkaClients, options: OpenQueries, onStop: OnStop): QueryJudge {
  const { config, store, publish, onTold, measures, log } = options
  const queries = judgeQueries({
    ...options,
    share: config.ALERT_SQL_SHARE,
    crash: (error) => {
      log.fatal({ err: error }, 'the queries of rules can no longer be judged')
      process.exit(1)
    },
    readTold: () => readToldQueries(clients, log),
    ask: async (when, atMs, signal) => {
      if (store === undefined)
        throw new UserError('The alerter knows no store: set CLICKHOUSE_URL and CLICKHOUSE_READER_PASSWORD.')
      return askQuery(store, when, atMs, signal)
    },
    publish: async (outcome) => {
      await publish(outcome)
      onTold(outcome)
    },
    onAsked: (_, result, tookMs) => measures.queries.observe({ result }, tookMs / 1_000),
    onStretch: (stretches) => {
      measures.stretch.reset()
      for (const [owner, stretch] of stretches) measures.stretch.set({ owner }, stretch)
    },
  })
  onStop('queries', queries.stop)
  return queries
}

/** A process that ended between a transition and its state did so at most that long ago, ms. */
const unfinishedMs = 7 * 86_400_000
/** Clocks differ. */
const aheadMs = 86_400_000

async function readToldQueries({ kafka, registry }: KafkaClients, log: Logger): Promise<ToldQueries> {
  const states = (await readTold(kafka, registry, log)).filter(({ dataset }) => dataset === queryDataset)
  const { name, record } = alertEventsTopic
  const nowMs = Date.now()
  const decoder = registry.decoder(record)
  const events: AlertEvent[] = []
  const ranges = await rangesBetween(kafka, name, nowMs - unfinishedMs, nowMs + aheadMs)
  await readRanges(kafka, name, ranges, async (records) => {
    await decoder.prepare(records.map(({ value }) => value))
    for (const { value } of records) {
      const event = decoder.decode(value)
      if (!(event instanceof DecodeFailure) && event.dataset === queryDataset) events.push(event)
    }
  })
  return catchUp(states, events)
}
