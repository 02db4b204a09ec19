import { datasetsByName } from '#core/datasets.ts'

export const mainDataset = 'jao.core.maxExchanges'

/** All datasets but the main one. Tests that need only one upstream switch them off. */
export const otherDatasets: ReadonlySet<string> = new Set(
  [...datasetsByName.keys()].filter((name) => name !== mainDataset),
)
