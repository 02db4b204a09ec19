import { connect } from 'node:net'

// A request for Kafka's ApiVersions: version 0, correlation id 1, no client id.
const apiVersions = Buffer.from('0000000a0012000000000001ffff', 'hex')

/** Returns true if a Kafka broker answers an ApiVersions request in plain text within 1 s. */
export function kafkaResponds(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => socket.write(apiVersions))
    const answer = (yes: boolean): void => {
      socket.destroy()
      resolve(yes)
    }
    socket.setTimeout(1000, () => answer(false))
    socket.once('data', () => answer(true))
    socket.once('error', () => answer(false))
    socket.once('close', () => resolve(false))
  })
}
