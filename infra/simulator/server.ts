import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { controlReply } from './control.ts'
import { apiReply } from './jao/api.ts'
import { problemReply } from './reply.ts'
import { sendReply } from './send.ts'
import { createSimulator, type Simulator, type SimulatorOptions } from './simulator.ts'

const API_PATH = '/core/api/data/maxexchanges'
const MAX_COMMAND_BYTES = 65_536

/**
 * Serves a simulator on the loopback interface; port 0 lets the system choose. Rejects when the port is taken or the
 * state file is of no use. `stop` ends open connections and returns when the port is free.
 */
export async function startSimulator(
  options: SimulatorOptions & { readonly port?: number } = {},
): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const simulator = createSimulator(options)
  const server = createServer((request, response) => {
    handle(simulator, request, response).catch((error: unknown) => {
      console.error('simulator: a request failed', error)
      response.destroy()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${port}`, stop }
}

async function handle(simulator: Simulator, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = URL.parse(request.url ?? '/', 'http://simulator')
  if (url === null) {
    await sendReply(response, problemReply(400, 'Bad Request', { detail: 'the address cannot be read' }))
    return
  }
  const path = url.pathname.toLowerCase()
  if (path.startsWith('/simulator/')) {
    const body = await readBody(request)
    await sendReply(
      response,
      controlReply(simulator, { method: request.method ?? '', path, url, body, headers: request.headers }),
    )
    return
  }
  if (path !== API_PATH) {
    await sendReply(response, problemReply(404, 'Not Found'))
    return
  }
  if (request.method !== 'GET') {
    await sendReply(response, problemReply(405, 'Method Not Allowed', { headers: { allow: 'GET' } }))
    return
  }
  await serveApi(simulator, request, response, url)
}

async function serveApi(simulator: Simulator, request: IncomingMessage, response: ServerResponse, url: URL) {
  const { clock, log } = simulator
  const given = new Map([...url.searchParams].map(([name, text]) => [name.toLowerCase(), text.slice(0, 100)]))
  const entry = log.open({
    realMs: Date.now(),
    simMs: clock.nowMs(),
    elapsedMs: clock.elapsedMs(),
    fromUtc: given.get('fromutc') ?? null,
    toUtc: given.get('toutc') ?? null,
  })
  const { status, sent } = await sendReply(response, apiReply(simulator, request, url, entry))
  log.close(entry, status, sent)
}

/** A body that is too long becomes undefined: the control answers that, and nothing is held in memory. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength
    if (bytes <= MAX_COMMAND_BYTES) chunks.push(chunk)
  }
  return bytes > MAX_COMMAND_BYTES ? undefined : Buffer.concat(chunks)
}
