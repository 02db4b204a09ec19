import type { IncomingMessage } from 'node:http'
import { takeFault } from '../faults.ts'
import { faultReply, okReply, problemReply, type Reply, tooManyReply } from '../reply.ts'
import { type LoggedRequest, sha256 } from '../request-log.ts'
import type { Simulator } from '../simulator.ts'
import { daysWithin } from './calendar.ts'
import { readWindow, type Window } from './window.ts'

const DAY_MS = 86_400_000

/**
 * Decides the answer to one request of the public API: limit, then faults, then the window. Notes why in the log.
 * Every other refusal for the limit names Retry-After (JAO sends it sometimes), in seconds of the simulator's clock.
 */
export function apiReply(simulator: Simulator, request: IncomingMessage, url: URL, entry: LoggedRequest): Reply {
  const asked = simulator.limit.ask(entry.elapsedMs)
  if (!asked.admitted) {
    entry.overLimit = true
    const everyOther = simulator.limit.violations() % 2 === 0
    return tooManyReply(everyOther ? Math.ceil(asked.waitMs / 1000) : undefined)
  }
  const window = readWindow(url.searchParams)
  const good = () => goodReply(simulator, window, request.headers['if-none-match'], entry.simMs)
  const days = window.errors ? [] : daysWithin(window.fromMs, window.toMs).map(({ day }) => day)
  const { fault, left } = takeFault(simulator.faults, days)
  if (fault === undefined) return good()
  entry.fault = fault.fault
  if (left !== simulator.faults) {
    simulator.faults = left
    simulator.save()
  }
  const dayBefore = () => {
    const { fromMs, toMs } = window.errors ? { fromMs: 0, toMs: 0 } : window
    return simulator.upstream.body(fromMs - DAY_MS, toMs - DAY_MS, entry.simMs)
  }
  return faultReply(fault, good, dayBefore)
}

function goodReply(simulator: Simulator, window: Window, ifNoneMatch: string | undefined, atMs: number): Reply {
  if (window.errors) return problemReply(400, 'One or more validation errors occurred.', { errors: window.errors })
  const body = simulator.upstream.body(window.fromMs, window.toMs, atMs)
  if (!simulator.etag) return okReply(body)
  const etag = `"${sha256(body).slice(0, 32)}"`
  if (!ifNoneMatch?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)) return okReply(body, { etag })
  simulator.notModified++
  return { status: 304, headers: { etag }, body: Buffer.alloc(0) }
}
