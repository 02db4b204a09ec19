import type { SourceOutputs } from '#core/encode-answer.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import type { Output } from '#platform/kafka/verdict.ts'
import type { Dataset } from '#sources/source.ts'
import type { ReplayedWindows } from './erase.ts'
import { inSpans, inWindows, readRows } from './read-rows.ts'

/**
 * What today's release says of the keys that were published again, as of the newest answer of each: what they mean may have
 * changed with explode, and what is said of old answers on the way loses against what was said since.
 */
export async function seriesToRepublish(
  store: Store,
  dataset: Dataset,
  { windows, spans, transformVersion }: ReplayedWindows,
  { series }: SourceOutputs,
): Promise<Output[]> {
  const told = await readRows<{ key: string; step: number; knownAt: number }>(
    store,
    `SELECT key, argMax(step_s, known_at) AS step, toUnixTimestamp64Milli(max(known_at)) AS knownAt
     FROM tidemark.point_revisions
     WHERE dataset = {dataset:String} AND ${inWindows(windows)} AND ${inSpans(spans)}
       AND transform_version = {transformVersion:UInt16}
     GROUP BY key ORDER BY key`,
    { dataset: dataset.name, transformVersion },
  )
  return told.map(({ key, step, knownAt }) => {
    const labels = dataset.labels(key)
    const meaning = {
      dataset: dataset.name,
      key,
      labels,
      unit: dataset.unitOf?.(key) ?? dataset.unit,
      step,
      transformVersion,
      emittedAt: knownAt,
    }
    return { topic: series.topic, key: `${dataset.name}/${key}`, value: series.encode(meaning) }
  })
}
