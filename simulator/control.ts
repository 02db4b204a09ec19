import type { IncomingHttpHeaders } from 'node:http'
import { z } from 'zod'
import { readCommand } from './commands.ts'
import { HOST_NAMES, type HostName } from './hosts.ts'
import { jsonReply as json, problemReply, type Reply } from './reply.ts'
import type { Simulator } from './simulator.ts'
import { dayWanted, iso, readDay, truthOf } from './truth.ts'

export type ControlRequest = {
  readonly method: string
  readonly path: string
  readonly url: URL
  readonly body: Buffer | undefined
  readonly headers: IncomingHttpHeaders
}

type Route = (simulator: Simulator, request: ControlRequest) => Reply

const routes: Readonly<Record<string, Route>> = {
  'POST /simulator/command': command,
  'POST /simulator/clock': setClock,
  'GET /simulator/clock': clock,
  'GET /simulator/now': ({ clock }) => text(String(clock.nowMs())),
  'GET /simulator/truth': truth,
  'GET /simulator/history': history,
  'GET /simulator/requests': requests,
  'GET /simulator/stats': stats,
}

/** Answers a request to the control API, whose paths begin with /simulator/. Refuses requests from web pages. */
export function controlReply(simulator: Simulator, request: ControlRequest): Reply {
  if (request.headers.origin !== undefined)
    return problemReply(403, 'Forbidden', { detail: 'no requests from web pages' })
  const route = routes[`${request.method} ${request.path}`]
  if (route) return route(simulator, request)
  return problemReply(404, 'Not Found', { detail: `the simulator knows ${Object.keys(routes).join(', ')}` })
}

function command(simulator: Simulator, { body }: ControlRequest): Reply {
  const { clock, jao } = simulator
  const given = readJson(body)
  if (given.error !== undefined) return bad(given.error)
  const atMs = clock.tickMs()
  const understood = readCommand(given.json, simulator, atMs)
  if (understood.error !== undefined) return bad(understood.error)
  const { order } = understood
  if (order.verb === 'fault') simulator.faults = [...simulator.faults, order.fault]
  if (order.verb === 'clear') simulator.faults = []
  if (order.verb === 'etag') simulator.etag = order.on
  if (order.verb === 'spike') simulator.spikes = [...simulator.spikes, order.spike]
  const done = order.verb === 'day' ? order.command : undefined
  if (done) jao.named(done.dataset)?.command(done)
  simulator.save()
  return json({
    at: iso(atMs),
    faults: simulator.faults,
    etag: simulator.etag,
    ...(order.verb === 'spike' && { spike: order.spike }),
    ...(done && { day: done.day, publications: publications(simulator, done.dataset, done.day) }),
  })
}

const clockSchema = z.strictObject({
  set: z.iso.datetime({ offset: true }).optional(),
  /** Simulated seconds per real second. 0 stops the clock. */
  speed: z.number().min(0).max(1_000_000).optional(),
  allowBackwards: z.boolean().optional(),
})

function setClock(simulator: Simulator, request: ControlRequest): Reply {
  const given = readJson(request.body)
  if (given.error !== undefined) return bad(given.error)
  const parsed = clockSchema.safeParse(given.json)
  if (!parsed.success) return bad(z.prettifyError(parsed.error))
  const { set, speed, allowBackwards } = parsed.data
  const refused = simulator.clock.change({
    ...(set !== undefined && { setMs: Date.parse(set) }),
    ...(speed !== undefined && { speed }),
    ...(allowBackwards !== undefined && { allowBackwards }),
  })
  if (refused !== undefined) return bad(refused)
  simulator.save()
  return clock(simulator)
}

function clock({ clock }: Simulator): Reply {
  return json({ nowMs: clock.nowMs(), speed: clock.speed() })
}

function truth(simulator: Simulator, { url }: ControlRequest): Reply {
  const nowMs = simulator.clock.nowMs()
  const host = readHost(url)
  if (host === undefined) return bad(HOST_WANTED)
  const at = z.iso.datetime({ offset: true }).safeParse(url.searchParams.get('at') ?? iso(nowMs))
  if (!at.success) return bad(`at must be an ISO instant with its zone, such as ${iso(nowMs)}`)
  const atMs = Date.parse(at.data)
  if (atMs > nowMs) return bad(`at must not be after the simulator's clock, which stands at ${iso(nowMs)}`)
  const truth = truthOf(simulator, host, url.searchParams, atMs)
  return truth.error === undefined ? json(truth.told) : bad(truth.error)
}

function history(simulator: Simulator, { url }: ControlRequest): Reply {
  const dataset = url.searchParams.get('dataset') ?? undefined
  const upstream = simulator.jao.named(dataset)
  if (upstream === undefined) return bad(`dataset must be one of ${simulator.jao.names().join(' ')}`)
  const { firstDay } = upstream.dataset
  const day = readDay(url.searchParams.get('day'), firstDay)
  return day === undefined
    ? bad(dayWanted(firstDay))
    : json({ day, publications: publications(simulator, dataset, day) })
}

function requests(simulator: Simulator, { url }: ControlRequest): Reply {
  const host = readHost(url)
  if (host === undefined) return bad(HOST_WANTED)
  const since = Number(url.searchParams.get('since') ?? '0')
  return Number.isInteger(since) ? json(simulator.hosts[host].log.since(since)) : bad('since must be a whole number')
}

function stats(simulator: Simulator, { url }: ControlRequest): Reply {
  const { clock, faults, etag, seed, notModified } = simulator
  const host = readHost(url)
  if (host === undefined) return bad(HOST_WANTED)
  const { log, limit } = simulator.hosts[host]
  const limits = { limitViolations: limit.violations(), busiestMinute: limit.busiestMinute() }
  return json({
    host,
    seed,
    now: iso(clock.nowMs()),
    speed: clock.speed(),
    ...log.sums(),
    ...limits,
    notModified,
    faults,
    etag,
  })
}

const HOST_WANTED = `host must be one of ${HOST_NAMES.join(', ')}`

function readHost(url: URL): HostName | undefined {
  const given = url.searchParams.get('host') ?? 'jao'
  return HOST_NAMES.find((name) => name === given)
}

function publications({ jao, clock }: Simulator, dataset: string | undefined, day: string) {
  const nowMs = clock.nowMs()
  const history = jao.named(dataset)?.history(day) ?? []
  return history.map(({ revision, publishedAtMs, cause, firstId }) => ({
    revision,
    publishedAt: iso(publishedAtMs),
    published: publishedAtMs <= nowMs,
    cause,
    firstId,
  }))
}

function readJson(
  body: Buffer | undefined,
): { readonly json: unknown; readonly error?: undefined } | { readonly error: string } {
  if (body === undefined) return { error: 'the body is longer than 64 KiB' }
  try {
    return { json: JSON.parse(body.toString('utf8')) }
  } catch (error) {
    return { error: `the body must be JSON: ${(error as Error).message}` }
  }
}

function text(value: string): Reply {
  return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: Buffer.from(value) }
}

function bad(detail: string): Reply {
  return problemReply(400, 'Bad Request', { detail })
}
