// Steps of a deletion that the command `delete` and provisioning share.
import type { Store } from '#platform/clickhouse/client.ts'
import { type Bound, keysWithoutPoints, removeRows, removeSeries } from '#platform/clickhouse/deletions.ts'
import { withProducer } from '#platform/kafka/produce.ts'
import { offsetRange, readRanges } from '#platform/kafka/read-range.ts'
import { DecodeFailure } from '#platform/kafka/registry.ts'
import { writeRecord } from '#platform/kafka/write-record.ts'
import { type Deletion, deletionSchema } from '#schemas/generated/records.ts'
import { deletionsTopic, seriesTopic } from '#schemas/topics.ts'
import type { OwnTable, Source } from '#sources/source.ts'
import type { TopicClients } from './deleted-records.ts'

/** Writes the deletion to topic `deletions`. Returns when all replicas have the record. */
export const announceDeletion = (clients: TopicClients, deletion: Deletion): Promise<void> =>
  writeRecord(clients, { name: deletionsTopic.name, record: deletionSchema }, deletion.dataset, deletion)

export async function announcedDeletions({ kafka, registry }: TopicClients): Promise<Deletion[]> {
  const found: Deletion[] = []
  const decoder = registry.decoder(deletionSchema)
  await readRanges(kafka, deletionsTopic.name, await offsetRange(kafka, deletionsTopic.name), async (records) => {
    await decoder.prepare(records.map(({ value }) => value))
    for (const { value } of records) {
      const deletion = decoder.decode(value)
      if (!(deletion instanceof DecodeFailure)) found.push(deletion)
    }
  })
  return found
}

export const ownTables = ({ datasets }: Source, dataset: string): readonly OwnTable[] =>
  datasets.find(({ name }) => name === dataset)?.records?.tables ?? []

/**
 * Removes the rows before the bound. Then removes the metadata of keys without points from the store and, by
 * tombstones, from the series topic. Returns the number of these keys. Store the deletion before the call.
 */
export async function removeFromStore(
  store: Store,
  { kafka }: Pick<TopicClients, 'kafka'>,
  source: Source,
  bound: Bound,
): Promise<number> {
  await removeRows(store, bound, ownTables(source, bound.dataset))
  const keys = await keysWithoutPoints(store, bound)
  if (keys.length === 0) return 0
  const tombstones = keys.map((key) => ({ key: `${bound.dataset}/${key}`, value: null }))
  await withProducer(kafka, (producer) => producer.send(seriesTopic(source.name).name, tombstones))
  await removeSeries(store, bound.dataset, keys)
  return keys.length
}
