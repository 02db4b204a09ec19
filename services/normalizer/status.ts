import { utcText } from '#platform/process/utc-text.ts'
import { version } from '#platform/process/version.ts'
import type { Parking } from '#schemas/generated/records.ts'
import type { Source } from '#sources/source.ts'

export interface NormalizerStatus {
  version: string
  datasets: Record<string, number>
  off: string[]
  /** The parked datasets. `at` is the time of parking, ISO 8601 UTC. */
  parked: { dataset: string; reason: string; message: string; by: string; at: string }[]
}

export function statusOf(
  sources: readonly Source[],
  parked: readonly Parking[],
  off: ReadonlySet<string>,
): NormalizerStatus {
  const versions = sources.flatMap(({ datasets }) =>
    datasets.map(({ name, transformVersion }) => [name, transformVersion]),
  )
  const datasets: Record<string, number> = Object.fromEntries(versions)
  return {
    version,
    datasets,
    off: [...off],
    parked: parked
      .filter(({ dataset }) => dataset in datasets)
      .map(({ dataset, reason, message, by, at }) => ({
        dataset,
        reason,
        message,
        by,
        at: utcText(at),
      })),
  }
}
