import { type AddressInfo, connect, createServer } from 'node:net'
import { pipeline } from 'node:stream'

/**
 * Passes connections to `host:port` on to `127.0.0.1:toPort`: a program that listens on loopback alone can be reached
 * from outside its container. A connection that breaks on one side breaks on the other. Returns the port, of the
 * system's choice when `port` is 0, and a way to stop.
 */
export async function forward(
  port: number,
  host: string,
  toPort: number,
): Promise<{ port: number; stop: () => Promise<void> }> {
  const server = createServer({ allowHalfOpen: true }, (outside) => {
    const inside = connect({ port: toPort, host: '127.0.0.1', allowHalfOpen: true })
    // Errors end both sides, which is all there is to do about them.
    pipeline(outside, inside, outside, () => undefined)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const stop = () => new Promise<void>((resolve) => server.close(() => resolve()))
  return { port: (server.address() as AddressInfo).port, stop }
}
