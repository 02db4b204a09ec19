import type { IncomingHttpHeaders } from 'node:http'
import { z } from 'zod'
import { businessDay, dayAt, FIRST_DAY } from './jao/calendar.ts'
import { readCommand } from './jao/commands.ts'
import { okReply, problemReply, type Reply } from './reply.ts'
import type { Simulator } from './simulator.ts'

export type ControlRequest = {
  readonly method: string
  /** In small letters. */
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

/**
 * The simulator's own API, everything under /simulator/. JSON in, JSON out; what is wrong with a request is said with
 * status 400 in `detail`. A page in a browser is refused (it sends Origin): only programs here steer the simulator.
 */
export function controlReply(simulator: Simulator, request: ControlRequest): Reply {
  if (request.headers.origin !== undefined)
    return problemReply(403, 'Forbidden', { detail: 'no requests from web pages' })
  const route = routes[`${request.method} ${request.path}`]
  if (route) return route(simulator, request)
  return problemReply(404, 'Not Found', { detail: `the simulator knows ${Object.keys(routes).join(', ')}` })
}

/** `{"fault":…}`, `{"revise":…}`, …: see commands.ts. Answers what was done and at which instant of the clock. */
function command(simulator: Simulator, { body }: ControlRequest): Reply {
  const { clock, upstream } = simulator
  const given = readJson(body)
  if (given.error !== undefined) return bad(given.error)
  const atMs = clock.tickMs()
  const understood = readCommand(given.json, upstream, atMs)
  if (understood.error !== undefined) return bad(understood.error)
  const { order } = understood
  if (order.verb === 'fault') simulator.faults = [...simulator.faults, order.fault]
  if (order.verb === 'clear') simulator.faults = []
  if (order.verb === 'etag') simulator.etag = order.on
  if (order.verb === 'day') upstream.command(order.command)
  simulator.save()
  const day = order.verb === 'day' ? order.command.day : undefined
  return json({
    at: iso(atMs),
    faults: simulator.faults,
    etag: simulator.etag,
    ...(day !== undefined && { day, publications: publications(simulator, day) }),
  })
}

const clockSchema = z.strictObject({
  set: z.iso.datetime({ offset: true }).optional(),
  /** 0 stops the clock. */
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

/** What is published of a day at an instant, now unless `at` says: the oracle of tests. Nothing out yet: no rows. */
function truth(simulator: Simulator, { url }: ControlRequest): Reply {
  const nowMs = simulator.clock.nowMs()
  const day = readDay(url.searchParams.get('day'))
  if (day === undefined) return bad(DAY_WANTED)
  const at = z.iso.datetime({ offset: true }).safeParse(url.searchParams.get('at') ?? iso(nowMs))
  if (!at.success) return bad(`at must be an ISO instant with its zone, such as ${iso(nowMs)}`)
  const atMs = Date.parse(at.data)
  if (atMs > nowMs) return bad(`at must not be after the simulator's clock, which stands at ${iso(nowMs)}`)
  const found = simulator.upstream.published(day, atMs)
  const head = {
    day,
    windowStart: iso(businessDay(day).startMs),
    windowEnd: iso(businessDay(day).endMs),
    at: iso(atMs),
  }
  if (found === undefined) return json({ ...head, revision: null, publishedAt: null, rows: [] })
  const { publication, contents } = found
  const rows = contents.hoursMs.flatMap((hourMs, row) =>
    contents.columns.map(({ key }, column) => ({
      hour: iso(hourMs),
      key,
      value: contents.values[row]?.[column] ?? null,
    })),
  )
  return json({ ...head, revision: publication.revision, publishedAt: iso(publication.publishedAtMs), rows })
}

/** Every publication of a day with its time; `published` is false for those still to come. */
function history(simulator: Simulator, { url }: ControlRequest): Reply {
  const day = readDay(url.searchParams.get('day'))
  return day === undefined ? bad(DAY_WANTED) : json({ day, publications: publications(simulator, day) })
}

/** `?since=SEQ` for those from a sequence number on. The newest 100,000 are kept. */
function requests(simulator: Simulator, { url }: ControlRequest): Reply {
  const since = Number(url.searchParams.get('since') ?? '0')
  return Number.isInteger(since) ? json(simulator.log.since(since)) : bad('since must be a whole number')
}

function stats({ log, limit, clock, faults, etag, seed, notModified }: Simulator): Reply {
  const limits = { limitViolations: limit.violations(), busiestMinute: limit.busiestMinute() }
  return json({
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

function publications({ upstream, clock }: Simulator, day: string) {
  const nowMs = clock.nowMs()
  return upstream.history(day).map(({ revision, publishedAtMs, cause, firstId }) => ({
    revision,
    publishedAt: iso(publishedAtMs),
    published: publishedAtMs <= nowMs,
    cause,
    firstId,
  }))
}

const DAY_WANTED = `day must be a date such as ${dayAt(Date.UTC(2026, 3, 20))}, not before ${FIRST_DAY}`

function readDay(text: string | null): string | undefined {
  const parsed = z.iso.date().safeParse(text)
  return parsed.success && parsed.data >= FIRST_DAY ? parsed.data : undefined
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

function json(value: unknown): Reply {
  return okReply(Buffer.from(JSON.stringify(value)))
}

function text(value: string): Reply {
  return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: Buffer.from(value) }
}

function bad(detail: string): Reply {
  return problemReply(400, 'Bad Request', { detail })
}

function iso(instantMs: number): string {
  return new Date(instantMs).toISOString()
}
