// The sites of upstreams as they were: unmodified clients of an upstream read tidemark as if it were that upstream.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { datasetsByName, type SourcedDataset } from '#core/datasets.ts'
import { readInstantOrDay } from '#core/instant.ts'
import { readWithin } from '#operations/time-machine/read-within.ts'
import {
  allTicks,
  everAnswered,
  findStoredRequests,
  firstAndLast,
  type StoredRequest,
} from '#operations/time-machine/stored-requests.ts'
import { sources } from '#sources/index.ts'
import type { SiteRequest } from '#sources/site.ts'
import type { Window } from '#sources/source.ts'
import { pathTokenPrefix } from '../access.ts'
import type { ApiParts, TypedServer } from '../parts.ts'
import { Problem } from '../problem.ts'
import { deletedBefore, readRaw } from './raw.ts'

interface Asked extends SourcedDataset {
  request: SiteRequest
  /** Path and query of upstream, as the client wrote them. */
  path: string
}

/** Adds what upstream answered at an instant, and the list of all that it ever answered (Memento, RFC 7089). */
export function addTimeMachineRoutes(server: TypedServer, parts: ApiParts): void {
  const about = (summary: string) => ({
    config: { role: 'reader' as const },
    schema: {
      summary,
      tags: ['time machine'],
      params: z.object({
        instant: z.string().max(80).describe('with Z or an offset, or now').default('now'),
        source: z
          .string()
          .max(60)
          .meta({ description: 'a source', examples: ['jao'] }),
        '*': z
          .string()
          .max(500)
          .meta({ description: 'path of upstream', examples: ['core/api/data/maxExchanges'] }),
      }),
    },
  })
  server.get(
    '/time-machine/:instant/:source/*',
    about('What upstream answered to its own clients, as tidemark knew it at an instant'),
    async (request, reply) => {
      const { instant, source } = request.params
      const asked = readAsked(request, source, `/time-machine/${rawSegment(request, 2)}/${source}`)
      const wish = request.headers['accept-datetime']
      if (instant === 'now' && wish !== undefined) return redirect(parts, request, reply, asked, String(wish))
      const atMs = instant === 'now' ? parts.nowMs() : readInstantOrDay(instant, 'The instant of the time machine')
      return answer(parts, request, reply, asked, atMs)
    },
  )
  server.get(
    '/time-machine/timemap/:source/*',
    about('All that upstream ever answered to a request, also what was refused'),
    async (request, reply) => {
      const { source } = request.params
      const asked = readAsked(request, source, `/time-machine/timemap/${source}`)
      const links = await timemap(parts, request, asked)
      return reply.type('application/link-format; charset=utf-8').send(`${links.join(',\n')}\n`)
    },
  )
}

/** @throws Problem 404 for another source or path, 400 for a parameter that cannot be applied */
function readAsked(request: FastifyRequest, source: string, prefix: string): Asked {
  const site = sources.find(({ name }) => name === source)?.site
  if (site === undefined) throw new Problem(404, 'Not found', 'There is no source of this name that clients can ask.')
  const path = request.url.slice(prefix.length)
  const [bare = '', query = ''] = path.split(/\?(.*)/s)
  const read = site.read(bare, new URLSearchParams(query))
  if (read === undefined) throw new Problem(404, 'Not found', 'No dataset is asked for by this path.')
  if ('status' in read) throw new Problem(read.status, 'Bad request', read.message)
  const sourced = datasetsByName.get(read.dataset)
  if (sourced === undefined) throw new Problem(404, 'Not found', 'No dataset is asked for by this path.')
  return { ...sourced, request: read, path }
}

/** Returns a part of the path as it stands in the URL. */
const rawSegment = ({ url }: FastifyRequest, index: number): string => url.split('?')[0]?.split('/')[index] ?? ''

async function answer(
  parts: ApiParts,
  request: FastifyRequest,
  reply: FastifyReply,
  asked: Asked,
  atMs: number,
): Promise<FastifyReply> {
  const { source, dataset } = asked
  await deletedBefore(parts, dataset.name, asked.request.span?.startMs)
  const found = await findStoredRequests(parts.store, asked, asked.request, atMs)
  if (found.state === 'unknown') throw notKnown(asked, found.windows, atMs)
  const read = (place: StoredRequest) => readRaw(parts, { source: source.name, ...place })
  const raws = await readWithin(found.answers, read, maxComposedBytes)
  if (raws === undefined) throw tooLarge(found.answers.length)
  const bodies = found.answers.map(({ selector, window, knownAtMs }, index) => ({
    ...{ selector, window, knownAtMs, body: raws[index]?.body ?? Buffer.alloc(0) },
  }))
  const composed = compose(asked.request, bodies)
  const same = bodies.findIndex(({ body }) => body === composed.body)
  const raw = raws[same]
  const newestMs = Math.max(...found.answers.map(({ knownAtMs }) => knownAtMs))
  return reply
    .code(raw?.status ?? composed.status)
    .headers({
      'Content-Type': raw?.headers['content-type'] ?? 'application/json; charset=utf-8',
      'Content-Security-Policy': "sandbox; default-src 'none'",
      'Cache-Control': 'no-cache',
      Vary: 'Accept-Datetime',
      'Memento-Datetime': new Date(newestMs).toUTCString(),
      Link: (await memento(parts, request, asked)).join(', '),
      'X-Tidemark-Known-At': new Date(newestMs).toISOString(),
      'X-Tidemark-Raw': placesText(source.name, same < 0 ? found.answers : found.answers.slice(same, same + 1)),
      'X-Tidemark-Composed': same < 0 ? 'cut out of stored answers, as upstream wrote them' : 'no: the very bytes',
    })
    .send(Buffer.from(composed.body))
}

