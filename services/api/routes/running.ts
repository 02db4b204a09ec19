import type { ApiParts, TypedServer } from '../parts.ts'
import { pollerStatus } from './change.ts'

/** Adds what the running services say: the lag of consumers, and the budgets of hosts. */
export function addRunningRoutes(server: TypedServer, parts: ApiParts): void {
  server.get(
    '/api/v1/lag',
    {
      config: { role: 'reader' },
      schema: { summary: 'What each consumer group has not read yet, in records and seconds', tags: ['operations'] },
    },
    async () => ({ data: await parts.lag() }),
  )
  server.get(
    '/api/v1/hosts',
    {
      config: { role: 'reader' },
      schema: { summary: 'The request budget of each upstream host, and its pauses', tags: ['operations'] },
    },
    async () => {
      const { now, budgets, datasets } = await pollerStatus(parts)
      return { now, data: budgets, datasets }
    },
  )
}
