import { readFileSync } from 'node:fs'
import { UserError } from './user-error.ts'

/** Returns the text of a file. Undefined if the file does not exist. @throws UserError if this user may not read it */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    if (code !== 'EACCES' && code !== 'EPERM') throw error
    throw new UserError(
      `${path} cannot be read (${code}): run this as the user that it belongs to, or use a directory of your own.`,
    )
  }
}
