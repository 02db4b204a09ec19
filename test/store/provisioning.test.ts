import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { topicsOf } from '#core/source-topics.ts'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { rebuildAdvice } from '#infra/provision/earlier-points.ts'
import { applySourceStatements } from '#infra/provision/source-statements.ts'
import { createStore } from '#platform/clickhouse/client.ts'
import { errorKind, knownCodes, needsOperator } from '#platform/clickhouse/errors.ts'
import { applyViews, migrate, readMigrations } from '#platform/clickhouse/migrate.ts'
import { platformTopics } from '#schemas/topics.ts'
import { sources } from '#sources/index.ts'
import { type RunningStore, startStore } from './running-store.ts'
import { acceptedAnswer, insertAnswers, insertSlices, lines, slice } from './slices.ts'

const infra = new URL('../../infra/clickhouse/migrations/', import.meta.url)

let running: RunningStore
let directory: string
beforeAll(async () => {
  running = await startStore()
  directory = await mkdtemp(join(tmpdir(), 'tidemark-migrations-'))
  await migrate(running.store, migrations)
})
afterAll(async () => {
  await running?.stop()
  if (directory) await rm(directory, { recursive: true })
})

/** A copy of the real migrations with files added or replaced, as a directory of its own. */
async function migrationsWith(files: Record<string, string>): Promise<URL> {
  const copy = await mkdtemp(join(directory, 'case-'))
  for (const file of await readdir(infra)) await writeFile(join(copy, file), await readFile(new URL(file, infra)))
  for (const [file, sql] of Object.entries(files)) await writeFile(join(copy, file), sql)
  return pathToFileURL(`${copy}/`)
}

async function migrationsUntil(last: number): Promise<URL> {
  const copy = await migrationsWith({})
  for (const file of await readdir(copy)) if (Number(file.slice(0, 4)) > last) await rm(new URL(file, copy))
  return copy
}

const count = (await readdir(infra)).length
const nextFile = (name: string) => `${String(count + 1).padStart(4, '0')}_${name}.sql`

describe('migrations', () => {
  it('are numbered without a gap, named NNNN_verb_table.sql, and all applied and recorded', async () => {
    const numbers = Array.from({ length: count }, (_, index) => index + 1)
    expect((await readMigrations(migrations)).map(({ number }) => number)).toEqual(numbers)
    const recorded = await lines(
      running.store,
      'SELECT number, length(hash) FROM tidemark.migrations FINAL ORDER BY number',
    )
    expect(recorded).toEqual(numbers.map((number) => `${number}\t64`))
  })

  it('do nothing the second time', async () => {
    expect(await migrate(running.store, migrations)).toEqual([])
  })

  it('run again where a crash kept the statement and lost its record', async () => {
    await running.store.command({ query: 'DELETE FROM tidemark.migrations WHERE number > 1' })
    const again = await migrate(running.store, migrations)
    expect(again.map(({ number }) => number)).toEqual(Array.from({ length: count - 1 }, (_, index) => index + 2))
    expect(await migrate(running.store, migrations)).toEqual([])
  })

  it('may be run by two processes at once', async () => {
    await running.store.command({ query: 'DROP DATABASE tidemark' })
    await Promise.all([migrate(running.store, migrations), migrate(running.store, migrations)])
    expect(await migrate(running.store, migrations)).toEqual([])
    expect(await lines(running.store, 'SELECT count() FROM tidemark.migrations FINAL')).toEqual([`${count}`])
  })

  it('go forward by a new file; a store that is newer than the files is refused', async () => {
    const newer = await migrationsWith({
      [nextFile('create_notes')]: 'CREATE TABLE IF NOT EXISTS tidemark.notes (n UInt8) ENGINE = Null',
    })
    expect((await migrate(running.store, newer)).map(({ name }) => name)).toEqual(['create_notes'])
    await expect(migrate(running.store, migrations)).rejects.toThrow(
      `${nextFile('create_notes')}, which this version of tidemark does not know`,
    )
    await running.store.command({ query: `DELETE FROM tidemark.migrations WHERE number > ${count}` })
  })

  it('are refused when an applied file has changed, and the message names it; other line ends are no change', async () => {
    const original = await readFile(new URL('0002_create_points.sql', infra), 'utf8')
    const changed = await migrationsWith({ '0002_create_points.sql': original.replace('ZSTD(1)', 'ZSTD(3)') })
    await expect(migrate(running.store, changed)).rejects.toThrow(
      '0002_create_points.sql was applied with other content',
    )
    const crlf = await migrationsWith({ '0002_create_points.sql': original.replaceAll('\n', '\r\n') })
    expect(await migrate(running.store, crlf)).toEqual([])
  })

  it.each([
    '9998_create_gap.sql',
    '0001_create_again.sql',
    'create_unnumbered.sql',
    '0013_CREATE_LOUD.sql',
    '0013_noverb.sql',
  ])('refuse the file name %s', async (file) => {
    await expect(readMigrations(await migrationsWith({ [file]: 'SELECT 1' }))).rejects.toThrow('expected')
  })
})

