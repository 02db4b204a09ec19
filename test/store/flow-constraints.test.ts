import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { applyDatasetViews } from '#infra/provision/dataset-views.ts'
import { applySourceStatements } from '#infra/provision/source-statements.ts'
import { insert } from '#platform/clickhouse/client.ts'
import { storeDeletion } from '#platform/clickhouse/deletions.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { acceptedConstraintsTable } from '#sources/jao/constraint-store.ts'
import type { FlowConstraint } from '#sources/jao/generated/records.ts'
import { jao } from '#sources/jao/jao.ts'
import { type RunningStore, startStore } from './running-store.ts'
import { acceptedAnswer, insertAnswers, lines } from './slices.ts'

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
  await applySourceStatements(running.store, [jao])
  await applyDatasetViews(running.store, [jao])
})
afterAll(() => running?.stop())

const hourMs = Date.parse('2026-06-10T22:00:00Z')
const dataset = 'jao.core.finalComputation'

/** Of a page of two rows that is known at a minute. */
const constraint = (
  skip: number,
  place: number,
  minute: number,
  over: Partial<FlowConstraint> = {},
): FlowConstraint => ({
  ...{
    dataset,
    windowStart: hourMs,
    windowEnd: hourMs + 3_600_000,
    start: hourMs,
    skip,
    row: skip + place,
    totalRows: 3,
  },
  ...{ tso: 'ELIA', cneName: 'A - B', cneEic: null, direction: 'DIRECT', contName: null, presolved: true, ram: 100 },
  ...{ ptdf: { BE: 0.25 }, numbers: { fmax: 7 }, texts: { fmaxType: 'SEASONAL' }, contingencies: [{ branchEic: 'X' }] },
  ...{ upstreamModifiedAt: null, knownAt: Date.parse('2026-06-10T09:00:00Z') + minute * 60_000, transformVersion: 1 },
  ...{ origin: 'simulated', raw: { partition: 0, offset: 5 } },
  ...over,
})

async function store(...constraints: FlowConstraint[]): Promise<void> {
  const target = acceptedConstraintsTable
  await insert(running.store, target.table, target.columns, constraints.map(target.row))
}

const rows = (columns = 'row, ram_mw') =>
  lines(
    running.reader,
    `SELECT ${columns} FROM tidemark.jao_core_final_computation WHERE hour = '2026-06-10 22:00:00' ORDER BY row`,
  )

test('a row says all that upstream said, whatever columns there were', async () => {
  await store(
    constraint(0, 0, 0),
    constraint(0, 1, 0, { ram: null, tso: null, presolved: null, ptdf: {}, contingencies: [] }),
  )
  await store(constraint(2, 0, 1, { ram: 300 }))
  const columns =
    "delivery_start, tso, contingency, presolved, ptdf['BE'], numbers['fmax'], texts['fmaxType'], contingencies, total_rows, known_at"
  expect(await rows(columns)).toEqual([
    "2026-06-10 22:00:00\tELIA\t\\N\ttrue\t0.25\t7\tSEASONAL\t[{'branchEic':'X'}]\t3\t2026-06-10 09:00:00.000",
    '2026-06-10 22:00:00\t\\N\t\\N\t\\N\t0\t7\tSEASONAL\t[]\t3\t2026-06-10 09:00:00.000',
    "2026-06-10 22:00:00\tELIA\t\\N\ttrue\t0.25\t7\tSEASONAL\t[{'branchEic':'X'}]\t3\t2026-06-10 09:01:00.000",
  ])
  expect(await rows()).toEqual(['0\t100', '1\t\\N', '2\t300'])
})

test('delivered again it is one row; an older version of a page that comes late changes nothing', async () => {
  await store(constraint(2, 0, 1, { ram: 300 }), constraint(2, 0, -60, { ram: 1 }))
  expect(await rows()).toEqual(['0\t100', '1\t\\N', '2\t300'])
})

test('a page that is published again takes the place of its rows, and of those that it has no more', async () => {
  await store(constraint(0, 0, 10, { ram: 111 }))
  expect(await rows()).toEqual(['0\t111', '2\t300'])
})

test('a page beyond the newest number of rows counts no more, and counts again when there are as many', async () => {
  await store(constraint(0, 0, 20, { ram: 120, totalRows: 1 }))
  expect(await rows()).toEqual(['0\t120'])
  await store(constraint(0, 0, 30, { ram: 130, totalRows: 4 }), constraint(0, 1, 30, { ram: 131, totalRows: 4 }))
  await store(constraint(2, 0, 31, { ram: 231, totalRows: 4 }), constraint(2, 1, 31, { ram: 232, totalRows: 4 }))
  expect(await rows()).toEqual(['0\t130', '1\t131', '2\t231', '3\t232'])
})

