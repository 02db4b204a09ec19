import type { RecordSchema } from '#schemas/record-schema.ts'
import type { Kafka } from './client.ts'
import { withProducer } from './produce.ts'
import type { Registry } from './registry.ts'

/** Writes one record with a producer of its own. Resolves when all replicas have it. Errors: those of encoder and send */
export async function writeRecord<T>(
  { kafka, registry }: { kafka: Kafka; registry: Registry },
  topic: { name: string; record: RecordSchema<T> },
  key: string,
  record: T,
): Promise<void> {
  const encode = await registry.encoder(topic.name, topic.record)
  await withProducer(kafka, (producer) => producer.send(topic.name, [{ key, value: encode(record) }]))
}
