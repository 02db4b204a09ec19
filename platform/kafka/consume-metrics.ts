import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { BatchMeasure } from './consume.ts'
import type { Verdict } from './verdict.ts'

export interface ConsumeMetrics {
  registry: Registry
  /** Adds one committed batch to the metrics. */
  measure: (batch: BatchMeasure) => void
}

export function createConsumeMetrics(service: string): ConsumeMetrics {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const records = new Counter({
    name: 'tidemark_consumed_records_total',
    help: 'Messages that were handled and committed, by verdict: ok, or the reason of a dead letter',
    labelNames: ['topic', 'verdict'] as const,
    registers,
  })
  const deadParts = new Counter({
    name: 'tidemark_dead_parts_total',
    help: 'Parts of messages that were refused alone (lines of files), by the reason of their dead letters',
    labelNames: ['topic', 'reason'] as const,
    registers,
  })
  const duration = new Histogram({
    name: 'tidemark_batch_duration_seconds',
    help: 'Time from a batch being handed over until its offsets are committed',
    labelNames: ['topic'] as const,
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30],
    registers,
  })
  const size = new Histogram({
    name: 'tidemark_batch_records',
    help: 'Messages in a batch',
    labelNames: ['topic'] as const,
    buckets: [10, 100, 1_000, 10_000],
    registers,
  })
  const lag = new Gauge({
    name: 'tidemark_consumer_lag_records',
    help: 'Messages of the partition behind the last committed batch, as that batch saw it',
    labelNames: ['topic', 'partition'] as const,
    registers,
  })
  return {
    registry,
    measure: (batch) => {
      const { topic } = batch
      for (const [verdict, same] of Map.groupBy(batch.verdicts, nameOf)) records.inc({ topic, verdict }, same.length)
      for (const verdict of batch.verdicts) {
        const parts = verdict.kind === 'ok' ? (verdict.deadParts ?? []) : []
        for (const [reason, same] of Map.groupBy(parts, (part) => part.reason))
          deadParts.inc({ topic, reason }, same.length)
      }
      duration.observe({ topic }, batch.durationMs / 1000)
      size.observe({ topic }, batch.records)
      lag.set({ topic, partition: `${batch.partition}` }, batch.lag)
    },
  }
}

const nameOf = (verdict: Verdict): string => (verdict.kind === 'ok' ? 'ok' : verdict.reason)
