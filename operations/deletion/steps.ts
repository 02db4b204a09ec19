// The steps of a deletion, for a running stack and for provisioning: announcing it, removing rows and what keys mean.
import type { Store } from '#platform/clickhouse/client.ts'
import { type Bound, keysWithoutPoints, removeRows, removeSeries } from '#platform/clickhouse/deletions.ts'
import { openProducer } from '#platform/kafka/produce.ts'
import { offsetRange, readSpan } from '#platform/kafka/read-range.ts'
import { DecodeFailure } from '#platform/kafka/registry.ts'
import { type Deletion, deletionSchema } from '#schemas/generated/records.ts'
import { deletionsTopic, seriesTopic } from '#schemas/topics.ts'
import type { OwnTable, Source } from '#sources/source.ts'
import type { Topics } from './deleted-records.ts'

/** Writes a deletion on its topic. Returns when all replicas have it. */
export async function announceDeletion({ kafka, registry }: Topics, deletion: Deletion): Promise<void> {
  const encode = await registry.encoder(deletionsTopic.name, deletionSchema)
  const producer = await openProducer(kafka)
  try {
    await producer.send(deletionsTopic.name, [{ key: deletion.dataset, value: encode(deletion) }])
  } finally {
    await producer.disconnect()
  }
}

/** Every deletion that was announced, oldest first. */
export async function announcedDeletions({ kafka, registry }: Topics): Promise<Deletion[]> {
  const found: Deletion[] = []
  const decoder = registry.decoder(deletionSchema)
  await readSpan(kafka, deletionsTopic.name, await offsetRange(kafka, deletionsTopic.name), async (records) => {
    await decoder.prepare(records.map(({ value }) => value))
    for (const { value } of records) {
      const deletion = decoder.decode(value)
      if (!(deletion instanceof DecodeFailure)) found.push(deletion)
    }
  })
  return found
}

/** The tables of a dataset's own records. */
export const ownTables = ({ datasets }: Source, dataset: string): readonly OwnTable[] =>
  datasets.find(({ name }) => name === dataset)?.records?.tables ?? []

/**
 * Removes rows, and what keys mean that have none left, from the store and, by records without a value, from the topic of
 * meanings. The deletion must be stored. Gives how many keys that were.
 */
export async function removeFromStore(
  store: Store,
  { kafka }: Pick<Topics, 'kafka'>,
  source: Source,
  bound: Bound,
): Promise<number> {
  await removeRows(store, bound, ownTables(source, bound.dataset))
  const keys = await keysWithoutPoints(store, bound)
  if (keys.length === 0) return 0
  const producer = await openProducer(kafka)
  try {
    const gone = keys.map((key) => ({ key: `${bound.dataset}/${key}`, value: null }))
    await producer.send(seriesTopic(source.name).name, gone)
  } finally {
    await producer.disconnect()
  }
  await removeSeries(store, bound.dataset, keys)
  return keys.length
}
