import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { consumerGroups } from '#core/consumer-groups.ts'
import type { Host } from '#core/hosts.ts'
import { topicsOf } from '#core/source-topics.ts'
import type { GroupLag } from '#platform/kafka/lag-reader.ts'
import { platformTopics } from '#schemas/topics.ts'
import { sources } from '#sources/index.ts'
import type { Dataset } from '#sources/source.ts'
import type { Evaluation, WindowChange } from './evaluate.ts'
import type { PointFigures } from './point-check.ts'
import type { StoreFigures } from './store-figures.ts'
import type { FindingCount } from './stored-findings.ts'

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

const parts = ['kafka', 'clickhouse', 'registry'] as const

export interface MonitorMetrics {
  registry: Registry
  /** Shows an evaluation that took `seconds`, and its new changes. Call it after the changes are acknowledged. */
  show: (evaluation: Evaluation, changes: readonly WindowChange[], seconds: number) => void
  /** Shows the findings of the past 31 days, as of an instant of the poller's clock. */
  showFindings: (counts: readonly FindingCount[], atMs: number) => void
  showLags: (lags: readonly GroupLag[]) => void
  showFigures: (figures: StoreFigures) => void
  /** Counts an answer that became visible in the store, so many real seconds after its last byte. */
  stored: (dataset: string, seconds: number) => void
  partUp: (part: (typeof parts)[number], isUp: boolean) => void
  /** Shows how many points are unaccounted for. undefined: nobody knows. */
  showPoints: (figures: PointFigures | undefined) => void
  /** Shows when the last good backup was made, ms UTC, 0 without one. undefined: nobody knows. */
  showBackup: (lastMs: number | undefined, intervalS: number) => void
}

/** All label values that can be known have a value from the beginning: 0, unless the help text says otherwise. */
export function createMetrics(hosts: readonly Host[]): MonitorMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const datasets = hosts.flatMap(({ datasets, off }) => [...datasets, ...off].map(({ dataset }) => dataset))
  const names = datasets.map(({ name }) => name)
  const registers = [registry]
  return {
    registry,
    show: showEvaluation(
      names,
      registers,
      datasets.filter(({ calendar }) => calendar.kind !== 'ticks').map(({ name }) => name),
    ),
    showFindings: showFindings(datasets, registers),
    showLags: showLags(registers),
    showFigures: showFigures(names, registers),
    stored: countStored(registers),
    partUp: showParts(registers),
    showPoints: showPoints(registers),
    showBackup: showBackup(registers),
  }
}

function showEvaluation(
  names: readonly string[],
  registers: Registry[],
  published: readonly string[],
): MonitorMetrics['show'] {
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
    help: 'The instant for which completeness was evaluated last, by the clock of the poller, in seconds since 1970',
    registers,
  })
  const evaluation = new Histogram({
    name: 'tidemark_completeness_evaluation_duration_seconds',
    help: 'Time that a successful evaluation of completeness took',
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  })
  const delay = new Histogram({
    name: 'tidemark_publication_delay_seconds',
    help: 'Of windows that became complete for the first time: time since they were expected; negative if early',
    labelNames: ['dataset'],
    buckets: [-3_600, 0, 900, 3_600, 14_400, 86_400],
    registers,
  })
  for (const dataset of published) delay.zero({ dataset })
  const show = ({ atMs, datasets }: Pick<Evaluation, 'atMs' | 'datasets'>): void => {
    const rows = Map.groupBy(datasets, ({ dataset }) => dataset)
    for (const dataset of new Set([...names, ...rows.keys()])) {
      const byClass = new Map((rows.get(dataset) ?? []).map((row) => [row.class, row]))
      for (const each of classes) windows.set({ dataset, class: each }, byClass.get(each)?.windows ?? 0)
      oldestLate.set({ dataset }, (byClass.get('late')?.oldestSinceMs ?? 0) / 1_000)
      lastComplete.set({ dataset }, (byClass.get('complete')?.lastEndMs ?? 0) / 1_000)
    }
    evaluatedAt.set(atMs / 1_000)
  }
  return (evaluated, changes, seconds) => {
    show(evaluated)
    evaluation.observe(seconds)
    for (const { record, publicationDelayS } of changes)
      if (publicationDelayS !== null) delay.observe({ dataset: record.dataset }, publicationDelayS)
  }
}

function showFindings(datasets: readonly Dataset[], registers: Registry[]): MonitorMetrics['showFindings'] {
  const findings = new Gauge({
    name: 'tidemark_quality_findings',
    help: 'Findings of the checks across answers that begin in the past 31 days and hold',
    labelNames: ['dataset', 'check'],
    registers,
  })
  const checkedAt = new Gauge({
    name: 'tidemark_quality_checked_timestamp_seconds',
    help: 'When the checks across answers ran last, by the clock of the poller, in seconds since 1970',
    registers,
  })
  const none = datasets.flatMap(({ name, acrossAnswers = [] }) =>
    acrossAnswers.map(({ check }) => [name, check] as const),
  )
  const show = (counts: readonly FindingCount[]): void => {
    findings.reset()
    for (const [dataset, check] of none) findings.set({ dataset, check }, 0)
    for (const { dataset, check, findings: count } of counts) findings.set({ dataset, check }, count)
  }
  show([])
  return (counts, atMs) => {
    show(counts)
    checkedAt.set(atMs / 1_000)
  }
}

