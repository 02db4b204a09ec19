import { z } from 'zod'
import { type ReleaseResult, release } from '#operations/dead-letters/release.ts'
import { parkedList } from '#operations/questions/lists.ts'
import type { ApiParts, TypedServer } from '../parts.ts'
import {
  begun,
  jobResponse,
  normalizerStatus,
  refuseOtherSource,
  requireSameNormalizer,
  skippedLetter,
  why,
} from './change.ts'
import { datasetPath, known } from './known.ts'
import { addListRoute } from './list-route.ts'
import { ofDataset } from './lists.ts'

/** Adds the list of parked datasets, and their release. */
export function addParkedRoutes(server: TypedServer, parts: ApiParts): void {
  addListRoute(server, parts, {
    path: '/api/v1/parked',
    summary: 'Datasets that are parked, since when, and why: their answers become dead letters',
    tag: 'operations',
    parameters: ofDataset,
    list: (filter) => ({ list: parkedList(filter), dataset: filter.dataset }),
  })
  server.post(
    '/api/v1/datasets/:dataset/release',
    {
      config: { role: 'operator' },
      schema: {
        summary: 'Release a parked dataset, and requeue its letters that nobody looked at because it was parked',
        tags: ['operations'],
        params: datasetPath,
        body: z.strictObject({
          anyway: z.boolean().default(false).describe('true: also where the newest letters would be refused again'),
          why,
        }),
        response: jobResponse,
      },
    },
    async (request, reply) => {
      const { source, dataset } = known(request.params.dataset)
      const { anyway, why: reason } = request.body
      refuseOtherSource(request.caller, source.name)
      // Otherwise a trial of the letters proves nothing.
      await requireSameNormalizer(parts, dataset)
      const change = { action: 'release', target: { dataset: dataset.name, anyway }, why: reason }
      const job = await begun(parts, request, change, async (tell) => {
        const parkedNow = async () => (await normalizerStatus(parts)).parked
        const decider = { by: request.caller.name, why: reason, nowMs: async () => parts.nowMs() }
        const asked = { source: source.name, dataset: dataset.name, anyway, decider }
        return shown(await release({ ...parts.raw, parkedNow }, asked, tell))
      })
      return reply.code(202).send(job)
    },
  )
}

/** The bytes of letters stay inside. `parked`: whether the dataset is parked now; null: the normalizer did not answer. */
function shown(result: ReleaseResult): object {
  const skipped = result.skipped.map(skippedLetter)
  if (result.state === 'stays-parked') return { state: result.state, parked: true, done: [], skipped }
  const { state, wasParked, done, after } = result
  const parked = 'unknown' in after ? null : after.parked !== null
  return { state, wasParked, parked, done: done.map(({ id }) => id), skipped }
}
