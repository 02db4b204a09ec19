// What the sink stores and refuses, and in which words, is the same whether rows reach the store as bytes or as JSON.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { noMemory } from '#core/poll-memory.ts'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { applySourceStatements } from '#infra/provision/source-statements.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { type TableAccess, tableAccess } from '#platform/clickhouse/table-rows.ts'
import type { ConsumedRecord, EncodedRecord, Subscription } from '#platform/kafka/process-batch.ts'
import type { Verdict } from '#platform/kafka/verdict.ts'
import {
  type AcceptedAnswer,
  acceptedAnswerSchema,
  type Poll,
  pollSchema,
  type TimeseriesSlice,
  timeseriesSliceSchema,
} from '#schemas/generated/records.ts'
import type { RecordSchema } from '#schemas/record-schema.ts'
import { sources } from '#sources/index.ts'
import { type FlowConstraint, flowConstraintSchema } from '#sources/jao/generated/records.ts'
import { subscriptions } from '../../services/sink/subscriptions.ts'
import { consumedRecord, encodedValue } from '../support/encoded-records.ts'
import { type RunningStore, startStore } from './running-store.ts'
import { lines, slice } from './slices.ts'

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
  await applySourceStatements(running.store, sources)
})
afterAll(() => running?.stop())

type Batch = ConsumedRecord<EncodedRecord>[]

function subscriptionTo(topic: string, tables: TableAccess): Subscription {
  const parts = { tables, afterRecords: () => async () => 0, log: { error: () => expect.unreachable() } }
  const found = subscriptions(sources, parts).find((each) => each.topic === topic)
  if (found === undefined) throw new Error(`no subscription to ${topic}`)
  return found
}

interface Stored {
  verdicts: Verdict[]
  rows: string[]
}

/**
 * Stores a batch of a topic twice, and expects the same verdicts and rows: as JSON, and as the sink does it, which is as bytes
 * or not (`isBytes`). Returns the kinds of the verdicts, ok or the reason, and the rows.
 */
async function expectSame(
  topic: string,
  batch: Batch,
  tables: readonly string[],
  isBytes: boolean,
  told = (row: string): string => row,
): Promise<{ kinds: string[]; rows: string[] }> {
  const access = tableAccess(running.store)
  let asBytes = 0
  const observed: TableAccess = {
    ...access,
    insertBinary: (...insert) => {
      asBytes++
      return access.insertBinary(...insert)
    },
  }
  const stored = async (through: TableAccess): Promise<Stored> => {
    for (const table of tables) await running.store.command({ query: `TRUNCATE TABLE tidemark.${table}` })
    const verdicts = await subscriptionTo(topic, through).handle(batch as unknown as ConsumedRecord[])
    const rows = await Promise.all(
      tables.map((table) => lines(running.store, `SELECT * FROM tidemark.${table} FINAL ORDER BY ALL LIMIT 2000`)),
    )
    return { verdicts, rows: rows.flat().map(told) }
  }
  const plain = await stored({ ...access, columnTypes: async () => new Map() })
  const usual = await stored(observed)
  expect(usual).toEqual(plain)
  expect(asBytes > 0).toBe(isBytes)
  const kinds = usual.verdicts.map((verdict) => (verdict.kind === 'dead' ? verdict.reason : verdict.kind))
  return { kinds, rows: usual.rows }
}

const plain = slice({
  dataset: 'a.b',
  key: 'k',
  start: '2026-01-01T00:00:00Z',
  values: [1, null, 2.5],
  knownAt: '2026-01-01T08:00:00.001Z',
  identity: 5,
})

const sliceOf = (over: Partial<TimeseriesSlice>, isNewest = true, change = (value: Buffer): Buffer => value) =>
  consumedRecord(
    { topic: 'jao.timeseries', schema: timeseriesSliceSchema, key: `a.b/${over.key ?? 'k'}` },
    change(encodedValue(timeseriesSliceSchema, { ...plain, ...over })),
    isNewest,
  )

