import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'
import type { Logger } from './log.ts'

export interface Health {
  url: string
  stop: () => Promise<void>
}

export interface HealthOptions {
  host: string
  port: number
  notReady: () => string | undefined
  metrics: Registry
  status?: () => unknown
  log: Logger
}

/**
 * Serves /live, /ready, /metrics (Prometheus) and, if `status` is given, /status (JSON). /ready responds 503 with the
 * reason that `notReady()` returns. An exception in a handler is logged and becomes a 500.
 */
export async function serveHealth(options: HealthOptions): Promise<Health> {
  const server = createServer((request, response) => {
    answer(options, request, response).catch((error: Error) => {
      options.log.error({ err: error, path: request.url }, 'the health endpoint cannot answer')
      response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' }).end(`cannot be told: ${error.message}\n`)
    })
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

async function answer(options: HealthOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const send = (status: number, text: string, type = 'text/plain; charset=utf-8') =>
    void response.writeHead(status, { 'content-type': type }).end(text)
  if (request.url === '/live') return send(200, 'live\n')
  if (request.url === '/ready') {
    const reason = options.notReady()
    return reason === undefined ? send(200, 'ready\n') : send(503, `${reason}\n`)
  }
  if (request.url === '/metrics') return send(200, await options.metrics.metrics(), options.metrics.contentType)
  if (request.url === '/status' && options.status) {
    return send(200, `${JSON.stringify(options.status())}\n`, 'application/json')
  }
  return send(404, 'There are /live, /ready, /metrics and, in some services, /status\n')
}
