import { zstdCompressSync } from 'node:zlib'
import { ClickHouseError } from '@clickhouse/client'
import { describe, expect, it } from 'vitest'
import { consumerGroups } from '#core/consumer-groups.ts'
import { noMemory } from '#core/poll-memory.ts'
import type { TableAccess } from '#platform/clickhouse/table-rows.ts'
import type { ConsumedRecord, EncodedRecord } from '#platform/kafka/process-batch.ts'
import { TransientError } from '#platform/process/transient-error.ts'
import type { AcceptedAnswer, Poll, TimeseriesSlice } from '#schemas/generated/records.ts'
import { sources } from '#sources/index.ts'
import { jao } from '#sources/jao/jao.ts'
import { refused } from '../../test/support/stored-letters.ts'
import { groupsOfSink, type SubscriptionParts, subscriptions } from './subscriptions.ts'

const slice = (over: Partial<TimeseriesSlice> = {}): TimeseriesSlice => ({
  dataset: 'made.up.data',
  key: 'a',
  windowStart: 0,
  windowEnd: 3_600_000,
  start: 0,
  step: 3600,
  values: [1],
  knownAt: 1,
  upstreamModifiedAt: null,
  transformVersion: 1,
  unit: 'MW',
  flags: [],
  origin: 'live',
  raw: { partition: 0, offset: 0 },
  identity: 0,
  ...over,
})

const poll = (windowStart: number): Poll => ({
  requestIdentity: 'x',
  dataset: 'made.up.data',
  host: 'h',
  windowStart,
  windowEnd: 1,
  lane: 'live',
  sentAt: 1,
  fetchedAt: 1,
  outcome: 'changed',
  status: 200,
  durationMs: 1,
  bytes: 1,
  contentHash: null,
  error: null,
  errorBody: null,
  rawPartition: null,
  rawOffset: null,
  requestsReadTo: null,
  pausedUntil: null,
  pauseReason: null,
  poller: 'p',
  origin: 'live',
  memory: noMemory,
  changesState: null,
})

type InsertInto = TableAccess['insert']
const taking: { insert: InsertInto } = { insert: async () => undefined }

/** A store whose columns have types that rows are not written for as bytes, so that all come as values. */
const tablesOf = (insert: InsertInto): TableAccess => ({
  columnTypes: async () => new Map(),
  insertBinary: () => Promise.reject(new Error('no bytes')),
  insert,
})

/** A record as it is handled that was written with an older schema. */
const handled = (topic: string, record: unknown, offset = 0): ConsumedRecord<EncodedRecord> => ({
  ...{ topic, partition: 0, offset: `${offset}`, headers: {} },
  record: { key: null, value: null, newestAt: undefined, decode: () => record },
})

async function verdictsOf<T>(topic: string, records: T[], { insert } = taking) {
  const inserted: unknown[][] = []
  const tables = tablesOf(async (table, columns, rows) => {
    await insert(table, columns, rows)
    inserted.push(...rows)
  })
  const afterRecords = () => async (_: number, offsets: readonly number[]) => offsets.length
  const parts = { tables, afterRecords, log: { error: () => undefined } }
  const subscription = subscriptions([{ name: 'made' }], parts).find((each) => each.topic === topic)
  if (!subscription) throw new Error(`no subscription to ${topic}`)
  const batch = records.map((record, index) => handled(topic, record, index))
  const verdicts = await subscription.handle(batch)
  return {
    verdicts: verdicts.map((verdict) => (verdict.kind === 'dead' ? verdict.reason : verdict.kind)),
    rows: inserted.length,
  }
}

describe('a record that makes no row goes to the dead letters alone', () => {
  it('a poll with a time that no clock shows', async () => {
    const records = [poll(0), poll(8.9e15), poll(1)]
    expect(await verdictsOf<Poll>('polls', records)).toEqual({ verdicts: ['ok', 'no-row', 'ok'], rows: 2 })
  })

  it('a slice with a value that JSON would turn into a null, or with too many values', async () => {
    const records = [
      slice({ values: [1, Number.NaN] }),
      slice({ values: [null, 2] }),
      slice({ values: [Number.POSITIVE_INFINITY] }),
      slice({ values: new Array(100_001).fill(null) }),
    ]
    const expected = { verdicts: ['no-row', 'ok', 'no-row', 'no-row'], rows: 1 }
    expect(await verdictsOf<TimeseriesSlice>('made.timeseries', records)).toEqual(expected)
  })
})

