import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Reply } from './reply.ts'

const NOTHING = Buffer.alloc(0)

/** What was sent. `status` is 0 if nothing was sent. Of a streamed body only count and hash are kept. */
export type SentReply = { readonly status: number; readonly sent: Uint8Array | { bytes: number; sha256: string } }

export async function sendReply(response: ServerResponse, reply: Reply): Promise<SentReply> {
  if (reply.reset) {
    response.destroy()
    return { status: 0, sent: NOTHING }
  }
  if (reply.waitMs?.part === 'header') await pause(response, reply.waitMs.ms)
  if (response.destroyed) return { status: 0, sent: NOTHING }
  if (reply.parts !== undefined) return sendParts(response, reply, reply.parts)
  if (reply.sendBytes !== undefined) return sendPart(response, reply, reply.sendBytes)
  if (reply.waitMs?.part === 'body') {
    const half = reply.body.subarray(0, Math.floor(reply.body.byteLength / 2))
    response.writeHead(reply.status, lengthOf(reply))
    response.write(half)
    await pause(response, reply.waitMs.ms)
    if (response.destroyed) return { status: reply.status, sent: half }
    response.end(reply.body.subarray(half.byteLength))
  } else {
    response.writeHead(reply.status, lengthOf(reply))
    response.end(reply.body)
  }
  return { status: reply.status, sent: reply.body }
}

/** Announces the length of the whole body, and breaks the connection after `bytes`. */
async function sendPart(response: ServerResponse, reply: Reply, bytes: number): Promise<SentReply> {
  const part = reply.body.subarray(0, bytes)
  response.writeHead(reply.status, lengthOf(reply))
  await new Promise<void>((resolve) => response.write(part, () => resolve()))
  response.destroy()
  return { status: reply.status, sent: part }
}

/** Sends parts, waiting for the client where necessary, until it disconnects. */
async function sendParts(response: ServerResponse, reply: Reply, parts: () => Iterable<string>): Promise<SentReply> {
  const hash = createHash('sha256')
  let sent = 0
  const counted = async function* () {
    for (const text of parts()) {
      const bytes = Buffer.from(text)
      hash.update(bytes)
      sent += bytes.byteLength
      yield bytes
    }
  }
  response.writeHead(reply.status, reply.headers)
  if (reply.waitMs?.part === 'body') {
    response.flushHeaders()
    await pause(response, reply.waitMs.ms)
  }
  await pipeline(counted, response).catch(() => undefined)
  return { status: reply.status, sent: { bytes: sent, sha256: hash.digest('hex') } }
}

function lengthOf({ headers, body, status }: Reply): Record<string, string> {
  return status === 304 ? { ...headers } : { ...headers, 'content-length': String(body.byteLength) }
}

async function pause(response: ServerResponse, ms: number): Promise<void> {
  const gone = new AbortController()
  const leave = () => gone.abort()
  response.once('close', leave)
  await sleep(ms, undefined, { signal: gone.signal }).catch(() => undefined)
  response.off('close', leave)
}
