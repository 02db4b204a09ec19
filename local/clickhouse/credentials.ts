import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { createOnce } from '../create-once.ts'

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
  return Credentials.parse(JSON.parse(createOnce(file, `${JSON.stringify(made, null, 2)}\n`)))
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Error(`cannot read the credentials in ${file}: ${(error as Error).message}`)
  }
}
