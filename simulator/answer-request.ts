import type { IncomingMessage } from 'node:http'
import { type Fault, takeFault } from './faults.ts'
import type { DataRequest, HostName, HostReplies } from './hosts.ts'
import { okReply, type Reply } from './reply.ts'
import type { LoggedRequest } from './request-log.ts'
import type { Simulator } from './simulator.ts'

/** An answer, and its entry in the request log. A request that does not count towards the limit has no entry. */
export type AnsweredRequest = { readonly reply: Reply; readonly entry?: LoggedRequest }

/**
 * Answers a request: applies the limit, then faults, then the host's content. Every second answer with status 429 has a
 * Retry-After, because JAO sends it only sometimes.
 */
export function answerRequest(
  simulator: Simulator,
  name: HostName,
  request: IncomingMessage,
  url: URL,
): AnsweredRequest {
  const { host, limit, log } = simulator.hosts[name]
  const { clock } = simulator
  const simMs = clock.nowMs()
  const dataRequest = host.readRequest({ url, headers: request.headers, atMs: simMs })
  if (!('good' in dataRequest)) return { reply: dataRequest }
  const entry = log.open({
    realMs: Date.now(),
    simMs,
    elapsedMs: clock.elapsedMs(),
    path: `${url.pathname}${url.search}`.slice(0, 1_000),
    fromUtc: dataRequest.fromUtc?.slice(0, 100) ?? null,
    toUtc: dataRequest.toUtc?.slice(0, 100) ?? null,
  })
  const admission = limit.admit(entry.elapsedMs)
  if (!admission.admitted) {
    entry.overLimit = true
    const everyOther = limit.violations() % 2 === 0
    return { reply: host.voice.tooMany(everyOther ? Math.ceil(admission.waitMs / 1000) : undefined), entry }
  }
  return { reply: admitted(simulator, name, dataRequest, entry), entry }
}

function admitted(simulator: Simulator, name: HostName, dataRequest: DataRequest, entry: LoggedRequest): Reply {
  const { fault, left } = takeFault(simulator.faults, dataRequest.days, name)
  if (fault === undefined) return dataRequest.good()
  entry.fault = fault.fault
  if (left !== simulator.faults) {
    simulator.faults = left
    simulator.save()
  }
  return faultReply(fault, dataRequest, simulator.hosts[name].host.voice)
}

const CHUNK_BYTES = 65_536

function faultReply(fault: Fault, { good, dayBefore }: DataRequest, voice: HostReplies): Reply {
  switch (fault.fault) {
    case '429':
      return voice.tooMany()
    case '429-retry-after':
      return voice.tooMany(fault.retryAfterS)
    case '500':
      return voice.failed(500)
    case '503':
      return voice.failed(503)
    case 'slow':
      return { ...good(), waitMs: { part: fault.part, ms: fault.ms } }
    case 'cut-off':
      return half(good(), 'cut')
    case 'cut-off-json':
      return half(good(), 'shortened')
    case 'html':
      return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: Buffer.from(MAINTENANCE) }
    case 'rejected':
      return voice.rejected
    case 'empty':
      return voice.empty
    case 'wrong-day':
      return dayBefore()
    case 'reset':
      return { ...good(), reset: true }
    case 'garbage-json':
      return okReply(
        Buffer.concat([Buffer.from('{"data":[{"id":1,"dateTimeUtc":'), Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x7d])]),
      )
    case 'huge':
      return { ...okReply(Buffer.alloc(0)), parts: () => blanksWithin(voice.empty.body.toString(), fault.bytes) }
  }
}

const MAINTENANCE =
  '<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>The site is under maintenance</h1></body></html>'

/**
 * Returns the first half of an answer, or the first part of a streamed one, whose length is unknown. With `cut` the
 * connection breaks there. With `shortened` the answer ends there as if it was whole.
 */
function half(good: Reply, how: 'cut' | 'shortened'): Reply {
  const { parts, ...rest } = good
  if (parts !== undefined) {
    const [first = ''] = parts()
    const body = Buffer.from(first)
    return how === 'cut' ? { ...rest, body, sendBytes: body.byteLength - 1 } : { ...rest, body }
  }
  const bytes = Math.floor(good.body.byteLength / 2)
  return how === 'cut' ? { ...good, sendBytes: bytes } : { ...good, body: good.body.subarray(0, bytes) }
}

/** Pads the JSON `text` to `bytes` bytes, with blanks after its first bracket. */
function* blanksWithin(text: string, bytes: number): Generator<string> {
  const head = text.search(text.includes('[') ? /\[/ : /\{/) + 1
  yield text.slice(0, head)
  for (let blanks = bytes - text.length; blanks > 0; blanks -= CHUNK_BYTES)
    yield ' '.repeat(Math.min(CHUNK_BYTES, blanks))
  yield text.slice(head)
}
