// What readers see of votes: each Id once, the newest reading; and the weeks that stand out.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { insert } from '#platform/clickhouse/client.ts'
import { storeDeletion } from '#platform/clickhouse/deletions.ts'
import { applyStatement, migrate } from '#platform/clickhouse/migrate.ts'
import type { VoteBatch } from '#sources/votes/generated/records.ts'
import { selectOutlierWeeks } from '#sources/votes/outlier-weeks.ts'
import { statements, voteBatchesTable } from '#sources/votes/statements.ts'
import { type RunningStore, startStore } from './running-store.ts'

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
  await applyAll()
})
afterAll(() => running?.stop())
beforeEach(() => running.store.command({ query: 'TRUNCATE TABLE blog_analysis.vote_versions' }))

async function applyAll(): Promise<void> {
  for (const { name, sql } of statements) await applyStatement(running.store, name, sql)
}

/** As a trader's client asks: the user that may only read. */
const rows = async (query: string) =>
  (await running.reader.query({ query, format: 'JSONCompactEachRow' })).json() as unknown as Promise<unknown[][]>

const { table, columns, row } = voteBatchesTable

/** Stores one batch: votes as [Id, date, PostId]. */
async function store(votes: [number, string, number?][], more: Partial<VoteBatch> = {}): Promise<void> {
  const batch: VoteBatch = {
    ...{ dataset: 'votes.votes', windowStart: 0, windowEnd: 1000, knownAt: 1_700_000_000_000, transformVersion: 1 },
    ...{ origin: 'file', raw: { partition: 0, offset: 7 }, file: 'file:///v', firstLine: 1, lines: votes.length },
    ...{ blankLines: 0, refusedLines: 0, repeatedIds: 0 },
    ids: votes.map(([id]) => id),
    postIds: votes.map(([, , post]) => post ?? null),
    voteTypeIds: votes.map(() => 2),
    creationDates: votes.map(([, date]) => Date.parse(`${date}T00:00:00Z`)),
    userIds: votes.map(() => null),
    bountyAmounts: votes.map(() => null),
    flags: [],
    ...more,
  }
  await insert(running.store, table, columns, [row(batch)])
}

test('the statements may run again; empty tables are empty views', async () => {
  await applyAll()
  expect(await rows('SELECT * FROM blog_analysis.votes')).toEqual([])
  expect(await rows(selectOutlierWeeks)).toEqual([])
})

test('an Id is there once: the newest reading, whatever order and however often they come', async () => {
  const newest = { knownAt: 1_700_000_000_002 }
  await store([[1, '2022-01-02', 20]], newest)
  await store(
    [
      [1, '2023-05-05', 10],
      [2, '2022-01-02', 5],
    ],
    { knownAt: 1_700_000_000_001 },
  )
  await store([[1, '2022-01-02', 20]], newest)
  await store([[2, '2022-01-03', 6]], { knownAt: 1_700_000_000_001, transformVersion: 2 })
  const both = [
    [1, 20, 2, '2022-01-02 00:00:00.000', null, null, []],
    [2, 6, 2, '2022-01-03 00:00:00.000', null, null, []],
  ]
  expect(await rows('SELECT * FROM blog_analysis.votes ORDER BY Id')).toEqual(both)
  expect(await rows('SELECT count(), uniqExact(Id) FROM blog_analysis.votes')).toEqual([[2, 2]])
  await running.store.command({ query: 'OPTIMIZE TABLE blog_analysis.vote_versions FINAL' })
  expect(await rows('SELECT * FROM blog_analysis.votes ORDER BY Id')).toEqual(both)
})

test('a reading that is taken away leaves the one before it; votes of deleted days stay out', async () => {
  await store([[1, '2022-01-02', 10]], { raw: { partition: 0, offset: 1 } })
  await store([[1, '2022-01-02', 20]], { knownAt: 1_700_000_000_005, raw: { partition: 0, offset: 2 } })
  await running.store.command({ query: 'OPTIMIZE TABLE blog_analysis.vote_versions FINAL' })
  expect(await rows('SELECT PostId FROM blog_analysis.votes')).toEqual([[20]])
  await running.store.command({ query: 'DELETE FROM blog_analysis.vote_versions WHERE raw_offset = 2' })
  expect(await rows('SELECT PostId FROM blog_analysis.votes')).toEqual([[10]])
  // Before anything was deleted there is no bound, not that of 1970.
  await store([[2, '1950-01-02']])
  const deletion = { dataset: 'votes.votes', before: Date.parse('2022-01-03'), at: 1, by: 'me', why: '' }
  await storeDeletion(running.store, deletion)
  await store([
    [3, '2022-01-02'],
    [4, '2022-01-03'],
  ])
  expect(await rows('SELECT Id FROM blog_analysis.votes ORDER BY Id')).toEqual([[1], [2], [4]])
  await running.store.command({ query: 'TRUNCATE TABLE tidemark.deletions' })
})

test('each vote has the flags of its newest reading', async () => {
  const votes: [number, string][] = [
    [1, '2007-12-31'],
    [2, '2022-01-02'],
    [3, '2007-12-31'],
  ]
  const both = ['unknown-vote-type', 'created-before-2008']
  await store(votes, { flags: [['created-before-2008'], [], both] })
  expect(await rows('SELECT Id, Flags FROM blog_analysis.votes ORDER BY Id')).toEqual([
    [1, ['created-before-2008']],
    [2, []],
    [3, both],
  ])
  await store([[1, '2008-01-01']], { knownAt: 1_700_000_000_001 })
  expect(await rows(`SELECT Id FROM blog_analysis.votes WHERE has(Flags, 'created-before-2008')`)).toEqual([[3]])
  await expect(store(votes, { flags: [[], []] })).rejects.toThrow(/[Ss]izes of ARRAY-JOIN-ed arrays/)
})

