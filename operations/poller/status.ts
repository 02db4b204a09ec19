// What a poller says of itself, and what of it operations ask.
import { z } from 'zod'
import { pause } from '#platform/process/retry.ts'
import { UserError } from '#platform/process/user-error.ts'

const lastFailure = z.object({
  at: z.string(),
  outcome: z.string(),
  request: z.string(),
  error: z.string().nullable(),
})

/** The newest poll of a dataset that came to nothing good, with what was asked for and what upstream said. */
export type LastFailure = z.infer<typeof lastFailure>

const statusSchema = z.object({
  now: z.string(),
  datasets: z.array(
    z.object({
      dataset: z.string(),
      host: z.string(),
      // A poller of an earlier version switches nothing off.
      off: z.boolean().default(false),
      offBecause: z.string().nullable().default(null),
      live: z.boolean().default(true),
      subjects: z.array(z.string().nullable()).default([null]),
      lastPollAt: z.string().nullable(),
      lastOutcome: z.string().nullable(),
      lastFailure: lastFailure.nullable().default(null),
      nextDueAt: z.string().nullable(),
      waiting: z.object({ requested: z.number() }),
    }),
  ),
  budgets: z.array(
    z.object({
      ...{ host: z.string(), sentLastMinute: z.number(), perMinute: z.number(), pausedForMs: z.number() },
      ...{ pausedUntil: z.string().nullable().default(null), pauseReason: z.string().nullable().default(null) },
      unreachable: z.object({ since: z.string(), reason: z.string(), nextTryAt: z.string() }).nullable().default(null),
    }),
  ),
})

/**
 * What the poller of a stack says of itself: the time of its clock, the host of each dataset with what is due and what
 * was asked for, and the hosts' budgets.
 */
export type PollerStatus = z.infer<typeof statusSchema>

/** A budget of a host, as far as people are told of it. */
export type HostBudget = Omit<PollerStatus['budgets'][number], 'pausedForMs'>

/**
 * Asks a poller once, by the address of its status.
 * @throws when it does not answer, or says something else
 */
export async function readPollerStatus(url: string): Promise<PollerStatus> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(3_000) })
  return statusSchema.parse(await answer.json())
}

/**
 * Asks until the poller answers: one that is being started again is waited for.
 *
 * @param onWait called once when it has to be
 * @throws what `look` throws when the poller does not answer within `patienceMs`
 */
export async function patientPollerStatus(
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

/** What the poller says of a dataset. @throws UserError when the poller does not poll the dataset, with what to do. */
export function datasetThatIsPolled(
  datasets: PollerStatus['datasets'],
  name: string,
): PollerStatus['datasets'][number] {
  const known = datasets.find(({ dataset }) => dataset === name)
  if (known === undefined) throw new UserError(`The running poller does not know ${name}: is it of another version?`)
  if (!known.off) return known
  const because = known.offBecause ?? 'DATASETS_OFF'
  throw new UserError(
    because === 'DATASETS_OFF'
      ? `${name} is switched off: start the stack without it in DATASETS_OFF, then fetch.`
      : `${name} is not polled: it ${because}. Set it, start the stack again, then fetch.`,
  )
}
