import { type Kafka, withAdmin } from './client.ts'

/**
 * Deletes the records of a topic's partitions before an offset each; nobody can read them from then on. Their bytes leave
 * the disk with their segment file. Offsets that are gone already change nothing.
 */
export async function deleteRecordsBefore(
  kafka: Kafka,
  topic: string,
  before: ReadonlyMap<number, number>,
): Promise<void> {
  return withAdmin(kafka, async (admin) => {
    // Also tells kafkajs of the topic, without which it knows no leader to ask.
    const offsets = await admin.fetchTopicOffsets(topic)
    const partitions = offsets.flatMap(({ partition, low }) => {
      const offset = before.get(partition) ?? 0
      return offset > Number(low) ? [{ partition, offset: `${offset}` }] : []
    })
    if (partitions.length > 0) await admin.deleteTopicRecords({ topic, partitions })
  })
}
