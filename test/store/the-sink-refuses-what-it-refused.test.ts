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

/** Stores a batch of a topic, twice: as JSON, which needs no types of columns, and as bytes. */
async function storedBothWays(
  topic: string,
  batch: Batch,
  tables: readonly string[],
): Promise<{ asJson: Stored; asBytes: Stored & { inserted: number } }> {
  const access = tableAccess(running.store)
  let inserted = 0
  const counting: TableAccess = {
    ...access,
    insertBinary: (table, layout, rows) => {
      inserted = Math.max(inserted, rows.length)
      return access.insertBinary(table, layout, rows)
    },
  }
  const stored = async (through: TableAccess): Promise<Stored> => {
    for (const table of tables) await running.store.command({ query: `TRUNCATE TABLE tidemark.${table}` })
    const verdicts = await subscriptionTo(topic, through).handle(batch as unknown as ConsumedRecord[])
    const rows = await Promise.all(
      tables.map((table) => lines(running.store, `SELECT * FROM tidemark.${table} FINAL ORDER BY ALL LIMIT 2000`)),
    )
    return { verdicts, rows: rows.flat() }
  }
  const asJson = await stored({ ...access, columnTypes: async () => new Map() })
  return { asJson, asBytes: { ...(await stored(counting)), inserted } }
}

/** The kinds of verdicts: ok, or the reason. */
const kinds = (verdicts: readonly Verdict[]): string[] =>
  verdicts.map((verdict) => (verdict.kind === 'dead' ? verdict.reason : verdict.kind))

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

test('slices', async () => {
  const wanted: [string, ConsumedRecord<EncodedRecord>][] = [
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
    ['store-refused', sliceOf({ identity: -1 })],
    ['store-refused', sliceOf({ step: -1 }, false)],
    ['decode', sliceOf({}, true, (value) => value.subarray(0, -1))],
    ['decode', sliceOf({}, true, (value) => Buffer.concat([value, Buffer.of(0)]))],
    [
      'decode',
      sliceOf({ values: [null] }, true, (value) =>
        Buffer.from(value.toString('hex').replace('020000', '020200'), 'hex'),
      ),
    ],
    ['ok', sliceOf({ key: 'last' })],
  ]
  const batch = wanted.map(([, record]) => record)
  const { asJson, asBytes } = await storedBothWays('jao.timeseries', batch, ['points', 'point_revisions'])
  expect(kinds(asBytes.verdicts)).toEqual(wanted.map(([kind]) => kind))
  expect(asBytes.verdicts).toEqual(asJson.verdicts)
  expect(asBytes.rows).toEqual(asJson.rows)
  expect(asBytes.rows.length).toBe(4_000)
  expect(asBytes.inserted).toBeGreaterThan(5)
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
  const { asJson, asBytes } = await storedBothWays('jao.timeseries', batch, ['points'])
  expect(kinds(asBytes.verdicts)).toEqual(batch.map((_, index) => (isBad(index) ? 'store-refused' : 'ok')))
  expect(asBytes.verdicts).toEqual(asJson.verdicts)
  expect(asBytes.rows).toEqual(asJson.rows)
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
  const polls: Poll[] = [
    poll,
    { ...poll, lane: 'a', windowStart: 8.64e15 + 1 },
    { ...poll, lane: 'b', windowStart: -1 },
    { ...poll, lane: 'c', sentAt: Date.UTC(2400, 0) },
    { ...poll, lane: 'd', status: 70_000 },
    { ...poll, lane: 'e', bytes: -1 },
    {
      ...poll,
      lane: 'f',
      changesState: true,
      error: 'é\u0000',
      memory: { ...noMemory, lastChangedAt: 1, completeness: 'partial' },
    },
  ].map((each, index) => ({ ...each, requestIdentity: `a.b/${index}` }))
  const { asJson, asBytes } = await storedBothWays('polls', recordsOf('polls', pollSchema, polls), ['polls'])
  expect(asBytes.verdicts).toEqual(asJson.verdicts)
  expect(asBytes.rows).toEqual(asJson.rows)
  expect(kinds(asBytes.verdicts).filter((kind) => kind !== 'ok')).toEqual(['no-row', 'store-refused'])
})

test('accepted answers', async () => {
  const answer: AcceptedAnswer = {
    ...{ dataset: 'a.b', requestIdentity: 'a.b/x', identity: 7, selector: null, windowStart: 0, windowEnd: 3_600_000 },
    ...{ knownAt: 1, transformVersion: 1, points: 1, keys: 1, contentHash: 'c', replaces: true },
    raw: { partition: 0, offset: 3 },
  }
  const answers = [answer, { ...answer, identity: 0 }, { ...answer, replaces: false, selector: 's' }]
  const batch = recordsOf('jao.answers', acceptedAnswerSchema, answers)
  const { asJson, asBytes } = await storedBothWays('jao.answers', batch, ['stored_answers'])
  expect(asBytes.verdicts).toEqual(asJson.verdicts)
  expect(kinds(asBytes.verdicts)).toEqual(['ok', 'store-refused', 'ok'])
  const withoutClock = ({ rows }: Stored): string[] =>
    rows.map((row) => row.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}/g, ''))
  expect(withoutClock(asBytes)).toEqual(withoutClock(asJson))
})

test('flow constraints, whose maps and numbers can be odd', async () => {
  const constraint: FlowConstraint = {
    ...{ dataset: 'jao.core.x', windowStart: 0, windowEnd: 3_600_000, skip: 0, row: 0, totalRows: 9, start: 3_600_000 },
    ...{ tso: null, cneName: 'é', cneEic: 'x', direction: null, contName: null, presolved: true, ram: 1.5 },
    ...{ ptdf: { AT: 0.25, BE: -1e-9 }, numbers: {}, texts: { a: 'b', b: '' }, contingencies: [{ a: 'x' }, {}] },
    ...{ upstreamModifiedAt: 5, knownAt: 8, transformVersion: 1, origin: 'live', raw: { partition: 0, offset: 1 } },
  }
  const constraints: FlowConstraint[] = [
    constraint,
    { ...constraint, row: 1, ram: Number.NaN, presolved: null },
    { ...constraint, row: 2, ptdf: { 12: 1, a: Number.POSITIVE_INFINITY } },
    { ...constraint, row: 3, texts: { b: 'b', 2: '2', a: 'a' } },
    { ...constraint, row: 4, windowStart: 1_001 },
    { ...constraint, row: -1 },
  ]
  const batch = recordsOf('jao.constraints', flowConstraintSchema, constraints)
  const { asJson, asBytes } = await storedBothWays('jao.constraints', batch, ['flow_constraints'])
  expect(asBytes.verdicts).toEqual(asJson.verdicts)
  expect(asBytes.rows).toEqual(asJson.rows)
  expect(asBytes.rows.length).toBeGreaterThanOrEqual(4)
})
