import { type AddressInfo, connect, createServer } from 'node:net'
import { pipeline } from 'node:stream'

/** Forwards connections from host:port to `toPort` on loopback, so that they reach a server inside a container. */
export async function forward(
  port: number,
  host: string,
  toPort: number,
): Promise<{ port: number; stop: () => Promise<void> }> {
  const server = createServer({ allowHalfOpen: true }, (outside) => {
    const inside = connect({ port: toPort, host: '127.0.0.1', allowHalfOpen: true })
    // An error of one connection closes both connections. No other handling is possible.
    pipeline(outside, inside, outside, () => undefined)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const stop = () => new Promise<void>((resolve) => server.close(() => resolve()))
  return { port: (server.address() as AddressInfo).port, stop }
}
