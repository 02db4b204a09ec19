import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { refuseOutsider } from './access.ts'
import { Reply } from './reply.ts'
import { answer, type Service } from './request.ts'

const maxHeaderKib = 512
/** Paths that accept statements. /query is the default of the ODBC driver. */
const STATEMENT_PATHS = ['/', '/query', '/query/']

export function createEndpoint(service: Service): Server {
  const server = createServer(
    {
      maxHeaderSize: maxHeaderKib * 1024,
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
  server.on('clientError', refuseUnreadable)
  return server
}

/** Answers bytes that are not an HTTP request. Node would send the status without a sentence. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET') return void socket.destroy()
  // Each further piece of such a request is an error again.
  if (!socket.writable) return
  const [status, sentence] = unreadable[error.code ?? ''] ?? ['400 Bad Request', 'This is not an HTTP request.']
  const head = `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=UTF-8\r\nConnection: close\r\n\r\n`
  // Node closes the connection after the response, and a client that is still sending may lose it: read on for a moment.
  socket.end(`${head}${sentence}\n`, () => setTimeout(() => socket.destroy(), 500).unref())
  socket.resume()
}

const unreadable: Record<string, [status: string, sentence: string]> = {
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    `URL and headers together are limited to ${maxHeaderKib} KiB. Send a long statement in the body of a POST.`,
  ],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The headers did not arrive in 10 s.'],
}

async function route(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.on('error', () => {})
  const outsider = refuseOutsider(request)
  // A client that takes this endpoint for a proxy sends http://host/path (RFC 9112, 3.2.2).
  request.url = (request.url ?? '/').replace(/^https?:\/\/[^/?]*\/?/i, '/')
  const [path = '', search] = request.url.split(/\?(.*)/s)
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
