import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openDeadLetterCollector } from '#core/dead-letter.ts'
import { explodeRaw } from '#core/explode-raw.ts'
import { noMemory } from '#core/poll-memory.ts'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { applySourceStatements } from '#infra/provision/source-statements.ts'
import { insert } from '#platform/clickhouse/client.ts'
import { storeDeletion } from '#platform/clickhouse/deletions.ts'
import { applyViews, migrate } from '#platform/clickhouse/migrate.ts'
import { tableAccess } from '#platform/clickhouse/table-rows.ts'
import type { StoredRecord } from '#platform/kafka/read-range.ts'
import { pollsTable, seriesTable } from '#schemas/tables.ts'
import { sources } from '#sources/index.ts'
import { newSource as withRecord } from '../../cli/new-source/template/new-source.ts'
import { subscriptions } from '../../services/sink/subscriptions.ts'
import { consumedRecord, encodedValue } from '../support/encoded-records.ts'
import { rawResponse } from '../support/raw-responses.ts'
import { decided, refused } from '../support/stored-letters.ts'
import { type RunningStore, startStore } from './running-store.ts'
import { insertSlices, lines, slice } from './slices.ts'

// A whole machine that is not in UTC: neither ours, nor the session of whoever asks, may move a time.
process.env.TZ = 'Europe/Brussels'

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
  await applySourceStatements(running.store, sources)
  await applyViews(
    running.store,
    sources.flatMap(({ datasets }) => datasets.flatMap(({ view }) => view ?? [])),
  )
})
afterAll(() => running?.stop())

const dataset = 'jao.core.maxExchanges'
const emittedAt = Date.parse('2026-06-10T08:00:00Z')

async function insertSeries(key: string, labels: Record<string, string>, at: number): Promise<void> {
  const target = seriesTable
  const series = { dataset, key, labels, unit: 'MW', step: 3600, transformVersion: 1, emittedAt: at }
  await insert(running.store, target.table, target.columns, [target.row(series)])
}

const sinkSubscriptions = (of: Parameters<typeof subscriptions>[0]) =>
  subscriptions(of, {
    tables: tableAccess(running.store),
    afterRecords: () => async (_, offsets) => offsets.length,
    log: { error: () => expect.unreachable('a dead letter is missing in the store') },
  })

it('runs outside UTC', () => {
  expect(new Date('2026-07-01T00:00:00Z').getHours()).toBe(2)
})

it('jao_core_max_exchanges names the zones by the newest labels, and null where the key cannot be read', async () => {
  await insertSeries('border_AT_BE', { from: 'XX', to: 'YY' }, emittedAt)
  await insertSeries('border_AT_BE', { from: 'AT', to: 'BE' }, emittedAt + 1)
  await insertSeries('border_AT_BE', { from: 'AT', to: 'BE' }, emittedAt + 1)
  await insertSeries('something_else', {}, emittedAt)
  const answer = { dataset, start: '2026-06-10T22:00:00Z', knownAt: '2026-06-10T08:30:00.125Z' }
  await insertSlices(running.store, [
    slice({ ...answer, key: 'border_AT_BE', values: [100, null] }),
    slice({ ...answer, key: 'something_else', values: [7] }),
    slice({ ...answer, key: 'not_in_series_yet', values: [8] }),
    slice({ ...answer, key: 'border_AT_BE', dataset: 'another.dataset', values: [9] }),
  ])
  const query = `SELECT delivery_start, from_zone, to_zone, mw, known_at FROM tidemark.jao_core_max_exchanges
    ORDER BY mw NULLS LAST, delivery_start`
  expect(await lines(running.reader, query)).toEqual([
    '2026-06-10 22:00:00\t\\N\t\\N\t7\t2026-06-10 08:30:00.125',
    '2026-06-10 22:00:00\t\\N\t\\N\t8\t2026-06-10 08:30:00.125',
    '2026-06-10 22:00:00\tAT\tBE\t100\t2026-06-10 08:30:00.125',
    '2026-06-10 23:00:00\tAT\tBE\t\\N\t2026-06-10 08:30:00.125',
  ])
})

