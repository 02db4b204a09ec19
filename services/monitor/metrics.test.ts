import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { hostsOf } from '#core/hosts.ts'
import { createLogger } from '#platform/process/log.ts'
import type { CompletenessChange } from '#schemas/generated/records.ts'
import { sources } from '#sources/index.ts'
import { startBackupWatch } from './backup-watch.ts'
import { classes, createMetrics } from './metrics.ts'
import { endToEndS, startReadings } from './readings.ts'

const settings = { baseUrls: {}, selectors: {}, credentials: {}, everyS: {} }
const hosts = hostsOf(sources, settings, new Map())
const linesOf = async ({ registry }: ReturnType<typeof createMetrics>) => (await registry.metrics()).split('\n')
const samples = (lines: string[]) => lines.filter((line) => line !== '' && !line.startsWith('#'))

test('all datasets, topics and sources have a value from the beginning', async () => {
  const metrics = createMetrics(hosts)
  metrics.show({ atMs: 0, datasets: [], changes: [] }, [], 0.1)
  const lines = samples(await linesOf(metrics))
  const polled = sources.flatMap(({ upstream, datasets }) => (upstream ? datasets.filter(({ asking }) => asking) : []))
  expect(polled.length).toBeGreaterThan(50)
  for (const { name } of polled)
    for (const each of classes) expect(lines).toContain(`tidemark_windows{dataset="${name}",class="${each}"} 0`)
  expect(lines).toContain('tidemark_consumer_lag_seconds{group="sink",topic="jao.timeseries"} 0')
  expect(lines).toContain('tidemark_open_dead_letters{topic="jao.dlq"} 0')
  expect(lines).toContain('tidemark_end_to_end_seconds_count{source="kraken"} 0')
  expect(lines).toContain('tidemark_quality_findings{dataset="kraken.ticker",check="frozen"} 0')
})

const change = (more: Partial<CompletenessChange>): CompletenessChange => ({
  ...{ dataset: 'jao.core.atc', requestIdentity: 'i', selector: null, windowStart: 0, windowEnd: 1, at: 0, since: 0 },
  ...{ class: 'complete', previousClass: null, cause: null, detail: null, expectedBy: 0 },
  ...more,
})

test('an evaluation, lags and figures are shown as they are', async () => {
  const metrics = createMetrics(hosts)
  const name = 'jao.core.maxExchanges'
  const rows = [
    { dataset: name, class: 'late', windows: 2, oldestSinceMs: 5_000, lastEndMs: 9_000 },
    { dataset: name, class: 'complete', windows: 31, oldestSinceMs: null, lastEndMs: 8_000 },
  ]
  const changes = [
    { record: change({ dataset: name }), publicationDelayS: 1_000 },
    { record: change({ dataset: name }), publicationDelayS: -60 },
    { record: change({ dataset: name }), publicationDelayS: null },
  ]
  metrics.show({ atMs: 7_000, datasets: rows, changes }, changes, 2)
  metrics.showFindings([{ dataset: 'kraken.ticker', check: 'jump', findings: 3 }], 8_000)
  metrics.showLags([{ group: 'sink', topic: 'polls', records: 3, seconds: 40 }])
  const disks = [{ disk: 'default', freeBytes: 10, totalBytes: 100 }]
  metrics.showFigures({ parked: [name], openLetters: new Map([['jao.dlq', 4]]), disks, answers: [] })
  metrics.stored('jao.core.atc', 3)
  metrics.stored('jao.core.atc', 25 * 3_600)
  metrics.stored('jao.core.atc', Number.POSITIVE_INFINITY)
  metrics.partUp('kafka', true)
  expect(await linesOf(metrics)).toEqual(
    expect.arrayContaining([
      `tidemark_windows{dataset="${name}",class="late"} 2`,
      `tidemark_windows{dataset="${name}",class="lost"} 0`,
      `tidemark_oldest_late_timestamp_seconds{dataset="${name}"} 5`,
      `tidemark_last_complete_window_end_timestamp_seconds{dataset="${name}"} 8`,
      'tidemark_completeness_evaluated_timestamp_seconds 7',
      'tidemark_completeness_evaluation_duration_seconds_count 1',
      `tidemark_publication_delay_seconds_bucket{le="0",dataset="${name}"} 1`,
      `tidemark_publication_delay_seconds_count{dataset="${name}"} 2`,
      'tidemark_consumer_lag_seconds{group="sink",topic="polls"} 40',
      'tidemark_consumer_group_lag_records{group="sink",topic="polls"} 3',
      `tidemark_dataset_parked{dataset="${name}"} 1`,
      'tidemark_open_dead_letters{topic="jao.dlq"} 4',
      'tidemark_open_dead_letters{topic="kraken.dlq"} 0',
      'tidemark_store_disk_free_bytes{disk="default"} 10',
      'tidemark_store_disk_total_bytes{disk="default"} 100',
      'tidemark_end_to_end_seconds_sum{source="jao"} 3',
      'tidemark_end_to_end_seconds_count{source="jao"} 1',
      'tidemark_quality_findings{dataset="kraken.ticker",check="jump"} 3',
      'tidemark_quality_checked_timestamp_seconds 8',
      'tidemark_part_up{part="kafka"} 1',
      'tidemark_part_up{part="registry"} 0',
    ]),
  )
  metrics.showFindings([], 9_000)
  metrics.showFigures({ parked: [], openLetters: new Map(), disks, answers: [] })
  expect(await linesOf(metrics)).toEqual(
    expect.arrayContaining([
      `tidemark_dataset_parked{dataset="${name}"} 0`,
      'tidemark_open_dead_letters{topic="jao.dlq"} 0',
      'tidemark_quality_findings{dataset="kraken.ticker",check="jump"} 0',
    ]),
  )
})

