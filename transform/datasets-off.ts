import { z } from 'zod'
import { datasetsByName } from './datasets.ts'

/**
 * The setting that switches datasets off without a release: their names, comma separated. Neither polled nor exploded;
 * what raw holds of them is passed over, to be replayed when they are on again.
 */
export const datasetsOffSetting = {
  DATASETS_OFF: z
    .string()
    .default('')
    .transform((text, context): ReadonlySet<string> => {
      const names = text.split(',').map((name) => name.trim())
      const off = new Set(names.filter((name) => name !== ''))
      for (const name of off) {
        if (datasetsByName.has(name)) continue
        const message = `there is no dataset ${name}; there is: ${[...datasetsByName.keys()].join(', ')}`
        context.addIssue({ code: 'custom', message })
      }
      return off
    }),
}
