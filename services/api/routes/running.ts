import { readPollerStatus } from '#operations/poller/status.ts'
import { Problem } from '../problem.ts'
import type { ApiParts, TypedServer } from '../server.ts'

/** Adds what the running services say: the lag of consumers, and the budgets of hosts. */
export function addRunningRoutes(server: TypedServer, { lag, pollerUrl }: ApiParts): void {
  server.get(
    '/api/v1/lag',
    {
      config: { role: 'reader' },
      schema: { summary: 'What each consumer group has not read yet, in records and seconds', tags: ['operations'] },
    },
    async () => ({ data: await lag() }),
  )
  server.get(
    '/api/v1/hosts',
    {
      config: { role: 'reader' },
      schema: { summary: 'The request budget of each upstream host, and its pauses', tags: ['operations'] },
    },
    async () => {
      if (pollerUrl === undefined)
        throw new Problem(404, 'Not found', 'The API does not know a poller: set POLLER_URL.')
      const status = await readPollerStatus(`${pollerUrl}/status`).catch(() => {
        throw new Problem(503, 'Not available', 'The poller does not answer. Try again in a few seconds.', {
          'Retry-After': '5',
        })
      })
      return { now: status.now, data: status.budgets, datasets: status.datasets }
    },
  )
}
