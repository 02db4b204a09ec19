// An API beside a chain or a pipeline, and what a client does with it.
import { createToken, type TokenRequest } from '#operations/tokens/tokens.ts'
import type { Pipeline } from '../support/pipeline.ts'

export interface RunningApi {
  url: string
  /** Where it serves its metrics. */
  healthUrl: string
  pid: number
  /** Everything that it has logged. */
  log: () => string
  /** Asks for a path below /api/v1. */
  get: (path: string, init?: RequestInit) => Promise<Response>
  /** Asks for JSON. @throws Error with the answer if its status is not 200 */
  json: <Body>(path: string, init?: RequestInit) => Promise<Body>
  /** Listens to the live stream. `lastEventId`: what the client has. */
  listen: (query: string, lastEventId?: string) => Promise<Listener>
  /** Creates a token and returns the header that carries it. */
  as: (request: Partial<TokenRequest>) => Promise<{ authorization: string }>
}

export interface ServerEvent {
  id: string
  kind: string
  data: Record<string, unknown>
}

export interface Listener {
  /** What came so far. An id without an event is not among them. */
  events: ServerEvent[]
  /** The newest id, also one without an event. */
  lastId: () => string
  close: () => void
}

async function listen(url: string, lastEventId: string | undefined): Promise<Listener> {
  const gone = new AbortController()
  const headers: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const answer = await fetch(url, { headers, signal: gone.signal })
  const { body } = answer
  if (answer.status !== 200 || body === null) throw new Error(`${url}: ${answer.status} ${await answer.text()}`)
  const events: ServerEvent[] = []
  let lastId = lastEventId ?? ''
  const read = async (): Promise<void> => {
    let text = ''
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      const blocks = `${text}${chunk}`.split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
        lastId = field('id') ?? lastId
        const data = field('data')
        if (data !== undefined) events.push({ id: lastId, kind: field('event') ?? '', data: JSON.parse(data) })
      }
    }
  }
  read().catch(() => {})
  return { events, lastId: () => lastId, close: () => gone.abort() }
}

export async function startApi(chain: Pipeline, more: Record<string, string> = {}): Promise<RunningApi> {
  const { reader } = chain.endpoint().credentials
  const service = await chain.start('api', {
    CLICKHOUSE_READER_USER: reader.user,
    CLICKHOUSE_READER_PASSWORD: reader.password,
    ...more,
  })
  const { address: url } = (await (await fetch(`${service.url}/status`)).json()) as { address: string }
  const get = (path: string, init?: RequestInit) =>
    fetch(`${url}/api/v1/${path}`, init).catch((cause: Error) => {
      throw new Error(`${path}: ${cause.message}; the API said at last: ${service.log().slice(-5_000)}`, { cause })
    })
  return {
    url,
    healthUrl: service.url,
    pid: service.pid,
    log: service.log,
    get,
    json: async (path, init) => {
      const answer = await get(path, init)
      if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
      return answer.json() as never
    },
    listen: (query, lastEventId) => listen(`${url}/api/v1/live?${query}`, lastEventId),
    as: async (request) => {
      const { text } = await createToken(chain, {
        role: 'reader',
        source: null,
        expiresInDays: null,
        by: 'test',
        ...request,
      })
      return { authorization: `Bearer ${text}` }
    },
  }
}
