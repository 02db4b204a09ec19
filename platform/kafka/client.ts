import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import kafkajs, { CompressionTypes, Kafka, logLevel, type SASLOptions } from 'kafkajs'
import type { Logger } from '../process/log.ts'

export type { Kafka }

export interface KafkaConnection {
  KAFKA_BROKERS: string
  KAFKA_TLS: boolean
  KAFKA_SASL_MECHANISM?: 'plain' | 'scram-sha-256' | 'scram-sha-512' | undefined
  KAFKA_USERNAME?: string | undefined
  KAFKA_PASSWORD?: string | undefined
}

// kafkajs brings only gzip; raw answers are written with zstd, and other producers may use it too.
kafkajs.CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async ({ buffer }: { buffer: Buffer }) => zstdCompressSync(buffer),
  decompress: async (buffer: Buffer) => zstdDecompressSync(buffer, { maxOutputLength: 256 * 1024 * 1024 }),
})

// kafkajs asks for a negative timeout once a process (tulios/kafkajs issue 1751): harmless, and nothing to tell a user.
const printers = process.listeners('warning')
process.removeAllListeners('warning')
process.on('warning', (warning) => {
  if (warning.name !== 'TimeoutNegativeWarning') for (const print of printers) print(warning)
})

/** A kafkajs client for the cluster in the settings. Connects lazily; retries for some seconds before a call fails. */
export function createKafka(connection: KafkaConnection, clientId: string, log?: Logger): Kafka {
  return new Kafka({
    clientId,
    brokers: connection.KAFKA_BROKERS.split(',').map((broker) => broker.trim()),
    ssl: connection.KAFKA_TLS,
    ...sasl(connection),
    connectionTimeout: 3_000,
    authenticationTimeout: 5_000,
    requestTimeout: 15_000,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 8 },
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => {
      const { message, timestamp: _timestamp, logger: _logger, ...details } = entry.log
      log?.debug({ kafkajs: details, level: entry.label }, message)
    },
  })
}

function sasl(connection: KafkaConnection): { sasl?: SASLOptions } {
  const mechanism = connection.KAFKA_SASL_MECHANISM
  if (!mechanism) return {}
  const username = connection.KAFKA_USERNAME ?? ''
  const password = connection.KAFKA_PASSWORD ?? ''
  return { sasl: { mechanism, username, password } as SASLOptions }
}
