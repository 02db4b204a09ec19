import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { datasetsByName } from '#core/datasets.ts'
import { readStoreInstant } from '#core/instant.ts'
import { explainValue } from '#operations/explain/explain.ts'
import { readRawRecord } from '#operations/explain/raw-records.ts'
import { UserError } from '#platform/process/user-error.ts'
import type { RawResponse } from '#schemas/generated/records.ts'
import { rawTopic } from '#schemas/topics.ts'
import { sources } from '#sources/index.ts'
import type { ApiParts, TypedServer } from '../parts.ts'
import { Problem } from '../problem.ts'
import { known, seriesPath } from './known.ts'
import { atParameter, readAt } from './parameters.ts'

export interface RawPlaceInSource {
  source: string
  partition: number
  offset: number
}

/** Adds the bytes of upstream's answers, and where a value comes from. */
export function addRawRoutes(server: TypedServer, parts: ApiParts): void {
  server.get(
    '/api/v1/raw/:source/:partition/:offset',
    {
      config: { role: 'reader' },
      schema: {
        summary: 'The bytes of one answer of upstream, as they came',
        tags: ['raw'],
        params: z.object({
          source: z
            .string()
            .max(60)
            .meta({ description: 'a source', examples: ['jao'] }),
          partition: z.coerce.number().int().min(0).max(10_000),
          offset: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
        }),
        response: {
          200: {
            description: 'The bytes, with the type that upstream gave them',
            content: { 'application/octet-stream': { schema: z.string() } },
          },
        },
      },
    },
    async (request, reply) => sendRaw(reply, request.params, await readRaw(parts, request.params)),
  )
  server.get(
    '/api/v1/explain/:dataset/:key/:time',
    {
      config: { role: 'reader' },
      schema: {
        summary: 'Where a value comes from: all answers that named it, and the raw record of each',
        tags: ['raw'],
        params: seriesPath.extend({
          time: z
            .string()
            .max(80)
            .meta({ description: 'of the value: an instant with Z or an offset', examples: ['2026-11-20T10:00:00Z'] }),
        }),
        querystring: z.strictObject({
          ...atParameter,
          body: z
            .stringbool()
            .default(false)
            .describe('true: with the place of the value in each body, and the bodies'),
        }),
      },
    },
    async (request) => {
      const { dataset: name, key, time } = request.params
      const sourced = known(name)
      const atMs = readStoreInstant(time, 'The time')
      const knownByMs = readAt(request.query.at) ?? undefined
      await deletedBefore(parts, name, atMs)
      try {
        return await explainValue(
          { ...parts.raw, store: parts.store },
          { ...sourced, key, atMs, knownByMs, withBody: request.query.body },
        )
      } catch (error) {
        if (error instanceof UserError) throw new Problem(404, 'Not found', error.message)
        throw error
      }
    },
  )
}

/** Reads a raw record. @throws Problem 404 if there is none, 410 if it was deleted */
export async function readRaw(
  { raw, boundOf }: Pick<ApiParts, 'raw' | 'boundOf'>,
  { source, partition, offset }: RawPlaceInSource,
): Promise<RawResponse> {
  if (!sources.some(({ name }) => name === source)) throw new Problem(404, 'Not found', 'There is no such source.')
  const found = await readRawRecord(raw, rawTopic(source).name, { partition, offset })
  if (found.state === 'deleted') throw new Problem(410, 'Gone', `The record is ${found.why}.`)
  if (found.state === 'broken') throw new Problem(404, 'Not found', `There is no such record: ${found.why}.`)
  const { dataset, windowEnd } = found.record
  const bound = datasetsByName.has(dataset) ? await boundOf(dataset) : undefined
  if (bound !== undefined && windowEnd <= bound) throw deleted(dataset, bound)
  return found.record
}

/** Sends the bytes as they came, with their type. A browser must not run them as a page of this address. */
export function sendRaw(reply: FastifyReply, { source, partition, offset }: RawPlaceInSource, record: RawResponse) {
  return reply
    .headers({
      'Content-Type': record.headers['content-type'] ?? 'application/octet-stream',
      'Content-Security-Policy': "sandbox; default-src 'none'",
      'X-Tidemark-Raw': `${rawTopic(source).name}/${partition}/${offset}`,
      'X-Tidemark-Known-At': new Date(record.fetchedAt).toISOString(),
      'X-Tidemark-Sha256': record.contentHash,
      'X-Tidemark-Request': encodeURI(record.requestIdentity),
    })
    .send(Buffer.from(record.body))
}

/** Returns up to when a dataset was deleted. @throws Problem 410 if that is after `fromMs` */
export async function deletedBefore(
  { boundOf }: Pick<ApiParts, 'boundOf'>,
  dataset: string,
  fromMs: number | undefined,
): Promise<number | undefined> {
  const bound = await boundOf(dataset)
  if (bound !== undefined && fromMs !== undefined && fromMs < bound) throw deleted(dataset, bound)
  return bound
}

const deleted = (dataset: string, boundMs: number): Problem =>
  new Problem(410, 'Gone', `${dataset} was deleted for good before ${new Date(boundMs).toISOString()}.`)
