import type { ScheduleOverrides } from '#core/dataset-schedules.ts'
import { datasetsByName } from '#core/datasets.ts'

export const mainDataset = 'jao.core.maxExchanges'

/** All datasets but the main one. Tests that need only one upstream switch them off. */
export const otherDatasets: ReadonlySet<string> = new Set(
  [...datasetsByName.keys()].filter((name) => name !== mainDataset),
)

/** Schedules that switch all datasets off but the main one, for the code and as DATASET_SCHEDULES. */
export const onlyMainDataset: ScheduleOverrides = new Map([...otherDatasets].map((name) => [name, 'off']))
export const onlyMainDatasetSetting = schedulesSetting(otherDatasets)

export function schedulesSetting(names: Iterable<string>, schedule = 'off'): string {
  return [...names].map((name) => `${name}:${schedule}`).join(',')
}
