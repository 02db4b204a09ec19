// Announces replays and rebuilds on topic `replays`: an audit log, and the state to resume from.
import type { Kafka } from '#platform/kafka/client.ts'
import type { Producer } from '#platform/kafka/produce.ts'
import { offsetRange, readRanges } from '#platform/kafka/read-range.ts'
import { DecodeFailure, type Registry } from '#platform/kafka/registry.ts'
import { type Replay, replaySchema } from '#schemas/generated/records.ts'
import { replaysTopic } from '#schemas/topics.ts'

export type ReplayState = 'started' | 'published' | 'finished' | 'failed'

const formerPublished = 'told'

export interface ReplayLog {
  /** Writes a replay with its new state to topic `replays`. Returns this replay when all replicas have the record. */
  write: (replay: Replay, change: ReplayChange) => Promise<Replay>
}

export interface ReplayChange {
  state: ReplayState
  counts?: Record<string, number>
  message?: string
}

export async function openReplayLog(registry: Registry, producer: Producer): Promise<ReplayLog> {
  const encode = await registry.encoder(replaysTopic.name, replaySchema)
  return {
    write: async (replay, { state, counts = {}, message = '' }) => {
      const next: Replay = { ...replay, state, at: Date.now(), counts: { ...replay.counts, ...counts }, message }
      await producer.send(replaysTopic.name, [{ key: next.id, value: encode(next) }])
      return next
    },
  }
}

/** Returns the newest state of each replay, oldest replay first. Skips records that cannot be decoded. */
export async function readReplays(kafka: Kafka, registry: Registry): Promise<Replay[]> {
  const replays = new Map<string, Replay>()
  const decoder = registry.decoder(replaySchema)
  await readRanges(kafka, replaysTopic.name, await offsetRange(kafka, replaysTopic.name), async (records) => {
    await decoder.prepare(records.map(({ value }) => value))
    for (const { value } of records) {
      const replay = decoder.decode(value)
      if (replay instanceof DecodeFailure) continue
      const state = replay.state === formerPublished ? 'published' : replay.state
      replays.set(replay.id, { ...replay, state })
    }
  })
  return [...replays.values()]
}

/** Returns a unique id that sorts by time: `20261124-163000-ab12cd`. */
export function newReplayId(nowMs: number): string {
  const [day = '', time = ''] = new Date(nowMs).toISOString().replaceAll(/[-:]/g, '').slice(0, 15).split('T')
  return `${day}-${time}-${crypto.randomUUID().slice(0, 6)}`
}
