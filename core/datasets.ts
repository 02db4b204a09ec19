import { sources } from '#sources/index.ts'
import type { Dataset, Source } from '#sources/source.ts'

export interface SourcedDataset {
  source: Source
  dataset: Dataset
}

export const datasetsByName: ReadonlyMap<string, SourcedDataset> = new Map(
  sources.flatMap((source) => source.datasets.map((dataset) => [dataset.name, { source, dataset }])),
)

export const transformVersions = (): Record<string, number> =>
  Object.fromEntries([...datasetsByName].map(([name, { dataset }]) => [name, dataset.transformVersion]))
