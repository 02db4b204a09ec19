// In which format rows are sent: by the suffix of the path (.csv), else by the header Accept, else JSON.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { RowFormat } from '#platform/clickhouse/stream-rows.ts'
import { Problem } from './problem.ts'

export const formats = ['json', 'ndjson', 'csv', 'arrow'] as const
export type Format = (typeof formats)[number]

export const mediaTypes: Record<Format, string> = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
  arrow: 'application/vnd.apache.arrow.stream',
}

export const rowFormats: Record<Format, RowFormat> = {
  json: 'JSONEachRow',
  ndjson: 'JSONEachRow',
  csv: 'CSVWithNames',
  arrow: 'ArrowStream',
}

const suffix = /\.(json|ndjson|csv|arrow)$/

/** Takes the suffix of an API path, and adds it to the query as `format`. Other paths are returned unchanged. */
export function withoutSuffix(url: string): string {
  const [path = '', query = ''] = url.split(/\?(.*)/s)
  const format = path.startsWith('/api/v1/') ? suffix.exec(path)?.[1] : undefined
  if (format === undefined) return url
  const bare = path.slice(0, -format.length - 1)
  return `${bare}?format=${format}${query === '' ? '' : `&${query}`}`
}

/**
 * Adds a check of each request of the API for a format: a route that sends no rows is sent in its own type alone, and must
 * not take away a suffix that asks for another.
 */
export function addFormatCheck(server: FastifyInstance): void {
  server.addHook('preValidation', async (request) => {
    const query = request.query as { format?: unknown }
    if (query.format === undefined || request.is404 || !request.url.startsWith('/api/v1/')) return
    const { querystring, response } = request.routeOptions.schema ?? {}
    if (querystring instanceof z.ZodObject && 'format' in querystring.shape) return
    const types = typesOf(response)
    const wanted = mediaTypes[query.format as Format] as string | undefined
    if (wanted === undefined || !types.includes(wanted)) {
      throw notInFormat(query.format, types)
    }
    delete query.format
  })
}

/** A route that declares no type of its answer sends JSON. */
const typesOf = (response: unknown): string[] =>
  Object.keys(
    (response as Record<string, { content?: object }> | undefined)?.[200]?.content ?? { [mediaTypes.json]: {} },
  )

const notInFormat = (format: unknown, types: readonly string[]): Problem =>
  new Problem(
    406,
    'Not acceptable',
    `This resource has no format ${JSON.stringify(format).slice(0, 100)}: it is sent as ${types.join(', ')}. Leave out the suffix of the path, or the parameter \`format\`.`,
  )
