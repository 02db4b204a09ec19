import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'

const User = z.object({ user: z.string().min(1), password: z.string().min(1) })
const Credentials = z.object({ writer: User, reader: User })

export type Credentials = z.infer<typeof Credentials>

/** Reads the credentials. Creates the file with random passwords if absent. @throws Error naming an invalid file */
export function loadCredentials(file: string): Credentials {
  const text = readIfThere(file)
  if (text === undefined) return createCredentials(file)
  try {
    return Credentials.parse(JSON.parse(text))
  } catch (cause) {
    throw new Error(`${file} holds no valid credentials; remove it and new ones are made at the next start`, { cause })
  }
}

function createCredentials(file: string): Credentials {
  const secret = () => randomBytes(24).toString('base64url')
  const made = { writer: { user: 'tidemark', password: secret() }, reader: { user: 'reader', password: secret() } }
  mkdirSync(dirname(file), { recursive: true })
  // linkSync is atomic: the file is never partial, and only one of two processes creates it.
  const aside = `${file}.${process.pid}`
  writeFileSync(aside, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 })
  try {
    linkSync(aside, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(aside, { force: true })
  }
  return Credentials.parse(JSON.parse(readFileSync(file, 'utf8')))
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Error(`cannot read the credentials in ${file}: ${(error as Error).message}`)
  }
}
