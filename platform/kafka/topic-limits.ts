import { zstdCompressSync } from 'node:zlib'
import kafkajs, { type Admin } from 'kafkajs'
import { TransientError } from '../process/transient-error.ts'
import type { ProducerRecord } from './producer-record.ts'
import { batchHeaderBytes, recordBytes } from './record-batch.ts'
import { sendError } from './send-errors.ts'

/** Returns why a record is too large for a topic; undefined if it fits, or if the topic's limit is not known. */
export type SizeCheck = (topic: string, record: ProducerRecord, options?: { compress?: boolean }) => string | undefined

export interface TopicLimits {
  /** Returns a size check. Limits older than a minute are read again in the background. @throws TransientError */
  check: (topics: readonly string[]) => Promise<SizeCheck>
  /** Returns the maximum size of a batch's records, bytes. Infinity if we may not read the topic's settings. */
  bytes: (topic: string) => Promise<number>
  /** Call this if the broker refused a record. Until the limit is read again, records this large are refused. */
  addRefused: (topic: string, record: ProducerRecord) => void
}

interface Limit {
  /** Maximum size of a batch, bytes. Infinity if our user may not read the setting. */
  bytes: number
  /** True: the limit applies to the compressed batch. False: the topic stores batches uncompressed. */
  countsCompressed: boolean
  refusedBytes: number
  readAtMs: number
}

const goodForMs = 60_000

export function topicLimits(admin: Pick<Admin, 'describeConfigs'>): TopicLimits {
  const limits = new Map<string, Limit>()
  const reading = new Map<string, Promise<void>>()

  const read = async (topic: string): Promise<void> => {
    const known = limits.get(topic)
    if (known && performance.now() - known.readAtMs < goodForMs) return
    const running =
      reading.get(topic) ??
      readLimit(admin, topic)
        .then((limit) => void limits.set(topic, limit))
        .finally(() => reading.delete(topic))
    reading.set(topic, running)
    // A known limit stays in use while it is read again, so that no batch waits.
    if (known) void running.catch(() => undefined)
    else await running
  }
  return {
    check: async (topics) => {
      await Promise.all(topics.map(read))
      return (topic, record, options) => {
        const limit = limits.get(topic)
        return limit && whyTooLarge(topic, limit, record, options?.compress === true)
      }
    },
    bytes: async (topic) => {
      await read(topic)
      return (limits.get(topic)?.bytes ?? Number.POSITIVE_INFINITY) - batchHeaderBytes
    },
    addRefused: (topic, record) => {
      const limit = limits.get(topic)
      if (limit) limit.refusedBytes = Math.min(limit.refusedBytes, recordBytes(record))
    },
  }
}

async function readLimit(admin: Pick<Admin, 'describeConfigs'>, topic: string): Promise<Limit> {
  const unknown = { bytes: Number.POSITIVE_INFINITY, countsCompressed: true }
  const { bytes, countsCompressed } = await admin
    .describeConfigs({
      includeSynonyms: false,
      resources: [
        {
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: topic,
          configNames: ['max.message.bytes', 'compression.type'],
        },
      ],
    })
    .then(({ resources }) => {
      const entries = resources[0]?.configEntries ?? []
      const settingOf = (name: string) => entries.find(({ configName }) => configName === name)?.configValue
      return {
        bytes: Number(settingOf('max.message.bytes') ?? unknown.bytes),
        countsCompressed: settingOf('compression.type') !== 'uncompressed',
      }
    })
    .catch((cause) => {
      const error = sendError(topic, cause)
      if (error instanceof TransientError) throw error
      // The writer may lack the right to read topic settings. Then only the broker refuses records that are too large.
      return unknown
    })
  return { bytes, countsCompressed, refusedBytes: Number.POSITIVE_INFINITY, readAtMs: performance.now() }
}

function whyTooLarge(topic: string, limit: Limit, record: ProducerRecord, compress: boolean): string | undefined {
  const bytes = recordBytes(record)
  if (bytes >= limit.refusedBytes) return `a record of ${bytes} bytes is too large for ${topic}, says the broker`
  if (batchHeaderBytes + bytes <= limit.bytes) return undefined
  const words = `too large for ${topic}, which takes ${limit.bytes} (its max.message.bytes)`
  if (!compress || !limit.countsCompressed) return `a record of ${bytes} bytes is ${words}`
  const compressed = compressedBytes(record)
  if (batchHeaderBytes + compressed <= limit.bytes) return undefined
  return `a record of ${bytes} bytes, ${compressed} compressed, is ${words}`
}

function compressedBytes({ key, value, headers = {} }: ProducerRecord): number {
  const fields = [key, value, ...Object.entries(headers).flat()].filter((field) => field !== null)
  const lengths = 16 + 10 * fields.length
  return lengths + zstdCompressSync(Buffer.concat(fields.map((field) => Buffer.from(field)))).length
}
