import { constants, existsSync, lstatSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { cp, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { readIfThere } from '#platform/process/read-if-there.ts'
import { UserError } from '#platform/process/user-error.ts'
import { filesBelow } from './checksums.ts'

export type CopyProgress = (step: 'copying' | 'checking', files: number, of: number) => void

const suffix = '.partial'
/** Name of the file that marks a directory as unfinished. It holds the owner. */
const marker = 'unfinished'

/**
 * Creates `target` atomically: `fill` writes below `target`.partial, and returns in `whole` the path that is renamed to
 * `target`. A kill leaves `target`.partial, which leftoversIn() finds by its `owner`.
 * @throws UserError if a write fails, or if `target`.partial exists and is not a leftover of an earlier run
 */
export async function createAtomically<Result>(
  target: string,
  fill: (aside: string) => Promise<{ whole: string; result: Result }>,
  owner = '',
): Promise<Result> {
  const aside = `${target}${suffix}`
  if (existsSync(aside) && !existsSync(join(aside, marker)))
    throw new UserError(`${aside} is in the way: move it, or choose another name than ${basename(target)}.`)
  try {
    mkdirSync(dirname(target), { recursive: true })
    await removeUnfinished(aside)
    mkdirSync(aside, { mode: 0o700 })
    writeFileSync(join(aside, marker), owner)
    const { whole, result } = await fill(aside)
    if (whole === aside) await rm(join(aside, marker))
    renameSync(whole, target)
    await removeUnfinished(aside)
    return result
  } catch (error) {
    await removeUnfinished(aside)
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined || error instanceof UserError) throw error
    throw new UserError(`${target} cannot be written (${code}): ${message}`)
  }
}

/**
 * Removes a directory. Calls `gone` when it has lost its name. A kill in the middle leaves `target`.partial, which
 * leftoversIn() finds, and nothing that looks whole.
 */
export async function removeAtomically(target: string, owner: string, gone: () => void): Promise<void> {
  writeFileSync(join(target, marker), owner)
  renameSync(target, `${target}${suffix}`)
  gone()
  await removeUnfinished(`${target}${suffix}`)
}

/** Returns the targets in `directory` whose creation or removal by `owner` was not finished. */
export function leftoversIn(directory: string, owner: string): string[] {
  const unfinished = readdirSync(directory).filter((name) => name.endsWith(suffix))
  return unfinished
    .map((name) => join(directory, name))
    .filter((aside) => lstatSync(aside).isDirectory() && readIfThere(join(aside, marker)) === owner)
    .map((aside) => aside.slice(0, -suffix.length))
}

export const removeLeftover = (target: string): Promise<void> => removeUnfinished(`${target}${suffix}`)

/** Removes the marker last, so that a kill in the middle leaves a directory that is still marked. */
async function removeUnfinished(aside: string): Promise<void> {
  if (!existsSync(aside)) return
  for (const name of readdirSync(aside)) if (name !== marker) await rm(join(aside, name), { recursive: true })
  await rm(aside, { recursive: true })
}

/** Copies files and links unchanged, by reflink (shared blocks) where possible. Skips pipes and pid files. */
export async function copyTree(from: string, to: string, progress: (files: number) => void): Promise<void> {
  let files = 0
  await cp(from, to, {
    recursive: true,
    mode: constants.COPYFILE_FICLONE,
    verbatimSymlinks: true,
    preserveTimestamps: true,
    errorOnExist: true,
    force: false,
    filter: (path) => {
      const stat = lstatSync(path)
      if (stat.isDirectory()) return true
      const taken = (stat.isFile() || stat.isSymbolicLink()) && !path.endsWith('.pid')
      if (taken) progress(++files)
      return taken
    },
  })
}

export const filesToCopy = (path: string): number =>
  lstatSync(path).isDirectory() ? filesBelow(path).filter((file) => !file.endsWith('.pid')).length : 1
