import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'

export interface Health {
  url: string
  stop: () => Promise<void>
}

/**
 * Serves /live (the process runs), /ready (200 when `notReady()` gives undefined, else 503 with the reason) and
 * /metrics (Prometheus text), and /status (JSON) where there is something to tell. On loopback unless told otherwise.
 */
export async function serveHealth(options: {
  host: string
  port: number
  notReady: () => string | undefined
  metrics: Registry
  status?: () => unknown
}): Promise<Health> {
  const server = createServer(async (request, response) => {
    const answer = (status: number, text: string, type = 'text/plain; charset=utf-8') =>
      response.writeHead(status, { 'content-type': type }).end(text)
    if (request.url === '/live') return answer(200, 'live\n')
    if (request.url === '/ready') {
      const reason = options.notReady()
      return reason === undefined ? answer(200, 'ready\n') : answer(503, `${reason}\n`)
    }
    if (request.url === '/metrics') return answer(200, await options.metrics.metrics(), options.metrics.contentType)
    if (request.url === '/status' && options.status) {
      return answer(200, `${JSON.stringify(options.status())}\n`, 'application/json')
    }
    return answer(404, 'There are /live, /ready, /metrics and, in some services, /status\n')
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${options.host}:${port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
