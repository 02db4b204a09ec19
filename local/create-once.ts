import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Creates a file that only its owner may read, unless it is there, and returns what it holds. Two processes agree. */
export function createOnce(file: string, text: string): string {
  mkdirSync(dirname(file), { recursive: true })
  // linkSync is atomic: the file is never partial, and only one of two processes creates it.
  const aside = `${file}.${process.pid}`
  writeFileSync(aside, text, { mode: 0o600 })
  try {
    linkSync(aside, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(aside, { force: true })
  }
  return readFileSync(file, 'utf8')
}
