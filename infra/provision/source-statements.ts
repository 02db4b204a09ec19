import type { Store } from '#platform/clickhouse/client.ts'
import { applyStatement, MigrationError } from '#platform/clickhouse/migrate.ts'
import type { Source } from '#sources/source.ts'

/**
 * Runs the SQL statements of all sources in order. A statement that several sources share runs once. Returns the number
 * of statements that ran.
 * @throws MigrationError with the source's name if a statement is rejected, or two statements of one name differ
 */
export async function applySourceStatements(store: Store, sources: readonly Source[]): Promise<number> {
  const done = new Map<string, string>()
  for (const source of sources) {
    for (const { name, sql } of source.statements ?? []) {
      const before = done.get(name)
      if (before === sql) continue
      if (before !== undefined)
        throw new MigrationError(`Source ${source.name}: another statement is named ${name}, too`)
      await applyStatement(store, name, sql).catch((error) => {
        if (!(error instanceof MigrationError)) throw error
        throw new MigrationError(`Source ${source.name}: ${error.message}`, { cause: error })
      })
      done.set(name, sql)
    }
  }
  return done.size
}