describe('the schema', () => {
  beforeAll(() => applySourceStatements(running.store, sources))

  it('has every column that the sink inserts, and no other but those that the store computes', async () => {
    const computed = new Map([
      ['polls', ['selector']],
      // The sink says it only where the clock is a simulated one.
      ['accepted_answers', ['stored_at']],
    ])
    const targets = [...platformTopics, ...sources.flatMap(topicsOf)].flatMap(({ table }) => table ?? [])
    expect(targets.map(({ table }) => table)).toEqual(expect.arrayContaining(['slices', 'polls', 'vote_batches']))
    for (const target of targets) {
      const columns = await lines(
        running.store,
        'SELECT name FROM system.columns WHERE database = {database:String} AND table = {table:String}',
        { database: 'tidemark', table: target.table },
      )
      expect(columns.sort()).toEqual([...target.columns, ...(computed.get(target.table) ?? [])].sort())
    }
  })

  it('says UTC for every time in every table and view', async () => {
    const times = await lines(
      running.store,
      "SELECT table, name, type FROM system.columns WHERE database = 'tidemark' AND type LIKE '%Date%'",
    )
    expect(times.length).toBeGreaterThan(20)
    expect(times.filter((line) => !/DateTime(\('UTC'\)|64\(3, 'UTC'\))/.test(line.replaceAll('\\', '')))).toEqual([])
  })
})

it('says what a rebuild would add to points of an older release, until one was done', async () => {
  const { store } = running
  expect(await rebuildAdvice(store)).toBeUndefined()
  const told = { start: '2026-10-01T00:00:00Z', knownAt: '2026-09-30T10:00:00Z' }
  await insertSlices(store, [
    slice({ ...told, values: [1, null, 3] }),
    slice({ ...told, key: 'border_AT_CZ', values: [4], identity: 77 }),
  ])
  expect(await rebuildAdvice(store)).toMatch(/^3 values were stored by an older release.*"npx tidemark rebuild"/)
  const finished = async (id: string, startedAt: string) => {
    const values = `('${id}', 'rebuild', 'finished', toDateTime64('${startedAt}', 3, 'UTC'))`
    await store.command({ query: `INSERT INTO tidemark.replays (id, kind, state, started_at) VALUES ${values}` })
  }
  await finished('of the older release', '2020-01-01 00:00:00')
  expect(await rebuildAdvice(store)).toMatch(/^3 values/)
  await finished('of this one', '2090-01-01 00:00:00')
  expect(await rebuildAdvice(store)).toBeUndefined()
})

describe('source views', () => {
  const read = () => lines(running.reader, 'SELECT * FROM tidemark.source_view')

  it('are created, and replaced by what the source says now', async () => {
    await applyViews(running.store, [{ name: 'source_view', select: 'SELECT 1 AS one' }])
    expect(await read()).toEqual(['1'])
    await applyViews(running.store, [{ name: 'source_view', select: 'SELECT 2 AS two, 3 AS three' }])
    expect(await read()).toEqual(['2\t3'])
  })

  it('have a plain name', async () => {
    const view = { name: 'x AS SELECT 1; DROP', select: 'SELECT 1' }
    await expect(applyViews(running.store, [view])).rejects.toThrow('View name')
  })
})

