import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InvalidArgumentError } from 'commander'
import { runningIn, type SourceKind } from '#local/data-directory.ts'
import { shellWord } from '#local/shell-word.ts'
import { readStackFile, type StackFile } from '#local/stack-file.ts'
import { UserError } from '#platform/process/user-error.ts'

/** Parses --data. @throws InvalidArgumentError if it is empty, as from an unset variable in a script */
export function dataDirectory(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It is empty: name a directory.')
  return text
}

/** Returns the data directory of a stack without --data: below TIDEMARK_HOME, or in the project's .tidemark. */
export function defaultDataDir(source: SourceKind, environment: NodeJS.ProcessEnv = process.env): string {
  const home = environment.TIDEMARK_HOME || fileURLToPath(new URL('../.tidemark', import.meta.url))
  return resolve(home, source)
}

/** Returns the option that selects this stack in other commands: empty for the default stack, else ` --data …`. */
export function dataOptionFor({ dataDir }: Pick<StackFile, 'dataDir'>): string {
  const found = (): string | undefined => {
    try {
      return findStack(undefined)?.dataDir
    } catch {
      return undefined
    }
  }
  return found() === dataDir ? '' : dataOption(dataDir)
}

export const dataOption = (directory: string): string => ` --data ${shellWord(resolve(directory))}`

/**
 * Finds the running stack in directory `data`. If `data` is undefined, looks in the default directories, first live,
 * then simulated. Returns undefined if no stack runs.
 * @throws UserError if a directory is not readable
 */
export function findStack(data: string | undefined): StackFile | undefined {
  for (const directory of searched(data)) {
    const pid = runningIn(directory)
    const stack = pid === undefined ? undefined : readStackFile(directory)
    if (stack !== undefined && stack.pid === pid) return stack
  }
  return undefined
}

/** Finds a stack like `findStack`. @throws UserError if no stack runs */
export function findRunningStack(data: string | undefined): StackFile {
  const stack = findStack(data)
  const option = data === undefined ? '' : dataOption(data)
  if (stack === undefined) throw new UserError(`${nothingRuns(data)}: start one with \`npx tidemark up${option}\`.`)
  return stack
}

export function nothingRuns(data: string | undefined): string {
  const where = searched(data).join(' or ')
  return data ? `No stack runs in ${where}` : `No stack runs in ${where} (--data names another directory)`
}

const searched = (data: string | undefined): string[] =>
  data ? [resolve(data)] : [defaultDataDir('live'), defaultDataDir('simulated')]
