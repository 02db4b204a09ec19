import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Host } from '#core/hosts.ts'
import type { Evaluation } from './evaluate.ts'

export const classes = [
  'unknown',
  'before-history',
  'deleted',
  'not-collected',
  'complete',
  'retracted',
  'partial',
  'not-yet-due',
  'late',
  'lost',
] as const

export interface MonitorMetrics {
  registry: Registry
  /** Shows an evaluation. Call it after the changes of the evaluation are acknowledged. */
  show: (evaluation: Evaluation) => void
}

/** All datasets that have an upstream have a value of each class from the beginning. */
export function createMetrics(hosts: readonly Host[]): MonitorMetrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const windows = new Gauge({
    name: 'tidemark_windows',
    help: 'Windows of the past 31 days and of the future, by class of completeness; of ticks: hours',
    labelNames: ['dataset', 'class'],
    registers,
  })
  const oldestLate = new Gauge({
    name: 'tidemark_oldest_late_timestamp_seconds',
    help: 'Since when the oldest late window of a dataset is late, in seconds since 1970; 0 if none is late',
    labelNames: ['dataset'],
    registers,
  })
  const lastComplete = new Gauge({
    name: 'tidemark_last_complete_window_end_timestamp_seconds',
    help: 'End of the newest complete window of a dataset, in seconds since 1970; 0 if none is complete',
    labelNames: ['dataset'],
    registers,
  })
  const evaluatedAt = new Gauge({
    name: 'tidemark_completeness_evaluated_timestamp_seconds',
    help: 'The instant for which completeness was evaluated last, in seconds since 1970',
    registers,
  })
  const names = hosts.flatMap(({ datasets, off }) => [...datasets, ...off].map(({ dataset }) => dataset.name))
  return {
    registry,
    show({ atMs, datasets }) {
      const rows = Map.groupBy(datasets, ({ dataset }) => dataset)
      for (const dataset of new Set([...names, ...rows.keys()])) {
        const byClass = new Map((rows.get(dataset) ?? []).map((row) => [row.class, row]))
        for (const each of classes) windows.set({ dataset, class: each }, byClass.get(each)?.windows ?? 0)
        oldestLate.set({ dataset }, (byClass.get('late')?.oldestSinceMs ?? 0) / 1_000)
        lastComplete.set({ dataset }, (byClass.get('complete')?.lastEndMs ?? 0) / 1_000)
      }
      evaluatedAt.set(atMs / 1_000)
    },
  }
}
