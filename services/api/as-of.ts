// As of which instant an answer is, and how far it may be trusted.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { storeTime } from '#operations/questions/values.ts'
import { readSettled } from '#operations/report/settled.ts'
import { readRows, type Store } from '#platform/clickhouse/client.ts'
import { remembered, rememberedByName } from './remembered.ts'

export const asOfSchema = z.object({
  requested: z
    .string()
    .nullable()
    .describe('the instant of the parameter `at`; null: the newest values were asked for'),
  effective: z.string().describe('the instant of which the answer is; it is never in the future'),
  firstKnown: z
    .string()
    .nullable()
    .describe('when tidemark had an answer of the dataset for the first time; null: never'),
  settled: z
    .string()
    .describe('every answer that was known before this instant is acknowledged and stored; it is never after `at`'),
})

/** Instants are ISO 8601 UTC. */
export type AsOf = z.infer<typeof asOfSchema>

export interface AsOfReader {
  /** Says what an answer is as of. `atMs` null: the newest values. `dataset` null: the answer is of no single dataset. */
  read: (atMs: number | null, dataset: string | null) => Promise<AsOf>
  /**
   * Returns a tag that changes if the same URL would have another answer: after a replay, a requeued dead letter or a
   * deletion. undefined if `at` is after the settled instant, because answers may still be on their way.
   */
  tag: (url: string, asOf: AsOf, dataset: string | null) => Promise<string | undefined>
}

const settledForMs = 1_000
const firstKnownForMs = 60_000

export function asOfReader(store: Store, nowMs: () => number): AsOfReader {
  const settled = remembered(settledForMs, async () => (await readSettled(store, nowMs())).atMs)
  const firstKnown = rememberedByName(firstKnownForMs, (dataset) => readFirstKnown(store, dataset))
  return {
    read: async (atMs, dataset) => {
      const first = dataset === null ? null : await firstKnown(dataset)
      return {
        requested: atMs === null ? null : iso(atMs),
        effective: iso(Math.min(atMs ?? Number.POSITIVE_INFINITY, nowMs())),
        firstKnown: first === null ? null : iso(first),
        // Not after `at`, so that the same question about the past has the same answer tomorrow.
        settled: iso(Math.min(atMs ?? Number.POSITIVE_INFINITY, await settled())),
      }
    },
    tag: async (url, { requested, settled: settledAt }, dataset) => {
      if (requested === null || requested > settledAt) return undefined
      const state = await readState(store, requested, dataset)
      return `"${createHash('sha256').update(`${url}\n${state}`).digest('base64url').slice(0, 24)}"`
    },
  }
}

const listOfTags = /^\s*(?:(?:W\/)?"[^"]*"\s*(?:,\s*|$))+$/

/**
 * Returns true if the header If-None-Match names the tag of an answer, so that the client has it already (RFC 9110,
 * 13.1.2): a list of tags, weak or not, or * for any. A header of another form names none.
 */
export function namesTag(header: string | undefined, tag: string): boolean {
  if (header?.trim() === '*') return true
  if (header === undefined || !listOfTags.test(header)) return false
  return header.match(/"[^"]*"/g)?.includes(tag) ?? false
}

const iso = (ms: number): string => new Date(ms).toISOString()

async function readFirstKnown(store: Store, dataset: string): Promise<number | null> {
  const [row] = await readRows<{ ms: number | null }>(
    store,
    `SELECT minOrNull(toUnixTimestamp64Milli(known_at)) AS ms FROM tidemark.stored_answers WHERE dataset = {dataset:String}`,
    { dataset },
  )
  return row?.ms ?? null
}

/**
 * Returns what today's knowledge of the past depends on: what was stored late, read again or deleted. Every part is a
 * maximum, because rows may be there twice until they are merged.
 */
async function readState(store: Store, at: string, dataset: string | null): Promise<string> {
  const of = dataset === null ? '' : 'AND dataset = {dataset:String}'
  const [row] = await readRows<{ state: string }>(
    store,
    `SELECT toString((
        (SELECT (max(stored_at), max(transform_version)) FROM tidemark.stored_answers
          WHERE known_at <= {at:DateTime64(3, 'UTC')} ${of}),
        (SELECT max(at) FROM tidemark.replays WHERE true ${of}),
        (SELECT (max(at), max(before)) FROM tidemark.deletions WHERE true ${of})
      )) AS state`,
    { at: storeTime(Date.parse(at)), dataset: dataset ?? '' },
  )
  return row?.state ?? ''
}
