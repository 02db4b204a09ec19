import type { Kafka } from '#platform/kafka/client.ts'
import { offsetRange, readRanges } from '#platform/kafka/read-range.ts'
import { DecodeFailure, type Registry } from '#platform/kafka/registry.ts'
import type { Logger } from '#platform/process/log.ts'
import { deletionSchema } from '#schemas/generated/records.ts'
import { deletionsTopic } from '#schemas/topics.ts'

export interface DeletionLimits {
  /** Returns the time before which windows are not polled, ms UTC. -Infinity if the dataset has no deletion. */
  beforeMs: (dataset: string) => number
  stop: () => void
}

const refreshMs = 60_000

export async function followDeletions(kafka: Kafka, registry: Registry, log: Logger): Promise<DeletionLimits> {
  const bounds = new Map<string, number>()
  const decoder = registry.decoder(deletionSchema)
  const beforeMs = (dataset: string): number => bounds.get(dataset) ?? Number.NEGATIVE_INFINITY
  let from = 0
  const readNew = async (): Promise<void> => {
    const to = (await offsetRange(kafka, deletionsTopic.name)).get(0)?.to ?? 0
    if (to <= from) return
    await readRanges(kafka, deletionsTopic.name, new Map([[0, { from, to }]]), async (records) => {
      await decoder.prepare(records.map(({ value }) => value))
      for (const { value, offset } of records) {
        const deletion = decoder.decode(value)
        if (deletion instanceof DecodeFailure)
          log.warn({ topic: deletionsTopic.name, offset }, `passed over: ${deletion.message}`)
        else bounds.set(deletion.dataset, Math.max(deletion.before, beforeMs(deletion.dataset)))
      }
    })
    from = to
  }
  await readNew()
  const timer = setInterval(() => {
    readNew().catch((error) => log.warn({ err: error }, 'could not look for deletions, trying again'))
  }, refreshMs)
  return { beforeMs, stop: () => clearInterval(timer) }
}
