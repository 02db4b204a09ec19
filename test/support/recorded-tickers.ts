import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { recordingsDir } from './recorded-jao.ts'

/** A recorded answer of an exchange, or undefined, said aloud, when it is not on this machine. */
export function readTicker(file: string, dataDir = recordingsDir()): Buffer | undefined {
  const path = join(dataDir, 'cryptowatch', file)
  try {
    return readFileSync(path)
  } catch (error) {
    process.stderr.write(`No recorded ticker: ${(error as Error).message}\n`)
    return undefined
  }
}
