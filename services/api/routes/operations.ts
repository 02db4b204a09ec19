import { z } from 'zod'
import { datasetsByName } from '#core/datasets.ts'
import type { DeadLetter } from '#core/dead-letter.ts'
import { drop } from '#operations/dead-letters/drop.ts'
import type { SkippedDeadLetter } from '#operations/dead-letters/plan.ts'
import { requeue } from '#operations/dead-letters/requeue.ts'
import { isEverything, type Selection } from '#operations/dead-letters/selection.ts'
import { liftPause } from '#operations/poller/lift-pause.ts'
import { UserError } from '#platform/process/user-error.ts'
import { deadLetterTopic } from '#schemas/topics.ts'
import type { Caller } from '../access.ts'
import type { ApiParts, TypedServer } from '../parts.ts'
import { Problem } from '../problem.ts'
import { objectResponse } from '../responses.ts'
import { changed, pollerStatus, refuseOtherSource, skippedLetter, why } from './change.ts'
import { known } from './known.ts'
import { readAt } from './parameters.ts'

const dryRun = z.boolean().default(false).describe('true: change nothing, and say what would be done')

const letters = z.strictObject({
  ids: z.array(z.string().max(300)).max(1_000).default([]).describe('as /api/v1/dead-letters names them'),
  dataset: z.string().max(200).optional(),
  reason: z.string().max(60).optional(),
  since: z.string().max(80).optional().describe('refused at this instant or later'),
  until: z.string().max(80).optional().describe('refused before this instant'),
  dryRun,
  why,
})

/** Adds what operators change. Each change takes a reason and is an audit record. */
export function addOperationRoutes(server: TypedServer, parts: ApiParts): void {
  const about = <Body extends z.ZodType>(summary: string, body: Body) => ({
    config: { role: 'operator' as const },
    schema: { summary, tags: ['operations'], body, response: objectResponse },
  })
  const { kafka } = parts.raw
  server.post(
    '/api/v1/dead-letters/requeue',
    about(
      'Send dead letters back to the topics that they came from',
      letters.extend({ again: z.boolean().default(false) }),
    ),
    async (request) => {
      const { dryRun: isDry, again, why: reason } = request.body
      const selection = selectionOf(request.body, request.caller)
      const decider = { by: request.caller.name, why: reason, nowMs: async () => parts.nowMs() }
      const parkedDatasets = async () =>
        new Set((await parts.parkedNow().catch(() => [])).map(({ dataset }) => dataset))
      const work = async () =>
        outcome(await requeue(kafka, { selection, again, dryRun: isDry, decider, parkedDatasets }))
      return changed(parts, request, { action: 'requeue', target: request.body, why: reason, isDry }, work)
    },
  )
  server.post(
    '/api/v1/dead-letters/drop',
    about('Settle dead letters that nobody will mend; their bytes stay where they are', letters),
    async (request) => {
      const { dryRun: isDry, why: reason } = request.body
      const selection = selectionOf(request.body, request.caller)
      const decider = { by: request.caller.name, why: reason, nowMs: async () => parts.nowMs() }
      const work = async () => outcome(await drop(kafka, { selection, dryRun: isDry, decider }))
      return changed(parts, request, { action: 'drop', target: request.body, why: reason, isDry }, work)
    },
  )
  server.post(
    '/api/v1/hosts/:host/resume',
    {
      config: { role: 'operator' },
      schema: {
        summary: 'Ask a host again before its pause is over',
        tags: ['operations'],
        params: z.object({ host: z.string().max(300).describe('as /api/v1/hosts names it') }),
        body: z.strictObject({ why }),
        response: objectResponse,
      },
    },
    async (request) => {
      const { host } = request.params
      const { budgets, datasets } = await pollerStatus(parts)
      if (!budgets.some((budget) => budget.host === host))
        throw new Problem(404, 'Not found', 'No poller asks this host.')
      for (const { dataset } of datasets.filter((each) => each.host === host)) {
        refuseOtherSource(request.caller, datasetsByName.get(dataset)?.source.name ?? '')
      }
      const work = () => liftPause({ ...parts.raw, pollerStatus: () => pollerStatus(parts) }, host, request.caller.name)
      return changed(parts, request, { action: 'resume', target: { host }, why: request.body.why, isDry: false }, work)
    },
  )
}

type Selected = Omit<z.infer<typeof letters>, 'dryRun' | 'why'>

/** @throws UserError if the request names no letters; Problem 403 if they are of a source that the caller may not change */
function selectionOf({ ids, dataset, reason, since, until }: Selected, caller: Caller): Selection {
  const { source } = caller
  if (dataset !== undefined) refuseOtherSource(caller, known(dataset).source.name)
  for (const id of ids) refuseOtherSource(caller, id.split('.')[0] ?? '')
  const sinceMs = readAt(since, 'since')
  const untilMs = readAt(until, 'until')
  const selection: Selection = {
    ids,
    ...(dataset !== undefined && { key: dataset }),
    ...(reason !== undefined && { reason }),
    ...(sinceMs !== null && { sinceMs }),
    ...(untilMs !== null && { untilMs }),
  }
  if (isEverything(selection)) throw new UserError('Name letters: `ids`, or a dataset, a reason or a time.')
  return source === null ? selection : { ...selection, deadLetters: deadLetterTopic(source).name }
}

interface LettersOutcome {
  done: readonly DeadLetter[]
  skipped: readonly SkippedDeadLetter[]
  unknown: readonly string[]
  refusedAgain?: readonly DeadLetter[] | null
}

/** Returns the ids of the letters, and why some stay. The bytes of letters stay inside. */
const outcome = ({ done, skipped, unknown, refusedAgain }: LettersOutcome) => ({
  done: done.map(({ id }) => id),
  skipped: skipped.map(skippedLetter),
  unknown,
  ...(refusedAgain !== undefined && { refusedAgain: refusedAgain?.map(({ id }) => id) ?? null }),
})
