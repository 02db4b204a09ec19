import type { Registry } from '#platform/kafka/registry.ts'
import type { Subscription } from '#platform/kafka/settle.ts'
import { deadLetterTopic, rawTopic, seriesTopic, timeseriesTopic } from '#schemas/topics.ts'
import type { Source } from '#sources/source.ts'
import { normalize, type SaidOfSeries } from './normalize.ts'

/** The subscription to a source's raw topic. Fails when the topics' schemas are not registered yet. */
export async function subscribeTo(
  source: Source,
  registry: Registry,
  countIgnored: (ignored: Record<string, number>, dataset: string) => void,
): Promise<Subscription<'RawResponse'>> {
  const datasets = new Map(source.datasets.map((dataset) => [dataset.name, dataset]))
  const said: SaidOfSeries = new Map()
  const timeseries = timeseriesTopic(source.name).name
  const series = seriesTopic(source.name).name
  const outputs = {
    timeseries: { topic: timeseries, encode: await registry.encoder(timeseries, 'TimeseriesSlice') },
    series: { topic: series, encode: await registry.encoder(series, 'Series') },
  }
  return {
    topic: rawTopic(source.name).name,
    record: 'RawResponse',
    deadLetterTopic: deadLetterTopic(source.name).name,
    handle: (batch) => batch.map((raw) => normalize(raw, datasets, outputs, said, countIgnored)),
  }
}
