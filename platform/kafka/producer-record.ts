/** A record to send. Without `partition`, the murmur2 hash of the key selects one, as in other Kafka clients. */
export interface ProducerRecord {
  key: string | Buffer | null
  value: Buffer | null
  partition?: number
  headers?: Record<string, string | Buffer>
}
