// How many series Prometheus gets of a stack that collects everything.
import { expect, test } from 'vitest'
import { alerterGroups, consumerGroups } from '#core/consumer-groups.ts'
import { hostsOf } from '#core/hosts.ts'
import { createConsumeMetrics } from '#platform/kafka/consume-metrics.ts'
import { dead, ok } from '#platform/kafka/verdict.ts'
import { rawTopic, seriesTopic } from '#schemas/topics.ts'
import { createMetrics as createMonitorMetrics } from '#services/monitor/metrics.ts'
import { createMetrics as createPollerMetrics, statusLabel } from '#services/poller/metrics.ts'
import { sources } from '#sources/index.ts'

const hosts = hostsOf(sources, { baseUrls: {}, selectors: {}, credentials: {}, everyS: {} }, new Map())
const hosted = hosts.flatMap(({ name: host, datasets, off }) =>
  [...datasets, ...off].map(({ dataset }) => ({ host, dataset: dataset.name })),
)

function busyPoller() {
  const metrics = createPollerMetrics()
  for (const { host, dataset } of hosted) {
    for (const outcome of ['changed', 'unchanged', 'failed', 'empty'])
      metrics.polls.inc({ dataset, lane: 'live', outcome })
    for (const outcome of ['changed', 'failed']) metrics.polls.inc({ dataset, lane: 'background', outcome })
    for (const counter of [metrics.rawBytes, metrics.rawRecords, metrics.retriedPolls]) counter.inc({ dataset })
    metrics.lastGoodPoll.set({ dataset }, 1)
    metrics.pollDuration.observe({ host }, 1)
    for (const status of [null, 200, 429, 503]) metrics.responses.inc({ host, status: statusLabel(status) })
    for (const gauge of [metrics.sentLastMinute, metrics.requestLimit, metrics.waitingForBudget, metrics.dueRequests])
      gauge.set({ host }, 1)
    for (const gauge of [metrics.unreachableSince, metrics.inFlight, metrics.hostPaused]) gauge.set({ host }, 1)
  }
  return metrics.registry
}

function busyConsumer({ group, topics }: { group: string; topics: string[] }) {
  const metrics = createConsumeMetrics(group)
  const verdicts = [ok(), dead('type', 'no number')]
  for (const topic of topics)
    for (const partition of topic.endsWith('.raw') ? [0, 1] : [0])
      metrics.measure({ topic, partition, records: 2, lag: 0, durationMs: 1, verdicts } as never)
  return metrics.registry
}

test('all datasets and topics together have at most 5,000 series', async () => {
  expect(hosted.length).toBeGreaterThan(80)
  const monitor = createMonitorMetrics(hosts)
  monitor.show({ atMs: 0, datasets: [], changes: [] }, [], 0.1)
  monitor.showPoints({ unaccounted: new Map(hosted.map(({ dataset }) => [dataset, 0])), comparedAtMs: 0 })
  monitor.showBackup(0, 1)
  // The alerter is one process with several groups.
  const [ofAlerter, others] = [true, false].map((is) =>
    consumerGroups().filter(({ group }) => alerterGroups.includes(group) === is),
  )
  const alerter = { group: 'alerter', topics: [...new Set(ofAlerter?.flatMap(({ topics }) => topics))] }
  const groups = [...(others ?? []), alerter]
  expect(groups.map(({ topics }) => topics)).toEqual([
    expect.arrayContaining([rawTopic('jao').name]),
    expect.arrayContaining([seriesTopic('jao').name]),
    expect.arrayContaining(['jao.dlq']),
    expect.arrayContaining(['jao.timeseries', 'completeness', 'tidemark.alerts.events']),
  ])
  const registries = [monitor.registry, busyPoller(), ...groups.map(busyConsumer)]
  const texts = await Promise.all(registries.map((registry) => registry.metrics()))
  const series = texts.map((text) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#')))
  expect(series.flat().length, series.map(({ length }) => length).join(' + ')).toBeLessThanOrEqual(5_000)
  const labels = series.flat().flatMap((line) => [...line.matchAll(/[{,]([a-z_]+)="/g)].map(([, label]) => label))
  for (const label of ['key', 'symbol', 'selector', 'window']) expect(labels).not.toContain(label)
})
