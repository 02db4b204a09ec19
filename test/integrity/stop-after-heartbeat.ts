// Is preloaded into a service. When the file STOP_WHEN exists, removes it, and stops the process (SIGSTOP) after its
// next heartbeat to Kafka. The response waits in the socket until the process continues.
import { existsSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'

const heartbeatKey = 12
const file = process.env.STOP_WHEN ?? ''
const write = Socket.prototype.write

Socket.prototype.write = function (this: Socket, ...sent: unknown[]): boolean {
  const done = Reflect.apply(write, this, sent)
  if (isHeartbeat(sent[0]) && existsSync(file)) {
    rmSync(file)
    process.kill(process.pid, 'SIGSTOP')
  }
  return done
}

const isHeartbeat = (data: unknown): boolean =>
  Buffer.isBuffer(data) &&
  data.length > 6 &&
  data.readInt32BE(0) === data.length - 4 &&
  data.readInt16BE(4) === heartbeatKey
