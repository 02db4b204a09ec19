// Finds the chunks that earlier runs sent. Table `polls` has one poll for each chunk, named by the hash of the content.
import { createHash } from 'node:crypto'
import type { Kafka } from '#platform/kafka/client.ts'
import { waitForGroup } from '#platform/kafka/consumer-lag.ts'
import { type OffsetRange, offsetRange, readRanges } from '#platform/kafka/read-range.ts'
import { DecodeFailure, type Registry } from '#platform/kafka/registry.ts'
import { type RawResponse, rawResponseSchema } from '#schemas/generated/records.ts'
import { pollsTopic } from '#schemas/topics.ts'
import { type Position, selectorPrefix } from './chunk.ts'

export type Ask = <Row>(sql: string) => Promise<Row[]>

export interface SentBefore {
  /**
   * Returns the length of the longest chunk that was sent at this position, has these bytes, and for which `stands` is
   * true. Returns undefined if there is none.
   */
  find: (at: Position, bytes: Buffer, stands: (length: number) => boolean) => Promise<number | undefined>
  /** Returns true if any chunk was sent at this position, whatever its bytes. */
  anyAt: (at: Position) => Promise<boolean>
  has: (identity: string) => Promise<boolean>
  add: (identity: string) => void
  /** known_at of the newest chunk, ms; 0 if there is none. */
  newestKnownAt: number
}

/** Hashes of the chunks at one position, by length in bytes. */
type Place = Map<number, Set<string>>

/** Opens the list of sent chunks. The store must have all polls: `newestRawRecords` waits for that. */
export async function openSentBefore(ask: Ask, dataset: string): Promise<SentBefore> {
  const places = new Map<string, Place>()
  const loaded = new Set<string>()
  const identities = new Set<string>()
  const add = (identity: string): void => {
    identities.add(identity)
    const [, place, length, hash] = /^(.*)\/(\d+)-([0-9a-f]{32})$/.exec(identity.slice(dataset.length + 1)) ?? []
    if (place === undefined || length === undefined || hash === undefined) return
    const known = places.get(place) ?? new Map<number, Set<string>>()
    places.set(place, known)
    known.set(Number(length), (known.get(Number(length)) ?? new Set()).add(hash))
  }
  const load = async (prefix: string): Promise<void> => {
    if (loaded.has(prefix)) return
    loaded.add(prefix)
    const rows = await ask<{ identity: string }>(
      `SELECT DISTINCT request_identity AS identity FROM tidemark.polls
       WHERE dataset = '${dataset}' AND startsWith(request_identity, '${dataset}/${prefix}/')`,
    )
    for (const { identity } of rows) add(identity)
  }
  const placeAt = async ({ family, chain }: Position): Promise<Place> => {
    await load(family ?? 'start')
    return places.get(selectorPrefix(family, chain)) ?? new Map()
  }
  const [newest] = await ask<{ ms: number }>(
    `SELECT toUnixTimestamp64Milli(max(fetched_at)) + 0.0 AS ms FROM tidemark.polls WHERE dataset = '${dataset}'`,
  )
  return {
    newestKnownAt: newest?.ms ?? 0,
    add,
    anyAt: async (at) => (await placeAt(at)).size > 0,
    has: async (identity) => {
      if (identities.has(identity)) return true
      const rows = await ask(
        `SELECT 1 FROM tidemark.polls WHERE dataset = '${dataset}' AND request_identity = '${identity}' LIMIT 1`,
      )
      return rows.length > 0
    },
    find: async (at, bytes, stands) => {
      const known = await placeAt(at)
      const hash = createHash('sha256')
      let hashed = 0
      let found: number | undefined
      for (const length of [...known.keys()].sort((one, other) => one - other)) {
        if (length > bytes.length) break
        hash.update(bytes.subarray(hashed, length))
        hashed = length
        const digest = hash.copy().digest('hex').slice(0, 32)
        if (known.get(length)?.has(digest) && stands(length)) found = length
      }
      return found
    },
  }
}

export interface RawWithoutBody {
  raw: Omit<RawResponse, 'body'>
  bytes: number
  partition: number
  offset: number
}

/** Number of raw records to read again, up to the newest one with a poll. It exceeds the number of chunks in flight. */
const lookedBack = 8

/**
 * Waits until the store holds all polls, then returns the newest raw records of the dataset. Some may lack a poll,
 * because their sender crashed before it wrote the poll; the caller finds out which.
 */
export async function newestRawRecords(
  { kafka, registry, ask }: { kafka: Kafka; registry: Registry; ask: Ask },
  topic: string,
  dataset: string,
  say: (text: string) => void,
): Promise<RawWithoutBody[]> {
  await waitForGroup(kafka, 'sink', pollsTopic.name, say)
  const rows = await ask<{ partition: number; next: number }>(
    `SELECT raw_partition AS partition, max(raw_offset) + 1.0 AS next FROM tidemark.polls
     WHERE dataset = '${dataset}' AND raw_partition IS NOT NULL GROUP BY raw_partition`,
  )
  const next = new Map(rows.map((row) => [row.partition, row.next]))
  const span = new Map<number, OffsetRange>()
  for (const [partition, { from, to }] of await offsetRange(kafka, topic)) {
    // Chunks are sent in parallel, so a chunk before the newest one with a poll may lack its poll.
    span.set(partition, { from: Math.max(from, (next.get(partition) ?? 0) - lookedBack), to })
  }
  const decoder = registry.decoder(rawResponseSchema)
  const found: RawWithoutBody[] = []
  await readRanges(kafka, topic, span, async (records) => {
    await decoder.prepare(records.map(({ value }) => value))
    for (const { value, partition, offset } of records) {
      const raw = decoder.decode(value)
      if (raw instanceof DecodeFailure || raw.dataset !== dataset) continue
      const { body, ...rest } = raw
      found.push({ raw: rest, bytes: body.length, partition, offset })
    }
  })
  return found
}
