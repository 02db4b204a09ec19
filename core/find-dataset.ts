import { printable } from '#platform/process/printable.ts'
import { UserError } from '#platform/process/user-error.ts'
import { datasetsByName, type SourcedDataset } from './datasets.ts'
import { suggestSimilar } from './suggest-similar.ts'

const shownNames = 5

export const datasetNames = (): string => namesLike('')

/** Finds a dataset by its name. @throws UserError that suggests similar names if there is no such dataset */
export function findDataset(name: string): SourcedDataset {
  const found = datasetsByName.get(name)
  if (found) return found
  throw new UserError(`There is no dataset ${printable(name.slice(0, 200))}; there is: ${namesLike(name)}.`)
}

function namesLike(name: string): string {
  const names = [...datasetsByName.keys()]
  const shown = suggestSimilar(name, names, shownNames).join(', ')
  return names.length > shownNames ? `${shown}, ... (\`npx tidemark catalogue\` lists all ${names.length})` : shown
}
