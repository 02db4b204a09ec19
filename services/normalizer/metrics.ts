import { Counter } from 'prom-client'
import { type ConsumeMetrics, createConsumeMetrics } from '#platform/kafka/consume-metrics.ts'

export interface NormalizerMetrics extends ConsumeMetrics {
  countIgnored: (ignored: Record<string, number>, dataset: string) => void
}

/** The normalizer's metrics: those of every consumer, and what explode left out without harm. */
export function createNormalizerMetrics(): NormalizerMetrics {
  const metrics = createConsumeMetrics('normalizer')
  const ignored = new Counter({
    name: 'tidemark_ignored_items_total',
    help: 'Parts of answers that explode left out without harm, by kind (row-at-window-end, doubled-row, ...)',
    labelNames: ['dataset', 'kind'] as const,
    registers: [metrics.registry],
  })
  return {
    ...metrics,
    countIgnored: (counts, dataset) => {
      for (const [kind, count] of Object.entries(counts)) ignored.inc({ dataset, kind }, count)
    },
  }
}
