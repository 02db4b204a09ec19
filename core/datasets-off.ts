import { z } from 'zod'
import { datasetsByName } from './datasets.ts'

/**
 * The setting that switches datasets off without a release: their names, comma separated. Neither polled nor exploded;
 * what raw holds of them is passed over, to be replayed when they are on again.
 */
export const datasetsOffSetting = { DATASETS_OFF: datasetList() }

/** Names of declared datasets, comma separated, a beginning with a * for all that begin so; none by default. */
export function datasetList() {
  return z
    .string()
    .default('')
    .transform((text, context): ReadonlySet<string> => {
      const names = text.split(',').map((name) => name.trim())
      const declared = [...datasetsByName.keys()]
      const listed = new Set<string>()
      for (const name of names.filter((each) => each !== '')) {
        const meant = declared.filter((each) =>
          name.endsWith('*') ? each.startsWith(name.slice(0, -1)) : each === name,
        )
        for (const each of meant) listed.add(each)
        if (meant.length > 0) continue
        const message = `there is no dataset ${name}; there is: ${declared.join(', ')}`
        context.addIssue({ code: 'custom', message })
      }
      return listed
    })
}