it('times mean UTC as text, as parameters, and as a Date, whatever zone the session is in', async () => {
  const told = { dataset: 'zones', start: '2026-10-25T00:00:00Z', values: [1, 2] }
  await insertSlices(running.store, [slice({ ...told, knownAt: '2026-10-24T08:30:00.500Z' })])
  await insertSlices(running.store, [slice({ ...told, values: [1, 3], knownAt: '2026-10-24T09:30:00.500Z' })])
  const ask = async (select: string, parameters: Record<string, unknown> = {}) => {
    const query = { query: `${select} SETTINGS session_timezone = 'America/New_York'`, query_params: parameters }
    const result = await running.store.query({ ...query, format: 'TabSeparated' })
    return (await result.text()).split('\n').slice(0, -1)
  }
  const rest = "WHERE dataset = 'zones' AND ts >= '2026-10-25 01:00:00' ORDER BY ts"
  const columns = 'SELECT ts, value, known_at FROM'
  const before = ['2026-10-25 01:00:00\t2\t2026-10-24 08:30:00.500']
  const at = '2026-10-24 09:30:00.499'
  expect(await ask(`${columns} tidemark.as_of(at = '${at}') ${rest}`)).toEqual(before)
  expect(await ask(`${columns} tidemark.as_of(at = {at:String}) ${rest}`, { at })).toEqual(before)
  const date = { at: new Date('2026-10-24T09:30:00.499Z') }
  expect(await ask(`${columns} tidemark.as_of(at = {at:DateTime64(3, 'UTC')}) ${rest}`, date)).toEqual(before)
  expect(await ask(`${columns} tidemark.latest ${rest}`)).toEqual(['2026-10-25 01:00:00\t3\t2026-10-24 09:30:00.500'])
  const span = "since = '2026-10-24 09:30:00.500', until = '2026-10-24 09:30:00.501'"
  const changes = `SELECT ts, previous_value, value, known_at FROM tidemark.changes(${span}) WHERE dataset = 'zones'`
  expect(await ask(changes)).toEqual(['2026-10-25 01:00:00\t2\t3\t2026-10-24 09:30:00.500'])
  const windows = "SELECT DISTINCT window_start, window_end FROM tidemark.point_revisions WHERE dataset = 'zones'"
  expect(await ask(windows)).toEqual(['2026-10-25 00:00:00\t2026-10-25 02:00:00'])
})

it("a record of a source's own reaches its table through the sink; the view shows what the newest answer says", async () => {
  const { store, reader } = running
  await applySourceStatements(store, [withRecord])
  await applyViews(
    store,
    withRecord.datasets.flatMap(({ view }) => view ?? []),
  )
  const datasets = new Map(withRecord.datasets.map((each) => [each.name, each]))
  const bySink = sinkSubscriptions([withRecord])
  const send = async (suffix: string, told: unknown) => {
    const subscription = bySink.find(({ topic }) => topic === `new-source.${suffix}`)!
    const schema = subscription.record!
    const record = consumedRecord({ topic: subscription.topic, schema }, encodedValue(schema, told))
    expect(await subscription.handle([record])).toEqual([expect.objectContaining({ kind: 'ok' })])
  }
  const window = { startMs: Date.parse('2026-04-20T22:00:00Z'), endMs: Date.parse('2026-04-21T22:00:00Z') }
  const body = readFileSync(new URL('../../cli/new-source/template/samples/a-new-record.body', import.meta.url), 'utf8')
  const answer = async (text: string, knownAt: string) => {
    const about = { dataset: 'new-source.new-record' }
    const record = rawResponse(window, Buffer.from(text), Date.parse(knownAt), about)
    const read = explodeRaw({ record, partition: 0, offset: '7' }, datasets)
    if ('refusal' in read) throw new Error(read.refusal.message)
    for (const own of read.records) await send(own.topic, own.record)
    await send('answers', read.accepted)
  }
  const view = 'SELECT * FROM tidemark.new_source_new_record ORDER BY id'
  await answer(body, '2026-04-21T08:00:00Z')
  expect(await lines(reader, view)).toEqual([
    'a1\t2026-04-21 06:30:00.000\thigh water at noon\t2026-04-21 08:00:00.000',
  ])
  await answer(body.replace('a1', 'a2'), '2026-04-21T09:00:00Z')
  const newest = ['a2\t2026-04-21 06:30:00.000\thigh water at noon\t2026-04-21 09:00:00.000']
  expect(await lines(reader, view)).toEqual(newest)
  const revisions = 'SELECT id, raw_offset FROM tidemark.new_source_new_record_revisions FINAL ORDER BY id'
  expect(await lines(reader, revisions)).toEqual(['a1\t7', 'a2\t7'])

  // What is inserted after a deletion stays out; deleting what is there is the operation's.
  const deletion = { dataset: 'new-source.new-record', before: window.endMs, at: 1, by: 'a test', why: 'a test' }
  await storeDeletion(store, deletion)
  await answer(body, '2026-04-21T10:00:00Z')
  expect(await lines(reader, view)).toEqual(newest)
  expect(await lines(reader, revisions)).toEqual(['a1\t7', 'a2\t7'])
})