test('a table that an older release made is brought to the new columns, and keeps its votes', async () => {
  const command = (query: string) => running.store.command({ query })
  const columns = `Id UInt64, PostId Nullable(UInt64), VoteTypeId Nullable(UInt16), CreationDate DateTime64(3, 'UTC'),
    UserId Nullable(Int64), BountyAmount Nullable(UInt32), version UInt64`
  await command('DROP TABLE blog_analysis.vote_versions SYNC')
  await command(
    `CREATE TABLE blog_analysis.vote_versions (${columns}) ENGINE = ReplacingMergeTree(version) ORDER BY Id`,
  )
  await command(
    `INSERT INTO blog_analysis.vote_versions VALUES (1, 7, 2, '2022-01-02', NULL, NULL, 6000000000000), (2, 7, 2, '2022-01-02', NULL, NULL, 6000000000000)`,
  )
  await applyAll()
  await store([[1, '2022-01-02', 20]])
  expect(await rows('SELECT Id, PostId, Flags FROM blog_analysis.votes ORDER BY Id')).toEqual([
    [1, 20, []],
    [2, 7, []],
  ])
})

test('all that a vote can hold is kept', async () => {
  const far = Date.parse('2299-12-31T23:59:59.999Z')
  const early = Date.parse('1900-01-01T00:00:00.000Z')
  const wide = { ids: [Number.MAX_SAFE_INTEGER, 0], creationDates: [far, early] }
  const others = { postIds: [null, Number.MAX_SAFE_INTEGER], voteTypeIds: [null, 65_535], userIds: [-1, 3] }
  await store(
    [
      [0, '2022-01-01'],
      [1, '2022-01-01'],
    ],
    { ...wide, ...others, bountyAmounts: [null, 4_294_967_295] },
  )
  expect(await rows('SELECT * FROM blog_analysis.votes ORDER BY Id')).toEqual([
    [0, Number.MAX_SAFE_INTEGER, 65_535, '1900-01-01 00:00:00.000', 3, 4_294_967_295, []],
    [Number.MAX_SAFE_INTEGER, null, null, '2299-12-31 23:59:59.999', -1, null, []],
  ])
})

test('weeks are those of strftime %W: days before the first Monday are week 0', async () => {
  // 2022-01-01 is a Saturday; 2018-01-01 a Monday; 2012-12-31 a Monday of a leap year that began on a Sunday.
  const weeks: [string, number, number][] = [
    ['2022-01-01', 2022, 0],
    ['2022-01-02', 2022, 0],
    ['2022-01-03', 2022, 1],
    ['2018-01-01', 2018, 1],
    ['2018-12-31', 2018, 53],
    ['2012-12-30', 2012, 52],
    ['2012-12-31', 2012, 53],
  ]
  // One vote each, and a hundred in a week of their own, so that all stand out.
  const many = Array.from({ length: 100 }, (_, index): [number, string] => [1000 + index, '2000-06-15'])
  await store([...weeks.map(([date], index): [number, string] => [index, date]), ...many])
  const expected = [
    [2000, 24, 100],
    [2012, 52, 1],
    [2012, 53, 1],
    [2018, 1, 1],
    [2018, 53, 1],
    [2022, 0, 2],
    [2022, 1, 1],
  ]
  expect(await rows(selectOutlierWeeks)).toEqual(expected)
})

test('a week at exactly a fifth from the mean does not stand out', async () => {
  // 8, 12 and 10 votes: the mean is 10. Then 7, 13, 10: 0.3 away.
  const votes = (counts: number[]) =>
    counts.flatMap((count, week) =>
      Array.from({ length: count }, (_, index): [number, string] => [
        week * 100 + index,
        `2022-03-${7 * (week + 1)}`.replace(/-(\d)$/, '-0$1'),
      ]),
    )
  await store(votes([8, 12, 10]))
  expect(await rows(selectOutlierWeeks)).toEqual([])
  await running.store.command({ query: 'TRUNCATE TABLE blog_analysis.vote_versions' })
  await store(votes([7, 13, 10]))
  expect(await rows('SELECT VoteCount FROM blog_analysis.outlier_weeks')).toEqual([[7], [13]])
})

test('a chunk leads from a vote to its file and raw record', async () => {
  await store([[5, '2022-01-02']], { knownAt: 1_700_000_000_009, firstLine: 41, raw: { partition: 1, offset: 12 } })
  const place = `SELECT file_url, first_line, raw_partition, raw_offset, votes FROM blog_analysis.vote_versions AS v
    JOIN blog_analysis.vote_chunks AS c ON toUnixTimestamp64Milli(c.known_at) = toInt64(intDiv(v.version, 4096)) WHERE v.Id = 5`
  expect(await rows(place)).toEqual([['file:///v', 41, 1, 12, 1]])
})

test('a batch whose columns are not of one length is refused, not cut', async () => {
  await expect(store([[5, '2022-01-02']], { postIds: [] })).rejects.toThrow(/columns_are_as_long/)
})
