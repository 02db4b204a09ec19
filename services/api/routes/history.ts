import { z } from 'zod'
import { dryRun } from '#operations/history/dry-run.ts'
import { windowsOfDays } from '#operations/history/raw-span.ts'
import { newReplay, runReplay } from '#operations/history/replay.ts'
import { openReplayLog } from '#operations/history/replay-log.ts'
import { waitForNormalizerStatus } from '#operations/normalizer/status.ts'
import { refuseOlderVersion, refuseOtherNormalizer } from '#operations/normalizer/versions.ts'
import { UserError } from '#platform/process/user-error.ts'
import type { Dataset } from '#sources/source.ts'
import type { ApiParts, TypedServer } from '../parts.ts'
import { Problem } from '../problem.ts'
import { begun, jobResponse, refuseOtherSource, why } from './change.ts'
import { known } from './known.ts'

const days = {
  from: z.iso.date().optional().describe("first delivery day, in the dataset's zone. Default: the first there is"),
  to: z.iso.date().optional().describe('last delivery day, included. Default: the last there is'),
}

/** Adds replays and dry runs: today's explode over stored answers. */
export function addHistoryRoutes(server: TypedServer, parts: ApiParts): void {
  const clients = () => ({ ...parts.raw, producer: parts.producer, store: parts.writer })
  server.post(
    '/api/v1/replays',
    {
      config: { role: 'operator' },
      schema: {
        summary: "Run today's explode over all answers ever fetched; what it no longer yields is erased",
        tags: ['operations'],
        body: z.strictObject({ dataset: z.string().max(200), ...days, why }),
        response: jobResponse,
      },
    },
    async (request, reply) => {
      const { dataset: name, from, to, why: reason } = request.body
      const sourced = known(name)
      refuseOtherSource(request.caller, sourced.source.name)
      const windows = windowsOf(sourced.dataset, from, to)
      await requireSameNormalizer(parts, sourced.dataset)
      const replay = await newReplay(clients(), sourced, windows, reason)
      refuseOlderVersion(sourced.dataset, replay.fromVersion)
      const target = { dataset: name, from, to, replay: replay.id }
      const job = await begun(parts, request, { action: 'replay', target, why: reason }, async (tell) => {
        const log = await openReplayLog(parts.raw.registry, parts.producer)
        return runReplay(clients(), log, {
          ...{ sourced, replay: { ...replay, who: request.caller.name } },
          progress: (done, total) => tell({ step: 'reading', done, total }),
          announced: () => tell({ step: 'announced', replay: replay.id }),
          say: (text) => tell({ step: text }),
        })
      })
      return reply.code(202).send(job)
    },
  )
  let isTrying = false
  server.post(
    '/api/v1/dry-runs',
    {
      config: { role: 'operator' },
      schema: {
        summary: 'Say what a replay would change, and change nothing',
        tags: ['operations'],
        body: z.strictObject({ dataset: z.string().max(200), ...days, why }),
        response: jobResponse,
      },
    },
    async (request, reply) => {
      const { dataset: name, from, to, why: reason } = request.body
      const sourced = known(name)
      refuseOtherSource(request.caller, sourced.source.name)
      const windows = windowsOf(sourced.dataset, from, to)
      if (isTrying)
        throw new Problem(409, 'Conflict', 'Another dry run is under way: /api/v1/jobs names it. Wait for its end.')
      isTrying = true
      const end = (): void => {
        isTrying = false
      }
      const target = { dataset: name, from, to }
      const job = await begun(parts, request, { action: 'dry-run', target, why: reason }, (tell) => {
        const progress = (done: number, total: number) => tell({ step: 'reading', done, total })
        return dryRun(clients(), sourced, windows, progress, (text) => tell({ step: text }), 'api').finally(end)
      }).catch((error: Error) => {
        end()
        throw error
      })
      return reply.code(202).send(job)
    },
  )
}

function windowsOf({ calendar }: Dataset, from: string | undefined, to: string | undefined) {
  if (from !== undefined && to !== undefined && from > to) throw new UserError('`to` must not be before `from`.')
  return windowsOfDays(calendar.zone, from, to)
}

/** @throws Problem if the normalizer does not answer; UserError if it explodes the dataset in another version */
async function requireSameNormalizer({ normalizerUrl }: ApiParts, dataset: Dataset): Promise<void> {
  if (normalizerUrl === undefined) {
    throw new Problem(404, 'Not found', 'The API does not know a normalizer: set NORMALIZER_URL.')
  }
  const { datasets } = await waitForNormalizerStatus(`${normalizerUrl}/status`).catch(() => {
    throw new Problem(503, 'Not available', 'The normalizer does not answer. Try again in a few seconds.', {
      'Retry-After': '5',
    })
  })
  refuseOtherNormalizer(datasets, [dataset], 'restart normalizer and API with the same release')
}
