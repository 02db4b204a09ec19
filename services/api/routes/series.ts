import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { unknownPoint } from '#operations/explain/stored-point.ts'
import { knowledgeList, revisionsList } from '#operations/questions/lists.ts'
import { pageOf } from '#operations/questions/page.ts'
import { gridRows, maxValueRows, resolutions, valuesQuestion } from '#operations/questions/values.ts'
import { readRows, type Store } from '#platform/clickhouse/client.ts'
import { UserError } from '#platform/process/user-error.ts'
import { namesTag } from '../as-of.ts'
import type { ApiParts, TypedServer } from '../parts.ts'
import { Problem } from '../problem.ts'
import { pageResponse, rowsResponse } from '../responses.ts'
import { untilGone } from '../rows.ts'
import { known, seriesPath } from './known.ts'
import { nextUrl } from './list-route.ts'
import {
  atParameter,
  formatParameter,
  pageParameters,
  readAt,
  readSpan,
  readZone,
  spanOrWeek,
  spanParameters,
} from './parameters.ts'

/** An answer with at most this many rows is read whole, and once for all who ask for it at the same time. */
const maxSharedRows = 20_000

export function addSeriesRoutes(server: TypedServer, parts: ApiParts): void {
  const { store, rows, asOf, nowMs } = parts
  server.get(
    '/api/v1/series/:dataset/:key',
    {
      config: { role: 'reader' },
      schema: {
        summary: 'The values of a series, with a null for each time of its grid that has no value',
        tags: ['values'],
        params: seriesPath,
        response: rowsResponse,
        querystring: z.strictObject({
          ...spanParameters,
          ...atParameter,
          ...formatParameter,
          resolution: z
            .enum(resolutions)
            .optional()
            .describe('mean, min, max and coverage of buckets in place of points'),
        }),
      },
    },
    async (request, reply) => {
      const { dataset } = known(request.params.dataset)
      const { key } = request.params
      const { resolution = null } = request.query
      const zone = readZone(request.query.tz)
      const atMs = readAt(request.query.at)
      const span = spanOrWeek(request.query, nowMs())
      const expected = gridRows(dataset, span.fromMs, span.toMs)
      if (expected > maxValueRows) {
        throw new UserError(
          `The span has ${expected} times, and ${maxValueRows} are the limit: ask for a shorter span.`,
        )
      }
      await requireSeries(store, dataset.name, key)
      const answer = await asOf.read(atMs, dataset.name)
      const tag = await asOf.tag(request.url, answer, dataset.name)
      if (tag !== undefined) reply.headers({ ETag: tag })
      if (tag !== undefined && namesTag(request.headers['if-none-match'], tag)) return reply.code(304).send()
      const question = valuesQuestion({ dataset, key, ...span, atMs, zone, resolution })
      return rows.send(request, reply, { question, isShared: expected <= maxSharedRows, asOf: answer })
    },
  )
  addPointList(server, parts, 'revisions', 'The revisions of the points of a series', revisionsList)
  addPointList(
    server,
    parts,
    'history',
    'All that was ever known of the points of a series: the first publication of each, and each revision',
    knowledgeList,
  )
}

/** Adds a list of what became known of the points of a series. */
function addPointList(
  server: TypedServer,
  { store, rows, asOf }: ApiParts,
  name: 'revisions' | 'history',
  summary: string,
  list: typeof revisionsList,
): void {
  const querystring = z.strictObject({ ...spanParameters, ...atParameter, ...formatParameter, ...pageParameters })
  const schema = { summary, tags: ['values'], params: seriesPath, response: pageResponse, querystring }
  server.get(`/api/v1/series/:dataset/:key/${name}`, { config: { role: 'reader' }, schema }, async (request, reply) => {
    const { dataset } = known(request.params.dataset)
    await requireSeries(store, dataset.name, request.params.key)
    const atMs = readAt(request.query.at)
    const filter = { dataset: dataset.name, key: request.params.key, ...readSpan(request.query) }
    const { limit, cursor } = request.query
    const { question, next } = await pageOf(store, list(filter, atMs), limit, cursor, untilGone(reply))
    const answer = await asOf.read(atMs, dataset.name)
    return rows.send(request, reply, { question, isShared: true, asOf: answer, next: nextUrl(request, next) })
  })
}

/** Series that were found, for a minute: a series that many read is looked for once. */
const found = new LRUCache<string, Promise<boolean>>({ max: 10_000, ttl: 60_000 })

/** @throws Problem 404 that names similar keys if nothing of the series is stored */
async function requireSeries(store: Store, dataset: string, key: string): Promise<void> {
  const name = JSON.stringify([dataset, key])
  const looking = found.get(name) ?? isStored(store, dataset, key)
  found.set(name, looking)
  if (await looking.catch(() => false)) return
  found.delete(name)
  if (await looking) return
  throw new Problem(404, 'Not found', (await unknownPoint(store, dataset, key, 0)).message)
}

const isStored = async (store: Store, dataset: string, key: string): Promise<boolean> => {
  const query = 'SELECT 1 FROM tidemark.points WHERE dataset = {dataset:String} AND key = {key:String} LIMIT 1'
  return (await readRows(store, query, { dataset, key })).length > 0
}
