import type { Clock } from '#core/clock.ts'
import type { GroupLag } from '#platform/kafka/lag-reader.ts'
import type { Logger } from '#platform/process/log.ts'
import { type Loop, startLoop } from './loop.ts'
import type { MonitorMetrics } from './metrics.ts'
import type { StoredAnswer, StoreFigures } from './store-figures.ts'

export interface ReadingParts {
  lags: () => Promise<GroupLag[]>
  figures: () => Promise<StoreFigures>
  registry: () => Promise<void>
  clock: Pick<Clock, 'realMs'>
  metrics: MonitorMetrics
  log: Logger
}

/** Real ms between two readings. */
const everyMs = 15_000

/** Reads lag, figures of the store and the registry every 15 s, and shows them. A part that does not answer is shown as down. */
export function startReadings({ lags, figures, registry, clock, metrics, log }: ReadingParts): Loop {
  const of = async (part: 'kafka' | 'clickhouse' | 'registry', read: () => Promise<void>): Promise<void> => {
    try {
      await read()
      metrics.partUp(part, true)
    } catch (error) {
      metrics.partUp(part, false)
      log.warn({ err: error, part }, 'a part does not answer the monitor: trying again')
    }
  }
  return startLoop(everyMs, async () => {
    await Promise.all([
      of('kafka', async () => metrics.showLags(await lags())),
      of('clickhouse', async () => {
        const read = await figures()
        metrics.showFigures(read)
        for (const answer of read.answers) metrics.stored(answer.dataset, endToEndS(answer, clock))
      }),
      of('registry', registry),
    ])
  })
}

/**
 * Returns the real seconds from the last byte of an answer until its rows were visible. With a simulated clock, the result
 * is right if the clock ran steadily meanwhile. Pure.
 */
export const endToEndS = (
  { knownAtMs, storedAtMs }: Pick<StoredAnswer, 'knownAtMs' | 'storedAtMs'>,
  clock: Pick<Clock, 'realMs'>,
): number => clock.realMs(storedAtMs - knownAtMs) / 1_000
