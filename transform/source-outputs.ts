import type { Registry } from '#platform/kafka/registry.ts'
import { seriesTopic, timeseriesTopic } from '#schemas/topics.ts'
import type { SourceOutputs } from './encode-slices.ts'

/** Where a source's slices and meanings go. Fails when the topics' schemas are not registered yet. */
export async function sourceOutputs(source: string, registry: Registry): Promise<SourceOutputs> {
  const timeseries = timeseriesTopic(source).name
  const series = seriesTopic(source).name
  return {
    timeseries: { topic: timeseries, encode: await registry.encoder(timeseries, 'TimeseriesSlice') },
    series: { topic: series, encode: await registry.encoder(series, 'Series') },
  }
}
