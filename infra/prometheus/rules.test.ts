import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { groups, jobs, rulesIn } from '../../test/support/monitoring-files.ts'
import { metricsOf } from '../../test/support/promql.ts'

const here = import.meta.dirname
const records = rulesIn('records.yml')
const alerts = rulesIn('alerts.yml')
const runbook = readFileSync(join(here, '../../docs/runbook.md'), 'utf8')

test('every expression is PromQL', () => {
  for (const { expr } of [...records, ...alerts]) expect(metricsOf(expr), expr).not.toEqual([])
  expect(() => metricsOf('sum(rate(a{b="c"}[5m])')).toThrow('is not PromQL, at character')
})

test.each(alerts.map((rule) => [rule.alert ?? '', rule] as const))(
  '%s has what an alert must have, and a section of the runbook',
  (alert, { labels, annotations, ...rule }) => {
    expect(alert).toMatch(/^Tidemark([A-Z][a-z]+)+$/)
    expect(rule).toMatchObject({
      for: expect.stringMatching(/^\d+[mh]$/),
      keep_firing_for: expect.stringMatching(/^\d+[mh]$/),
    })
    expect(['critical', 'warning', 'info']).toContain(labels.severity)
    // A summary is one sentence without values; a description names what it is about.
    expect(annotations.summary).toMatch(/^[A-Z][^{}]+\.$/)
    const ofTheStack = [
      ...['TidemarkEvaluationStalled', 'TidemarkPointsUnchecked', 'TidemarkBackupOverdue'],
      ...['TidemarkAlerterStalled', 'TidemarkAlertEndpointDisabled'],
    ]
    if (!ofTheStack.includes(alert)) expect(annotations.description).toContain('{{ $labels.')
    expect(annotations.runbook_url).toBe(`docs/runbook.md#${alert.toLowerCase()}`)
    const section = runbook.split(/^## /m).find((text) => text.startsWith(`${alert}\n`)) ?? ''
    for (const part of ['**Means**', '**Look**', '**Do**']) expect(section).toContain(part)
  },
)

test('the runbook has no section of an alert that is gone', () => {
  const sections = [...runbook.matchAll(/^## (Tidemark\w+)$/gm)].map(([, name]) => name)
  expect(sections).toEqual(alerts.map(({ alert }) => alert))
})

test('every job of a rule is one that is scraped', () => {
  const named = alerts.flatMap(({ expr }) => [...expr.matchAll(/job="([^"]+)"/g)].map(([, job]) => job))
  expect(new Set(named)).toEqual(new Set(jobs()))
})

interface Case {
  alert: string
  /** Samples per minute of each series, in the notation of promtool: when the alert fires, and when it must not. */
  fires: Record<string, string>
  quiet: Record<string, string>
  /** The first minute at which it fires; it does not in the minute before. */
  fromMinute: number
  labels: Record<string, string>
  description: string
}

const late = 'tidemark_windows{dataset="d",class="late"}'
const ups = (more: Record<string, string>): Record<string, string> => ({
  ...Object.fromEntries(jobs().map((job) => [`up{job="${job}"}`, '1x200'])),
  ...more,
})
const cases: Case[] = [
  {
    alert: 'TidemarkDatasetLate',
    fires: { [late]: '0 3x199' },
    quiet: { [late]: '0x200', 'tidemark_windows{dataset="d",class="complete"}': '3x200' },
    ...{ fromMinute: 6, labels: { dataset: 'd', class: 'late' } },
    description: '3 windows of d were expected and are not complete.',
  },
  {
    alert: 'TidemarkDatasetPartial',
    fires: { 'tidemark_windows{dataset="d",class="partial"}': '2x200' },
    quiet: { 'tidemark_windows{dataset="d",class="partial"}': '2x100 0x100' },
    ...{ fromMinute: 120, labels: { dataset: 'd', class: 'partial' } },
    description: '2 windows of d lack rows, values or keys.',
  },
  {
    alert: 'TidemarkTicksLost',
    fires: { 'tidemark_windows{dataset="d",class="lost"}': '2x69 3x131' },
    quiet: { 'tidemark_windows{dataset="d",class="lost"}': '2x200' },
    ...{ fromMinute: 71, labels: { dataset: 'd', class: 'lost' } },
    description: 'In the past hour, more hours of d have lost ticks. Nobody can fetch them later.',
  },
  {
    alert: 'TidemarkDatasetParked',
    fires: { 'tidemark_dataset_parked{dataset="d"}': '0 1x199' },
    quiet: { 'tidemark_dataset_parked{dataset="d"}': '0x200' },
    ...{ fromMinute: 2, labels: { dataset: 'd' } },
    description: 'The answers of d are kept and not read, because too many were refused.',
  },
  {
    alert: 'TidemarkDeadLetters',
    fires: { 'tidemark_open_dead_letters{topic="jao.dlq"}': '4x200' },
    quiet: { 'tidemark_open_dead_letters{topic="jao.dlq"}': '4x3 0x197' },
    ...{ fromMinute: 5, labels: { topic: 'jao.dlq' } },
    description: '4 dead letters on jao.dlq wait for a decision.',
  },
  {
    alert: 'TidemarkPointsUnaccounted',
    fires: { 'tidemark_points_unaccounted{dataset="d"}': '0 3x199' },
    // A rebuild exchanges its tables; a slice is sent back.
    quiet: { 'tidemark_points_unaccounted{dataset="d"}': '0x10 5x8 0x180' },
    ...{ fromMinute: 11, labels: { dataset: 'd' } },
    description: '3 points of d were accepted, and were neither deleted nor refused.',
  },
  {
    alert: 'TidemarkPointsUnchecked',
    // A day before the time of the test, which is 0: one minute later it is more than a day.
    fires: { tidemark_points_compared_timestamp_seconds: '-86400x200' },
    quiet: { tidemark_points_compared_timestamp_seconds: '-72000x200' },
    ...{ fromMinute: 16, labels: {} },
    description: 'The last complete comparison of all points with their answers began 1d 0h 16m 0s ago.',
  },
  {
    alert: 'TidemarkSourceUnreachable',
    fires: { 'tidemark_host_unreachable_timestamp_seconds{host="h"}': '1700000000x200' },
    quiet: { 'tidemark_host_unreachable_timestamp_seconds{host="h"}': '1700000000x8 0x190' },
    ...{ fromMinute: 10, labels: { host: 'h' } },
    description: 'No connection to h could be made for more than 10 minutes.',
  },
  {
    alert: 'TidemarkPollsFailing',
    fires: {
      'tidemark_polls_total{dataset="d",lane="live",outcome="failed"}': '0+6x200',
      'tidemark_polls_total{dataset="d",lane="live",outcome="changed"}': '0+2x200',
    },
    quiet: {
      'tidemark_polls_total{dataset="d",lane="live",outcome="failed"}': '0+2x200',
      'tidemark_polls_total{dataset="d",lane="live",outcome="changed"}': '0+6x200',
    },
    ...{ fromMinute: 31, labels: { dataset: 'd' } },
    description: '75% of the polls of d fail.',
  },
  {
    alert: 'TidemarkBudgetExhausted',
    fires: { 'tidemark_budget_waiting_requests{host="h"}': '7x200' },
    // A backfill that ends after half an hour; a host that comes to rest now and then.
    quiet: {
      'tidemark_budget_waiting_requests{host="h"}': '7x30 0x170',
      'tidemark_budget_waiting_requests{host="i"}': '7x20 0 7x20 0 7x50 0x105',
    },
    ...{ fromMinute: 45, labels: { host: 'h' } },
    description: 'For an hour, requests to h have been waiting for its budget; now 7 do.',
  },
  {
    alert: 'TidemarkDown',
    fires: ups({ 'up{job="tidemark-sink"}': '1 0x199' }),
    quiet: ups({ 'up{job="tidemark-sink"}': '1 0 0 1x197', 'up{job="other"}': '0x200' }),
    ...{ fromMinute: 3, labels: { job: 'tidemark-sink' } },
    description: 'tidemark-sink does not answer Prometheus.',
  },
  {
    alert: 'TidemarkPartDown',
    fires: { 'tidemark_part_up{part="kafka"}': '1 0x199', 'tidemark_part_up{part="registry"}': '1x200' },
    quiet: { 'tidemark_part_up{part="kafka"}': '1 0 1x198' },
    ...{ fromMinute: 3, labels: { part: 'kafka' } },
    description: 'kafka does not answer the monitor.',
  },
  {
    alert: 'TidemarkRestarting',
    fires: { 'process_start_time_seconds{job="tidemark-sink"}': '100 200 300 400 500x196' },
    quiet: {
      'process_start_time_seconds{job="tidemark-sink"}': '100 200 300 400x197',
      'process_start_time_seconds{job="other"}': '100 200 300 400 500x196',
    },
    ...{ fromMinute: 5, labels: { job: 'tidemark-sink' } },
    description: 'tidemark-sink was started 4 times in an hour.',
  },
  {
    alert: 'TidemarkEvaluationStalled',
    fires: { tidemark_completeness_evaluation_duration_seconds_count: '5x200' },
    quiet: { tidemark_completeness_evaluation_duration_seconds_count: '0+1x200' },
    ...{ fromMinute: 6, labels: {} },
    description: 'For 10 minutes, completeness was not evaluated, so nobody is told what is late.',
  },
  {
    alert: 'TidemarkAlerterStalled',
    fires: { tidemark_alerter_heartbeat_seconds: '0x200' },
    quiet: { tidemark_alerter_heartbeat_seconds: '0+60x200' },
    ...{ fromMinute: 3, labels: {} },
    description: 'For 3m 0s, the alerter gave no sign of life, so nobody is told of alerts.',
  },
  {
    alert: 'TidemarkAlertEndpointDisabled',
    fires: { tidemark_alert_endpoints_disabled: '2x200' },
    quiet: { tidemark_alert_endpoints_disabled: '0x200' },
    ...{ fromMinute: 1, labels: {} },
    description: '2 endpoints of alerts take no messages any more; npx tidemark alerts endpoint list names them.',
  },
  {
    alert: 'TidemarkConsumerLagSeconds',
    fires: { 'tidemark_consumer_lag_seconds{group="sink",topic="polls"}': '600x200' },
    quiet: { 'tidemark_consumer_lag_seconds{group="sink",topic="polls"}': '300x200' },
    ...{ fromMinute: 5, labels: { group: 'sink', topic: 'polls' } },
    description: 'The oldest record of polls has waited for the sink for 10m 0s.',
  },
  {
    alert: 'TidemarkDiskFull',
    fires: {
      'tidemark_store_disk_free_bytes{disk="default"}': '50x200',
      'tidemark_store_disk_total_bytes{disk="default"}': '1000x200',
    },
    quiet: {
      'tidemark_store_disk_free_bytes{disk="default"}': '100x200',
      'tidemark_store_disk_total_bytes{disk="default"}': '1000x200',
    },
    ...{ fromMinute: 10, labels: { disk: 'default' } },
    description: '5% of the disk default are free.',
  },
  {
    alert: 'TidemarkDiskFilling',
    // 16 bytes a second are lost. After 61 minutes 900,000 are left, which is enough for 56,250 seconds.
    fires: { 'tidemark_store_disk_free_bytes{disk="default"}': '958560-960x200' },
    quiet: {
      'tidemark_store_disk_free_bytes{disk="default"}': '95856000-960x200',
      'tidemark_store_disk_free_bytes{disk="other"}': '900000+960x200',
    },
    ...{ fromMinute: 61, labels: { disk: 'default' } },
    description: 'If it goes on like in the past 6 hours, the disk default is full in 15h 37m 30s.',
  },
  {
    alert: 'TidemarkBackupOverdue',
    // Every ten minutes: from minute 16 on it is older than 15 minutes.
    fires: { tidemark_last_backup_timestamp_seconds: '0x200', tidemark_backup_interval_seconds: '600x200' },
    quiet: {
      'tidemark_last_backup_timestamp_seconds{job="on time"}': '0+60x200',
      'tidemark_backup_interval_seconds{job="on time"}': '3600x200',
      // Made by hand: nobody said how often.
      'tidemark_last_backup_timestamp_seconds{job="by hand"}': '-90000x200',
    },
    ...{ fromMinute: 46, labels: {} },
    description:
      'The last good backup is older than one and a half times the time between two backups, or nobody knows which it is.',
  },
]

test('every alert has a case', () => {
  expect(cases.map(({ alert }) => alert)).toEqual(alerts.map(({ alert }) => alert))
})

const expected = ({ alert, labels, description }: Case) => {
  const rule = alerts.find((one) => one.alert === alert)
  return [
    {
      exp_labels: { ...labels, severity: rule?.labels.severity },
      exp_annotations: { ...rule?.annotations, description },
    },
  ]
}
const seriesOf = (series: Record<string, string>) =>
  Object.entries(series).map(([name, values]) => ({ series: name, values }))
const at = (minute: number, alert: string, exp_alerts: unknown[]) => ({
  ...{ eval_time: `${minute}m`, alertname: alert },
  ...(exp_alerts.length > 0 && { exp_alerts }),
})

/** The series until a minute; then Prometheus cannot scrape. Series that are 1 all the time go on. */
function cutAfter(minute: number, { fires }: Case): Record<string, string> {
  const cut = (values: string): string => {
    if (values === '1x200') return values
    const samples = values.split(' ').flatMap((part) => {
      const [, first = '', step = '0', times = '0'] = /^(-?\d+)([+-]\d+)?(?:x(\d+))?$/.exec(part) ?? []
      return Array.from({ length: Number(times) + 1 }, (_, index) => Number(first) + index * Number(step))
    })
    return `${samples.slice(0, minute + 1).join(' ')} stale`
  }
  return Object.fromEntries(Object.entries(fires).map(([name, values]) => [name, cut(values)]))
}

function promtool(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`promtool ${args.join(' ')} failed: ${stdout}${stderr}`)
  return stdout
}

function hasPromtool(): boolean {
  try {
    return execFileSync('promtool', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }) !== ''
  } catch {
    console.warn('NOT TESTED: when alerts fire. promtool is not installed (Debian package prometheus).')
    return false
  }
}

test('alerts fire after their time, not without cause, and not less for a gap in the scrapes: promtool', () => {
  if (!hasPromtool()) return
  const files = ['records.yml', 'alerts.yml'].map((file) => join(here, file))
  promtool('check', 'rules', ...files)
  const tests = cases.flatMap((one) => [
    {
      ...{ interval: '1m', name: `${one.alert} fires, also in a gap` },
      input_series: seriesOf(cutAfter(one.fromMinute, one)),
      alert_rule_test: [
        at(one.fromMinute - 1, one.alert, []),
        ...[0, 2, 4].map((minutes) => at(one.fromMinute + minutes, one.alert, expected(one))),
      ],
    },
    {
      ...{ interval: '1m', name: `${one.alert} is quiet`, input_series: seriesOf(one.quiet) },
      alert_rule_test: [1, 5, 15, 30, 60, 125].map((minute) => at(minute, one.alert, [])),
    },
  ])
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-rules-'))
  try {
    const file = join(directory, 'alerts.test.yml')
    const text = { rule_files: files, evaluation_interval: '1m', group_eval_order: groups, tests }
    writeFileSync(file, stringify(text))
    expect(promtool('test', 'rules', file)).toContain('SUCCESS')
  } finally {
    rmSync(directory, { recursive: true })
  }
})
