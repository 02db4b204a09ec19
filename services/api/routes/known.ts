import { findDataset } from '#core/find-dataset.ts'
import { Problem } from '../problem.ts'

/** Finds a dataset. @throws Problem 404 that suggests similar names */
export function known(name: string): ReturnType<typeof findDataset> {
  try {
    return findDataset(name)
  } catch (error) {
    throw new Problem(404, 'Not found', (error as Error).message)
  }
}
