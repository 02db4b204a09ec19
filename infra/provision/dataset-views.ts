import type { Store } from '#platform/clickhouse/client.ts'
import { applyViews, MigrationError } from '#platform/clickhouse/migrate.ts'
import type { Source } from '#sources/source.ts'

/**
 * Creates or replaces the views of all datasets in parallel. Returns the number of views.
 * @throws MigrationError with the dataset's name if a view is rejected
 */
export async function applyDatasetViews(store: Store, sources: readonly Source[]): Promise<number> {
  const views = sources.flatMap(({ datasets }) => datasets.flatMap(({ name, view }) => (view ? [{ name, view }] : [])))
  await Promise.all(
    views.map(({ name, view }) =>
      applyViews(store, [view]).catch((error) => {
        if (!(error instanceof MigrationError)) throw error
        throw new MigrationError(`Dataset ${name}: ${error.message}`, { cause: error })
      }),
    ),
  )
  return views.length
}
