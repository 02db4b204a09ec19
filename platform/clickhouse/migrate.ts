import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { ClickHouseError } from '@clickhouse/client'
import { pause } from '../process/retry.ts'
import { database, insert, type Store } from './client.ts'

export interface MigrationId {
  number: number
  name: string
}

export interface Migration extends MigrationId {
  sql: string
  /** SHA-256 of the SQL text with line ends LF, in hex. */
  hash: string
}

export interface SourceView {
  name: string
  select: string
}

export class MigrationError extends Error {
  override name = 'MigrationError'
}

/**
 * Applies pending migrations and returns them. May be repeated after a crash, and may run in two processes at once.
 * @throws MigrationError if an applied file was changed, or if the store has migrations that the directory lacks
 */
export async function migrate(store: Store, directory: URL): Promise<MigrationId[]> {
  const migrations = await readMigrations(directory)
  await store.command({ query: `CREATE DATABASE IF NOT EXISTS ${database}` })
  await store.command({ query: createRecords })
  const pending = pendingMigrations(migrations, await appliedMigrations(store))
  for (const migration of pending) {
    try {
      await store.command({ query: migration.sql })
    } catch (error) {
      if (!(await anotherApplied(store, migration, error))) throw error
      continue
    }
    const record = [migration.number, migration.name, migration.hash, new Date().toISOString()]
    await insert(store, 'migrations', ['number', 'name', 'hash', 'applied_at'], [record])
  }
  return pending.map(({ number, name }) => ({ number, name }))
}

/** Creates or replaces views, after migrate(). @throws MigrationError for a bad name or a view that is refused */
export async function applyViews(store: Store, views: SourceView[]): Promise<void> {
  for (const { name, select } of views) {
    if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new MigrationError(`View name ${JSON.stringify(name)}: want lower_case`)
    await applyStatement(store, `the view ${name}`, `CREATE OR REPLACE VIEW ${database}.${name} AS\n${select}`)
  }
}

/** Runs a statement. The error message names it `name`. @throws MigrationError if the server refuses the statement */
export async function applyStatement(store: Store, name: string, sql: string): Promise<void> {
  await store.command({ query: sql }).catch((error) => {
    if (!(error instanceof ClickHouseError)) throw error
    const reason = error.message.replace(/\s+/g, ' ').trim()
    throw new MigrationError(`ClickHouse refuses ${name}: ${reason}`, { cause: error })
  })
}

/** Reads the files NNNN_verb_table.sql of a folder. @throws MigrationError unless they are numbered 1, 2, 3 ... */
export async function readMigrations(directory: URL): Promise<Migration[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.sql')).sort()
  return Promise.all(
    files.map(async (file, index) => {
      const [, digits, name] = /^(\d{4})_([a-z]+_[a-z_]+)\.sql$/.exec(file) ?? []
      if (digits === undefined || name === undefined || Number(digits) !== index + 1) {
        const expected = String(index + 1).padStart(4, '0')
        throw new MigrationError(`Migration ${file}: expected ${expected}_verb_table.sql, numbers without a gap`)
      }
      const sql = (await readFile(new URL(file, directory), 'utf8')).replaceAll('\r\n', '\n')
      return { number: Number(digits), name, sql, hash: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}

export async function platformNames(directory: URL): Promise<string[]> {
  const names = (await readMigrations(directory)).flatMap(({ name }) => [name, name.replace(/^[a-z]+_/, '')])
  return ['migrations', ...new Set(names)]
}

interface AppliedMigration extends MigrationId {
  hash: string
}

/** Returns the migrations that are not applied. @throws MigrationError if an applied one is missing or changed */
export function pendingMigrations(migrations: Migration[], applied: AppliedMigration[]): Migration[] {
  for (const done of applied) {
    const file = migrations[done.number - 1]
    const label = `${String(done.number).padStart(4, '0')}_${done.name}.sql`
    if (!file)
      throw new MigrationError(`The store has migration ${label}, which this version of tidemark does not know`)
    if (file.hash === done.hash) continue
    throw new MigrationError(`Migration ${label} was applied with other content: restore it, and change by a new file`)
  }
  const numbers = new Set(applied.map(({ number }) => number))
  return migrations.filter(({ number }) => !numbers.has(number))
}

/** The error codes TABLE_ALREADY_EXISTS and UNKNOWN_TABLE. Another process may have applied the migration first. */
const changedByAnother = ['57', '60']
const recheck = { intervalMs: 100, times: 100 }

/** Returns true if another process applied this migration first. Waits up to 10 s for that process to record it. */
async function anotherApplied(store: Store, { number }: Migration, error: unknown): Promise<boolean> {
  if (!(error instanceof ClickHouseError) || !changedByAnother.includes(error.code)) return false
  for (let look = 1; look <= recheck.times; look++) {
    if ((await appliedMigrations(store)).some((applied) => applied.number === number)) return true
    await pause(recheck.intervalMs)
  }
  return false
}

const createRecords = `CREATE TABLE IF NOT EXISTS ${database}.migrations
(
    number UInt16,
    name String,
    hash FixedString(64),
    applied_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY number`

async function appliedMigrations(store: Store): Promise<AppliedMigration[]> {
  const result = await store.query({
    query: `SELECT number, name, hash FROM ${database}.migrations FINAL ORDER BY number`,
    format: 'JSONEachRow',
  })
  return result.json<AppliedMigration>()
}