describe('an error of the store', () => {
  const failure = async (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => 'no error',
      (error: unknown) => error,
    )

  it('has a name in the table that is the engine’s own', async () => {
    const codes = Object.keys(knownCodes)
    const named = await lines(
      running.store,
      `SELECT code, errorCodeToName(code) FROM (SELECT arrayJoin([${codes.join(',')}])::Int32 AS code) ORDER BY code`,
    )
    expect(named).toEqual(codes.map((code) => `${code}\t${knownCodes[Number(code)]}`))
  })

  it('is retried when the schema is missing, and needs an operator', async () => {
    const error = await failure(running.store.query({ query: 'SELECT * FROM tidemark.nowhere' }))
    expect([errorKind(error), needsOperator(error)]).toEqual(['retry', true])
  })

  it('is the data’s when a value cannot be read', async () => {
    const broken = {
      table: 'tidemark.slices',
      values: [['d', 'k', 'no number']],
      format: 'JSONCompactEachRow',
    } as const
    const error = await failure(running.store.insert({ ...broken, columns: ['dataset', 'key', 'start_ms'] }))
    expect([errorKind(error), needsOperator(error)]).toEqual(['data', false])
  })

  it('is the data’s when the table refuses the row, but may be the table’s when one behind a view does', async () => {
    const { store } = running
    const told = { start: '2026-10-01T00:00:00Z', knownAt: '2026-09-30T10:00:00Z', values: [1] }
    const bad = { ...slice(told), transformVersion: 4_096 }
    expect(errorKind(await failure(insertSlices(store, [bad])))).toBe('data')
    for (const table of ['points', 'point_revisions']) {
      await store.command({ query: `ALTER TABLE tidemark.${table} ADD CONSTRAINT broken CHECK 0` })
      const error = await failure(insertSlices(store, [slice(told)]))
      await store.command({ query: `ALTER TABLE tidemark.${table} DROP CONSTRAINT broken` })
      expect([(error as { code?: string }).code, errorKind(error)]).toEqual(['469', 'unlisted'])
    }
  })

  it('of a number that is not listed is unlisted; what is no error of a request is a bug of ours', async () => {
    expect(errorKind(await failure(running.store.query({ query: 'SELECT FROM WHERE' })))).toBe('unlisted')
    expect(errorKind(new TypeError('x is undefined'))).toBe('bug')
    expect(errorKind('no error at all')).toBe('bug')
  })

  it('is retried when memory, the user, the host or the answer in time is not there', async () => {
    const query = 'SELECT groupArray(number) FROM numbers(10000000)'
    const memory = await failure(running.store.query({ query, clickhouse_settings: { max_memory_usage: '1000000' } }))
    expect([errorKind(memory), needsOperator(memory)]).toEqual(['retry', false])
    const elsewhere = { user: 'tidemark', password: '', requestTimeoutMs: 5_000 }
    const strangers = [
      running.connect({ password: 'wrong' }),
      createStore({ ...elsewhere, url: 'http://127.0.0.1:1' }),
      createStore({ ...elsewhere, url: 'http://no-such-host.invalid:8123' }),
      running.connect({ requestTimeoutMs: 100 }),
    ]
    for (const stranger of strangers) {
      const slow = 'SELECT sleepEachRow(1) FROM numbers(2) SETTINGS max_block_size = 1'
      expect(errorKind(await failure(stranger.command({ query: slow })))).toBe('retry')
      await stranger.close()
    }
  })
})

it('names of an older release give way to today’s, and what is inserted in between is stored once', async () => {
  const { store } = running
  await store.command({ query: 'DROP DATABASE tidemark SYNC' })
  const older = await migrationsUntil(39)
  await migrate(store, older)
  const told = { start: '2026-10-01T00:00:00Z', knownAt: '2026-09-30T10:00:00Z', values: [1, 2] }
  await insertSlices(store, [slice({ ...told, identity: 77 })])
  // Where the process ends before the older view is dropped, both views fill the table.
  for (const file of await readdir(infra)) {
    if (Number(file.slice(0, 4)) <= 42) await writeFile(new URL(file, older), await readFile(new URL(file, infra)))
  }
  await migrate(store, older)
  await insertSlices(store, [slice({ ...told, key: 'border_AT_CZ', identity: 77 })])
  await migrate(store, migrations)
  await insertSlices(store, [slice({ ...told, key: 'border_AT_DE', identity: 77 })])
  const rows = 'SELECT key, count() FROM tidemark.point_revisions FINAL GROUP BY key ORDER BY key'
  expect(await lines(store, rows)).toEqual(['border_AT_BE\t2', 'border_AT_CZ\t2', 'border_AT_DE\t2'])
  const views = `SELECT name FROM system.tables WHERE database = 'tidemark' AND name IN
    ('withdrawn', 'withdrawn_keys', 'fill_point_revisions', 'point_revisions_mv', 'exploded_revisions_mv') ORDER BY name`
  expect(await lines(store, views)).toEqual(['exploded_revisions_mv', 'withdrawn_keys'])
})

