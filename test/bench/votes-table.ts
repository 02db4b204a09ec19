import { markdownTable } from './markdown-table.ts'
import type { VoteFigures } from './votes.ts'

const dayGb = 5
const historyGb = 10_000

/** Returns a table in Markdown: what was measured, and what follows from it for a day of 5 GB and for 10 TB. */
export function votesTable(of: VoteFigures): string {
  const votesAGb = of.votes / (of.votes_mb / 1_000)
  const row = (name: string, measured: string, scaled: (gb: number) => string) => [
    name,
    measured,
    scaled(dayGb),
    scaled(historyGb),
  ]
  const bytes = (name: string, aVote: number) =>
    row(name, `${aVote} bytes a vote`, (gb) => sizeWords(aVote * votesAGb * gb))
  const cpuAGb = Object.values(of.votes_cpu_s_per_gb).reduce((sum, seconds) => sum + seconds, 0)
  const cpu = (name: string, secondsAGb: number) =>
    row(name, `${Math.round(secondsAGb)} s a GB`, (gb) => timeWords(secondsAGb * gb))
  return markdownTable([
    ['', 'measured', `a day of ${dayGb} GB`, `${historyGb / 1_000} TB`],
    row(
      'votes',
      `${of.votes.toLocaleString('en')} in ${of.votes_mb.toLocaleString('en')} MB`,
      (gb) => `${Math.round((votesAGb * gb) / 1e6).toLocaleString('en')} million`,
    ),
    row('file to queryable', `${Math.round(of.votes_mb_per_s)} MB/s`, (gb) =>
      timeWords((gb * 1_000) / of.votes_mb_per_s),
    ),
    cpu('CPU of all processes, one core', cpuAGb),
    ...Object.entries(of.votes_cpu_s_per_gb).map(([name, seconds]) => cpu(`of it ${name}`, seconds)),
    row('memory of ingest, normalizer and sink', `${of.votes_our_memory_mib} MiB`, () => 'the same'),
    bytes('`votes.raw`, zstd', of.votes_raw_bytes_a_vote),
    bytes('`votes.batches`', of.votes_batches_bytes_a_vote),
    bytes('`blog_analysis.vote_versions`', of.votes_bytes_a_vote),
    ['`outlier_weeks`', `${of.votes_outliers_s} s`, '', 'minutes: see below'],
  ])
}

const timeUnits = [
  ['days', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const

/** Returns a duration in the largest unit of which it has at least two: `3.9 days`. */
export function timeWords(seconds: number): string {
  const [unit, size] = timeUnits.find(([, length]) => seconds >= 2 * length) ?? ['s', 1]
  return `${rounded(seconds / size)} ${unit}`
}

/** Returns a size in the largest unit of which it has at least one: `2 TB`. */
export function sizeWords(bytes: number): string {
  const [unit, size] = (
    [
      ['TB', 1e12],
      ['GB', 1e9],
    ] as const
  ).find(([, length]) => bytes >= length) ?? ['MB', 1e6]
  return `${rounded(bytes / size)} ${unit}`
}

const rounded = (value: number): string => (value < 10 ? `${Number(value.toFixed(1))}` : `${Math.round(value)}`)
