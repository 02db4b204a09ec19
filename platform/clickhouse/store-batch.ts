// Inserts a batch at once. If the store refuses the insert, its halves are inserted, until a bad row is alone.
import { dead, ok, type Verdict } from '../kafka/verdict.ts'
import { TransientError } from '../process/transient-error.ts'
import { type ErrorKind, errorKind, needsOperator } from './errors.ts'

export type InsertRows = (rows: unknown[][]) => Promise<void>

/** What is known about a table: a row that it accepted, and rows that it refused before that. Keep one per table. */
export interface TableEvidence {
  /** A row that the table has accepted, or undefined. To insert the row again changes nothing. */
  taken: unknown[] | undefined
  unproven: Set<string>
  maxUnproven: number
}

/** @param maxUnproven maximum number of rows that may be refused for an unknown reason before the table accepts one */
export const tableEvidence = (maxUnproven = 0): TableEvidence => ({
  taken: undefined,
  unproven: new Set(),
  maxUnproven,
})

/** Maximum number of rows that are inserted alone to find out whether the table accepts any row. */
const maxTried = 20

/**
 * Inserts rows and returns one verdict per row: ok, or dead if the store refuses the row alone. May be repeated. An
 * error with a known data code is the row's fault. An error with an unknown code is the row's fault if the table
 * accepts another row. While the table has accepted no row, at most `maxUnproven` rows become dead for an unknown code.
 * @throws TransientError if the store is unavailable
 * @throws the store's error if the table has accepted no row, and more than `maxUnproven` rows are refused
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
      // The table may have been mended since it refused these rows.
      if (isProven) return storeRows(some)
      if (refused.kind === 'bug' || !mayBeUnproven(some, evidence)) throw refused.error
      return some.map(() => refusal(refused.error))
    }
    if (some.length === 1) return [refusal(refused.error)]
    const middle = Math.ceil(some.length / 2)
    const first = await storeRows(some.slice(0, middle))
    return [...first, ...(await storeRows(some.slice(middle)))]
  }
  return rows.length === 0 ? [] : storeRows(rows)
}

const refusal = (error: Error): Verdict => dead('store-refused', `the store refuses the row: ${error.message}`)

function mayBeUnproven(rows: unknown[][], { unproven, maxUnproven }: TableEvidence): boolean {
  if (rows.length > maxUnproven) return false
  const all = new Set([...unproven, ...rows.map((row) => JSON.stringify(row))])
  if (all.size > maxUnproven) return false
  for (const row of all) unproven.add(row)
  return true
}

/** Inserts rows. Returns the error if the store refuses them. @throws TransientError if the store is unavailable */
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

async function takesRows(rows: unknown[][], insert: InsertRows, evidence: TableEvidence): Promise<boolean> {
  const step = Math.ceil(rows.length / maxTried)
  const tried = evidence.taken ? [evidence.taken] : rows.filter((_, index) => index % step === 0)
  for (const row of tried) if ((await tryInsert([row], insert, evidence)) === undefined) return true
  return false
}