it('a poll is one row however often it is delivered, with all that it says', async () => {
  const target = pollsTable
  const at = (text: string) => Date.parse(text)
  const poll = {
    requestIdentity: `${dataset}/2026-10-24T22:00:00Z/2026-10-25T23:00:00Z`,
    dataset,
    host: 'publicationtool.jao.eu',
    windowStart: at('2026-10-24T22:00:00Z'),
    windowEnd: at('2026-10-25T23:00:00Z'),
    lane: 'live',
    sentAt: at('2026-10-24T08:30:00.001Z'),
    fetchedAt: at('2026-10-24T08:30:00.250Z'),
    outcome: 'failed',
    status: 503,
    durationMs: 249,
    bytes: 12,
    contentHash: null,
    error: 'Service\tUnavailable "…"',
    errorBody: 'busy',
    rawPartition: null,
    rawOffset: null,
    requestsReadTo: null,
    pausedUntil: null,
    pauseReason: null,
    poller: 'poller-1',
    origin: 'live',
    memory: { ...noMemory, failures: 3 },
    changesState: true,
  }
  const row = target.row(poll)
  await insert(running.store, target.table, target.columns, [row])
  await insert(running.store, target.table, target.columns, [row])
  const later = {
    ...poll,
    fetchedAt: poll.fetchedAt + 1,
    outcome: 'changed',
    status: 200,
    rawPartition: 3,
    rawOffset: 41,
  }
  await insert(running.store, target.table, target.columns, [target.row({ ...later, error: null })])
  const columns =
    'window_start, window_end, sent_at, fetched_at, outcome, status, raw_partition, raw_offset, error, failures'
  const window = '2026-10-24 22:00:00.000\t2026-10-25 23:00:00.000\t2026-10-24 08:30:00.001'
  expect(await lines(running.reader, `SELECT ${columns} FROM tidemark.polls FINAL ORDER BY fetched_at`)).toEqual([
    `${window}\t2026-10-24 08:30:00.250\tfailed\t503\t\\N\t\\N\tService\\tUnavailable "…"\t3`,
    `${window}\t2026-10-24 08:30:00.251\tchanged\t200\t3\t41\t\\N\t3`,
  ])
})

const noon = Date.parse('2026-11-24T12:00:00Z')

/** Stores records of jao.dlq as one batch of the sink. */
async function storeLetters(records: StoredRecord[]): Promise<void> {
  const letters = sinkSubscriptions([{ name: 'jao' }]).find(({ topic }) => topic === 'jao.dlq')
  const batch = records.map((record) => ({ ...record, offset: `${record.offset}`, record }))
  expect((await letters?.handle(batch))?.filter(({ kind }) => kind !== 'ok')).toEqual([])
}

type Step = 'letter' | { on: number; decision: 'requeued' | 'dropped' }
const decisions = fc.record({ on: fc.nat(11), decision: fc.constantFrom('requeued' as const, 'dropped' as const) })
const histories = fc.record({
  steps: fc.array(fc.oneof(fc.constant('letter' as const), decisions), { minLength: 1, maxLength: 12 }),
  deliveredBefore: fc.array(fc.tuple(fc.nat(11), fc.nat(12)), { maxLength: 3 }),
})

