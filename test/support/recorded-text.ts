import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { recordingsDir } from './recorded-jao.ts'

/** A recorded text by its path below the recordings (jao/core_external_atc.json); undefined, said aloud, when it is not there. */
export function recordedText(name: string): string | undefined {
  const path = join(recordingsDir(), name)
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    console.warn(
      `NOT CHECKED against ${path}: ${(error as Error).message}. TIDEMARK_RECORDINGS says where recordings are.`,
    )
    return undefined
  }
}
