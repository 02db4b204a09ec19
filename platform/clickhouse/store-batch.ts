// One batch, one insert. A refused insert is halved until the bad record is alone; an unavailable store is waited for.
import { dead, ok, type Verdict } from '../kafka/verdict.ts'
import { TransientError } from '../process/transient-error.ts'
import { type ErrorKind, errorKind, needsOperator } from './errors.ts'

/** Inserts rows into one table; throws what the store says, or the network. */
export type InsertRows = (rows: unknown[][]) => Promise<void>

/** What shows that a table takes rows at all. Keep one a table. */
export interface TableEvidence {
  /** A row that the table has taken; it takes it again, which changes nothing. */
  taken: unknown[] | undefined
  /** Rows that were refused since, as text, before anything showed that the table takes any. */
  unproven: Set<string>
  maxUnproven: number
}

/** @param maxUnproven so many rows may be refused for a reason that is not known while nothing shows that any is taken */
export const tableEvidence = (maxUnproven = 0): TableEvidence => ({
  taken: undefined,
  unproven: new Set(),
  maxUnproven,
})

/** So many rows of a batch are tried alone to see whether the table takes any. */
const maxTried = 20

/**
 * Inserts rows and returns one verdict a row, in order: ok, or dead for the rows that the store refuses alone. Repeating it
 * is safe.
 *
 * What an error means is known by its number, or it is not: then the row is to blame as long as the table takes other rows,
 * one that it took before or one of the batch. When it takes none, the table is: the error is thrown, and no row is
 * refused. Only where nothing tells, for the first `maxUnproven` rows, the row is believed to be.
 *
 * @throws TransientError when the store is away or overloaded; the error of the store when it takes no row
 */
export async function storeBatch(
  rows: unknown[][],
  insert: InsertRows,
  evidence: TableEvidence = tableEvidence(),
): Promise<Verdict[]> {
  let isProven = false

  const storeRows = async (some: unknown[][]): Promise<Verdict[]> => {
    const refused = await tryInsert(some, insert, evidence)
    if (refused === undefined) {
      isProven = true
      return some.map(() => ok())
    }
    if (refused.kind !== 'data' && !isProven) {
      isProven = await takesRows(some, insert, evidence)
      if (!isProven) {
        if (refused.kind === 'bug' || !mayBeUnproven(some, evidence)) throw refused.error
        return some.map(() => refusal(refused.error))
      }
    }
    if (some.length === 1) return [refusal(refused.error)]
    const middle = Math.ceil(some.length / 2)
    const first = await storeRows(some.slice(0, middle))
    return [...first, ...(await storeRows(some.slice(middle)))]
  }
  return rows.length === 0 ? [] : storeRows(rows)
}

const refusal = (error: Error): Verdict => dead('store-refused', `the store refuses the row: ${error.message}`)

/** Whether rows are among the few that are refused unproven; notes them. */
function mayBeUnproven(rows: unknown[][], { unproven, maxUnproven }: TableEvidence): boolean {
  if (rows.length > maxUnproven) return false
  const all = new Set([...unproven, ...rows.map((row) => JSON.stringify(row))])
  if (all.size > maxUnproven) return false
  for (const row of all) unproven.add(row)
  return true
}

/** Inserts rows; gives why the store refuses them. Throws TransientError when they are not to blame. */
async function tryInsert(
  rows: unknown[][],
  insert: InsertRows,
  evidence: TableEvidence,
): Promise<{ error: Error; kind: ErrorKind } | undefined> {
  try {
    await insert(rows)
    evidence.taken = rows[0]
    evidence.unproven.clear()
    return undefined
  } catch (error) {
    const kind = errorKind(error)
    if (kind !== 'retry') return { error: error as Error, kind }
    const until = needsOperator(error) ? 'until somebody mends it' : 'now'
    throw new TransientError(`The store takes no rows ${until}: ${(error as Error).message}`, { cause: error })
  }
}

/** Whether the table takes the row that it took before; where none is known, one of some from all over the batch. */
async function takesRows(rows: unknown[][], insert: InsertRows, evidence: TableEvidence): Promise<boolean> {
  const step = Math.ceil(rows.length / maxTried)
  const tried = evidence.taken ? [evidence.taken] : rows.filter((_, index) => index % step === 0)
  for (const row of tried) if ((await tryInsert([row], insert, evidence)) === undefined) return true
  return false
}
