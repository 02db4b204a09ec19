import { z } from 'zod'
import { datasetsByName } from './datasets.ts'

/**
 * The setting that switches datasets off without a release: their names, comma separated. Neither polled nor exploded;
 * what raw holds of them is passed over, to be replayed when they are on again.
 */
export const datasetsOffSetting = { DATASETS_OFF: datasetList() }

/** Names of declared datasets, comma separated; none by default. */
export function datasetList() {
  return z
    .string()
    .default('')
    .transform((text, context): ReadonlySet<string> => {
      const names = text.split(',').map((name) => name.trim())
      const listed = new Set(names.filter((name) => name !== ''))
      for (const name of listed) {
        if (datasetsByName.has(name)) continue
        const message = `there is no dataset ${name}; there is: ${[...datasetsByName.keys()].join(', ')}`
        context.addIssue({ code: 'custom', message })
      }
      return listed
    })
}
