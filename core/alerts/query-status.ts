import { z } from 'zod'

const queryStatus = z.object({
  rule: z.string(),
  version: z.number(),
  owner: z.string(),
  /** How often the rule says that it is asked, and how often it is, s. */
  everyS: z.number(),
  waitsS: z.number(),
  /** False: it was not asked yet. */
  isAsked: z.boolean(),
  /** How long the last run took, s. */
  tookS: z.number(),
  /** How many rows the newest answer had. null: there is none. */
  rows: z.number().nullable(),
  /** Why the last run failed. null: it did not. */
  failure: z.string().nullable(),
})

/** How the query of a rule is asked now. */
export type QueryStatus = z.infer<typeof queryStatus>

/** What the alerter says at /status. Alerters of earlier versions say nothing. */
export const alerterStatus = z.object({ queries: z.array(queryStatus).default([]) })

/** Returns in words how the query of a rule is asked now. */
export function describeQueryRun({ owner, everyS, waitsS, isAsked, tookS, rows, failure }: QueryStatus): string {
  if (!isAsked) return 'was not asked yet'
  const result = failure === null ? `${rows ?? 0} rows` : `it failed: ${failure}`
  const took = `the last run took ${Number(tookS.toPrecision(2))} s, ${result}`
  if (waitsS <= everyS) return `is asked every ${everyS} s; ${took}`
  const waits = Math.round(waitsS)
  return `is asked every ${waits} s instead of every ${everyS} s, as the queries of ${owner} take more than their share of the store's time; ${took}`
}
