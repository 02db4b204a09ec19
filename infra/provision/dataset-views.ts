import type { Store } from '#platform/clickhouse/client.ts'
import { applyViews, MigrationError } from '#platform/clickhouse/migrate.ts'
import type { Source } from '#sources/source.ts'

/**
 * Creates the friendly view of every dataset, or replaces it by what its source says now; gives how many there are. Side
 * by side, as none reads another: one after the other they were a third of a start.
 * @throws MigrationError that names the dataset, too, when a view is refused
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
