import type { Store } from '#platform/clickhouse/client.ts'
import { applyViews, MigrationError } from '#platform/clickhouse/migrate.ts'
import type { Source } from '#sources/source.ts'

/**
 * Creates the friendly view of every dataset, or replaces it by what its source says now; gives how many there are.
 * @throws MigrationError that names the dataset, too, when a view is refused
 */
export async function applyDatasetViews(store: Store, sources: readonly Source[]): Promise<number> {
  const datasets = sources.flatMap((source) => source.datasets)
  for (const { name, view } of datasets) {
    if (view === undefined) continue
    await applyViews(store, [view]).catch((error) => {
      if (!(error instanceof MigrationError)) throw error
      throw new MigrationError(`Dataset ${name}: ${error.message}`, { cause: error })
    })
  }
  return datasets.filter(({ view }) => view !== undefined).length
}
