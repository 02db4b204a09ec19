import { expect, test } from 'vitest'
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
const run = {
  points: 100,
  points_per_s: 1_000_000,
  cpu_by_process: {},
  memory_mib: { broker: 300, sink: 90, store: 10 },
}
const at = { date: '2026-11-28', machine: '2 cores, 24 GiB of memory, load 0.1 before' }
const recorded: RecordedPhases = {
  growth: { ...at, command: 'grow', figures: growth },
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
const page = ['growth', 'rival', 'votes']
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
  const cells = lines.map((line) =>
    line
      .split('|')
      .map((cell) => cell.trim())
      .slice(1, -1),
  )
  expect(cells[0]).toEqual(['', '5 million versions', '100 million versions'])
  expect(cells).toContainEqual(['of it normalizer', '0.70', '0.70'])
  expect(cells).toContainEqual(['their merges afterwards, CPU s', '0.10', '0.30'])
  expect(cells).toContainEqual(['as-of of one series, a year, p50, p95', '10, 20 ms', '15, 20 ms'])
  expect(new Set(lines.map(({ length }) => length)).size).toBe(1)
})

test('each block of the page is made of the figures, and what people wrote stays', () => {
  const made = withFigures(page, recorded)
  expect(made.split('\n').filter((line) => line.endsWith('by hand'))).toHaveLength(3)
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
