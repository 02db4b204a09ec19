import { readdirSync, type Stats, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { printable } from '#platform/process/printable.ts'
import { UserError } from '#platform/process/user-error.ts'
import { sources } from '#sources/index.ts'
import type { Dataset, FileReading, Source } from '#sources/source.ts'
import { notRegularReason } from './content.ts'

export interface FileDataset {
  source: Source
  dataset: Dataset
  reading: FileReading
}

const fileDatasets = (): FileDataset[] =>
  sources.flatMap((source) =>
    source.datasets.flatMap((dataset) => (dataset.files ? [{ source, dataset, reading: dataset.files }] : [])),
  )

export const ingestable = (): string =>
  fileDatasets()
    .map(({ source, dataset }) => `${source.name} (${dataset.name})`)
    .join(', ')

/**
 * Finds a file dataset by its name or the name of its source.
 * @throws UserError that names the datasets to choose from
 */
export function findFileDataset(name: string): FileDataset {
  const found = fileDatasets().filter(({ source, dataset }) => source.name === name || dataset.name === name)
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  if (found.length > 1) {
    throw new UserError(
      `${name} has several datasets: say which: ${found.map(({ dataset }) => dataset.name).join(', ')}.`,
    )
  }
  throw new UserError(`Nothing named ${printable(name)} is read from files; there is: ${ingestable()}.`)
}

const maxNamed = 5

/**
 * Returns a function that lists the files of a path: the file itself, or the readable files of a directory, sorted by
 * name. Calls `say` once for each skipped file.
 * @throws UserError if the path does not exist, or if a directory has no readable file and `mayComeLater` is false
 */
export function filesOf(
  path: string,
  { reading }: FileDataset,
  mayComeLater: boolean,
  say: (text: string) => void,
): () => string[] {
  const stats = statOrProblem(path)
  if (stats === undefined) throw new UserError(`There is no file or directory ${printable(path)}.`)
  if (stats.isFile()) return () => [path]
  if (!stats.isDirectory()) throw new UserError(`${printable(path)} ${notRegularReason(stats)}`)
  const passedOver = new Set<string>()
  const list = (): string[] => {
    const entries = namesIn(path).map((name) => ({ name, why: whyPassedOver(join(path, name), reading) }))
    const others = entries.filter(
      ({ name, why }) => why !== undefined && !name.startsWith('.') && !passedOver.has(name),
    )
    for (const { name } of others) passedOver.add(name)
    if (others.length > 0) say(`not read in ${printable(path)}: ${listed(others.map(({ why = '' }) => why))}`)
    return entries.flatMap(({ name, why }) => (why === undefined ? [join(path, name)] : []))
  }
  if (!mayComeLater && list().length === 0)
    throw new UserError(`There is no file to read in ${printable(path)}: read are ${wanted(reading)}.`)
  return list
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort()
  } catch (error) {
    throw new UserError(`${printable(directory)} cannot be read: ${(error as NodeJS.ErrnoException).code}.`)
  }
}

const listed = (names: string[]): string =>
  `${names.slice(0, maxNamed).join(', ')}${names.length > maxNamed ? ` and ${names.length - maxNamed} more` : ''}`

const wanted = ({ by }: FileReading): string =>
  by === 'lines' ? 'files named .jsonl, .ndjson or .json, also .gz or .zst' : 'files named .json, also .gz or .zst'

function statOrProblem(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    throw new UserError(`${printable(path)} cannot be read: ${(error as NodeJS.ErrnoException).code}.`)
  }
}

/**
 * Returns the name of a directory entry that is skipped, with a reason such as `(ENOENT)` for a broken link. Returns
 * undefined if the entry is to be read.
 */
function whyPassedOver(path: string, { by }: FileReading): string | undefined {
  const name = printable(basename(path))
  if (!isReadable(path, by)) return name
  try {
    return statSync(path).isFile() ? undefined : `${name} (no regular file)`
  } catch (error) {
    return `${name} (${(error as NodeJS.ErrnoException).code})`
  }
}

const readable = {
  lines: /\.(?:jsonl|ndjson|json)(?:\.(?:gz|zst|zstd))?$/i,
  file: /\.json(?:\.(?:gz|zst|zstd))?$/i,
}

const isReadable = (path: string, by: keyof typeof readable): boolean =>
  !basename(path).startsWith('.') && readable[by].test(path)
