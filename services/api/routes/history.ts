import { z } from 'zod'
import { dryRun } from '#operations/history/dry-run.ts'
import { windowsOfDays } from '#operations/history/raw-span.ts'
import { newReplay, runReplay } from '#operations/history/replay.ts'
import { openReplayLog } from '#operations/history/replay-log.ts'
import { refuseOlderVersion } from '#operations/normalizer/versions.ts'
import { UserError } from '#platform/process/user-error.ts'
import type { Caller } from '../access.ts'
import { shownDryRun, shownReplay } from '../job-results.ts'
import type { ApiParts, TypedServer } from '../parts.ts'
import { Problem } from '../problem.ts'
import { begun, jobResponse, refuseOtherSource, requireSameNormalizer, why } from './change.ts'
import { known } from './known.ts'

const days = {
  from: z.iso.date().optional().describe("first delivery day, in the dataset's zone. Default: the first there is"),
  to: z.iso.date().optional().describe('last delivery day, included. Default: the last there is'),
}

const body = z.strictObject({ dataset: z.string().max(200), ...days, why })

/** Adds replays and dry runs: today's explode over stored answers. */
export function addHistoryRoutes(server: TypedServer, parts: ApiParts): void {
  const clients = () => ({ ...parts.raw, producer: parts.producer, store: parts.writer })
  const about = (summary: string) => ({
    config: { role: 'operator' as const },
    schema: { summary, tags: ['operations'], body, response: jobResponse },
  })
  server.post(
    '/api/v1/replays',
    about("Run today's explode over all answers ever fetched; what it no longer yields is erased"),
    async (request, reply) => {
      const { sourced, windows, target, why: reason } = asked(request.body, request.caller)
      await requireSameNormalizer(parts, sourced.dataset)
      const replay = await newReplay(clients(), sourced, windows, reason)
      refuseOlderVersion(sourced.dataset, replay.fromVersion)
      const change = { action: 'replay', target: { ...target, replay: replay.id }, why: reason }
      const job = await begun(parts, request, change, async (tell) => {
        const log = await openReplayLog(parts.raw.registry, parts.producer)
        const { replay: ended, refused } = await runReplay(clients(), log, {
          ...{ sourced, replay: { ...replay, who: request.caller.name } },
          progress: (done, total) => tell({ step: 'reading', done, total }),
          announced: () => tell({ step: 'announced', replay: replay.id }),
          say: (text) => tell({ step: text }),
        })
        return { replay: shownReplay(ended), refused }
      })
      return reply.code(202).send(job)
    },
  )
  let isTrying = false
  server.post(
    '/api/v1/dry-runs',
    about('Say what a replay would change, and change nothing'),
    async (request, reply) => {
      const { sourced, windows, target, why: reason } = asked(request.body, request.caller)
      if (isTrying)
        throw new Problem(409, 'Conflict', 'Another dry run is under way: /api/v1/jobs names it. Wait for its end.')
      isTrying = true
      const end = (): void => {
        isTrying = false
      }
      const job = await begun(parts, request, { action: 'dry-run', target, why: reason }, (tell) => {
        const progress = (done: number, total: number) => tell({ step: 'reading', done, total })
        return dryRun(clients(), sourced, windows, progress, (text) => tell({ step: text }), 'api')
          .then(shownDryRun)
          .finally(end)
      }).catch((error: Error) => {
        end()
        throw error
      })
      return reply.code(202).send(job)
    },
  )
}

/** @throws Problem 404 for an unknown dataset, 403 for one of another source; UserError if the days are in the wrong order */
function asked({ dataset: name, from, to, why: reason }: z.infer<typeof body>, caller: Caller) {
  const sourced = known(name)
  refuseOtherSource(caller, sourced.source.name)
  if (from !== undefined && to !== undefined && from > to) throw new UserError('`to` must not be before `from`.')
  const windows = windowsOfDays(sourced.dataset.calendar.zone, from, to)
  return { sourced, windows, target: { dataset: name, from, to }, why: reason }
}
