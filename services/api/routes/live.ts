import { z } from 'zod'
import { type LiveKind, liveKinds, serveClient } from '../live/client.ts'
import { parseCursor } from '../live/cursor.ts'
import type { ApiParts, TypedServer } from '../parts.ts'
import { Problem } from '../problem.ts'
import { known } from './known.ts'

const maxClients = 200
/** A stream ends so soon after its token, ms. */
const checkEveryMs = 1_000
/** A client that missed more records than this reads them by the lists, which is faster. */
const maxMissed = 200_000

const kindsText = z
  .string()
  .max(100)
  .default(liveKinds.join(','))
  .transform((text) => text.split(',').map((kind) => kind.trim()))
  .refine((kinds): kinds is LiveKind[] => kinds.every((kind) => (liveKinds as readonly string[]).includes(kind)), {
    error: `kinds are ${liveKinds.join(', ')}, separated by commas`,
  })

/** Adds the live stream: server-sent events. */
export function addLiveRoute(server: TypedServer, { live }: ApiParts): void {
  let clients = 0
  server.get(
    '/api/v1/live',
    {
      config: { role: 'reader' },
      exposeHeadRoute: false,
      schema: {
        summary: 'What happens, as server-sent events. A client that reconnects misses nothing and gets nothing twice',
        tags: ['live'],
        querystring: z.strictObject({
          kinds: kindsText.describe(`of ${liveKinds.join(', ')}, separated by commas. Default: all`),
          dataset: z.string().max(200).optional().describe('such as jao.core.maxExchanges'),
          key: z.string().max(500).optional().describe('as upstream spells it: border_AT_BE'),
          lastEventId: z.string().max(4_000).optional().describe('in place of the header Last-Event-ID'),
        }),
        response: { 200: { description: 'Events', content: { 'text/event-stream': { schema: z.string() } } } },
      },
    },
    async (request, reply) => {
      if (clients >= maxClients)
        throw new Problem(503, 'Not available', 'Too many clients listen.', { 'Retry-After': '30' })
      const { kinds, dataset, key, lastEventId } = request.query
      if (dataset !== undefined) known(dataset)
      const { feed } = live
      const header = request.headers['last-event-id']
      const text = (Array.isArray(header) ? header[0] : header) ?? lastEventId
      const since = text === undefined ? undefined : parseCursor(feed.partitions, text)
      const missed = since?.offsets.map((offset, index) => (feed.offsets()[index] ?? 0) - offset) ?? []
      if (missed.reduce((sum, records) => sum + Math.max(0, records), 0) > maxMissed) {
        throw new Problem(
          410,
          'Gone',
          'Too much happened since that event: read it by the lists, and begin without an id.',
        )
      }
      reply.hijack()
      const response = reply.raw
      for (const [name, value] of Object.entries(reply.getHeaders()))
        if (value !== undefined) response.setHeader(name, value)
      response.writeHead(200, {
        'Content-Type': 'text/event-stream; charset=utf-8',
        'Cache-Control': 'no-store',
        'X-Accel-Buffering': 'no',
      })
      clients++
      const check = setInterval(() => {
        if (!request.caller.isAccepted()) response.destroy()
      }, checkEveryMs)
      serveClient(live, response, { kinds, dataset, key }, since)
        .catch((error: Error) => request.log.warn({ err: error }, 'a client of the live stream was cut loose'))
        .finally(() => {
          clearInterval(check)
          clients--
        })
    },
  )
}