test('of the same answer the newest transform counts, also for rows that it no longer yields', async () => {
  await store(constraint(0, 0, 30, { ram: 999, totalRows: 4, transformVersion: 2 }))
  expect(await rows()).toEqual(['0\t999', '2\t231', '3\t232'])
})

test('other hours and other datasets are left alone', async () => {
  const later = { windowStart: hourMs + 3_600_000, windowEnd: hourMs + 7_200_000, start: hourMs + 3_600_000 }
  await store(constraint(0, 0, 99, { ...later, totalRows: 1 }))
  await store(constraint(0, 0, 99, { dataset: 'jao.nordic.finalComputation', totalRows: 1, ram: 5 }))
  expect(await rows()).toEqual(['0\t999', '2\t231', '3\t232'])
  const nordic = 'SELECT hour, ram_mw FROM tidemark.jao_nordic_final_computation'
  expect(await lines(running.reader, nordic)).toEqual(['2026-06-10 22:00:00\t5'])
})

test('a filter on the hour reaches the table: years of constraints are not read for one', async () => {
  const query = "SELECT * FROM tidemark.jao_core_final_computation WHERE hour = '2026-06-10 22:00:00'"
  const plan = (await lines(running.reader, `EXPLAIN indexes = 1 ${query}`)).join('\n')
  const [, key = ''] = plan.split('PrimaryKey')
  expect(key).toMatch(/Condition: .*hour in \[/)
  expect(key).toMatch(/Condition: .*dataset in \[/)
})

/** An accepted answer of an hour of its own: of a page, or the one that counts the rows. */
const accept = (hour: number, selector: string | null, minute: number, points: number) =>
  insertAnswers(running.store, [
    acceptedAnswer({
      ...{ dataset, identity: 1 + hour * 1_000 + Number(selector?.slice(5) ?? 999), transformVersion: 1, points },
      ...{ windowStart: hourMs + hour * 3_600_000, windowEnd: hourMs + (hour + 1) * 3_600_000, selector },
      knownAt: Date.parse('2026-06-10T09:00:00Z') + minute * 60_000,
    }),
  ])
const inHour = (hour: number, skip: number, place: number, minute: number, over: Partial<FlowConstraint> = {}) => {
  const startMs = hourMs + hour * 3_600_000
  const window = { windowStart: startMs, windowEnd: startMs + 3_600_000, start: startMs }
  return constraint(skip, place, minute, { ...window, ...over })
}
const rowsOf = (hour: number) =>
  lines(
    running.reader,
    `SELECT row FROM tidemark.jao_core_final_computation WHERE hour = toDateTime(${hourMs / 1000 + hour * 3_600}, 'UTC') ORDER BY row`,
  )

test('a page whose newest answer is empty has no rows; they are there again when it is published anew', async () => {
  await store(inHour(5, 0, 0, 0), inHour(5, 0, 1, 0), inHour(5, 2, 0, 1))
  await accept(5, 'rows-0', 0, 2)
  await accept(5, 'rows-2', 1, 1)
  expect(await rowsOf(5)).toEqual(['0', '1', '2'])
  await accept(5, 'rows-2', 30, 0)
  expect(await rowsOf(5)).toEqual(['0', '1'])
  await store(inHour(5, 2, 0, 40))
  await accept(5, 'rows-2', 40, 1)
  expect(await rowsOf(5)).toEqual(['0', '1', '2'])
})

test('an answer that counts fewer rows takes away the pages behind them; none at all the whole hour, until there are some', async () => {
  await store(inHour(6, 0, 0, 0), inHour(6, 0, 1, 0), inHour(6, 2, 0, 1))
  await accept(6, null, 0, 3)
  expect(await rowsOf(6)).toEqual(['0', '1', '2'])
  await accept(6, null, 10, 2)
  expect(await rowsOf(6)).toEqual(['0', '1'])
  await accept(6, null, 20, 0)
  expect(await rowsOf(6)).toEqual([])
  // Counted again; the pages themselves are told a minute later.
  await accept(6, null, 30, 3)
  expect(await rowsOf(6)).toEqual(['0', '1', '2'])
  await store(inHour(6, 0, 0, 31, { totalRows: 1 }))
  expect(await rowsOf(6)).toEqual(['0'])
})

test('an hour that was deleted stays out, whoever inserts it', async () => {
  const before = hourMs + 8 * 3_600_000
  await storeDeletion(running.store, { dataset: 'jao.nordic.finalComputation', before, at: 1, by: 'me', why: '' })
  const nordic = { dataset: 'jao.nordic.finalComputation' }
  await store(inHour(7, 0, 0, 99, nordic), inHour(8, 0, 0, 99, nordic), inHour(7, 0, 0, 99))
  const hours = "SELECT hour FROM tidemark.jao_nordic_final_computation WHERE hour >= '2026-06-11 05:00:00'"
  expect(await lines(running.reader, hours)).toEqual(['2026-06-11 06:00:00'])
  expect(await rowsOf(7)).toEqual(['0'])
})
