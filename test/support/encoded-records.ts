// Records as the sink gets them from Kafka: the bytes of a producer, not decoded.
import avsc from 'avsc'
import type { ConsumedRecord, EncodedRecord } from '#platform/kafka/process-batch.ts'
import { DecodeFailure } from '#platform/kafka/registry.ts'
import type { RecordSchema } from '#schemas/record-schema.ts'

const headerBytes = 5

export const avroType = ({ text }: RecordSchema): avsc.Type => avsc.Type.forSchema(JSON.parse(text))

/** Returns the value of a record, written with the newest version of its schema. */
export const encodedValue = (schema: RecordSchema, record: unknown): Buffer =>
  Buffer.concat([Buffer.alloc(headerBytes), avroType(schema).toBuffer(record)])

/**
 * Returns a record of a topic. `isNewest`: whether its value was written with the newest version of its schema; else it
 * was written with one from which the same bytes are read.
 */
export function consumedRecord(
  {
    topic,
    schema,
    key = null,
    offset = 0,
  }: { topic: string; schema: RecordSchema; key?: string | null; offset?: number },
  value: Buffer,
  isNewest = true,
): ConsumedRecord<EncodedRecord> {
  const decode = (): unknown => {
    try {
      return avroType(schema).fromBuffer(value.subarray(headerBytes))
    } catch (error) {
      return new DecodeFailure('decode', `the value is no ${schema.name}: ${(error as Error).message}`)
    }
  }
  const newestAt = isNewest ? headerBytes : undefined
  return {
    ...{ topic, partition: 0, offset: `${offset}`, headers: {} },
    record: { key: key === null ? null : Buffer.from(key), value, newestAt, decode },
  }
}
