import type { Store } from '#platform/clickhouse/client.ts'
import { checkForeignSelect, runForeignSelect } from '#platform/clickhouse/foreign-select.ts'
import { UserError } from '#platform/process/user-error.ts'
import { type Instance, maxInstances, readInstances } from './query-instances.ts'
import type { QueryCondition } from './rule.ts'

/** Time in which the query of a rule must end, ms. */
const maxQueryMs = 10_000
const maxWordChars = 300

/**
 * Asks the store what a rule asks, after a check that it is a SELECT which reads tables alone. `{at:DateTime64(3)}` in the
 * query is the instant that is asked about. @param reader a client of an account that may only read
 * @throws UserError in the words of the store, if it refuses the query, fails or is away, or if the answer does not fit
 */
export async function askQuery(
  reader: Store,
  { sql }: QueryCondition,
  atMs: number,
  signal?: AbortSignal,
): Promise<Instance[]> {
  const asked = { sql, parameters: { at: new Date(atMs) }, maxRows: maxInstances, maxMs: maxQueryMs }
  try {
    await checkForeignSelect(reader, asked, signal)
    return readInstances(await runForeignSelect(reader, asked, signal))
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof UserError) throw error
    throw new UserError(wordsOf(error), { cause: error })
  }
}

function wordsOf(error: unknown): string {
  const { message, type } = error as Error & { type?: string }
  const said = message.length > maxWordChars ? `${message.slice(0, maxWordChars)}…` : message
  if (type === undefined) return `The store does not answer: ${said}`
  const hint = type === 'UNKNOWN_TABLE' ? ' A rule names tables with their database: tidemark.latest.' : ''
  return `The store says: ${said} (${type})${hint}`
}
