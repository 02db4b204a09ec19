import { expect, test } from 'vitest'
import type { CoresFigures, CoresRun } from './cores.ts'
import { carriedBy8Cores, coresSentence, coresTable } from './cores-words.ts'
import type { GrowthRow } from './growth.ts'
import { growthSentence, growthTable } from './growth-words.ts'
import type { RecordedPhases } from './record.ts'
import { withFigures } from './scaling-page.ts'
import { sizeWords, timeWords } from './votes-table.ts'

const small: GrowthRow = {
  point_versions: 5_002_000,
  points: 4_625_280,
  points_per_s: 1_000_000,
  cpu_s_per_million_points: 1.9,
  cpu_by_process: { broker: 0.2, clickhouse: 0.7, sink: 0.3, normalizer: 0.7 },
  merges_cpu_s_per_million_points: 0.1,
  fill_cpu_s_per_million_versions: 0.5,
  as_of_p50_ms: 10,
  as_of_p95_ms: 20,
  latest_p50_ms: 8,
  latest_p95_ms: 9.6,
  changes_p50_ms: 80,
  changes_p95_ms: 90,
  bytes_per_point: 1.9,
  bytes_by_table: { points: 1.8, point_revisions: 1.9 },
}
const large: GrowthRow = {
  ...small,
  point_versions: 100_100_000,
  cpu_s_per_million_points: 2.1,
  merges_cpu_s_per_million_points: 0.3,
  as_of_p50_ms: 15,
  latest_p50_ms: 8.2,
  changes_p50_ms: 60,
}
const growth = { '5_million': small, '100_million': large }
const one: CoresRun = {
  each: 1,
  partitions: 1,
  points: 1_000_000,
  points_per_s: 1_200_000,
  cpu_s_per_million_points: 1.9,
  cpu_by_process: { clickhouse: 0.9, sink: 0.25, normalizer: 0.5 },
  busiest_thread_by_process: { clickhouse: 0.1, sink: 0.2, normalizer: 0.4 },
  merges_cpu_s_per_million_points: 0.1,
  rows_per_insert: 300_000.4,
}
const cores: CoresFigures = {
  one_of_each: one,
  two_of_each: {
    ...one,
    each: 2,
    partitions: 4,
    cpu_s_per_million_points: 2.3,
    cpu_by_process: { clickhouse: 1, 'sink 1': 0.1, 'sink 2': 0.2, 'normalizer 1': 0.25, 'normalizer 2': 0.375 },
    busiest_thread_by_process: {
      clickhouse: 0.9,
      'sink 1': 0.05,
      'sink 2': 0.15,
      'normalizer 1': 0.2,
      'normalizer 2': 0.3,
    },
    merges_cpu_s_per_million_points: 0.2,
    rows_per_insert: 120_000,
  },
}
const run = {
  points: 100,
  points_per_s: 1_000_000,
  cpu_by_process: {},
  memory_mib: { broker: 300, sink: 90, store: 10 },
}
const at = { date: '2026-11-28', machine: '2 cores, 24 GiB of memory, load 0.1 before' }
const recorded: RecordedPhases = {
  growth: { ...at, command: 'grow', figures: growth },
  cores: { ...at, command: 'share', figures: cores },
  rival: {
    ...at,
    command: 'compete',
    figures: {
      answers: 1,
      tidemark: { ...run, cpu_s_per_million_points: 1.5, merges_cpu_s_per_million_points: 0.25 },
      kafka_engine: {
        two_parsing_views: { ...run, cpu_s_per_million_points: 0.75, merges_cpu_s_per_million_points: 0 },
        parsed_once: { ...run, cpu_s_per_million_points: 0.5, merges_cpu_s_per_million_points: 0 },
      },
      tidemark_to_kafka_engine: {
        two_parsing_views: { points_per_s: 1, cpu: 2, cpu_with_merges: 2.33 },
        parsed_once: { points_per_s: 1, cpu: 3, cpu_with_merges: 3.5 },
      },
    },
  },
  votes: {
    ...at,
    command: 'vote',
    figures: {
      votes_mb: 1_000,
      votes: 10_000_000,
      votes_mb_per_s: 50,
      votes_per_s: 500_000,
      votes_cpu_s_per_gb: { ingest: 10, sink: 20 },
      votes_our_memory_mib: 450,
      votes_memory_mib: {},
      votes_raw_bytes_a_vote: 8,
      votes_batches_bytes_a_vote: 20,
      votes_bytes_a_vote: 0.8,
      votes_outliers_s: 0.5,
    },
  },
}
const page = ['growth', 'cores', 'rival', 'votes']
  .map((phase) => `${phase} by hand\n<!-- ${phase}: made by x -->\nold\n<!-- end -->\n`)
  .join('\n')

test('the sentence compares the largest size with the smallest', () => {
  // 2.4 of 2.0 is 20 % more; 15 of 10, 8.2 of 8 and 60 of 80.
  expect(growthSentence(growth)).toBe(
    'With 20 times as many stored versions (5 million and 100 million), a million new points take 20 % more CPU, their ' +
      'merges included. At the median, an as-of of a series-year takes 1.5 times as long, latest as long, and the changes ' +
      'of a day 0.8 times as long.',
  )
})