test('the time to the store is counted in real seconds, also while the clock of the poller is a simulated one', () => {
  const of = (knownAtMs: number, speed: number) =>
    endToEndS({ knownAtMs, storedAtMs: 990_000 }, { realMs: (spanMs) => spanMs / speed })
  expect(of(986_000, 1)).toBe(4)
  // 40 s passed by a clock that runs at ten times the speed.
  expect(of(950_000, 10)).toBe(4)
})

test('a part that does not answer is shown as down, and the others are read all the same', async () => {
  const metrics = createMetrics(hosts)
  metrics.partUp('kafka', true)
  const readings = startReadings({
    lags: () => Promise.reject(new Error('away')),
    figures: async () => ({ parked: ['jao.core.atc'], openLetters: new Map(), disks: [], answers: [] }),
    registry: async () => {},
    clock: { realMs: (spanMs) => spanMs },
    ...{ metrics, log: createLogger('test', 'silent') },
  })
  const lines = ['kafka"} 0', 'clickhouse"} 1', 'registry"} 1'].map((end) => `tidemark_part_up{part="${end}`)
  const shown = [...lines, 'tidemark_dataset_parked{dataset="jao.core.atc"} 1']
  await vi.waitFor(async () => expect(await linesOf(metrics)).toEqual(expect.arrayContaining(shown)))
  await readings.stop()
})

test('points and backups have samples only while somebody knows', async () => {
  const metrics = createMetrics(hosts)
  const shown = async () => samples(await linesOf(metrics)).filter((line) => /points|backup/.test(line))
  const [began = ''] = await shown()
  expect(await shown()).toEqual([expect.stringMatching(/^tidemark_points_compared_timestamp_seconds \d{10}/)])
  metrics.showPoints({ unaccounted: new Map([['jao.core.atc', 3]]), comparedAtMs: undefined })
  expect(await shown()).toEqual(['tidemark_points_unaccounted{dataset="jao.core.atc"} 3', began])
  metrics.showPoints({ unaccounted: new Map([['kraken.ticker', 0]]), comparedAtMs: 5_000 })
  const compared = 'tidemark_points_compared_timestamp_seconds 5'
  expect(await shown()).toEqual(['tidemark_points_unaccounted{dataset="kraken.ticker"} 0', compared])
  metrics.showPoints(undefined)
  metrics.showBackup(0, 3_600)
  const backup = ['tidemark_last_backup_timestamp_seconds 0', 'tidemark_backup_interval_seconds 3600']
  expect(await shown()).toEqual([compared, ...backup])
  metrics.showBackup(undefined, 3_600)
  expect(await shown()).toEqual([compared, backup[1]])
})

test('the last good backup of a data directory is watched; a list that cannot be read is not taken for none', async () => {
  const home = mkdtempSync(join(tmpdir(), 'tidemark-watched-'))
  const list = (text: string) => writeFileSync(join(home, 'backups.json'), text)
  const backup = (id: string, at: string, bytes: number) => {
    mkdirSync(join(home, id, 'data'), { recursive: true })
    writeFileSync(join(home, id, 'data', 'file'), 'four')
    const about = { format: 1, id, version: '1', at, source: 'live', parts: {} }
    const files = { file: { bytes, sha256: '' } }
    writeFileSync(join(home, id, 'manifest.json'), JSON.stringify({ ...about, files }))
    return { id, path: join(home, id), at }
  }
  const look = async (dataDir: string | undefined) => {
    const shown: unknown[] = []
    const warn = vi.fn()
    const settings = { BACKUPS_OF: dataDir, BACKUP_EVERY_H: 2 }
    await startBackupWatch(settings, { showBackup: (...figures) => shown.push(figures) }, { warn }).stop()
    return { shown: shown.flat(), warnings: warn.mock.calls.length }
  }
  try {
    expect(await look(undefined)).toEqual({ shown: [], warnings: 0 })
    expect(await look(home)).toEqual({ shown: [0, 7_200], warnings: 0 })
    // The newest one has lost a byte of a file.
    list(JSON.stringify([backup('a', '2026-03-01T00:00:00Z', 4), backup('b', '2026-03-02T00:00:00Z', 5)]))
    expect(await look(home)).toEqual({ shown: [Date.UTC(2026, 2, 1), 7_200], warnings: 0 })
    list('{')
    expect(await look(home)).toEqual({ shown: [undefined, 7_200], warnings: 1 })
  } finally {
    rmSync(home, { recursive: true })
  }
})
