import { utcText } from '#platform/process/utc-text.ts'
import { version } from '#platform/process/version.ts'
import type { Parking } from '#schemas/generated/records.ts'
import type { Source } from '#sources/source.ts'

/** What the normalizer says of itself: the transform version of each dataset it knows, and which of them are parked. */
export interface NormalizerStatus {
  /** Of tidemark. */
  version: string
  /** Transform version by dataset. */
  datasets: Record<string, number>
  /** Datasets that are switched off here. */
  off: string[]
  /** `at` is UTC. */
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
