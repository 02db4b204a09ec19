// How a route changes something: with a reason, within the caller's rights, and with an audit record.
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { SkippedDeadLetter } from '#operations/dead-letters/plan.ts'
import { type NormalizerStatus, waitForNormalizerStatus } from '#operations/normalizer/status.ts'
import { refuseOtherNormalizer } from '#operations/normalizer/versions.ts'
import { type PollerStatus, readPollerStatus } from '#operations/poller/status.ts'
import type { Dataset } from '#sources/source.ts'
import type { Caller } from '../access.ts'
import type { Change } from '../audit.ts'
import type { Job } from '../jobs.ts'
import type { ApiParts } from '../parts.ts'
import { Problem } from '../problem.ts'

export const why = z.string().trim().min(1).max(1_000).describe('the reason, for the audit')

export const jobSchema = z.object({
  id: z.string(),
  action: z.string(),
  who: z.string(),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  state: z.enum(['running', 'done', 'failed']),
  progress: z.unknown(),
  result: z.unknown(),
  failed: z.string().nullable(),
}) satisfies z.ZodType<Job>

/** The job that a request began. */
export const jobResponse = {
  202: {
    description: 'The job; follow it at /api/v1/jobs/{id}',
    content: { 'application/json': { schema: jobSchema } },
  },
}

type Asked = Omit<Change, 'caller'>

/** Makes a change, and returns what came of it with the id of its audit record. A dry run has no record. */
export async function changed<Result extends object>(
  { audit }: ApiParts,
  { caller }: FastifyRequest,
  { isDry, ...change }: Asked & { isDry: boolean },
  work: () => Promise<Result>,
): Promise<Record<string, unknown>> {
  if (isDry) return { audit: null, ...(await work()) }
  const { id, result } = await audit.record({ ...change, caller }, work)
  return { audit: id, ...result }
}

/** Begins a job, whose id is that of its audit record. Resolves when the job has begun. */
export function begun(
  { audit, jobs }: ApiParts,
  { caller }: FastifyRequest,
  change: Asked,
  work: (tell: (progress: unknown) => void, stop: AbortSignal) => Promise<unknown>,
): Promise<Job> {
  const { promise, resolve, reject } = Promise.withResolvers<Job>()
  const recorded = audit.record({ ...change, caller }, (id) => {
    const ended = Promise.withResolvers<unknown>()
    const job = jobs.begin({ id, action: change.action, who: caller.name }, async (tell, stop) => {
      ended.resolve(work(tell, stop))
      return ended.promise
    })
    resolve(job)
    return ended.promise
  })
  // After the start the job itself says that it failed.
  recorded.catch(reject)
  return promise
}

/** @throws Problem 403 if the caller may change another source alone */
export function refuseOtherSource({ source }: Caller, wanted: string): void {
  if (source === null || source === wanted) return
  throw new Problem(403, 'Forbidden', `This token may change ${source} alone.`)
}

/** Asks the poller. @throws Problem if there is none, or if it does not answer */
export async function pollerStatus({ pollerUrl }: Pick<ApiParts, 'pollerUrl'>): Promise<PollerStatus> {
  if (pollerUrl === undefined) throw new Problem(404, 'Not found', 'The API does not know a poller: set POLLER_URL.')
  return readPollerStatus(`${pollerUrl}/status`).catch(() => {
    throw new Problem(503, 'Not available', 'The poller does not answer. Try again in a few seconds.', {
      'Retry-After': '5',
    })
  })
}

/** Asks the normalizer. @throws Problem if there is none, or if it does not answer */
export async function normalizerStatus({ normalizerUrl }: Pick<ApiParts, 'normalizerUrl'>): Promise<NormalizerStatus> {
  if (normalizerUrl === undefined) {
    throw new Problem(404, 'Not found', 'The API does not know a normalizer: set NORMALIZER_URL.')
  }
  return waitForNormalizerStatus(`${normalizerUrl}/status`).catch(() => {
    throw new Problem(503, 'Not available', 'The normalizer does not answer. Try again in a few seconds.', {
      'Retry-After': '5',
    })
  })
}

/** @throws Problem if the normalizer does not answer; UserError if it explodes the dataset in another version */
export async function requireSameNormalizer(parts: Pick<ApiParts, 'normalizerUrl'>, dataset: Dataset): Promise<void> {
  const { datasets } = await normalizerStatus(parts)
  refuseOtherNormalizer(datasets, [dataset], 'restart normalizer and API with the same release')
}

/** Returns the id of a dead letter that stays, and why. Its bytes stay inside. */
export const skippedLetter = ({ letter, why: because }: SkippedDeadLetter) => ({ id: letter.id, ...because })
