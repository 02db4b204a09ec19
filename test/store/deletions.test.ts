import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { createStagedSlices, dropStaging, stagingInserter } from '#operations/history/staging-tables.ts'
import { insert } from '#platform/clickhouse/client.ts'
import {
  boundOf,
  keysWithoutPoints,
  removeRows,
  removeSeries,
  rowsBefore,
  storeDeletion,
} from '#platform/clickhouse/deletions.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { type RunningStore, startStore } from './running-store.ts'
import { acceptedAnswer, insertAnswers, insertSlices, lines, slice } from './slices.ts'

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
})
afterAll(() => running?.stop())
beforeEach(async () => {
  await running.store.command({ query: 'DROP DATABASE IF EXISTS tidemark' })
  await migrate(running.store, migrations)
})

const dataset = 'test.hourly'
const at = Date.parse('2026-03-01T10:00:00Z')
const deletion = (before: string, over = {}) => ({
  dataset,
  before: Date.parse(before),
  at,
  by: 'me',
  why: '',
  ...over,
})
const bounds = (before: string) => ({ dataset, before: Date.parse(before) })

/** Three hours around the new year of 2025, told twice. */
const around = (key: string, dataset = 'test.hourly') =>
  ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'].map((knownAt) =>
    slice({ dataset, key, start: '2024-12-31T23:00:00Z', values: [1, 2, 3], knownAt }),
  )

const heldIn = (table: string) =>
  lines(running.store, `SELECT DISTINCT dataset, key, ts FROM tidemark.${table} ORDER BY ALL`)

test('an insert right after a deletion honours it, in both tables, and no other dataset loses anything', async () => {
  await storeDeletion(running.store, deletion('2025-01-01T00:00:00Z'))
  await insertSlices(running.store, [...around('a'), ...around('a', 'test.other')])
  for (const table of ['points', 'point_revisions']) {
    expect(await heldIn(table)).toEqual([
      'test.hourly\ta\t2025-01-01 00:00:00',
      'test.hourly\ta\t2025-01-01 01:00:00',
      'test.other\ta\t2024-12-31 23:00:00',
      'test.other\ta\t2025-01-01 00:00:00',
      'test.other\ta\t2025-01-01 01:00:00',
    ])
  }
})

test('the greatest bound of a dataset counts, whenever it was set, to the millisecond', async () => {
  await storeDeletion(running.store, deletion('2025-01-01T00:00:00.001Z'))
  await storeDeletion(running.store, deletion('2024-01-01T00:00:00Z', { at: at + 1 }))
  await insertSlices(running.store, around('a'))
  expect(await heldIn('points')).toEqual(['test.hourly\ta\t2025-01-01 01:00:00'])
  expect(await boundOf(running.store, dataset)).toBe(Date.parse('2025-01-01T00:00:00.001Z'))
  expect(await boundOf(running.store, 'test.other')).toBeUndefined()
})

test('rows are counted by year, and gone at once: also those that a merge has not collapsed yet', async () => {
  await insertSlices(running.store, [...around('a'), ...around('b', 'test.other')])
  const before = bounds('2025-01-01T01:00:00Z')
  // Tables of a source that was never switched on are not there.
  const own = [{ name: 'blog_analysis.absent', rows: 'true', time: 'at' }]
  expect(await rowsBefore(running.store, before, own)).toEqual([
    { year: 2024, points: 2, point_revisions: 2 },
    { year: 2025, points: 2, point_revisions: 2 },
  ])
  await storeDeletion(running.store, deletion('2025-01-01T01:00:00Z'))
  await removeRows(running.store, before, own)
  expect(await rowsBefore(running.store, before)).toEqual([])
  expect(await heldIn('point_revisions')).toEqual([
    'test.hourly\ta\t2025-01-01 01:00:00',
    'test.other\tb\t2024-12-31 23:00:00',
    'test.other\tb\t2025-01-01 00:00:00',
    'test.other\tb\t2025-01-01 01:00:00',
  ])
  await removeRows(running.store, before)
})