it('a table that takes no row for a reason that nobody knows is waited for, and no record of it is refused', async () => {
  const insert = () => Promise.reject(new ClickHouseError({ message: 'Code: 395. a view throws', code: '395' }))
  const records = Array.from({ length: 30 }, (_, index) => slice({ start: index }))
  const verdicts = verdictsOf<TimeseriesSlice>('made.timeseries', records, { insert })
  await expect(verdicts).rejects.toThrow(TransientError)
  await expect(verdicts).rejects.toThrow('The store takes no row of slices until somebody mends it: Code: 395.')
})

it('the slices of a key are inserted next to each other, in their order; polls as they come', async () => {
  const inserted: unknown[][] = []
  const tables = tablesOf(async (_, __, rows) => void inserted.push(...rows.map((row) => row.slice(1, 2))))
  const read = subscriptions([{ name: 'made' }], { ...anyParts, tables })
  const handle = async (topic: string, records: { key: string }[], refused: string[] = []) => {
    inserted.length = 0
    const batch = records.map((record, offset) => {
      const one = handled(topic, record, offset)
      return { ...one, record: { ...one.record, key: Buffer.from(record.key.slice(0, 1)) } }
    })
    const verdicts = await read.find((each) => each.topic === topic)?.handle(batch)
    const places = verdicts?.flatMap(({ kind }, place) => (kind === 'dead' ? [records[place]?.key] : []))
    expect(places).toEqual(refused)
    return inserted.flat()
  }
  const bad = { ...slice({ key: 'a2' }), values: [Number.NaN] }
  const slices = [slice({ key: 'b1' }), slice({ key: 'a1' }), bad, slice({ key: 'b0' }), slice({ key: 'a0' })]
  expect(await handle('made.timeseries', slices, ['a2'])).toEqual(['a1', 'a0', 'b1', 'b0'])
  const polls = ['b1', 'a1', 'b0'].map((key) => ({ ...poll(0), dataset: key, key }))
  expect(await handle('polls', polls)).toEqual(['b1', 'a1', 'b0'])
})

const anyParts = { tables: tablesOf(taking.insert), afterRecords: () => async () => 0, log: { error: () => undefined } }

it('every topic is read in the group whose lag is told', () => {
  const read = groupsOfSink(sources, anyParts).map(({ groupId, subscriptions }) => ({
    ...{ group: groupId, topics: subscriptions.map(({ topic }) => topic) },
  }))
  const told = consumerGroups().filter(({ group }) => group.startsWith('sink'))
  expect(read).toEqual(told)
  expect(read.find(({ group }) => group === 'sink-dead-letters')?.topics).toEqual(
    expect.arrayContaining(['tidemark.dlq', 'jao.dlq']),
  )
})

it('a fetch of dead letters stays small although it is compressed', () => {
  const shape = groupsOfSink([jao], anyParts).find(({ groupId }) => groupId === 'sink-dead-letters')?.shape
  const nulls = Buffer.from('{"id":1,"border_AT_BE":null},'.repeat(40_000))
  const times = nulls.length / zstdCompressSync(nulls).length
  expect((shape?.maxBytesPerPartition ?? Number.POSITIVE_INFINITY) * times).toBeLessThan(256 * 1024 * 1024)
})

