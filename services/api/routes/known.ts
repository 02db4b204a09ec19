import { z } from 'zod'
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

/** The parameter of a path that names a dataset. */
export const datasetPath = z.object({
  dataset: z
    .string()
    .max(200)
    .meta({ description: 'a dataset', examples: ['jao.core.maxExchanges'] }),
})

/** The parameters of a path that names a series. */
export const seriesPath = datasetPath.extend({
  key: z
    .string()
    .max(500)
    .meta({ description: 'a key, as upstream spells it', examples: ['border_AT_BE'] }),
})