test('what a rebuild or a dry run has beside the tables is removed too', async () => {
  const command = (query: string) => running.store.command({ query })
  await command('CREATE DATABASE tidemark_beside')
  await command('CREATE TABLE tidemark_beside.point_revisions AS tidemark.point_revisions')
  await insertSlices(running.store, around('a'))
  await command('INSERT INTO tidemark_beside.point_revisions SELECT * FROM tidemark.point_revisions')
  const window = { windowStart: Date.parse('2024-12-31T23:00:00Z'), windowEnd: Date.parse('2025-01-01T01:00:00Z') }
  const answer = { dataset, identity: 1, knownAt: at, transformVersion: 1, ...window }
  const later = { ...answer, identity: 2, windowEnd: window.windowEnd + 1 }
  await insertAnswers(running.store, [acceptedAnswer(answer), acceptedAnswer(later)])
  await command('CREATE TABLE tidemark_beside.stored_answers AS tidemark.stored_answers')
  await command('INSERT INTO tidemark_beside.stored_answers SELECT * FROM tidemark.stored_answers')
  expect(await rowsBefore(running.store, bounds('2025-01-01T01:00:00Z'))).toEqual([
    { year: 2024, points: 2, point_revisions: 2, stored_answers: 1 },
    { year: 2025, points: 2, point_revisions: 2 },
  ])
  await storeDeletion(running.store, deletion('2025-01-01T01:00:00Z'))
  await removeRows(running.store, bounds('2025-01-01T01:00:00Z'))
  const left = `SELECT DISTINCT key, ts FROM tidemark_beside.point_revisions WHERE dataset = '${dataset}'`
  expect(await lines(running.store, left)).toEqual(['a\t2025-01-01 01:00:00'])
  // A window that reaches over the bound stays; the other does not come back either.
  await insertAnswers(running.store, [acceptedAnswer(answer)])
  for (const of of ['tidemark', 'tidemark_beside'])
    expect(await lines(running.store, `SELECT identity FROM ${of}.stored_answers`)).toEqual(['2'])
  await command('DROP DATABASE tidemark_beside SYNC')
})

test('slices that a dry run keeps are removed too, and its view shows nothing of them', async () => {
  const staging = 'tidemark_dry_beside'
  await createStagedSlices(running.store, staging)
  const slices = [...around('a'), ...around('b', 'test.other')]
  const answers = slices.map((of, offset) => {
    const accepted = acceptedAnswer({ ...of, windowStart: of.start, windowEnd: of.start + 1, identity: 1 })
    return { dataset: of.dataset, partition: 0, offset, read: { slices: [of], accepted } as never }
  })
  await stagingInserter(running.store, staging)(answers)
  await storeDeletion(running.store, deletion('2025-01-01T00:00:00Z'))
  const shown = () =>
    lines(
      running.store,
      `SELECT DISTINCT dataset, ts FROM ${staging}.point_revisions WHERE key IN ('a', 'b') ORDER BY ALL`,
    )
  const other = ['2024-12-31 23:00:00', '2025-01-01 00:00:00', '2025-01-01 01:00:00'].map((ts) => `test.other\t${ts}`)
  expect(await shown()).toEqual([`${dataset}\t2025-01-01 00:00:00`, `${dataset}\t2025-01-01 01:00:00`, ...other])
  await removeRows(running.store, bounds('2025-01-01T00:00:00Z'))
  expect(await lines(running.store, `SELECT DISTINCT dataset FROM ${staging}.slices`)).toEqual(['test.other'])
  expect(await shown()).toEqual(other)
  await dropStaging(running.store, staging)
})

test('what alert rules told of deleted times is removed, does not come back, and the rest stays', async () => {
  const columns = ['id', 'rule_id', 'dataset', 'onset_at', 'known_at']
  const told = (id: string, of: string, onset: string) => [id, 'r', of, `${onset}.000`, '2026-01-01T00:00:00Z']
  const rows = [
    told('before', dataset, '2025-01-01T00:59:59'),
    told('at', dataset, '2025-01-01T01:00:00'),
    told('other', 'test.other', '2024-01-01T00:00:00'),
  ]
  await insert(running.store, 'told_alerts', columns, rows)
  const before = bounds('2025-01-01T01:00:00Z')
  expect(await rowsBefore(running.store, before)).toEqual([
    { year: 2025, points: 0, point_revisions: 0, alert_events: 1 },
  ])
  await storeDeletion(running.store, deletion('2025-01-01T01:00:00Z'))
  await removeRows(running.store, before)
  // A store that is built anew takes the topic again from its beginning.
  await insert(running.store, 'told_alerts', columns, rows)
  expect(await lines(running.store, 'SELECT id FROM tidemark.alert_events FINAL ORDER BY id')).toEqual(['at', 'other'])
})

test('keys of which no point is left are told and lose their meaning, others keep it', async () => {
  const columns = ['dataset', 'key', 'labels', 'unit', 'step_s', 'transform_version', 'emitted_at']
  const series = (key: string, of = dataset) => [of, key, {}, 'MW', 3600, 1, '2026-01-01T00:00:00Z']
  await insert(running.store, 'series', columns, [series('a'), series("b'\\"), series('a', 'test.other')])
  await insertSlices(running.store, around('a'))
  expect(await keysWithoutPoints(running.store, bounds('2025-01-01T01:00:00Z'))).toEqual(["b'\\"])
  expect(await keysWithoutPoints(running.store, bounds('2025-01-01T02:00:00Z'))).toEqual(['a', "b'\\"])
  await removeSeries(running.store, dataset, ["b'\\"])
  const left = await lines(running.store, 'SELECT dataset, key FROM tidemark.series ORDER BY ALL')
  expect(left).toEqual(['test.hourly\ta', 'test.other\ta'])
})
