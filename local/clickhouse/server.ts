import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { refuseOutsider } from './access.ts'
import { Reply } from './reply.ts'
import { answer, type Service } from './request.ts'

const KIB = 1024
/** Paths that accept statements. /query is the default of the ODBC driver. */
const STATEMENT_PATHS = ['/', '/query', '/query/']

export function createEndpoint(service: Service): Server {
  const server = createServer(
    {
      maxHeaderSize: 512 * KIB,
      headersTimeout: 10_000,
      // No limit, because a large insert streams for long. `stallMs` ends stalled requests.
      requestTimeout: 0,
      keepAliveTimeout: 30_000,
      connectionsCheckingInterval: 5_000,
      noDelay: true,
    },
    (request, response) => void route(service, request, response).catch(() => response.destroy()),
  )
  server.maxConnections = 2048
  return server
}

async function route(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.on('error', () => {})
  const outsider = refuseOutsider(request)
  const [path = '', search] = (request.url ?? '/').split(/\?(.*)/s)
  if (outsider !== undefined) return short(response, 403, outsider)
  if (path === '/ping') return short(response, 200, 'Ok.')
  if (!STATEMENT_PATHS.includes(path)) return short(response, 404, 'There is no resource at this path.')
  if (!['GET', 'HEAD', 'POST'].includes(request.method ?? '')) return short(response, 405, 'Use GET or POST.')
  if (request.method !== 'POST' && !asksSomething(request, search)) return short(response, 200, 'Ok.')
  await answer(service, request, new Reply(response))
}

function asksSomething({ headers }: IncomingMessage, search: string | undefined): boolean {
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  return hasBody || new URLSearchParams(search).has('query')
}

/** Sends a short text and closes the connection: only an authenticated client may keep its connection. */
function short(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=UTF-8',
    'X-Content-Type-Options': 'nosniff',
    Connection: 'close',
  })
  response.end(`${text}\n`)
}
