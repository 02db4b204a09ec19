import type { IncomingMessage } from 'node:http'
import { takeFault } from './faults.ts'
import type { HostName, Question } from './hosts.ts'
import { faultReply, type Reply } from './reply.ts'
import type { LoggedRequest } from './request-log.ts'
import type { Simulator } from './simulator.ts'

/** What a host replies to a request, and the log's entry where the request counts. */
export type Answered = { readonly reply: Reply; readonly entry?: LoggedRequest }

/**
 * Decides the answer to one request to a host: limit, then faults, then the question itself. Notes why in the log.
 * Every other refusal for the limit names Retry-After (JAO sends it sometimes), in seconds of the simulator's clock.
 */
export function answerRequest(simulator: Simulator, name: HostName, request: IncomingMessage, url: URL): Answered {
  const { host, limit, log } = simulator.hosts[name]
  const { clock } = simulator
  const simMs = clock.nowMs()
  const question = host.ask({ url, headers: request.headers, atMs: simMs })
  if (!('good' in question)) return { reply: question }
  const entry = log.open({
    realMs: Date.now(),
    simMs,
    elapsedMs: clock.elapsedMs(),
    path: `${url.pathname}${url.search}`.slice(0, 1_000),
    fromUtc: question.fromUtc?.slice(0, 100) ?? null,
    toUtc: question.toUtc?.slice(0, 100) ?? null,
  })
  const asked = limit.ask(entry.elapsedMs)
  if (!asked.admitted) {
    entry.overLimit = true
    const everyOther = limit.violations() % 2 === 0
    return { reply: host.voice.tooMany(everyOther ? Math.ceil(asked.waitMs / 1000) : undefined), entry }
  }
  return { reply: admitted(simulator, name, question, entry), entry }
}

function admitted(simulator: Simulator, name: HostName, question: Question, entry: LoggedRequest): Reply {
  const { fault, left } = takeFault(simulator.faults, question.days, name)
  if (fault === undefined) return question.good()
  entry.fault = fault.fault
  if (left !== simulator.faults) {
    simulator.faults = left
    simulator.save()
  }
  return faultReply(fault, question, simulator.hosts[name].host.voice)
}
