import { coresSentence, coresTable } from './cores-words.ts'
import { growthSentence, growthTable } from './growth-words.ts'
import { markdownTable } from './markdown-table.ts'
import type { Recorded, RecordedPhases } from './record.ts'
import type { RivalFigures } from './rival.ts'
import { votesTable } from './votes-table.ts'

/**
 * Returns the page with its blocks made anew. A block stands between `<!-- growth: made by … -->` and `<!-- end -->`.
 * @throws Error if the page has no such block for a phase
 */
export function withFigures(page: string, recorded: RecordedPhases): string {
  const blocks = {
    growth: block(recorded.growth, (figures) => `${growthTable(figures)}\n\n${growthSentence(figures)}`),
    cores: recorded.cores
      ? block(recorded.cores, (figures) => `${coresTable(figures)}\n\n${coresSentence(figures)}`)
      : 'Not recorded yet: `npm run bench -- --only cores --record`, then `npm run generate`.',
    rival: block(recorded.rival, rivalTable),
    votes: block(recorded.votes, votesTable),
  }
  return Object.entries(blocks).reduce((text, [phase, made]) => {
    const marks = new RegExp(`(<!-- ${phase}: made by [^\\n]* -->\\n)[^]*?(<!-- end -->)`)
    if (!marks.test(text)) throw new Error(`docs/scaling.md lost the marks of ${phase}: bring them back`)
    return text.replace(marks, (_, begin: string, end: string) => `${begin}\n${made}\n\n${end}`)
  }, page)
}

function block<Figures>(
  { figures, command, machine, date }: Recorded<Figures>,
  words: (of: Figures) => string,
): string {
  return `${words(figures)}\n\n\`${command}\`, ${date}: ${machine}.`
}

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
