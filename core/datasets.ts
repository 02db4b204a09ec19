import { sources } from '#sources/index.ts'
import type { Dataset, Source } from '#sources/source.ts'

/** A dataset and the source that publishes it. */
export interface SourcedDataset {
  source: Source
  dataset: Dataset
}

/** Every declared dataset by name. */
export const datasetsByName: ReadonlyMap<string, SourcedDataset> = new Map(
  sources.flatMap((source) => source.datasets.map((dataset) => [dataset.name, { source, dataset }])),
)

/** The transform version of every declared dataset, by name. */
export const transformVersions = (): Record<string, number> =>
  Object.fromEntries([...datasetsByName].map(([name, { dataset }]) => [name, dataset.transformVersion]))
