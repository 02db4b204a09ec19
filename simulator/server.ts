import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerRequest } from './answer-request.ts'
import { controlReply } from './control.ts'
import { HOST_NAMES, type HostName } from './hosts.ts'
import { problemReply } from './reply.ts'
import { sendReply } from './send.ts'
import { createSimulator, type Simulator, type SimulatorOptions } from './simulator.ts'

const MAX_COMMAND_BYTES = 65_536

export type ServerOptions = SimulatorOptions & {
  readonly port?: number
  readonly ports?: Partial<Readonly<Record<Exclude<HostName, 'jao'>, number | undefined>>>
}

export type RunningSimulator = {
  /** URL of JAO's host, which also serves the control API. */
  readonly url: string
  readonly urls: Readonly<Record<HostName, string>>
  readonly stop: () => Promise<void>
}

/** Starts a server per host. Port 0: the system chooses. Rejects if a port is taken or the state file is invalid. */
export async function startSimulator(options: ServerOptions = {}): Promise<RunningSimulator> {
  const simulator = createSimulator(options)
  const ports: Partial<Record<HostName, number | undefined>> = { ...options.ports, jao: options.port }
  const started = await Promise.allSettled(HOST_NAMES.map((name) => serve(simulator, name, ports[name] ?? 0)))
  const running = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  const stop = async () => void (await Promise.all(running.map((each) => each.stop())))
  const failed = started.find((each) => each.status === 'rejected')
  if (failed) {
    await stop()
    throw failed.reason
  }
  const urls = Object.fromEntries(running.map(({ name, url }) => [name, url])) as Record<HostName, string>
  return { url: urls.jao, urls, stop }
}

async function serve(simulator: Simulator, name: HostName, wanted: number) {
  const server = createServer((request, response) => {
    handle(simulator, name, request, response).catch((error: unknown) => {
      console.error('simulator: a request failed', error)
      response.destroy()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(wanted, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { name, url: `http://127.0.0.1:${port}`, stop }
}

async function handle(
  simulator: Simulator,
  name: HostName,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = URL.parse(request.url ?? '/', 'http://simulator')
  if (url === null) {
    await sendReply(response, problemReply(400, 'Bad Request', { detail: 'the address cannot be read' }))
    return
  }
  const path = url.pathname.toLowerCase()
  if (name === 'jao' && path.startsWith('/simulator/')) {
    const body = await readBody(request)
    await sendReply(
      response,
      controlReply(simulator, { method: request.method ?? '', path, url, body, headers: request.headers }),
    )
    return
  }
  if (request.method !== 'GET') {
    await sendReply(response, problemReply(405, 'Method Not Allowed', { headers: { allow: 'GET' } }))
    return
  }
  const { reply, entry } = answerRequest(simulator, name, request, url)
  const { status, sent } = await sendReply(response, reply)
  if (entry !== undefined) simulator.hosts[name].log.close(entry, status, sent)
}

/** Returns the body of a request. Returns undefined for more than 64 KiB, which it does not keep in memory. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength
    if (bytes <= MAX_COMMAND_BYTES) chunks.push(chunk)
  }
  return bytes > MAX_COMMAND_BYTES ? undefined : Buffer.concat(chunks)
}
