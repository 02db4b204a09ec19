import { z } from 'zod'
import type { Dataset, Schedule } from '#sources/source.ts'
import { datasetsByName } from './datasets.ts'

export const scheduleSchema = z.enum(['auto', 'on-demand', 'off'] satisfies Schedule[])

/** Schedules that replace those of the declarations, by dataset. */
export type ScheduleOverrides = ReadonlyMap<string, Schedule>

/**
 * DATASET_SCHEDULES holds entries such as `jao.core.netPos:off`, comma separated. `jao.*:off` means all datasets whose
 * names begin with `jao.`. Of two entries for a dataset, the later one counts. DATASETS_OFF and DATASETS_ON are earlier
 * settings. They are refused, because a start that ignored them would poll other datasets than before.
 */
export const scheduleSettings = {
  DATASET_SCHEDULES: z
    .string()
    .default('')
    .transform((text, context): ScheduleOverrides => {
      const overrides = new Map<string, Schedule>()
      for (const entry of entriesOf(text)) {
        const read = readEntry(entry)
        if (typeof read === 'string') context.addIssue({ code: 'custom', message: `the entry ${entry}: ${read}` })
        else for (const name of read.names) overrides.set(name, read.schedule)
      }
      return overrides
    }),
  DATASETS_OFF: replacedSetting('off'),
  DATASETS_ON: replacedSetting('auto'),
}

/** Returns the schedule that applies to a dataset. */
export const scheduleOf = (dataset: Pick<Dataset, 'name' | 'schedule'>, overrides: ScheduleOverrides): Schedule =>
  overrides.get(dataset.name) ?? dataset.schedule

/** Returns the datasets that are neither polled nor exploded. Their stored answers can be replayed later. */
export const datasetsOff = (overrides: ScheduleOverrides): ReadonlySet<string> =>
  new Set(
    [...datasetsByName].flatMap(([name, { dataset }]) => (scheduleOf(dataset, overrides) === 'off' ? [name] : [])),
  )

const entriesOf = (text: string): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')

/** Returns the datasets and the schedule of an entry, or a sentence that says what is wrong with the entry. */
function readEntry(entry: string): { names: string[]; schedule: Schedule } | string {
  const [name = '', word, ...rest] = entry.split(':').map((part) => part.trim())
  const schedule = scheduleSchema.safeParse(word).data
  if (schedule === undefined || rest.length > 0) {
    return `it must be a dataset, a colon and one of ${scheduleSchema.options.join(', ')}`
  }
  const named = [...datasetsByName.values()]
    .map(({ dataset }) => dataset)
    .filter((dataset) => (name.endsWith('*') ? dataset.name.startsWith(name.slice(0, -1)) : dataset.name === name))
  if (named.length === 0) return `there is no dataset ${name}; there is: ${[...datasetsByName.keys()].join(', ')}`
  const possible = schedule === 'auto' ? named.filter(({ asking }) => asking !== undefined) : named
  if (possible.length === 0) return `${name} is read from files, so it must be one of on-demand, off`
  return { names: possible.map((dataset) => dataset.name), schedule }
}

function replacedSetting(schedule: Schedule) {
  return z
    .string()
    .optional()
    .transform((text, context): undefined => {
      const entries = entriesOf(text ?? '').map((name) => `${name}:${schedule}`)
      if (entries.length === 0) return
      const message = `this setting was replaced; add ${entries.join(',')} to DATASET_SCHEDULES instead`
      context.addIssue({ code: 'custom', message })
    })
}
