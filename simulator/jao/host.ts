import type { DataRequest, Host, HostRequest } from '../hosts.ts'
import { okReply, problemReply, type Reply, tooManyReply } from '../reply.ts'
import { sha256 } from '../request-log.ts'
import { daysWithin } from './calendar.ts'
import { domainReply } from './domain-answer.ts'
import type { Jao } from './jao.ts'
import { readWindow, type Window } from './window.ts'

const DAY_MS = 86_400_000
const EMPTY = '{"data":[],"rejected":false,"messages":null}'

/** `etag`: answers get an ETag. `notModified` counts the answers with status 304. */
export type Tags = { etag: boolean; notModified: number }

export function jaoHost(jao: Jao, tags: Tags): Host {
  return {
    name: 'jao',
    readRequest: (request) => readRequest(jao, tags, request),
    voice: {
      tooMany: tooManyReply,
      failed: (status) =>
        problemReply(
          status,
          status === 500 ? 'An error occurred while processing your request.' : 'Service Unavailable',
        ),
      rejected: okReply(Buffer.from('{"data":[],"rejected":true,"messages":["The request was rejected."]}')),
      empty: okReply(Buffer.from(EMPTY)),
    },
  }
}

function readRequest(jao: Jao, tags: Tags, { url, headers, atMs }: HostRequest): DataRequest | Reply {
  const path = url.pathname.toLowerCase()
  if (path.startsWith('/unknown/')) return unknownSource(path.slice('/unknown/'.length).split('/')[0] ?? '')
  const found = jao.at(path)
  if (found === undefined) return problemReply(404, 'Not Found')
  const given = new Map([...url.searchParams].map(([name, text]) => [name.toLowerCase(), text]))
  const window = readWindow(url.searchParams)
  const answer = (laterMs: number) => {
    if (window.errors) return invalid(window.errors)
    const { fromMs, toMs } = { fromMs: window.fromMs + laterMs, toMs: window.toMs + laterMs }
    if ('page' in found) return domainReply(found, { fromMs, toMs }, given, atMs)
    return okReply(found.body(fromMs, toMs, atMs))
  }
  return {
    days: daysOf(window, found.dataset.firstDay),
    fromUtc: given.get('fromutc') ?? null,
    toUtc: given.get('toutc') ?? null,
    good: () => tagged(answer(0), tags, headers['if-none-match']),
    dayBefore: () => answer(-DAY_MS),
  }
}

function daysOf(window: Window, firstDay: string): string[] {
  return window.errors ? [] : daysWithin(window.fromMs, window.toMs, firstDay).map(({ day }) => day)
}

function invalid(errors: Readonly<Record<string, readonly string[]>>): Reply {
  return problemReply(400, 'One or more validation errors occurred.', { errors })
}

function tagged(reply: Reply, tags: Tags, ifNoneMatch: string | undefined): Reply {
  if (!tags.etag || reply.status !== 200 || reply.parts !== undefined) return reply
  const etag = `"${sha256(reply.body).slice(0, 32)}"`
  if (!ifNoneMatch?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)) {
    return okReply(reply.body, { etag })
  }
  tags.notModified++
  return { status: 304, headers: { etag }, body: Buffer.alloc(0) }
}

function unknownSource(source: string): Reply {
  const name = source.replace(/[^a-z0-9-]/g, '').slice(0, 60) || 'this source'
  const detail = `the simulator does not play ${name}: give it a host in simulator/hosts.ts and a port in local/ports.ts, or start with --source live`
  return problemReply(501, 'Not Implemented', { detail })
}
