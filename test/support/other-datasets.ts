import { datasetsByName } from '#core/datasets.ts'

/** The dataset that most tests are about. */
export const mainDataset = 'jao.core.maxExchanges'

/** All others: tests that need one upstream switch them off. */
export const otherDatasets: ReadonlySet<string> = new Set(
  [...datasetsByName.keys()].filter((name) => name !== mainDataset),
)
