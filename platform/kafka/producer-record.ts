/** A record to send. Without `partition`, the hash of the key (murmur2) selects it, as in other Kafka clients. */
export interface ProducerRecord {
  key: string | Buffer | null
  value: Buffer | null
  partition?: number
  headers?: Record<string, string | Buffer>
}
