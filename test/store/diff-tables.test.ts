// The comparison of stored rows with those that a replay or a rebuild would store. Counts are by hand.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { diffTables } from '#operations/history/diff-tables.ts'
import { createStaging } from '#operations/history/staging-tables.ts'
import { insert } from '#platform/clickhouse/client.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { slicesTable } from '#schemas/tables.ts'
import { type RunningStore, startStore } from './running-store.ts'
import { insertSlices, type SliceFields, slice } from './slices.ts'

const staging = 'tidemark_diff'
const dataset = 'test.hourly'

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
  await createStaging(running.store, staging, ['points', 'point_revisions', 'stored_answers'])
})
afterAll(() => running?.stop())

const stored = (slices: SliceFields[]) => insertSlices(running.store, slices.map(slice))
const read = async (slices: SliceFields[]): Promise<void> => {
  const { table, columns, row } = slicesTable
  await insert(running.store, table, columns, slices.map(slice).map(row), staging)
}
const of = (key: string, values: (number | null)[], more: Partial<SliceFields> = {}): SliceFields => ({
  ...{ key, values, start: '2026-11-20T00:00:00Z', knownAt: '2026-11-19T10:00:00Z', ...more },
})

it('rows that came twice count once, and of keys only those that differ are told as changed, added or gone', async () => {
  const version = { transformVersion: 2 }
  // Inserted twice: a merge has not removed the second.
  for (let times = 0; times < 2; times++) {
    await stored([of('twice', [1, 2])])
    await read([of('twice', [1, 2], version)])
  }
  await stored([of('same', [1, null, 3]), of('same', [4, 5, 6], { knownAt: '2026-11-19T11:00:00Z' })])
  await read([
    of('same', [1, null, 3], version),
    of('same', [4, 5, 6], { ...version, knownAt: '2026-11-19T11:00:00Z' }),
  ])
  await stored([of('once-twice', [7])])
  for (let times = 0; times < 2; times++) await read([of('once-twice', [7], version)])
  // The same values at each other's hour, a null for a zero, another flag.
  await stored([of('swapped', [1, 2, 3]), of('null', [0]), of('flag', [5])])
  await read([
    of('swapped', [2, 1, 3], version),
    of('null', [null], version),
    of('flag', [5], { ...version, flags: ['odd'] }),
  ])
  await stored([of('gone', [1, 2])])
  await read([of('added', [1])])

  const spans = [{ topic: 'test.raw', partition: 0, from: 0, to: 100 }]
  const scope = { dataset, windows: { fromMs: null, toMs: null }, spans, staging, transformVersion: 2 }
  expect(await diffTables(running.store, scope)).toMatchObject({
    // twice 2, same 6, once-twice 1, and the third hour of swapped.
    rowsSame: 10,
    // Two hours of swapped, null, flag.
    rowsChanged: 4,
    rowsGone: 2,
    rowsAdded: 1,
    seriesGone: ['gone'],
    seriesAdded: ['added'],
  })
})
