// Inserts a batch at once. If the store refuses the insert, its halves are inserted, until a bad row is alone.
import { dead, ok, type Verdict } from '../kafka/verdict.ts'
import { TransientError } from '../process/transient-error.ts'
import { type ErrorKind, errorKind, needsOperator } from './errors.ts'

export type InsertRows<Row> = (rows: Row[]) => Promise<void>

/** What is known about a table: a row that it accepted, and rows that it refused before that. Keep one per table. */
export interface TableAcceptance<Row = unknown> {
  /** A row that the table has accepted, or undefined. To insert the row again changes nothing. */
  acceptedRow: Row | undefined
  /** Rows that were refused for an unknown reason before the table accepted one, as JSON. */
  unexplained: Set<string>
  maxUnexplained: number
  /** Returns a row that stays as it is after the batch. */
  keep: (row: Row) => Row
}

/** @param maxUnexplained maximum number of rows that may be refused for an unknown reason before the table accepts one */
export const tableAcceptance = <Row>(
  maxUnexplained = 0,
  keep: TableAcceptance<Row>['keep'] = (row) => row,
): TableAcceptance<Row> => ({ acceptedRow: undefined, unexplained: new Set(), maxUnexplained, keep })

/** Maximum number of rows that are inserted alone to find out whether the table accepts any row. */
const maxTried = 20

/**
 * Inserts rows and returns one verdict per row: ok, or dead if the store refuses the row alone. May be repeated. An
 * error with a known data code is the row's fault. An error with an unknown code is the row's fault if the table
 * accepts another row. While the table has accepted no row, at most `maxUnexplained` rows become dead for an unknown
 * code.
 * @throws TransientError if the store is unavailable
 * @throws the store's error if the table has accepted no row, and more than `maxUnexplained` rows are refused
 */
export async function storeBatch<Row>(
  rows: Row[],
  insert: InsertRows<Row>,
  acceptance: TableAcceptance<Row> = tableAcceptance(),
): Promise<Verdict[]> {
  let hasAccepted = false

  const storeRows = async (some: Row[]): Promise<Verdict[]> => {
    const refused = await tryInsert(some, insert, acceptance)
    if (refused === undefined) {
      hasAccepted = true
      return some.map(() => stored)
    }
    if (refused.kind !== 'data' && !hasAccepted) {
      hasAccepted = await acceptsAnyOf(some, insert, acceptance)
      // The table may have been mended since it refused these rows.
      if (hasAccepted) return storeRows(some)
      if (refused.kind === 'bug' || !mayRefuseUnexplained(some, acceptance)) throw refused.error
      return some.map(() => refusal(refused.error))
    }
    if (some.length === 1) return [refusal(refused.error)]
    const middle = Math.ceil(some.length / 2)
    const first = await storeRows(some.slice(0, middle))
    return [...first, ...(await storeRows(some.slice(middle)))]
  }
  return rows.length === 0 ? [] : storeRows(rows)
}

const stored = ok()

const refusal = (error: Error): Verdict => dead('store-refused', `the store refuses the row: ${error.message}`)

function mayRefuseUnexplained<Row>(rows: Row[], acceptance: TableAcceptance<Row>): boolean {
  const { unexplained, maxUnexplained, keep } = acceptance
  if (rows.length > maxUnexplained) return false
  const all = new Set([...unexplained, ...rows.map((row) => JSON.stringify(keep(row)))])
  if (all.size > maxUnexplained) return false
  for (const row of all) unexplained.add(row)
  return true
}

/** Inserts rows. Returns the error if the store refuses them. @throws TransientError if the store is unavailable */
async function tryInsert<Row>(
  rows: Row[],
  insert: InsertRows<Row>,
  acceptance: TableAcceptance<Row>,
): Promise<{ error: Error; kind: ErrorKind } | undefined> {
  try {
    await insert(rows)
    if (rows[0] !== undefined) acceptance.acceptedRow = acceptance.keep(rows[0])
    acceptance.unexplained.clear()
    return undefined
  } catch (error) {
    const kind = errorKind(error)
    if (kind !== 'retry') return { error: error as Error, kind }
    throw takesNoRows(error as Error)
  }
}

/** The error to throw where the store is unavailable, which `error` says. */
export function takesNoRows(error: Error): TransientError {
  const until = needsOperator(error) ? 'until somebody mends it' : 'now'
  return new TransientError(`The store takes no rows ${until}: ${error.message}`, { cause: error })
}

async function acceptsAnyOf<Row>(
  rows: Row[],
  insert: InsertRows<Row>,
  acceptance: TableAcceptance<Row>,
): Promise<boolean> {
  const step = Math.ceil(rows.length / maxTried)
  const tried = acceptance.acceptedRow ? [acceptance.acceptedRow] : rows.filter((_, index) => index % step === 0)
  for (const row of tried) if ((await tryInsert([row], insert, acceptance)) === undefined) return true
  return false
}
