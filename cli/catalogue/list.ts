import { Command } from 'commander'
import { type CatalogueEntry, catalogueEntries } from '#catalogue/entry.ts'
import { durationWords } from '#catalogue/words.ts'
import { sources } from '#sources/index.ts'
import { aligned } from '../aligned.ts'
import { dataDirectory, findStack } from '../directories.ts'
import { askIfRunning, noCounts } from './running.ts'
import { type Count, countPoints } from './stored-counts.ts'

interface ListOptions {
  data?: string
  json?: boolean
}

export const list = (): Command =>
  new Command('list')
    .description('every dataset by source, with its points where a stack runs (what is meant without a word, too)')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print it as JSON')
    .action(run)

async function run({ data, json }: ListOptions): Promise<void> {
  const counts = await askIfRunning(findStack(data), countPoints)
  const entries = catalogueEntries(sources)
  process.stdout.write(json ? `${JSON.stringify(entries.map(withCount(counts)))}\n` : listText(entries, counts))
  if (counts === null && !json) process.stderr.write(`${noCounts}\n`)
}

/** Returns an entry with its number of points and its newest time; both are null if `counts` is null. */
export const withCount = (counts: readonly Count[] | null) => (entry: CatalogueEntry) => {
  const count = counts?.find(({ dataset }) => dataset === entry.dataset)
  return { ...entry, points: counts && (count?.points ?? 0), newest: count?.newest ?? null }
}

/** Returns the list as text: one line per dataset. Pure. */
export function listText(entries: readonly CatalogueEntry[], counts: readonly Count[] | null): string {
  const head = ['dataset', 'what', 'unit', 'step', 'due', 'schedule', ...(counts ? ['points', 'newest'] : [])]
  const lines = entries
    .map(withCount(counts))
    .map((entry) => [
      entry.shape === 'recorded' ? entry.dataset : `${entry.dataset} *`,
      short(entry.title),
      short(entry.unit, 24),
      entry.steps.length === 0 ? '-' : durationWords(entry.steps.at(-1)?.stepS ?? 0),
      short(entry.due),
      entry.schedule,
      ...(counts ? [(entry.points ?? 0).toLocaleString('en'), entry.newest?.slice(0, 16).concat('Z') ?? '-'] : []),
    ])
  const [headLine = '', ...rows] = aligned([head, ...lines])
  const bySource = Map.groupBy(entries, ({ source }) => source)
  const text = [...bySource].flatMap(([source, own]) => [
    '',
    `${source}, of ${own[0]?.owner}: ${own[0]?.terms}`,
    ...own.map((entry) => `  ${rows[entries.indexOf(entry)]}`),
  ])
  const documented = entries.some(({ shape }) => shape === 'documented')
  const notes = documented ? ['', '* known from documents only: no answer of it was ever recorded'] : []
  return `${[`  ${headLine}`, ...text, ...notes].join('\n')}\n`
}

const short = (text: string, longest = 60): string => (text.length > longest ? `${text.slice(0, longest - 1)}…` : text)
