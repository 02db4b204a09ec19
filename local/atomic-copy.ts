import { constants, existsSync, lstatSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { UserError } from '#platform/process/user-error.ts'
import { filesBelow } from './manifest.ts'

export type CopyProgress = (step: 'copying' | 'checking', files: number, of: number) => void

/**
 * Creates `target` atomically: `fill` writes below `target`.partial, and returns in `whole` the path that is renamed to
 * `target`.
 * @throws UserError if a write fails, or if `target`.partial exists and is not a leftover of an earlier run
 */
export async function createAtomically<Result>(
  target: string,
  fill: (aside: string) => Promise<{ whole: string; result: Result }>,
): Promise<Result> {
  const aside = `${target}.partial`
  const marker = join(aside, 'unfinished')
  if (existsSync(aside) && !existsSync(marker))
    throw new UserError(`${aside} is in the way: move it, or choose another name than ${basename(target)}.`)
  try {
    mkdirSync(dirname(target), { recursive: true })
    rmSync(aside, { recursive: true, force: true })
    mkdirSync(aside, { mode: 0o700 })
    writeFileSync(marker, '')
    const { whole, result } = await fill(aside)
    if (whole === aside) rmSync(marker)
    renameSync(whole, target)
    rmSync(aside, { recursive: true, force: true })
    return result
  } catch (error) {
    rmSync(aside, { recursive: true, force: true })
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined || error instanceof UserError) throw error
    throw new UserError(`${target} cannot be written (${code}): ${message}`)
  }
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
