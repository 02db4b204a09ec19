import { z } from 'zod'
import { backfill } from '#operations/backfill/backfill.ts'
import { noPast } from '#operations/backfill/windows.ts'
import { UserError } from '#platform/process/user-error.ts'
import type { ApiParts, TypedServer } from '../parts.ts'
import { Problem } from '../problem.ts'
import { begun, jobResponse, jobSchema, pollerStatus, refuseOtherSource, why } from './change.ts'
import { known } from './known.ts'

/** Adds backfills, and the jobs that changes begin. */
export function addJobRoutes(server: TypedServer, parts: ApiParts): void {
  const { jobs } = parts
  server.post(
    '/api/v1/backfills',
    {
      config: { role: 'operator' },
      schema: {
        summary: 'Fetch windows of the past, also windows that are already stored. Follow it at /api/v1/jobs/{id}',
        tags: ['operations'],
        body: z.strictObject({
          dataset: z.string().max(200),
          from: z.iso.date().describe("first day, in the dataset's zone"),
          to: z.iso.date().describe('last day, included'),
          confirmEmpty: z.boolean().default(false).describe('true: an empty answer withdraws the values of its window'),
          why,
        }),
        response: jobResponse,
      },
    },
    async (request, reply) => {
      const { dataset, from, to, confirmEmpty, why: reason } = request.body
      const sourced = known(dataset)
      refuseOtherSource(request.caller, sourced.source.name)
      if (from > to) throw new UserError('`to` must not be before `from`.')
      if (sourced.dataset.calendar.kind !== 'days') throw noPast(sourced.dataset)
      const target = { dataset, from, to, confirmEmpty }
      const job = await begun(parts, request, { action: 'backfill', target, why: reason }, (tell, stop) =>
        backfill(
          { ...parts.raw, store: parts.writer, pollerStatus: () => pollerStatus(parts) },
          { ...sourced, from, to, confirmsEmpty: confirmEmpty, requestedBy: request.caller.name },
          {
            pollerIsAway: () => tell({ step: 'the poller does not answer: waiting for it' }),
            requested: (windows) => tell({ step: 'requested', windows }),
            progress: (reached) => tell({ step: 'fetching', ...reached }),
            fetched: () => tell({ step: 'fetched; waiting until the rows can be queried' }),
          },
          stop,
        ),
      )
      return reply.code(202).send(job)
    },
  )
  server.get(
    '/api/v1/jobs',
    { config: { role: 'reader' }, schema: { summary: 'Jobs that this API began, newest first', tags: ['operations'] } },
    async () => ({ data: jobs.list() }),
  )
  server.get(
    '/api/v1/jobs/:id',
    {
      config: { role: 'reader' },
      schema: {
        summary: 'A job: how far it is, and what came of it',
        tags: ['operations'],
        params: z.object({ id: z.string().max(60) }),
        response: { 200: { description: 'The job', content: { 'application/json': { schema: jobSchema } } } },
      },
    },
    async (request) => {
      const job = jobs.find(request.params.id)
      if (job === undefined) throw new Problem(404, 'Not found', 'This API began no such job, or has forgotten it.')
      return job
    },
  )
}
