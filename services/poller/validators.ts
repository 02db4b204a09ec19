import type { KnownIdentity } from './memory.ts'

export interface Validators {
  etag: string | null
  lastModified: string | null
}

const dayMs = 24 * 60 * 60 * 1_000
export const noValidators: Validators = { etag: null, lastModified: null }

/**
 * Returns the ETag and Last-Modified to send. Both are null before the first good answer of the UTC day, so that a
 * change behind an unchanged ETag is missed for a day at most. Both are also null if the memory is from another host.
 */
export function validatorsFor(host: string, known: KnownIdentity | undefined, nowMs: number): Validators {
  if (known === undefined || known.host !== host) return noValidators
  const { lastGoodFetchedAt, etag, lastModified } = known.memory
  if (lastGoodFetchedAt === null || utcDay(lastGoodFetchedAt) !== utcDay(nowMs)) return noValidators
  return { etag, lastModified }
}

const utcDay = (ms: number): number => Math.floor(ms / dayMs)
