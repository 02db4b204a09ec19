import type { KnownIdentity } from './memory.ts'

export interface Validators {
  etag: string | null
  lastModified: string | null
}

const dayMs = 24 * 60 * 60 * 1_000
export const noValidators: Validators = { etag: null, lastModified: null }

/**
 * What a request may say that we hold. Nothing where another host gave it, and nothing until a window had a good answer
 * this UTC day: an upstream whose validators stay the same while its bytes change is believed for a day, not for ever.
 * Pure.
 */
export function validatorsFor(host: string, known: KnownIdentity | undefined, nowMs: number): Validators {
  if (known === undefined || known.host !== host) return noValidators
  const { lastGoodFetchedAt, etag, lastModified } = known.memory
  if (lastGoodFetchedAt === null || utcDay(lastGoodFetchedAt) !== utcDay(nowMs)) return noValidators
  return { etag, lastModified }
}

const utcDay = (ms: number): number => Math.floor(ms / dayMs)
