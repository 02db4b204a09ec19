// The normalizer: <source>.raw -> explode -> the source's other topics. Its only state, the list of parked datasets, is
// in a topic. With --shadow it writes nothing and reports how its output differs from production.
import { Counter, type Registry } from 'prom-client'
import { openClock } from '#core/clock.ts'
import { datasetsOff } from '#core/dataset-schedules.ts'
import { createConsumeMetrics } from '#platform/kafka/consume-metrics.ts'
import { startConsuming } from '#platform/kafka/consuming-service.ts'
import { readServiceConfig } from '#platform/process/config.ts'
import { createLogger } from '#platform/process/log.ts'
import { run } from '#platform/process/run.ts'
import { sources } from '#sources/index.ts'
import { subscribeTo } from './handle.ts'
import { openParkedDatasets, type ParkedDatasets } from './parked-datasets.ts'
import { normalizerSettings } from './settings.ts'
import { startShadow } from './shadow.ts'
import { statusOf } from './status.ts'

const config = readServiceConfig(normalizerSettings)
const shadow = process.argv.includes('--shadow')
const log = createLogger(shadow ? 'normalizer-shadow' : 'normalizer', config.LOG_LEVEL)
const shape = { minBytes: 1, maxWaitMs: 250, maxBytesPerPartition: 1024 * 1024, concurrentPartitions: 1 }

await run(log, 8_000, async (onStop) => {
  if (shadow) return startShadow(config, log, onStop)
  const clock = await openClock(config.SIMULATOR_URL, log)
  onStop('clock', clock.stop)
  const nowMs = (): number => clock.now().nowMs
  const metrics = createConsumeMetrics('normalizer')
  const counters = answerCounters(metrics.registry)
  const off = datasetsOff(config.DATASET_SCHEDULES)
  let parked: ParkedDatasets | undefined
  await startConsuming(
    {
      name: 'normalizer',
      config,
      log,
      nowMs,
      metrics,
      groups: async (clients, onStop) => {
        const parkedDatasets = await openParkedDatasets(clients, log, (error) => {
          log.fatal({ err: error }, 'the topic of parked datasets can no longer be followed')
          process.exit(1)
        })
        onStop('parked datasets', parkedDatasets.stop)
        parked = parkedDatasets
        const subscriptions = await Promise.all(
          sources.map((source) => subscribeTo(source, clients, counters, parkedDatasets, off, nowMs)),
        )
        return [{ groupId: config.CONSUMER_GROUP, shape, subscriptions }]
      },
      status: () => statusOf(sources, parked?.list() ?? [], off),
    },
    onStop,
  )
})

function answerCounters(metrics: Registry) {
  const ignored = new Counter({
    name: 'tidemark_ignored_items_total',
    help: 'Parts of answers that explode left out without harm, by kind (row-at-window-end, doubled-row, ...)',
    labelNames: ['dataset', 'kind'] as const,
    registers: [metrics],
  })
  const flagged = new Counter({
    name: 'tidemark_flagged_points_total',
    help: 'Points, and rows of own records, with a flag of a check, or with implausible, step-changed or unreadable',
    labelNames: ['dataset', 'flag'] as const,
    registers: [metrics],
  })
  return {
    countIgnored: (kinds: Record<string, number>, dataset: string): void => {
      for (const [kind, count] of Object.entries(kinds)) ignored.inc({ dataset, kind }, count)
    },
    countFlagged: (flags: Record<string, number>, dataset: string): void => {
      for (const [flag, count] of Object.entries(flags)) flagged.inc({ dataset, flag }, count)
    },
  }
}
