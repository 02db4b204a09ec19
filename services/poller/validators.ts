import type { KnownIdentity } from './memory.ts'

export interface Validators {
  etag: string | null
  lastModified: string | null
}

const dayMs = 24 * 60 * 60 * 1_000
export const noValidators: Validators = { etag: null, lastModified: null }

/**
 * Returns the ETag and Last-Modified to send; nulls before today's first good answer (UTC). So a change that upstream
 * hides behind constant validators is missed for a day at most.
 */
export function validatorsFor(host: string, known: KnownIdentity | undefined, nowMs: number): Validators {
  if (known === undefined || known.host !== host) return noValidators
  const { lastGoodFetchedAt, etag, lastModified } = known.memory
  if (lastGoodFetchedAt === null || utcDay(lastGoodFetchedAt) !== utcDay(nowMs)) return noValidators
  return { etag, lastModified }
}

const utcDay = (ms: number): number => Math.floor(ms / dayMs)
