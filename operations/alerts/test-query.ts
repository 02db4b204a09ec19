// What a rule with a query would tell: of now, or of the past if the query names its instant.
import { askQuery } from '#core/alerts/ask-query.ts'
import { QueryWatch } from '#core/alerts/query-watch.ts'
import { durationMs, isQuery, type QueryCondition, type RuleVersion } from '#core/alerts/rule.ts'
import type { Transition } from '#core/alerts/transition.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import { UserError } from '#platform/process/user-error.ts'

const maxRuns = 200
/** Time that all runs of a test may take, ms. */
const maxTestMs = 60_000

/**
 * Asks the query of a rule once, if it has one. @param reader a client of an account that may only read
 * @throws UserError in the words of the store, if it does not take the query or if the answer does not fit
 */
export async function checkQuery(reader: Store, { id, when }: RuleVersion['rule'], nowMs: number): Promise<void> {
  if (!isQuery(when)) return
  await askQuery(reader, when, nowMs).catch((error: Error) => {
    throw error instanceof UserError ? new UserError(`The rule ${id} is refused: ${error.message}`) : error
  })
}

/** Returns the instants at which a test asks a query: one, or up to 200 in [fromMs, toMs] if it names its instant. */
export function queryInstants({ sql, every }: QueryCondition, fromMs: number, toMs: number): number[] {
  if (!namesInstant(sql)) return [toMs]
  const stepMs = Math.max(durationMs(every), Math.ceil((toMs - fromMs) / (maxRuns - 1)))
  return Array.from({ length: Math.floor((toMs - fromMs) / stepMs) + 1 }, (_, index) => fromMs + index * stepMs)
}

/** Whether a query can be asked about the past. */
export const namesInstant = (sql: string): boolean => /\{\s*at\s*:/.test(sql)

interface QueryTest {
  /** How many keys and rows the answers had, and how many answers there were. */
  series: number
  points: number
  runs: number
  transitions: Transition[]
}

/**
 * Returns what a rule with a query would tell in [fromMs, toMs]. One run tells each row of now; several are judged as the
 * alerter does. @param reader a client of an account that may only read @throws UserError in the words of the store
 */
export async function testQuery(
  reader: Store,
  { rule, version, fromMs, toMs }: RuleVersion & { fromMs: number; toMs: number },
  when: QueryCondition,
): Promise<QueryTest> {
  const instants = queryInstants(when, fromMs, toMs)
  const { for: _, ...atOnce } = rule
  const watch = new QueryWatch({ rule: instants.length === 1 ? atOnce : rule, version })
  const keys = new Set<string>()
  const test: QueryTest = { series: 0, points: 0, transitions: [], runs: instants.length }
  const startedMs = performance.now()
  for (const [index, atMs] of instants.entries()) {
    if (performance.now() - startedMs > maxTestMs)
      throw new UserError(
        `The query took ${maxTestMs / 1_000} s for ${index} of ${instants.length} runs: name a shorter time.`,
      )
    const rows = await askQuery(reader, when, atMs)
    for (const { key } of rows) keys.add(key)
    test.points += rows.length
    test.transitions.push(...watch.take(rows, atMs).transitions)
  }
  return { ...test, series: keys.size }
}