/** Slices, and what becomes of them. */
const slices: [string, ConsumedRecord<EncodedRecord>][] = [
  ['ok', sliceOf({})],
  ['ok', sliceOf({ key: 'of an older schema' }, false)],
  ['ok', sliceOf({ key: 'none', values: [] })],
  ['ok', sliceOf({ key: '-0 and flags', values: [-0, 1e-300], flags: ['a', 'b'], upstreamModifiedAt: 7 })],
  ['ok', sliceOf({ key: 'ké' })],
  [
    'ok',
    sliceOf({ key: 'k?' }, true, (value) =>
      Buffer.from(value).fill(0xff, value.indexOf('k?') + 1, value.indexOf('k?') + 2),
    ),
  ],
  ['ok', sliceOf({ identity: 2 ** 52 + 1 })],
  ['no-row', sliceOf({ values: [Number.NaN] })],
  ['no-row', sliceOf({ values: [1, Number.NEGATIVE_INFINITY] })],
  ['no-row', sliceOf({ values: new Array(100_001).fill(1) })],
  ['ok', sliceOf({ key: 'zlong', values: new Array(100_000).fill(1) })],
  ['store-refused', sliceOf({ transformVersion: 4_096 })],
  ['store-refused', sliceOf({ transformVersion: -1 })],
  ['store-refused', sliceOf({ start: plain.start + 1 })],
  ['store-refused', sliceOf({ windowEnd: 4_294_967_296_000 })],
  ['store-refused', sliceOf({ flags: ['two words'] })],
  ['store-refused', sliceOf({ step: -1 }, false)],
  ['decode', sliceOf({}, true, (value) => value.subarray(0, -1))],
  ['decode', sliceOf({}, true, (value) => Buffer.concat([value, Buffer.of(0)]))],
  [
    'decode',
    sliceOf({ values: [null] }, true, (value) => Buffer.from(value.toString('hex').replace('020000', '020200'), 'hex')),
  ],
  ['ok', sliceOf({ key: 'last' })],
]

test('slices', async () => {
  const batch = slices.map(([, record]) => record)
  const { kinds, rows } = await expectSame('jao.timeseries', batch, ['points', 'point_revisions'], true)
  expect(kinds).toEqual(slices.map(([kind]) => kind))
  expect(rows).toHaveLength(4_000)
})

test('slices with one whose number a column does not hold', async () => {
  const batch = [...slices.map(([, record]) => record), sliceOf({ identity: -1 })]
  const { kinds } = await expectSame('jao.timeseries', batch, ['points'], false)
  expect(kinds).toEqual([...slices.map(([kind]) => kind), 'store-refused'])
})

test('a few bad slices among many', async () => {
  const isBad = (index: number): boolean => index % 301 === 300
  const batch = Array.from({ length: 700 }, (_, index) =>
    sliceOf({
      key: `k${index % 7}`,
      start: plain.start + 3_600_000 * index,
      ...(isBad(index) && { transformVersion: 5_000 }),
    }),
  )
  const { kinds } = await expectSame('jao.timeseries', batch, ['points'], true)
  expect(kinds).toEqual(batch.map((_, index) => (isBad(index) ? 'store-refused' : 'ok')))
})

const recordsOf = <T>(topic: string, schema: RecordSchema<T>, records: T[]): Batch =>
  records.map((record, offset) => consumedRecord({ topic, schema, offset }, encodedValue(schema, record)))