function showLags(registers: Registry[]): MonitorMetrics['showLags'] {
  const seconds = new Gauge({
    name: 'tidemark_consumer_lag_seconds',
    help: 'Age of the oldest record of a topic that a consumer group has not committed; 0 if there is none',
    labelNames: ['group', 'topic'],
    registers,
  })
  const records = new Gauge({
    name: 'tidemark_consumer_group_lag_records',
    help: 'Records of a topic that a consumer group has not committed',
    labelNames: ['group', 'topic'],
    registers,
  })
  const show = (lags: readonly GroupLag[]): void => {
    for (const { group, topic, ...lag } of lags) {
      seconds.set({ group, topic }, lag.seconds)
      records.set({ group, topic }, lag.records)
    }
  }
  show(
    consumerGroups().flatMap(({ group, topics }) => topics.map((topic) => ({ group, topic, records: 0, seconds: 0 }))),
  )
  return show
}

function showFigures(names: readonly string[], registers: Registry[]): MonitorMetrics['showFigures'] {
  const parked = new Gauge({
    name: 'tidemark_dataset_parked',
    help: 'Whether a dataset is parked: 1 or 0',
    labelNames: ['dataset'],
    registers,
  })
  const letters = new Gauge({
    name: 'tidemark_open_dead_letters',
    help: 'Dead letters of a topic that nobody has decided on',
    labelNames: ['topic'],
    registers,
  })
  const free = new Gauge({
    name: 'tidemark_store_disk_free_bytes',
    help: 'Free bytes of a disk of the store',
    labelNames: ['disk'],
    registers,
  })
  const total = new Gauge({
    name: 'tidemark_store_disk_total_bytes',
    help: 'Size of a disk of the store',
    labelNames: ['disk'],
    registers,
  })
  const topics = [...platformTopics, ...sources.flatMap(topicsOf)].filter(({ record }) => record === null)
  const show = (figures: Omit<StoreFigures, 'answers'>): void => {
    for (const dataset of new Set([...names, ...figures.parked]))
      parked.set({ dataset }, figures.parked.includes(dataset) ? 1 : 0)
    for (const topic of new Set([...topics.map(({ name }) => name), ...figures.openLetters.keys()]))
      letters.set({ topic }, figures.openLetters.get(topic) ?? 0)
    for (const { disk, freeBytes, totalBytes } of figures.disks) {
      free.set({ disk }, freeBytes)
      total.set({ disk }, totalBytes)
    }
  }
  show({ parked: [], openLetters: new Map(), disks: [] })
  return show
}

/** Answers that are older, s, are history that is read again, and say nothing about freshness. */
const maxEndToEndS = 24 * 3_600

function countStored(registers: Registry[]): MonitorMetrics['stored'] {
  const endToEnd = new Histogram({
    name: 'tidemark_end_to_end_seconds',
    help: 'Time from the last byte of an answer until its rows are visible in the store, of answers of the past 24 hours',
    labelNames: ['source'],
    buckets: [0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600],
    registers,
  })
  const sourceOf = new Map(sources.flatMap(({ name, datasets }) => datasets.map((dataset) => [dataset.name, name])))
  for (const { name: source, upstream } of sources) if (upstream !== undefined) endToEnd.zero({ source })
  return (dataset, seconds) => {
    const source = sourceOf.get(dataset)
    if (source !== undefined && seconds <= maxEndToEndS) endToEnd.observe({ source }, Math.max(0, seconds))
  }
}

function showParts(registers: Registry[]): MonitorMetrics['partUp'] {
  const up = new Gauge({
    name: 'tidemark_part_up',
    help: 'Whether broker, store and registry answer the monitor: 1 or 0',
    labelNames: ['part'],
    registers,
  })
  for (const part of parts) up.set({ part }, 0)
  return (part, isUp) => up.set({ part }, isUp ? 1 : 0)
}

function showPoints(registers: Registry[]): MonitorMetrics['showPoints'] {
  const unaccounted = new Gauge({
    name: 'tidemark_points_unaccounted',
    help: 'Points of accepted answers that are not stored, neither deleted nor refused; absent while nobody knows',
    labelNames: ['dataset'],
    registers,
  })
  const comparedAt = new Gauge({
    name: 'tidemark_points_compared_timestamp_seconds',
    help: 'When the last complete comparison of all points with their answers began; before the first, when this began',
    registers,
  })
  comparedAt.set(Date.now() / 1_000)
  return (figures) => {
    unaccounted.reset()
    for (const [dataset, points] of figures?.unaccounted ?? []) unaccounted.set({ dataset }, points)
    if (figures?.comparedAtMs !== undefined) comparedAt.set(figures.comparedAtMs / 1_000)
  }
}

function showBackup(registers: Registry[]): MonitorMetrics['showBackup'] {
  const last = new Gauge({
    name: 'tidemark_last_backup_timestamp_seconds',
    help: 'When the last good backup was made, in seconds since 1970; 0 without one; absent while nobody knows',
    registers,
  })
  const interval = new Gauge({
    name: 'tidemark_backup_interval_seconds',
    help: 'Time between two backups; absent if the stack makes none by itself',
    registers,
  })
  last.remove()
  interval.remove()
  return (lastMs, intervalS) => {
    if (lastMs === undefined) last.remove()
    else last.set(lastMs / 1_000)
    interval.set(intervalS)
  }
}
