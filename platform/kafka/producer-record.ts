/** Without `partition`, the key decides it (murmur2, like every Kafka client). */
export interface ProducerRecord {
  key: string | Buffer | null
  value: Buffer | null
  partition?: number
  headers?: Record<string, string | Buffer>
}
