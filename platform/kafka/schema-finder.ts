// Finds schemas by id. An id that the registry lacks is requested twice, because a registry node may lag. Then it is
// not requested for a while, so that bad records do not cause a storm of requests.
import { pause } from '../process/retry.ts'

export interface FinderLimits {
  /** Wait before the second request for an id that the registry lacks, ms. */
  retryMs: number
  /** How long after the second request an id is not requested again, ms. */
  unknownMs: number
  /** Maximum number of unknown ids at a time. Beyond it, no further ids are requested. */
  maxUnknown: number
}

export interface SchemaFinder<Schema> {
  /** Returns the schemas that the registry has. Put frequent ids first: others may be skipped. @throws like `fetch` */
  find: (ids: number[]) => Promise<Map<number, Schema>>
  whyUnknown: (id: number) => string
}

const finderLimits: FinderLimits = { retryMs: 3_000, unknownMs: 30_000, maxUnknown: 50 }

/** @param fetch returns a schema, or undefined if the registry lacks it; called for one id at a time */
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
    await pause(limits.retryMs)
    for (const id of absent) {
      const schema = await fetch(id)
      if (schema) found.set(id, schema)
      else unknownSinceMs.set(id, Date.now())
    }
    return found
  }

  return {
    // Calls run one after the other, so that a second caller benefits from the first one's requests.
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
