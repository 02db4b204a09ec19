import { connect } from 'node:net'

// ApiVersions, version 0, correlation id 1, no client id: what every client asks first.
const apiVersions = Buffer.from('0000000a0012000000000001ffff', 'hex')

/** Whether a Kafka broker answers the first question of every client, in plain text, within a second. */
export function answersKafka(host: string, port: number): Promise<boolean> {
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
