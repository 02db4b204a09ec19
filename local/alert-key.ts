import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createOnce } from './create-once.ts'

/** Returns the key from which the signing secrets of webhooks are derived: 32 bytes in base64. The first call creates it. */
export const alertMasterKey = (dataPath: string): string =>
  createOnce(join(dataPath, 'alert-master-key'), `${randomBytes(32).toString('base64')}\n`).trim()