test('the table of growth has a column for each size', () => {
  const lines = growthTable(growth).split('\n')
  const cells = cellsOf(lines.join('\n'))
  expect(cells[0]).toEqual(['', '5 million versions', '100 million versions'])
  expect(cells).toContainEqual(['of it normalizer', '0.70', '0.70'])
  expect(cells).toContainEqual(['their merges afterwards, CPU s', '0.10', '0.30'])
  expect(cells).toContainEqual(['as-of of one series, a year, p50, p95', '10, 20 ms', '15, 20 ms'])
  expect(new Set(lines.map(({ length }) => length)).size).toBe(1)
})

const cellsOf = (table: string): string[][] =>
  table.split('\n').map((line) =>
    line
      .split('|')
      .map((cell) => cell.trim())
      .slice(1, -1),
  )

test('8 cores carry what their CPU allows, and the thread of one process limits it', () => {
  // 2.5 CPU s a million points with merges: 8 cores carry 3.2 million points/s. 0.5 s of the normalizers' threads: one
  // carries 2 million, so two are needed. 0.2 s of the sinks': one carries 5 million.
  expect(carriedBy8Cores(cores.two_of_each)).toEqual({
    points_per_s: 3_200_000,
    threads: {
      normalizer: { points_per_s: 2_000_000, processes: 2 },
      sink: { points_per_s: 5_000_000, processes: 1 },
    },
    limit: 'normalizer',
  })
  // 2.5 of 2.0 is 25 % more.
  expect(coresSentence(cores)).toBe(
    'With 2 of each on 4 partitions, a million points take 25 % more CPU, their merges included. By CPU, 8 cores carry ' +
      '3,200,000 points/s. The normalizer limits first: one carries at most 2,000,000 points/s. So 8 cores need ' +
      '2 normalizers and 1 sink, on at least 2 partitions.',
  )
})

test('the table of cores names the CPU of each process of a service', () => {
  const cells = cellsOf(coresTable(cores))
  expect(cells[0]).toEqual(['', '1 normalizer, 1 sink, 1 partition', '2 normalizers, 2 sinks, 4 partitions'])
  expect(cells).toContainEqual(['of it clickhouse', '0.90', '1.00'])
  expect(cells).toContainEqual(['of it sink', '0.25', '0.30 (0.10 + 0.20)'])
  expect(cells).toContainEqual(['busiest thread of the normalizer, CPU s', '0.40', '0.50 (0.20 + 0.30)'])
  expect(cells).toContainEqual(['rows an insert', '300,000', '120,000'])
  // 8 of 2.0 CPU s a million.
  expect(cells).toContainEqual(['points/s that 8 cores carry, by CPU', '4,000,000', '3,200,000'])
  expect(cells).toContainEqual(['points/s that the thread of one sink carries', '5,000,000', '5,000,000'])
})

test('each block of the page is made of the figures, and what people wrote stays', () => {
  const made = withFigures(page, recorded)
  expect(made.split('\n').filter((line) => line.endsWith('by hand'))).toHaveLength(4)
  expect(made).not.toContain('old')
  expect(made).toContain('`compete`, 2026-11-28: 2 cores, 24 GiB of memory, load 0.1 before.')
  expect(made).toMatch(/^\| with merges until they rest +\| 1\.75 +\| 0\.75 +\| 0\.50 +\|$/m)
  expect(made).toMatch(/^\| memory besides the broker +\| 100 MiB +\|/m)
  // 5 GB at 50 MB/s take 100 s, 10 TB take 200,000 s. 5 GB have 50 million votes of 8 bytes.
  expect(made).toMatch(/^\| file to queryable +\| 50 MB\/s +\| 100 s +\| 2\.3 days +\|$/m)
  expect(made).toMatch(/^\| CPU of all processes, one core +\| 30 s a GB +\| 2\.5 min +\| 3\.5 days +\|$/m)
  expect(made).toMatch(/^\| `votes\.raw`, zstd +\| 8 bytes a vote +\| 400 MB +\| 800 GB +\|$/m)
  expect(withFigures(made, recorded)).toBe(made)
})

test('the block of cores says that nothing is recorded, until something is', () => {
  const { cores: _, ...others } = recorded
  const made = withFigures(page, others)
  expect(made).toContain('Not recorded yet: `npm run bench -- --only cores --record`, then `npm run generate`.')
  expect(made).toContain('`compete`, 2026-11-28')
  expect(withFigures(made, recorded)).toContain('8 cores carry 3,200,000 points/s')
})

test('a page without the marks of a phase is refused', () => {
  expect(() => withFigures(page.replace('rival: made', 'rival: by'), recorded)).toThrow(
    'docs/scaling.md lost the marks of rival: bring them back',
  )
})

test('times and sizes have a unit that people read', () => {
  expect([90, 119, 120, 7_199, 7_200, 172_799, 172_800].map(timeWords)).toEqual([
    '90 s',
    '119 s',
    '2 min',
    '120 min',
    '2 h',
    '48 h',
    '2 days',
  ])
  expect([42e6, 1e9, 8.3e10, 2.1e12].map(sizeWords)).toEqual(['42 MB', '1 GB', '83 GB', '2.1 TB'])
})