/** Records of a dead-letter topic, one a second. */
const recordsOf = (topic: string, steps: Step[]) =>
  steps.map((step, offset): StoredRecord => {
    const atMs = noon + offset * 1_000
    if (step === 'letter')
      return { ...refused(offset, { time: new Date(atMs).toISOString() }), topic, writtenAtMs: atMs }
    const { on, decision } = step
    return { ...decided(offset, { offset: on, decision, atMs }), topic, writtenAtMs: atMs }
  })

/** The open letters as `dlq list` counts them, after each record: topic, seconds since noon, offsets. */
function openByTheList(records: StoredRecord[]): string[] {
  const collector = openDeadLetterCollector()
  return records.map((record, second) => {
    collector.add(record)
    const open = collector.letters().filter(({ decision }) => decision === undefined)
    return `${record.topic}\t${second}\t[${open.map(({ offset }) => offset).join(',')}]`
  })
}

it('dead_letters says of any moment which letters were open, as `dlq list` would have then, however they are delivered', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(histories, { minLength: 1, maxLength: 50, size: 'max' }), async (all) => {
      await running.store.command({ query: 'TRUNCATE TABLE tidemark.dead_letter_records' })
      const topics = all.map(({ steps }, index) => recordsOf(`jao.dlq.${index + 100}`, steps))
      const early = all.flatMap(({ deliveredBefore }, index) =>
        deliveredBefore.flatMap(([from, to]) => topics[index]?.slice(from, to) ?? []),
      )
      await storeLetters(early)
      await storeLetters(topics.flat())
      const shown = await lines(
        running.reader,
        `SELECT topic, second, arraySort(groupArrayIf(offset, at <= T AND (resolved_at IS NULL OR resolved_at > T)))
         FROM tidemark.dead_letters
         ARRAY JOIN range(12) AS second, arrayMap(s -> toDateTime64({noon:String}, 3, 'UTC') + s, range(12)) AS T
         GROUP BY topic, second ORDER BY topic, second`,
        { noon: '2026-11-24 12:00:00' },
      )
      // A topic without letters has no row, and a moment after the last record says the same as that one.
      const listed = topics.filter((records) => records.some(({ value }) => value)).flatMap(openByTheList)
      expect(shown).toEqual(expect.arrayContaining(listed))
    }),
    { numRuns: 4 },
  )
})

it('a dead letter is one row with what its headers say; the first decision counts, and is never before the letter', async () => {
  await running.store.command({ query: 'TRUNCATE TABLE tidemark.dead_letter_records' })
  const writtenAtMs = noon + 1
  const hostile = refused(4, {
    message: 'x\u0000\u202e\ud800'.repeat(5_000),
    time: 'never',
    offset: '-1',
    attempts: '1e15',
  })
  const records = [
    { ...refused(3, { version: '0.1.0' }), writtenAtMs },
    {
      ...hostile,
      headers: { ...hostile.headers, 'tidemark-reason': Buffer.from([0xff, 0]) },
      key: Buffer.from([0xff]),
    },
    decided(5, { offset: 3, decision: 'requeued', by: 'anna', why: 'mended', atMs: noon - 60_000 }),
    decided(6, { offset: 3, decision: 'dropped', by: 'bert', why: 'again', atMs: noon - 120_000 }),
  ].map((record) => ({ ...record, writtenAtMs }))
  await storeLetters(records.toReversed())
  await storeLetters(records)
  const shown = await lines(running.reader, 'SELECT * EXCEPT message FROM tidemark.dead_letters ORDER BY offset')
  const at = '2026-11-24 12:00:00.00'
  const dataset = 'jao.core.maxExchanges'
  expect(shown).toEqual([
    [
      ...['jao.dlq', 0, 3, `${at}0`, 'bug', '\\N', dataset, `${dataset}/3`, 1, 97, 'jao.raw', 1, 97, 'normalizer'],
      ...['0.1.0', 1, `${at}0`, 'requeued', 'anna', 'mended'],
    ].join('\t'),
    [
      ...['jao.dlq', 0, 4, `${at}1`, '\ufffd\ufffd', '\\N', dataset, '\\N', '\\N', '\\N', '\\N', '\\N', '\\N'],
      ...['normalizer', '', 4_294_967_295, '\\N', '\\N', '\\N', '\\N'],
    ].join('\t'),
  ])
})