it('what changed before is found after an update, also where slices have gaps or no step', async () => {
  const { store } = running
  await store.command({ query: 'DROP DATABASE tidemark SYNC' })
  await migrate(store, await migrationsUntil(86))
  const answer = (knownAt: string, [first, second, third, fourth]: number[]) => [
    slice({ start: '2026-10-01T00:00:00Z', knownAt, values: [1, first!], identity: 77 }),
    slice({ start: '2026-10-01T05:00:00Z', knownAt, values: [second!], identity: 77 }),
    { ...slice({ start: '2026-10-01T08:00:00Z', knownAt, values: [third!], key: 'single' }), step: 0 },
    { ...slice({ start: '2026-10-01T09:00:00Z', knownAt, values: [fourth!], key: 'single' }), step: 0 },
  ]
  await insertSlices(store, answer('2026-09-30T10:00:00Z', [2, 6, 7, 7]))
  await insertSlices(store, answer('2026-09-30T11:00:00Z', [3, 7, 7, 8]))
  const changes = `SELECT key, ts, value FROM tidemark.changes(since = '2026-09-30 10:30:00', until = '2026-10-01 00:00:00')
    ORDER BY key, ts`
  const before = await lines(store, changes)
  expect(before).toEqual([
    'border_AT_BE\t2026-10-01 01:00:00\t3',
    'border_AT_BE\t2026-10-01 05:00:00\t7',
    'single\t2026-10-01 09:00:00\t8',
  ])
  await migrate(store, migrations)
  expect(await lines(store, changes)).toEqual(before)
})

it('accepted answers of an older release move to a table without partitions, with the time of their first storing', async () => {
  const { store } = running
  await store.command({ query: 'DROP DATABASE tidemark SYNC' })
  await migrate(store, await migrationsUntil(43))
  const window = { windowStart: Date.parse('2026-10-01T00:00:00Z'), windowEnd: Date.parse('2026-10-01T02:00:00Z') }
  const told = { dataset: 'test.hourly', identity: 77, ...window, transformVersion: 2 }
  const [first, second, third] = ['2025-12-31T23:00:00Z', '2026-01-01T10:00:00Z', '2026-01-01T11:00:00Z'].map(
    (knownAt, offset) => acceptedAnswer({ ...told, knownAt: Date.parse(knownAt), raw: { partition: 0, offset } }),
  )
  await insertAnswers(store, [first!, second!])
  const rows = 'SELECT known_at, raw_offset, points, stored_at FROM tidemark.stored_answers FINAL ORDER BY known_at'
  const before = await lines(store, rows)
  expect(before).toHaveLength(2)
  await migrate(store, migrations)
  expect(await lines(store, rows)).toEqual(before)
  await insertAnswers(store, [third!])
  expect(await lines(store, `${rows} LIMIT 2`)).toEqual(before)
  const parts = "FROM system.parts WHERE active AND database = 'tidemark' AND table = 'stored_answers'"
  expect(await lines(store, `SELECT DISTINCT partition ${parts}`)).toEqual(['tuple()'])
  // 2026-01-01T11:00:00Z is 1767265200000 ms; times 4096, plus 2.
  expect(await lines(store, 'SELECT max(version) FROM tidemark.stored_answers')).toEqual(['7238718259200002'])
  expect(await lines(store, "SELECT name FROM system.tables WHERE name LIKE 'stored_answers_by%'")).toEqual([])
})
