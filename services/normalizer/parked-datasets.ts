// The parked datasets. The compacted topic `parking` stores them for all normalizers.
import type { Kafka } from '#platform/kafka/client.ts'
import { follow } from '#platform/kafka/follow.ts'
import type { Producer } from '#platform/kafka/produce.ts'
import { offsetRange, readRanges } from '#platform/kafka/read-range.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import type { Logger } from '#platform/process/log.ts'
import { pause } from '#platform/process/retry.ts'
import { TransientError } from '#platform/process/transient-error.ts'
import { type Parking, parkingSchema } from '#schemas/generated/records.ts'
import { parkingTopic } from '#schemas/topics.ts'

export interface ParkedDatasets {
  parked: (dataset: string) => Parking | undefined
  list: () => Parking[]
  /** Parks a dataset. Resolves after all replicas have the record. @throws TransientError if Kafka does not take it */
  park: (parking: Parking) => Promise<void>
  stop: () => Promise<void>
}

const registryRetryMs = 1_000

/** Reads topic `parking`. @param crash called if the topic can no longer be read; it must end the process */
export async function openParkedDatasets(
  { kafka, registry, producer }: { kafka: Kafka; registry: Registry; producer: Producer },
  log: Logger,
  crash: (error: Error) => void,
): Promise<ParkedDatasets> {
  const topic = parkingTopic.name
  const encode = await registry.encoder(topic, parkingSchema)
  const decoder = registry.decoder(parkingSchema)
  const newest = new Map<string, { offset: number; parking: Parking }>()

  const learn = (offset: number, parking: Parking): void => {
    const known = newest.get(parking.dataset)
    if (known && known.offset >= offset) return
    newest.set(parking.dataset, { offset, parking })
    const { dataset, parked, message, by } = parking
    log.warn({ dataset, parked, by, why: message }, parked ? 'dataset parked' : 'dataset released')
  }
  const read = async (records: { offset: number; value: Buffer | null }[]): Promise<void> => {
    await retryTransient(() => decoder.prepare(records.map(({ value }) => value)))
    for (const { offset, value } of records) {
      const parking = decoder.decode(value)
      if (!('parked' in parking)) log.warn({ topic, offset }, 'no parking record: passed over')
      else learn(offset, parking)
    }
  }

  const span = await offsetRange(kafka, topic)
  await readRanges(kafka, topic, span, read)
  const from = { topic, partition: 0, offset: span.get(0)?.to ?? 0 }
  const stop = await follow(kafka, from, read, crash)
  const parkings = (): Parking[] => [...newest.values()].map(({ parking }) => parking)
  return {
    parked: (dataset) => {
      const parking = newest.get(dataset)?.parking
      return parking?.parked ? parking : undefined
    },
    list: () => parkings().filter(({ parked }) => parked),
    park: async (parking) => {
      const [written] = await producer.send(topic, [{ key: parking.dataset, value: encode(parking) }])
      if (written !== undefined) learn(written.offset, parking)
    },
    stop,
  }
}

async function retryTransient(work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof TransientError)) throw error
      await pause(registryRetryMs)
    }
  }
}
