import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { refuseOutsider } from './access.ts'
import { Reply } from './reply.ts'
import { answer, type Service } from './request.ts'

const KIB = 1024

/** The HTTP face: who may ask, /ping, and statements. */
export function createEndpoint(service: Service): Server {
  const server = createServer(
    {
      // The statement may stand in the URL.
      maxHeaderSize: 512 * KIB,
      headersTimeout: 10_000,
      // Large inserts stream for long; a stalled one is noticed by the socket's timeout.
      requestTimeout: 0,
      keepAliveTimeout: 30_000,
      connectionsCheckingInterval: 5_000,
      noDelay: true,
    },
    (request, response) => void route(service, request, response),
  )
  // Far more than anybody needs here: those who say nothing go after 15 s, those without a password at once.
  server.maxConnections = 2048
  return server
}

async function route(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.on('error', () => {})
  const outsider = refuseOutsider(request)
  const path = (request.url ?? '/').split('?')[0]
  if (outsider !== undefined) return short(response, 403, outsider)
  if (path === '/ping') return short(response, 200, 'Ok.')
  if (path !== '/') return short(response, 404, 'There is no resource at this path.')
  if (!['GET', 'HEAD', 'POST'].includes(request.method ?? '')) return short(response, 405, 'Use GET or POST.')
  if (request.method !== 'POST' && !request.url?.includes('query=')) return short(response, 200, 'Ok.')
  await answer(service, request, new Reply(response))
}

/** Closes the connection: only those who gave a password keep theirs. */
function short(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=UTF-8',
    'X-Content-Type-Options': 'nosniff',
    Connection: 'close',
  })
  response.end(`${text}\n`)
}
