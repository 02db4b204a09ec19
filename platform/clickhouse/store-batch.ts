// One batch, one insert. A refused insert is halved until the bad record is alone; an unwell store is waited for.
import { dead, ok, type Verdict } from '../kafka/verdict.ts'
import { Unwell } from '../process/unwell.ts'

/** What an insert error is about: the world (try again), the rows (find the bad one), or us. */
export type ErrorKind = 'retry' | 'data' | 'bug'

/** Does the inserting, and tells what an error of it means. */
export interface Inserter {
  insert: (rows: unknown[][]) => Promise<void>
  errorKind: (error: unknown) => ErrorKind
  /** Whether trying again helps only after somebody did something: a missing table, missing rights, a full disk. */
  needsOperator: (error: unknown) => boolean
}

/**
 * Inserts rows and returns one verdict a row, in order: ok, or dead for the rows that the store refuses for their
 * content. Throws Unwell when the store is away or overloaded, and the error itself when it is a bug of ours.
 * Repeating it is safe.
 */
export async function storeBatch(rows: unknown[][], inserter: Inserter): Promise<Verdict[]> {
  if (rows.length === 0) return []
  try {
    await inserter.insert(rows)
    return rows.map(() => ok())
  } catch (error) {
    const kind = inserter.errorKind(error)
    if (kind === 'retry') {
      const until = inserter.needsOperator(error) ? 'until somebody mends it' : 'now'
      throw new Unwell(`The store takes no rows ${until}: ${(error as Error).message}`, { cause: error })
    }
    if (kind === 'bug') throw error
    if (rows.length === 1) return [dead('store-refused', `the store refuses the row: ${(error as Error).message}`)]
    const middle = Math.ceil(rows.length / 2)
    const first = await storeBatch(rows.slice(0, middle), inserter)
    return [...first, ...(await storeBatch(rows.slice(middle), inserter))]
  }
}
