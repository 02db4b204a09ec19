import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type ListQuestion, pageOf } from '#operations/questions/page.ts'
import { pathTokenPrefix } from '../access.ts'
import type { ApiParts, TypedServer } from '../parts.ts'
import { pageResponse } from '../responses.ts'
import { untilGone } from '../rows.ts'
import { known } from './known.ts'
import { formatParameter, pageParameters } from './parameters.ts'

export interface ListRoute<Shape extends z.ZodRawShape> {
  path: string
  summary: string
  tag: string
  /** The parameters besides those of pages and formats. */
  parameters: Shape
  /** Returns the list that a request wants. `atMs`: as of which instant it is; null or absent: now. */
  list: (query: z.infer<z.ZodObject<Shape>>) => {
    list: ListQuestion
    dataset?: string | undefined
    atMs?: number | null
  }
}

/** Adds a route that returns a list in pages, in each format. */
export function addListRoute<Shape extends z.ZodRawShape>(
  server: TypedServer,
  { store, rows, asOf }: ApiParts,
  { path, summary, tag, parameters, list }: ListRoute<Shape>,
): void {
  const querystring = z.strictObject({ ...parameters, ...formatParameter, ...pageParameters })
  const schema = { summary, tags: [tag], querystring, response: pageResponse }
  server.get(path, { config: { role: 'reader' }, schema }, async (request, reply) => {
    const query = request.query as z.infer<z.ZodObject<Shape>> & { limit: number; cursor?: string }
    const asked = list(query)
    if (asked.dataset !== undefined) known(asked.dataset)
    const { question, next } = await pageOf(store, asked.list, query.limit, query.cursor, untilGone(reply))
    const answer = await asOf.read(asked.atMs ?? null, asked.dataset ?? null)
    return rows.send(request, reply, { question, isShared: true, asOf: answer, next: nextUrl(request, next) })
  })
}

/** Returns the URL of the next page: this URL with another cursor. null: there is no next page. */
export function nextUrl(request: FastifyRequest, cursor: string | null): string | null {
  if (cursor === null) return null
  const [path, query] = request.url.split(/\?(.*)/s)
  const parameters = new URLSearchParams(query)
  parameters.set('cursor', cursor)
  return `${pathTokenPrefix(request)}${path}?${parameters}`
}