function compose(
  request: SiteRequest,
  bodies: Parameters<SiteRequest['compose']>[0],
): ReturnType<SiteRequest['compose']> {
  try {
    return request.compose(bodies)
  } catch (error) {
    throw new Problem(404, 'Not found', `The stored answers do not make this one: ${(error as Error).message}`)
  }
}

/** Limit of the stored answers of which one answer is composed, bytes: they are all in memory then. */
const maxComposedBytes = 64 * 1024 * 1024

const tooLarge = (answers: number): Problem =>
  new Problem(
    422,
    'Too large',
    `This span has ${answers} stored answers, with more than ${maxComposedBytes / 1024 ** 2} MiB together: ask for a shorter span.`,
  )

const maxNamedWindows = 5

function notKnown({ dataset, request }: Asked, windows: readonly Window[], atMs: number): Problem {
  const at = new Date(atMs).toISOString()
  const of = request.selector === null ? dataset.name : `${dataset.name} of ${request.selector}`
  const named = windows.slice(0, maxNamedWindows).map(({ startMs, endMs }) => `${iso(startMs)} to ${iso(endMs)}`)
  const more = windows.length > maxNamedWindows ? `, and ${windows.length - maxNamedWindows} more` : ''
  const which = named.length === 0 ? '' : `: ${named.join(', ')}${more}`
  return new Problem(404, 'Not found', `No answer for ${of} was known at ${at}${which}.`)
}

/** Sends a client to the answer that was known at the instant that it wishes (RFC 7089, 4.2.1). */
async function redirect(
  parts: ApiParts,
  request: FastifyRequest,
  reply: FastifyReply,
  asked: Asked,
  wish: string,
): Promise<FastifyReply> {
  const wishMs = Date.parse(wish)
  if (!Number.isFinite(wishMs) || !wish.endsWith('GMT')) {
    throw new Problem(400, 'Bad request', 'Accept-Datetime is not a date such as Thu, 20 Nov 2025 09:30:00 GMT.')
  }
  // Before the first memento and after the last one, these are the nearest.
  const { firstMs, lastMs } = (await firstAndLast(parts.store, asked.dataset.name, asked.request)) ?? {
    firstMs: wishMs,
    lastMs: wishMs,
  }
  const atMs = Math.min(Math.max(wishMs, firstMs), lastMs)
  return reply
    .headers({ Vary: 'Accept-Datetime', Link: (await memento(parts, request, asked)).join(', ') })
    .redirect(`${baseUrl(request)}/time-machine/${iso(atMs)}/${asked.source.name}${asked.path}`, 302)
}

const answersOf = ({ store }: ApiParts, { dataset, request: { span, needs } }: Asked) =>
  span === null ? allTicks(store, dataset.name, needs) : everAnswered(store, dataset.name, span, needs)

/** Returns the links of a memento: the original, its timegate and timemap, and the first and last memento. */
async function memento({ store }: ApiParts, request: FastifyRequest, asked: Asked): Promise<string[]> {
  const ends = await firstAndLast(store, asked.dataset.name, asked.request)
  const link = (knownAtMs: number, rel: string) =>
    `<${mementoUrl(request, asked, knownAtMs)}>; rel="${rel}"; datetime="${new Date(knownAtMs).toUTCString()}"`
  if (ends === undefined) return originLinks(request, asked)
  const { firstMs, lastMs } = ends
  const links =
    firstMs === lastMs
      ? [link(firstMs, 'first last memento')]
      : [link(firstMs, 'first memento'), link(lastMs, 'last memento')]
  return [...originLinks(request, asked), ...links]
}

function originLinks(request: FastifyRequest, { source, path }: Asked): string[] {
  const base = `${baseUrl(request)}/time-machine`
  return [
    `<${source.upstream?.baseUrl.default ?? ''}${path}>; rel="original"`,
    `<${base}/now/${source.name}${path}>; rel="timegate"`,
    `<${base}/timemap/${source.name}${path}>; rel="timemap"; type="application/link-format"`,
  ]
}

/** Returns a link for each answer. What was not accepted is linked as a raw record, because no instant shows it. */
async function timemap(parts: ApiParts, request: FastifyRequest, asked: Asked): Promise<string[]> {
  const bound = await deletedBefore(parts, asked.dataset.name, asked.request.span?.startMs)
  const answers = (await answersOf(parts, asked)).filter(({ window }) => bound === undefined || window.endMs > bound)
  return [
    ...originLinks(request, asked),
    ...answers.map(({ isAccepted, outcome, knownAtMs, partition, offset }) => {
      const raw = `${baseUrl(request)}/api/v1/raw/${asked.source.name}/${partition}/${offset}`
      const url = isAccepted ? mementoUrl(request, asked, knownAtMs) : raw
      return `<${url}>; rel="memento"; datetime="${new Date(knownAtMs).toUTCString()}"; outcome="${outcome}"`
    }),
  ]
}

const mementoUrl = (request: FastifyRequest, { source, path }: Asked, atMs: number): string =>
  `${baseUrl(request)}/time-machine/${new Date(atMs).toISOString()}/${source.name}${path}`
const baseUrl = (request: FastifyRequest): string => `${request.protocol}://${request.host}${pathTokenPrefix(request)}`
const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z')

const maxPlaces = 20

function placesText(source: string, places: readonly StoredRequest[]): string {
  const named = places.slice(0, maxPlaces).map(({ partition, offset }) => `${source}.raw/${partition}/${offset}`)
  return `${named.join(' ')}${places.length > maxPlaces ? ` and ${places.length - maxPlaces} more` : ''}`
}
