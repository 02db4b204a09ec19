import { z } from 'zod'
import { scheduleSchema } from '#core/dataset-schedules.ts'
import { pause } from '#platform/process/retry.ts'
import { UserError } from '#platform/process/user-error.ts'

const lastFailure = z.object({
  at: z.string(),
  outcome: z.string(),
  request: z.string(),
  error: z.string().nullable(),
})

/** The newest unsuccessful poll of a dataset: what was requested and upstream's error. */
export type LastFailure = z.infer<typeof lastFailure>

const selectors = z.array(z.string().nullable())

const dataset = z.object({
  dataset: z.string(),
  host: z.string(),
  // Defaults for pollers of earlier versions, which do not send these fields.
  off: z.boolean().default(false),
  offBecause: z.string().nullable().default(null),
  schedule: scheduleSchema.optional(),
  selectors: selectors.optional(),
  /** What earlier versions sent in place of `schedule` and `selectors`. */
  live: z.boolean().default(true),
  subjects: selectors.default([null]),
  lastPollAt: z.string().nullable(),
  lastOutcome: z.string().nullable(),
  lastFailure: lastFailure.nullable().default(null),
  nextDueAt: z.string().nullable(),
  waiting: z.object({ requested: z.number() }),
})

const statusSchema = z.object({
  now: z.string(),
  datasets: z.array(
    dataset.transform(
      ({ live, schedule = live ? 'auto' : 'on-demand', subjects, selectors = subjects, ...status }) => ({
        ...status,
        schedule,
        selectors,
      }),
    ),
  ),
  budgets: z.array(
    z.object({
      ...{ host: z.string(), sentLastMinute: z.number(), perMinute: z.number(), pausedForMs: z.number() },
      ...{ pausedUntil: z.string().nullable().default(null), pauseReason: z.string().nullable().default(null) },
      unreachable: z.object({ since: z.string(), reason: z.string(), nextTryAt: z.string() }).nullable().default(null),
    }),
  ),
})

export type PollerStatus = z.infer<typeof statusSchema>

export type HostBudget = Omit<PollerStatus['budgets'][number], 'pausedForMs'>

/** Fetches the poller's status once. @throws if the poller does not answer within 3 s, or the response is invalid */
export async function readPollerStatus(url: string): Promise<PollerStatus> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(3_000) })
  return statusSchema.parse(await answer.json())
}

/**
 * Calls `look` until it succeeds, and `onWait` after the first failure.
 * @throws after `patienceMs` the error of `look`
 */
export async function waitForPollerStatus(
  look: () => Promise<PollerStatus>,
  patienceMs: number,
  onWait: () => void,
): Promise<PollerStatus> {
  const end = Date.now() + patienceMs
  for (let attempt = 1; ; attempt++) {
    try {
      return await look()
    } catch (error) {
      if (Date.now() >= end) throw error
      if (attempt === 1) onWait()
      await pause(250)
    }
  }
}

/** @throws UserError with advice if the running poller does not poll the dataset */
export function requirePolledDataset(
  datasets: PollerStatus['datasets'],
  name: string,
): PollerStatus['datasets'][number] {
  const known = datasets.find(({ dataset }) => dataset === name)
  if (known === undefined) throw new UserError(`The running poller does not know ${name}: is it of another version?`)
  if (!known.off) return known
  const because = known.offBecause ?? ''
  throw new UserError(
    because.startsWith('needs ')
      ? `${name} is not polled: it ${because}. Set it, start the stack again, then fetch.`
      : `${name} is switched off: add ${name}:on-demand at the end of DATASET_SCHEDULES, start the stack again, then fetch.`,
  )
}
