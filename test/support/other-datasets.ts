import { datasetsByName } from '#core/datasets.ts'

export const mainDataset = 'jao.core.maxExchanges'

/** Switched off by tests that need only one upstream. */
export const otherDatasets: ReadonlySet<string> = new Set(
  [...datasetsByName.keys()].filter((name) => name !== mainDataset),
)
