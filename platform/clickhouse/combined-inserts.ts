import { errorKind } from './errors.ts'
import type { BinaryRow } from './row-buffer.ts'
import type { InsertRows } from './store-batch.ts'

/** The most bytes that are inserted together. An insert of its own may be larger. */
const maxTogetherBytes = 16 * 1024 * 1024

interface WaitingInsert {
  rows: BinaryRow[]
  bytes: number
  done: PromiseWithResolvers<void>
}

/**
 * Returns an insert that inserts what waits for an earlier one together with it, in order. So inserts stay large where a topic
 * has several partitions, and nothing waits for more. If rows that came together are refused, each insert is tried alone.
 */
export function combinedInserts(insert: InsertRows<BinaryRow>): InsertRows<BinaryRow> {
  let waiting: WaitingInsert[] = []
  let isInserting = false

  const insertTogether = async (together: readonly WaitingInsert[]): Promise<void> => {
    try {
      await insert(together.flatMap(({ rows }) => rows))
      for (const { done } of together) done.resolve()
    } catch (error) {
      // Rows of one may have been to blame.
      if (together.length > 1 && errorKind(error) !== 'retry') for (const one of together) await insertTogether([one])
      else for (const { done } of together) done.reject(error)
    }
  }
  const insertAll = async (): Promise<void> => {
    isInserting = true
    while (waiting.length > 0) {
      const together = waiting.slice(0, countTogether(waiting))
      waiting = waiting.slice(together.length)
      await insertTogether(together)
    }
    isInserting = false
  }
  return (rows) => {
    const done = Promise.withResolvers<void>()
    waiting.push({ rows, bytes: rows.reduce((sum, { start, end }) => sum + end - start, 0), done })
    if (!isInserting) void insertAll()
    return done.promise
  }
}

/** Returns how many of the first inserts go together. */
function countTogether(waiting: readonly WaitingInsert[]): number {
  let bytes = 0
  const tooMany = waiting.findIndex((each) => {
    bytes += each.bytes
    return bytes > maxTogetherBytes
  })
  return tooMany < 0 ? waiting.length : Math.max(1, tooMany)
}
