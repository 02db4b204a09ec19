// Finds the schemas that values were written with. Poison must not become a storm of requests, nor a fresh schema that a
// lagging registry node does not have yet a dead letter: an absent id is asked for twice, then not for a while.
import { pause } from '../process/retry.ts'

/** Ms, and a number of ids. */
export interface FinderLimits {
  /** An id that is absent is asked for once more after this time; whoever wants it waits. */
  againMs: number
  /** Then it counts as unknown for so long, and nobody asks. */
  unknownMs: number
  /** No more ids than this count as unknown at a time; further ones are unknown without being asked for. */
  maxUnknown: number
}

export interface SchemaFinder<Schema> {
  /**
   * The schemas of ids, the most wanted first; those that are absent from the answer are unknown.
   * Throws what `fetch` throws: the registry could not say.
   */
  find: (ids: number[]) => Promise<Map<number, Schema>>
  /** Why find() did not give an id. One sentence. */
  whyUnknown: (id: number) => string
}

const finderLimits: FinderLimits = { againMs: 3_000, unknownMs: 30_000, maxUnknown: 50 }

/** @param fetch gives the schema of an id, undefined when the registry has none. Called for one id at a time. */
export function createSchemaFinder<Schema>(
  fetch: (id: number) => Promise<Schema | undefined>,
  limits: FinderLimits = finderLimits,
): SchemaFinder<Schema> {
  const unknownSinceMs = new Map<number, number>()
  let last: Promise<unknown> = Promise.resolve()

  const forgetOld = (): void => {
    for (const [id, sinceMs] of unknownSinceMs) {
      if (Date.now() - sinceMs >= limits.unknownMs) unknownSinceMs.delete(id)
    }
  }
  const find = async (ids: number[]): Promise<Map<number, Schema>> => {
    forgetOld()
    const found = new Map<number, Schema>()
    const absent: number[] = []
    for (const id of ids) {
      if (unknownSinceMs.has(id) || unknownSinceMs.size + absent.length >= limits.maxUnknown) continue
      const schema = await fetch(id)
      if (schema) found.set(id, schema)
      else absent.push(id)
    }
    if (absent.length === 0) return found
    await pause(limits.againMs)
    for (const id of absent) {
      const schema = await fetch(id)
      if (schema) found.set(id, schema)
      else unknownSinceMs.set(id, Date.now())
    }
    return found
  }

  return {
    // One after the other: who asks for an id that somebody else waits for gets that answer.
    find: (ids) => {
      const next = last.then(() => find(ids))
      last = next.catch(() => undefined)
      return next
    },
    whyUnknown: (id) => {
      if (unknownSinceMs.has(id)) return `the registry knows no schema with id ${id}`
      return `schema id ${id} was not asked for: the registry was just asked for ${limits.maxUnknown} that it does not know`
    },
  }
}