it('a dead letter whose row the store refuses is logged; no dead letter is made of it', async () => {
  const insertInto: InsertInto = async (_, columns, rows) => {
    if (!rows.some((row) => row[columns.indexOf('offset')] === 1)) return
    throw new ClickHouseError({ message: 'Code: 41. no such time', code: '41' })
  }
  const logged: unknown[] = []
  const log = { error: (about: object) => void logged.push(about) }
  const letters = subscriptions([{ name: 'jao' }], {
    tables: tablesOf(insertInto),
    afterRecords: () => async () => 0,
    log,
  }).find(({ topic }) => topic === 'jao.dlq')
  expect(letters).toMatchObject({ record: null, deadLetterTopic: null })
  const batch = [0, 1, 2].map((offset) => {
    const record = refused(offset)
    return { topic: record.topic, partition: 0, offset: `${offset}`, headers: {}, record }
  })
  const verdicts = await letters?.handle(batch)
  expect(verdicts?.map(({ kind }) => kind)).toEqual(['ok', 'dead', 'ok'])
  const why = 'the store refuses the row: Code: 41. no such time'
  expect(logged).toEqual([{ letter: 'jao.dlq/0/1', why }])
})

it('an accepted answer waits for slices and own records; the host log for all facts and letters, of every source', () => {
  const waitedFor: (readonly string[])[] = []
  const afterRecords: SubscriptionParts['afterRecords'] = (topics) => {
    waitedFor.push(topics.map(({ name }) => name))
    return async () => 0
  }
  const read = subscriptions([jao], { ...anyParts, afterRecords })
  const facts = ['polls', 'deletions', 'replays', 'parking', 'expected-windows', 'schedule-log', 'quality-findings']
  expect(waitedFor).toEqual([
    [...facts, 'tidemark.dlq', 'jao.dlq'],
    ['jao.timeseries', 'jao.constraints'],
  ])
  expect(read.map(({ topic }) => topic)).toEqual(
    expect.arrayContaining(['parking', 'tidemark.dlq', 'jao.dlq', 'jao.answers', 'jao.timeseries']),
  )
})

it('an accepted answer is stored at the time of the clock that is given, else of that of the store', async () => {
  const storedAt = async (more: Partial<SubscriptionParts>): Promise<unknown> => {
    const inserted: Record<string, unknown>[] = []
    const insertInto: InsertInto = async (_, columns, rows) => {
      for (const row of rows) inserted.push(Object.fromEntries(columns.map((column, index) => [column, row[index]])))
    }
    const read = subscriptions([{ name: 'made' }], { ...anyParts, tables: tablesOf(insertInto), ...more })
    const record: AcceptedAnswer = {
      ...{ dataset: 'made.up.data', requestIdentity: 'x', identity: 5, selector: null, windowStart: 0, windowEnd: 1 },
      ...{ knownAt: 1, transformVersion: 1, points: 1, keys: 1, contentHash: 'c', replaces: true },
      raw: { partition: 0, offset: 0 },
    }
    const batch = [handled('made.answers', record)]
    await read.find(({ topic }) => topic === 'made.answers')?.handle(batch)
    return inserted[0]?.stored_at
  }
  expect(await storedAt({ nowMs: () => Date.parse('2025-03-08T10:00:00Z') })).toBe('2025-03-08T10:00:00.000Z')
  expect(await storedAt({})).toBeUndefined()
})

it('the time of a dead letter is believed if it is ahead of the broker, by a simulated clock', async () => {
  const storedAt = async (more: Partial<SubscriptionParts>): Promise<unknown> => {
    const inserted: unknown[] = []
    const insertInto: InsertInto = async (_, columns, rows) => void inserted.push(rows[0]?.[columns.indexOf('at')])
    const read = subscriptions([{ name: 'jao' }], { ...anyParts, tables: tablesOf(insertInto), ...more })
    const record = { ...refused(1, { time: '2030-01-01T12:00:30.000Z' }), writtenAtMs: Date.parse('2026-11-24T12:00Z') }
    const batch = [{ topic: record.topic, partition: 0, offset: '1', headers: {}, record }]
    await read.find(({ topic }) => topic === 'jao.dlq')?.handle(batch)
    return inserted[0]
  }
  expect(await storedAt({ nowMs: () => Date.parse('2030-01-01T12:00:00Z') })).toBe('2030-01-01T12:00:30.000Z')
  expect(await storedAt({})).toBe('2026-11-24T12:00:00.000Z')
})
