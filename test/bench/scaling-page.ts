import { growthSentence, growthTable } from './growth-words.ts'
import { markdownTable } from './markdown-table.ts'
import type { Recorded, RecordedPhases } from './record.ts'
import type { RivalFigures } from './rival.ts'
import { votesTable } from './votes-table.ts'

/**
 * Returns the page with its three blocks made anew. A block stands between `<!-- growth: made by … -->` and `<!-- end -->`.
 * @throws Error if the page has no such block for a phase
 */
export function withFigures(page: string, recorded: RecordedPhases): string {
  const blocks = {
    growth: `${growthTable(recorded.growth.figures)}\n\n${growthSentence(recorded.growth.figures)}`,
    rival: rivalTable(recorded.rival.figures),
    votes: votesTable(recorded.votes.figures),
  }
  return Object.entries(blocks).reduce((text, [phase, block]) => {
    const marks = new RegExp(`(<!-- ${phase}: made by [^\\n]* -->\\n)[^]*?(<!-- end -->)`)
    if (!marks.test(text)) throw new Error(`docs/scaling.md lost the marks of ${phase}: bring them back`)
    const source = sourceOf(recorded[phase as keyof RecordedPhases])
    return text.replace(marks, (_, begin: string, end: string) => `${begin}\n${block}\n\n${source}\n\n${end}`)
  }, page)
}

const sourceOf = ({ command, machine, date }: Recorded<unknown>): string => `\`${command}\`, ${date}: ${machine}.`

function rivalTable({ tidemark, kafka_engine, tidemark_to_kafka_engine: ratios }: RivalFigures): string {
  const [two, once] = [kafka_engine.two_parsing_views, kafka_engine.parsed_once]
  const runs = [tidemark, two, once]
  const withMerges = (run: (typeof runs)[number]) =>
    (run.cpu_s_per_million_points + run.merges_cpu_s_per_million_points).toFixed(2)
  const memory = ({ memory_mib: { broker: _, ...others } }: (typeof runs)[number]) =>
    `${Object.values(others).reduce((sum, mib) => sum + mib, 0)} MiB`
  return markdownTable([
    ['', 'tidemark', 'Kafka engine, two parsing views', 'Kafka engine, parsed once'],
    ['points/s', ...runs.map(({ points_per_s }) => points_per_s.toLocaleString('en'))],
    ['CPU s a million points', ...runs.map(({ cpu_s_per_million_points: cpu }) => cpu.toFixed(2))],
    ['with merges until they rest', ...runs.map(withMerges)],
    ['memory besides the broker', ...runs.map(memory)],
    [
      'points/s of tidemark to it',
      '',
      `${ratios.two_parsing_views.points_per_s}`,
      `${ratios.parsed_once.points_per_s}`,
    ],
    ['CPU of tidemark to it', '', `${ratios.two_parsing_views.cpu}`, `${ratios.parsed_once.cpu}`],
  ])
}
