// What production made of raw answers, read from <source>.timeseries.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Kafka } from '#platform/kafka/client.ts'
import { highWatermarks, nextOffsets } from '#platform/kafka/consumer-lag.ts'
import { readSpan, type StoredRecord } from '#platform/kafka/read-range.ts'
import { DecodeFailure, type Registry } from '#platform/kafka/registry.ts'
import { TransientError } from '#platform/process/transient-error.ts'
import { type TimeseriesSlice, timeseriesSliceSchema } from '#schemas/generated/records.ts'
import { rawTopic, timeseriesTopic } from '#schemas/topics.ts'
import { createSliceBuffer } from './slice-buffer.ts'

export interface LiveOutput {
  /**
   * The slices that production made of raw records of a partition, by their offsets in ascending order; none where it
   * refused, undefined where they are no longer held. One call at a time, and of a partition no lower offset than before.
   * Throws TransientError while production has not got so far: ask again.
   */
  slicesOf: (partition: number, offsets: number[]) => Promise<(TimeseriesSlice[] | undefined)[]>
}

const group = 'normalizer'
// Live, production commits within a second; who waits longer says so.
const patienceMs = 1_000
// About 100 MB: how far production may be ahead of the shadow.
const maxSlices = 100_000

/** Follows production's output of a source from now on: only of answers that are written later it knows all. */
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
    await readSpan(kafka, timeseries, new Map(span), read)
  }
  const untilCommitted = async (partition: number, offset: number): Promise<void> => {
    const deadlineMs = Date.now() + patienceMs
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
      await untilCommitted(partition, offsets.at(-1) ?? 0)
      await readToEnd()
      return offsets.map((offset) => held.get(partition, offset))
    },
  }
}
