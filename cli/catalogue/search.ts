import { Command } from 'commander'
import { type CatalogueEntry, catalogueEntries } from '#catalogue/entry.ts'
import { quoteString } from '#local/clickhouse/quote.ts'
import type { StackFile } from '#local/stack-file.ts'
import { mentions, wordsOf } from '#operations/questions/series.ts'
import { printable } from '#platform/process/printable.ts'
import { UserError } from '#platform/process/user-error.ts'
import { sources } from '#sources/index.ts'
import { rowsOf } from '../ask-store.ts'
import { dataDirectory, findStack } from '../directories.ts'
import { listText, withCount } from './list.ts'
import { askIfRunning, noCounts } from './running.ts'
import { countPoints } from './stored-counts.ts'

interface SearchOptions {
  data?: string
  json?: boolean
}

export const search = (): Command =>
  new Command('search')
    .description('datasets whose declaration has all these words, or that have a series whose key or labels have them')
    .argument('<text...>', 'in any case, parts of words too')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print it as JSON')
    .addHelpText('after', '\nExit code 1 when nothing is found. Keys of series are looked for where a stack runs.')
    .action(run)

async function run(texts: string[], { data, json }: SearchOptions): Promise<void> {
  const words = wordsOf(texts.join(' '))
  if (words.length === 0)
    throw new UserError('There is no word to search for: say one, as in `npx tidemark catalogue search MW`.')
  const entries = catalogueEntries(sources)
  const stack = findStack(data)
  const keys = await askIfRunning(stack, (running) => matchingKeys(running, entries, words))
  const found = entries.filter((entry) => {
    return words.every((word) => mentions(entry, word)) || keys?.some(({ dataset }) => dataset === entry.dataset)
  })
  const counts = await askIfRunning(stack, countPoints)
  if (json) {
    const results = found.map((entry) => ({ ...withCount(counts)(entry), series: keys && keysOf(keys, entry) }))
    process.stdout.write(`${JSON.stringify(results)}\n`)
  } else if (found.length > 0) {
    process.stdout.write(`${listText(found, counts)}${found.flatMap((entry) => keysText(keys ?? [], entry)).join('')}`)
  }
  if (found.length === 0) {
    process.stderr.write(`nothing found with ${words.map((word) => printable(word)).join(' ')}\n`)
    process.exitCode = 1
  }
  if (keys === null && !json) process.stderr.write(`${noCounts}\n`)
}

interface FoundKey {
  dataset: string
  key: string
  labels: Record<string, string>
}

const shownKeys = 10

/**
 * Finds series that have all words. At least one word must be in the key or labels. The dataset may have the other
 * words in its declaration.
 */
async function matchingKeys(
  stack: StackFile,
  entries: readonly CatalogueEntry[],
  words: readonly string[],
): Promise<FoundKey[]> {
  const inKey = (word: string): string =>
    `positionCaseInsensitiveUTF8(concat(toString(key), ' ', arrayStringConcat(mapValues(labels), ' ')), ${quoteString(word)}) > 0`
  const inKeyOrDeclared = words.map((word) => {
    const names = entries.filter((entry) => mentions(entry, word)).map(({ dataset }) => quoteString(dataset))
    return names.length === 0 ? inKey(word) : `(${inKey(word)} OR dataset IN (${names.join(', ')}))`
  })
  return rowsOf(
    stack,
    `SELECT toString(dataset) AS dataset, toString(key) AS key, labels FROM series FINAL
     WHERE (${words.map(inKey).join(' OR ')}) AND ${inKeyOrDeclared.join(' AND ')}
     ORDER BY dataset, key LIMIT ${shownKeys} BY dataset`,
  )
}

const keysOf = (keys: readonly FoundKey[], { dataset }: CatalogueEntry) =>
  keys.filter((found) => found.dataset === dataset).map(({ key, labels }) => ({ key, labels }))

function keysText(keys: readonly FoundKey[], entry: CatalogueEntry): string[] {
  const own = keysOf(keys, entry).map(({ key }) => printable(key))
  if (own.length === 0) return []
  return [`\nseries of ${entry.dataset}: ${own.join(', ')}${own.length === shownKeys ? ', ...' : ''}\n`]
}
