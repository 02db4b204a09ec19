/** One record to send. The partition follows from the key (murmur2, like every Kafka client) unless it is given. */
export interface ProducerRecord {
  key: string | Buffer | null
  value: Buffer | null
  partition?: number
  headers?: Record<string, string | Buffer>
}
