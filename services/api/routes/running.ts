import { readRows } from '#platform/clickhouse/client.ts'
import type { ApiParts, TypedServer } from '../parts.ts'
import { pollerStatus } from './change.ts'

/** Adds what the running services say: whether they run, the lag of consumers, and the budgets of hosts. */
export function addRunningRoutes(server: TypedServer, parts: ApiParts): void {
  server.get(
    '/api/v1/parts',
    {
      config: { role: 'reader' },
      schema: { summary: 'Whether each service runs, and what is wrong with it', tags: ['operations'] },
    },
    async () => ({ data: await readParts(parts) }),
  )
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

interface PartState {
  part: string
  /** unknown: the API does not know the address of the part. */
  state: 'ready' | 'not-ready' | 'away' | 'unknown'
  /** Why the part is not ready. */
  reason: string | null
}

const readyWithinMs = 3_000

async function readParts({ store, lag, ...parts }: ApiParts): Promise<PartState[]> {
  const answers = (work: Promise<unknown>) =>
    work.then(() => state('ready')).catch((error: Error) => state('away', error.message))
  const asked = {
    poller: readyAt(parts.pollerUrl),
    normalizer: readyAt(parts.normalizerUrl),
    sink: readyAt(parts.sinkUrl),
    monitor: readyAt(parts.monitorUrl),
    alerter: readyAt(parts.alerterUrl),
    kafka: answers(lag()),
    clickhouse: answers(readRows(store, 'SELECT 1', {})),
  }
  return Promise.all(Object.entries(asked).map(async ([part, state]) => ({ part, ...(await state) })))
}

type Readiness = Omit<PartState, 'part'>

const state = (of: PartState['state'], reason: string | null = null): Readiness => ({ state: of, reason })

async function readyAt(url: string | undefined): Promise<Readiness> {
  if (url === undefined) return state('unknown')
  try {
    const response = await fetch(`${url}/ready`, { signal: AbortSignal.timeout(readyWithinMs) })
    const text = (await response.text()).trim()
    return response.ok ? state('ready') : state('not-ready', text.slice(0, 300))
  } catch {
    return state('away', 'It does not answer.')
  }
}
