import { createServer, type Server } from 'node:net'
import { Problem } from './problem.ts'

/** Ports on loopback that nothing listens on just now, all different: `count` of them. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0)))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** @throws Problem when something listens on one of the ports; `ports` names what each is for. */
export async function assertFree(ports: Record<string, number>): Promise<void> {
  for (const [purpose, port] of Object.entries(ports)) {
    const server = await listen(port).catch((error: NodeJS.ErrnoException) => {
      throw new Problem(
        error.code === 'EADDRINUSE'
          ? `Port ${port} (${purpose}) is in use: stop what uses it or choose --port-base.`
          : `Port ${port} (${purpose}) cannot be used (${error.code}): choose --port-base.`,
      )
    })
    await new Promise((resolve) => server.close(resolve))
  }
}

const listen = (port: number): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
