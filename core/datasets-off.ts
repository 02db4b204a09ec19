import { z } from 'zod'
import { datasetsByName } from './datasets.ts'

/** Datasets that are neither polled nor exploded. Answers that exist stay in raw and can be replayed later. */
export const datasetsOffSetting = { DATASETS_OFF: datasetList() }

/** Returns a parser of comma-separated dataset names. `name*` matches all datasets whose name begins with `name`. */
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