test('polls, whose times no clock shows, and whose numbers a column does not hold', async () => {
  const poll: Poll = {
    ...{ requestIdentity: 'a.b/x', dataset: 'a.b', host: 'h', windowStart: 0, windowEnd: 1, lane: 'live', sentAt: 1 },
    ...{ fetchedAt: 1_767_225_600_001, outcome: 'changed', status: 200, durationMs: 1, bytes: 1, contentHash: null },
    ...{
      error: null,
      errorBody: null,
      rawPartition: null,
      rawOffset: 2 ** 52,
      requestsReadTo: null,
      pausedUntil: null,
    },
    ...{ pauseReason: null, poller: 'p', origin: 'live', memory: noMemory, changesState: null },
  }
  const memory = { ...noMemory, lastChangedAt: 1, completeness: 'partial' }
  const held: Partial<Poll>[] = [{}, { windowStart: 8.64e15 + 1 }, { changesState: true, error: 'é\u0000', memory }]
  const odd: Partial<Poll>[] = [{ windowStart: -1 }, { sentAt: Date.UTC(2400, 0) }, { status: 70_000 }, { bytes: -1 }]
  const batchOf = (polls: Partial<Poll>[]): Batch =>
    recordsOf(
      'polls',
      pollSchema,
      polls.map((each, index) => ({ ...poll, ...each, requestIdentity: `a.b/${index}` })),
    )
  const { kinds } = await expectSame('polls', batchOf(held), ['polls'], true)
  expect(kinds).toEqual(['ok', 'no-row', 'ok'])
  for (const each of odd) await expectSame('polls', batchOf([...held, each]), ['polls'], false)
  const all = await expectSame('polls', batchOf([...held, ...odd]), ['polls'], false)
  expect(all.kinds.filter((kind) => kind !== 'ok')).toEqual(['no-row', 'store-refused'])
})

test('accepted answers', async () => {
  const answer: AcceptedAnswer = {
    ...{ dataset: 'a.b', requestIdentity: 'a.b/x', identity: 7, selector: null, windowStart: 0, windowEnd: 3_600_000 },
    ...{ knownAt: 1, transformVersion: 1, points: 1, keys: 1, contentHash: 'c', replaces: true },
    raw: { partition: 0, offset: 3 },
  }
  const answers = [answer, { ...answer, identity: 0 }, { ...answer, replaces: false, selector: 's' }]
  const batch = recordsOf('jao.answers', acceptedAnswerSchema, answers)
  const withoutClock = (row: string): string => row.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}/g, '')
  const { kinds } = await expectSame('jao.answers', batch, ['stored_answers'], true, withoutClock)
  expect(kinds).toEqual(['ok', 'store-refused', 'ok'])
})

test('flow constraints, whose maps and numbers can be odd', async () => {
  const constraint: FlowConstraint = {
    ...{ dataset: 'jao.core.x', windowStart: 0, windowEnd: 3_600_000, skip: 0, row: 0, totalRows: 9, start: 3_600_000 },
    ...{ tso: null, cneName: 'é', cneEic: 'x', direction: null, contName: null, presolved: true, ram: 1.5 },
    ...{ ptdf: { AT: 0.25, BE: -1e-9 }, numbers: {}, texts: { a: 'b', b: '' }, contingencies: [{ a: 'x' }, {}] },
    ...{ upstreamModifiedAt: 5, knownAt: 8, transformVersion: 1, origin: 'live', raw: { partition: 0, offset: 1 } },
  }
  const held: Partial<FlowConstraint>[] = [{}, { texts: { b: 'b', 2: '2', a: 'a' } }, { presolved: null, ram: -0 }]
  const odd: Partial<FlowConstraint>[] = [
    { ram: Number.NaN },
    { ptdf: { 12: 1, a: Number.POSITIVE_INFINITY } },
    { windowStart: 1_001 },
    { skip: -1 },
  ]
  const batchOf = (constraints: Partial<FlowConstraint>[]): Batch =>
    recordsOf(
      'jao.constraints',
      flowConstraintSchema,
      constraints.map((each, row) => ({ ...constraint, ...each, row })),
    )
  const { kinds, rows } = await expectSame('jao.constraints', batchOf(held), ['flow_constraints'], true)
  expect(kinds).toEqual(['ok', 'ok', 'ok'])
  expect(rows).toHaveLength(3)
  for (const each of odd) await expectSame('jao.constraints', batchOf([...held, each]), ['flow_constraints'], false)
})
