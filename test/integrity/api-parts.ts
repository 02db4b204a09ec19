// An API beside a chain, and what a client does with it.
import { createToken, type TokenRequest } from '#operations/tokens/tokens.ts'
import type { Chain } from './whole-chain.ts'

export interface RunningApi {
  url: string
  /** Asks for a path below /api/v1. */
  get: (path: string, init?: RequestInit) => Promise<Response>
  /** Asks for JSON. @throws Error with the answer if its status is not 200 */
  json: <Body>(path: string, init?: RequestInit) => Promise<Body>
  /** Creates a token and returns the header that carries it. */
  as: (request: Partial<TokenRequest>) => Promise<{ authorization: string }>
}

export async function startApi(chain: Chain, more: Record<string, string> = {}): Promise<RunningApi> {
  const { reader } = chain.endpoint().credentials
  const service = await chain.start('api', {
    CLICKHOUSE_READER_USER: reader.user,
    CLICKHOUSE_READER_PASSWORD: reader.password,
    ...more,
  })
  const { address: url } = (await (await fetch(`${service.url}/status`)).json()) as { address: string }
  const get = (path: string, init?: RequestInit) => fetch(`${url}/api/v1/${path}`, init)
  return {
    url,
    get,
    json: async (path, init) => {
      const answer = await get(path, init)
      if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
      return answer.json() as never
    },
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
