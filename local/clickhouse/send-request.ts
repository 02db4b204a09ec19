import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import type { RunningEndpoint } from './spawn.ts'

export interface EndpointRequest {
  url?: Record<string, string>
  body?: string | Buffer
  method?: string
  path?: string
  headers?: Record<string, string>
  user?: 'writer' | 'reader'
  signal?: AbortSignal
}

export interface EndpointResponse {
  status: number
  headers: IncomingHttpHeaders
  bytes: Buffer
  text: string
}

const agent = new Agent({ keepAlive: true, maxSockets: 32 })

/** Test helper: sends one HTTP request to an endpoint, with credentials and nothing else added. */
export function sendRequest(endpoint: RunningEndpoint, wanted: EndpointRequest): Promise<EndpointResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<EndpointResponse>()
  const { user, password } = endpoint.credentials[wanted.user ?? 'writer']
  const path = `${wanted.path ?? '/'}?${new URLSearchParams(wanted.url ?? {})}`
  const headers = { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password, ...wanted.headers }
  const { signal } = wanted
  const sent = request(
    `${endpoint.url}${path}`,
    { method: wanted.method ?? 'POST', agent, headers, ...(signal && { signal }) },
    (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const bytes = Buffer.concat(chunks)
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes, text: bytes.toString('utf8') })
      })
    },
  )
  sent.on('error', reject)
  sent.end(wanted.body)
  return promise
}
