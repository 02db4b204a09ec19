import { sinkLettersGroup } from '#core/consumer-groups.ts'
import { datasetsByName } from '#core/datasets.ts'
import { refusedPoints, storedSliceLetters } from '#core/reconcile/refused-points.ts'
import { createStore, type Store, type StoreConfig } from '#platform/clickhouse/client.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { waitForGroup } from '#platform/kafka/consumer-lag.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import type { Logger } from '#platform/process/log.ts'
import { TransientError } from '#platform/process/transient-error.ts'
import { deadLetterTopic } from '#schemas/topics.ts'
import { type Loop, startLoop } from './loop.ts'
import type { MonitorMetrics } from './metrics.ts'
import { createPointCheck } from './point-check.ts'
import type { MissingPoints } from './point-walk.ts'
import type { StoredClock } from './stored-clock.ts'

export interface PointLoopParts {
  access: Pick<StoreConfig, 'url' | 'user' | 'password'>
  storedNow: StoredClock
  kafka: Kafka
  registry: Registry
  metrics: Pick<MonitorMetrics, 'showPoints'>
  log: Logger
}

/** Real ms between two steps, if they are short. */
const everyMs = 15_000
/** Which part of the time the steps take at most. */
const maxShare = 0.1

/** A query takes one thread of the store, and ends if it takes more memory or time than a piece can need. */
const gently = {
  max_threads: 1,
  max_memory_usage: String(768 * 1024 * 1024),
  max_execution_time: 50,
}

/** Compares all the time the points of answers with their rows, and shows what is unaccounted for. */
export function startPointCheck({ access, storedNow, kafka, registry, metrics, log }: PointLoopParts): Loop {
  const store = createStore({ ...access, requestTimeoutMs: 60_000, settings: gently })
  const step = createPointCheck({ store, storedNow, missingOf: missingWithoutRefused({ store, kafka, registry }), log })
  const loop = startLoop(
    everyMs,
    async () => {
      try {
        metrics.showPoints(await step())
      } catch (error) {
        metrics.showPoints(undefined)
        log.warn({ err: error }, 'the store does not say which points it has: trying again')
      }
    },
    maxShare,
  )
  return {
    // A step only reads, and a query may take longer than a stop: nobody waits for it.
    stop: async () => void loop.stop(),
  }
}

/** Longest wait until the sink has stored the dead letters that there are, ms. */
const maxWaitMs = 10_000

/** Asks Kafka only about datasets that lack points. @throws TransientError if dead letters are not stored yet */
export function missingWithoutRefused(parts: { store: Store; kafka: Kafka; registry: Registry }): MissingPoints {
  return async ({ dataset, missing, incomplete }) => {
    const source = datasetsByName.get(dataset)?.source.name
    if (missing === 0 || source === undefined) return missing
    const topic = deadLetterTopic(source).name
    const areStored = await waitForGroup(
      ...([parts.kafka, sinkLettersGroup, topic, undefined, AbortSignal.timeout(maxWaitMs)] as const),
    )
    if (!areStored) throw new TransientError(`The sink has not stored all of ${topic} yet: some points may be refused.`)
    const letters = await storedSliceLetters(parts.store, source, dataset)
    return missing - (await refusedPoints(parts, { source, dataset, letters }, incomplete))
  }
}
