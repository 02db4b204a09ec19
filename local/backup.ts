import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { UserError } from '#platform/process/user-error.ts'
import { version } from '#platform/process/version.ts'
import { type CopyProgress, copyTree, createAtomically, filesToCopy } from './atomic-copy.ts'
import { lockDirectory, sourceOf } from './data-directory.ts'
import { deletionsFile } from './deletions-file.ts'
import { rememberBackup } from './known-backups.ts'
import { checksumsOf, dataOf, filesBelow, firstDifference, type Manifest, manifestFile, partsOf } from './manifest.ts'
import { externalParts } from './plan.ts'
import { shellWord } from './shell-word.ts'
import { killLeftovers } from './stack.ts'

const parts = {
  needed: ['source', 'kafka', 'registry', 'clickhouse-credentials.json'],
  either: ['clickhouse', 'clickhouse-server'],
  perhaps: ['simulator.json', 'backups.json'],
}

export interface BackupOptions {
  dataDir: string
  to: string
  environment: NodeJS.ProcessEnv
  progress: CopyProgress
}

/**
 * Copies the store, topics and registry of a stopped stack as one unit, and checks the SHA-256 of each file. Holds the
 * stack's lock meanwhile.
 * @throws UserError if the stack runs, if its broker, registry or store is elsewhere, or if the target exists or cannot
 * be written
 */
export async function backUp({ dataDir, to, environment, progress }: BackupOptions): Promise<Manifest> {
  const from = resolve(dataDir)
  const target = resolve(to)
  const source = sourceOf(from)
  if (source === undefined) throw new UserError(`${from} holds no data of tidemark: name its directory with --data.`)
  refuseElsewhere(environment)
  refuseTarget(from, target)
  const lock = await lockDirectory(from)
  if ('heldBy' in lock) throw new UserError(whileItRuns(from, target, lock.heldBy))
  try {
    await killLeftovers({ path: from, pids: join(from, 'pids') }, () => {})
    const taken = partsIn(from)
    const at = new Date().toISOString()
    const head = { format: 1, id: crypto.randomUUID(), version, at, source } as const
    return await createAtomically(target, async (aside) => {
      const manifest: Manifest = { ...head, ...(await copyParts(from, taken, dataOf(aside), progress)) }
      writeFileSync(manifestFile(aside), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 })
      const noted = deletionsFile(from)
      if (existsSync(noted)) await copyTree(noted, deletionsFile(aside), () => {})
      rememberBackup(from, { id: head.id, path: target, at })
      return { whole: aside, result: manifest }
    })
  } finally {
    lock.release()
  }
}

async function copyParts(from: string, taken: string[], to: string, progress: CopyProgress) {
  const of = taken.reduce((sum, name) => sum + filesToCopy(join(from, name)), 0)
  mkdirSync(to, { mode: 0o700 })
  let done = 0
  for (const name of taken) {
    await copyTree(join(from, name), join(to, name), () => progress('copying', ++done, of))
  }
  const paths = filesBelow(to)
  const files = await checksumsOf(to, paths, (read) => progress('checking', read, 2 * of))
  const originals = await checksumsOf(from, paths, (read) => progress('checking', of + read, 2 * of))
  const different = firstDifference(originals, files)
  if (different !== undefined || paths.length !== of)
    throw new UserError(
      `The copy of ${different ?? from} differs from the original: is the disk sound, and nothing else at work in ${from}?`,
    )
  return { parts: partsOf(files), files }
}

function partsIn(from: string): string[] {
  const { needed, either, perhaps } = parts
  const isThere = (name: string): boolean => existsSync(join(from, name))
  const absent = [...needed.filter((name) => !isThere(name)), ...(either.some(isThere) ? [] : [either[0]])]
  if (absent.length > 0)
    throw new UserError(
      `${from} has no ${absent.join(', ')}: a part of its stack is elsewhere or was never started; docs/operations.md says how to back up parts that are elsewhere.`,
    )
  return [...needed, ...either, ...perhaps].filter(isThere)
}

function refuseElsewhere(environment: NodeJS.ProcessEnv): void {
  const away = Object.values(externalParts(environment)).some(Boolean)
  if (away)
    throw new UserError(
      'KAFKA_BROKERS, SCHEMA_REGISTRY_URL or CLICKHOUSE_URL is set, so a part of the stack is elsewhere: back it up there, as docs/operations.md says, or unset it.',
    )
}

function refuseTarget(from: string, target: string): void {
  if (existsSync(target)) throw new UserError(`${target} exists: name a directory that does not.`)
  if (isWithin(target, from)) throw new UserError(`${target} lies inside the data directory ${from}: name one outside.`)
}

/** Returns true if the path is the directory or lies below it. Resolves symbolic links. */
export function isWithin(path: string, directory: string): boolean {
  const real = (each: string): string =>
    existsSync(each) ? realpathSync(each) : join(real(dirname(each)), basename(each))
  return `${real(path)}${sep}`.startsWith(`${real(directory)}${sep}`)
}

const whileItRuns = (from: string, target: string, pid: number): string => {
  const [data, to] = [shellWord(from), shellWord(target)]
  return `A stack runs in ${from} (process ${pid}), and only a stopped one can be copied as one unit: \`npx tidemark down --data ${data}\`, \`npx tidemark backup ${to} --data ${data}\`, \`npx tidemark up --data ${data}\`. A minute of absence costs nothing: windows are looked at again.`
}
