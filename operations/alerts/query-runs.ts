import { alerterStatus, type QueryStatus } from '#core/alerts/query-status.ts'

/** Asks the alerter how the queries of rules are asked now, by rule. Empty if it does not answer within a second. */
export async function queryRuns(alerterUrl: string | undefined): Promise<ReadonlyMap<string, QueryStatus>> {
  if (alerterUrl === undefined) return new Map()
  try {
    const answer = await fetch(`${alerterUrl}/status`, { signal: AbortSignal.timeout(1_000) })
    return new Map(alerterStatus.parse(await answer.json()).queries.map((query) => [query.rule, query]))
  } catch {
    return new Map()
  }
}
