import { setTimeout as sleep } from 'node:timers/promises'
import type { Kafka } from '#platform/kafka/client.ts'
import { highWatermarks, nextOffsets } from '#platform/kafka/consumer-lag.ts'
import { readRanges, type StoredRecord } from '#platform/kafka/read-range.ts'
import { DecodeFailure, type Registry } from '#platform/kafka/registry.ts'
import { TransientError } from '#platform/process/transient-error.ts'
import { type TimeseriesSlice, timeseriesSliceSchema } from '#schemas/generated/records.ts'
import { rawTopic, timeseriesTopic } from '#schemas/topics.ts'
import { createSliceBuffer } from './slice-buffer.ts'

export interface LiveOutput {
  /**
   * Returns production's slices of each raw record: an empty list if production refused the record, undefined if the
   * buffer dropped its slices. Within a partition, offsets must ascend, also from call to call. Calls must not overlap.
   * @throws TransientError if production has not committed the last offset yet
   */
  slicesOf: (partition: number, offsets: number[]) => Promise<(TimeseriesSlice[] | undefined)[]>
}

const group = 'normalizer'
const maxWaitMs = 1_000
// Maximum number of buffered slices, about 100 MB. The oldest are dropped if production is further ahead.
const maxSlices = 100_000

/** Follows the slices that production publishes for a source, from the current end of the topic on. Skips replays. */
export async function followLiveOutput(kafka: Kafka, registry: Registry, source: string): Promise<LiveOutput> {
  const [raw, timeseries] = [rawTopic(source).name, timeseriesTopic(source).name]
  const held = createSliceBuffer(maxSlices)
  const decoder = registry.decoder(timeseriesSliceSchema)
  const next = await highWatermarks(kafka, timeseries)

  const read = async (records: StoredRecord[]): Promise<void> => {
    await decoder.prepare(records.map(({ value }) => value))
    for (const { partition, offset, value, headers } of records) {
      const slice = decoder.decode(value)
      if (!(slice instanceof DecodeFailure) && !('replay' in headers)) held.add(slice)
      next.set(partition, offset + 1)
    }
  }
  const readToEnd = async (): Promise<void> => {
    const ends = await highWatermarks(kafka, timeseries)
    const span = [...ends].map(([partition, to]) => [partition, { from: next.get(partition) ?? 0, to }] as const)
    await readRanges(kafka, timeseries, new Map(span), read)
  }
  const waitUntilCommitted = async (partition: number, offset: number): Promise<void> => {
    const deadlineMs = Date.now() + maxWaitMs
    while (((await nextOffsets(kafka, group, raw)).get(partition) ?? -1) <= offset) {
      const place = `${raw} partition ${partition} offset ${offset}`
      if (Date.now() > deadlineMs)
        throw new TransientError(`the group ${group} has not done ${place} yet: does production run?`)
      await sleep(100)
    }
  }
  return {
    slicesOf: async (partition, offsets) => {
      held.forget(partition, offsets[0] ?? 0)
      await waitUntilCommitted(partition, offsets.at(-1) ?? 0)
      await readToEnd()
      return offsets.map((offset) => held.get(partition, offset))
    },
  }
}
