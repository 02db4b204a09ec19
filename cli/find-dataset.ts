import { Problem } from '#infra/local/problem.ts'
import { datasetsByName, type SourcedDataset } from '#transform/datasets.ts'

/** The names of all datasets, for the help texts. */
export const datasetNames = (): string => [...datasetsByName.keys()].join(', ')

/** @throws Problem that names the datasets there are. */
export function findDataset(name: string): SourcedDataset {
  const found = datasetsByName.get(name)
  if (found) return found
  throw new Problem(`There is no dataset ${name}; there is: ${datasetNames()}.`)
}
