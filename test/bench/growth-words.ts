import type { GrowthFigures, GrowthRow } from './growth.ts'
import { markdownTable } from './markdown-table.ts'

/** Returns a table with a column for each size, in Markdown. */
export function growthTable(figures: GrowthFigures): string {
  const sizes = Object.values(figures)
  const row = (name: string, cell: (of: GrowthRow) => string) => [name, ...sizes.map(cell)]
  const processes = Object.keys(sizes[0]?.cpu_by_process ?? {})
  const [p50p95, cpu] = ['p50, p95', 'CPU s']
  return markdownTable([
    row('', (of) => `${millions(of.point_versions)} versions`),
    row(`a million new points, all processes, ${cpu}`, (of) => of.cpu_s_per_million_points.toFixed(2)),
    ...processes.map((name) => row(`of it ${name}`, (of) => (of.cpu_by_process[name] ?? 0).toFixed(2))),
    row(`their merges afterwards, ${cpu}`, (of) => of.merges_cpu_s_per_million_points.toFixed(2)),
    row('new points/s', (of) => Math.round(of.points_per_s).toLocaleString('en')),
    row(`a million versions while the store was filled, with all merges, store alone, ${cpu}`, (of) =>
      of.fill_cpu_s_per_million_versions.toFixed(2),
    ),
    row(`as-of of one series, a year, ${p50p95}`, (of) => ms(of.as_of_p50_ms, of.as_of_p95_ms)),
    row(`latest of one series, 30 days, ${p50p95}`, (of) => ms(of.latest_p50_ms, of.latest_p95_ms)),
    row(`changes of a day of knowledge, ${p50p95}`, (of) => ms(of.changes_p50_ms, of.changes_p95_ms)),
    row('bytes a version on disk, larger table, merged', (of) => of.bytes_per_point.toFixed(2)),
  ])
}

/** Says how the largest size differs from the smallest. */
export function growthSentence(figures: GrowthFigures): string {
  const sizes = Object.values(figures)
  const [small, large] = [sizes[0], sizes.at(-1)]
  if (small === undefined || large === undefined) throw new Error('growth has no sizes')
  const factor = (figure: (of: GrowthRow) => number) => figure(large) / figure(small)
  const withMerges = (of: GrowthRow) => of.cpu_s_per_million_points + of.merges_cpu_s_per_million_points
  const times = Math.round(factor((of) => of.point_versions))
  return (
    `With ${times} times as many stored versions (${millions(small.point_versions)} and ` +
    `${millions(large.point_versions)}), a million new points take ${percentMore(factor(withMerges))} CPU, their merges ` +
    `included. At the median, an as-of of a series-year takes ${timesAsLong(factor((of) => of.as_of_p50_ms))}, latest ` +
    `${timesAsLong(factor((of) => of.latest_p50_ms))}, and the changes of a day ` +
    `${timesAsLong(factor((of) => of.changes_p50_ms))}.`
  )
}

const millions = (count: number): string => `${Math.round(count / 1e6)} million`
const ms = (p50: number, p95: number): string => `${Math.round(p50)}, ${Math.round(p95)} ms`

/** Says how much more or less a factor is: `7 % less`. */
export function percentMore(factor: number): string {
  const percent = Math.round((factor - 1) * 100)
  if (percent === 0) return 'as much'
  return percent > 0 ? `${percent} % more` : `${-percent} % less`
}

const timesAsLong = (factor: number): string =>
  factor.toFixed(1) === '1.0' ? 'as long' : `${factor.toFixed(1)} times as long`
