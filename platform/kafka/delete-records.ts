import { type Kafka, withAdmin } from './client.ts'

/** Deletes each partition's records before an offset. Disk space is freed later, by segment file. Idempotent. */
export async function deleteRecordsBefore(
  kafka: Kafka,
  topic: string,
  before: ReadonlyMap<number, number>,
): Promise<void> {
  return withAdmin(kafka, async (admin) => {
    // This call also makes kafkajs load the topic's leaders, which the deletion needs.
    const offsets = await admin.fetchTopicOffsets(topic)
    const partitions = offsets.flatMap(({ partition, low }) => {
      const offset = before.get(partition) ?? 0
      return offset > Number(low) ? [{ partition, offset: `${offset}` }] : []
    })
    if (partitions.length > 0) await admin.deleteTopicRecords({ topic, partitions })
  })
}
