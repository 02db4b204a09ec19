import { type AddressInfo, connect, createServer } from 'node:net'
import { pipeline } from 'node:stream'

/** Makes a server on loopback reachable from outside its container. Port 0: the system chooses the port. */
export async function forward(
  port: number,
  host: string,
  toPort: number,
): Promise<{ port: number; stop: () => Promise<void> }> {
  const server = createServer({ allowHalfOpen: true }, (outside) => {
    const inside = connect({ port: toPort, host: '127.0.0.1', allowHalfOpen: true })
    // An error on one side closes both. Nothing else can be done about it.
    pipeline(outside, inside, outside, () => undefined)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const stop = () => new Promise<void>((resolve) => server.close(() => resolve()))
  return { port: (server.address() as AddressInfo).port, stop }
}
