import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { recordingsDir } from './recorded-jao.ts'

/** A recorded file by its path below the recordings, or undefined, said aloud, when it is not on this machine. */
export function recordedData(name: string): Buffer | undefined {
  const path = join(recordingsDir(), name)
  try {
    return readFileSync(path)
  } catch (error) {
    console.warn(
      `NOT CHECKED against a recorded file: ${path} cannot be read (${(error as Error).message}). ` +
        'Set TIDEMARK_RECORDINGS to the directory that holds it.',
    )
    return undefined
  }
}
