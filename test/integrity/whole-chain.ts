import { setTimeout as sleep } from 'node:timers/promises'
import { alerterGroups, consumerGroups } from '#core/consumer-groups.ts'
import { hostOf, partitionOfHost } from '#core/host.ts'
import { requestIdentity } from '#core/request-identity.ts'
import { createKafka, withAdmin } from '#platform/kafka/client.ts'
import { committedOffsets, consumerLag, type Offsets } from '#platform/kafka/consumer-lag.ts'
import { kafkaSettings, readConfig } from '#platform/process/config.ts'
import { pollRequestSchema } from '#schemas/generated/records.ts'
import { pollPartitions } from '#schemas/topics.ts'
import { type Pipeline, startPipeline } from '../support/pipeline.ts'
import type { ServiceProcess } from '../support/service-process.ts'
import { dataset, eventually } from './poller-parts.ts'
import { type Points, pointName, windowOf } from './simulator-client.ts'

export { dataset, eventually }

export interface StoredPoll {
  outcome: string
  fetchedAtMs: number
}

export interface Chain extends Pipeline {
  /** Starts a poller of the upstream at `url`. If that is a simulator, the poller uses its clock. */
  poll: (url: string, upstream: 'simulator' | 'recording', more?: Record<string, string>) => Promise<ServiceProcess>
  /** Requests business days, and waits until each day is polled and stored. Returns the new polls. */
  ask: (url: string, days: string[]) => Promise<StoredPoll[]>
  /** Waits until the normalizer and the sink have processed all records. */
  settled: (timeoutMs?: number) => Promise<void>
  /** Returns the points of a day. `from` is the view to read: latest or as_of(...). */
  points: (from: string, day: string) => Promise<Points>
  normalizer: ServiceProcess
  sink: ServiceProcess
}

/** @param settings of normalizer and sink. By default only the main dataset is on */
export async function startChain(settings: Record<string, string> = {}): Promise<Chain> {
  const pipeline = await startPipeline()
  const services = ['normalizer', 'sink'].map((name) => pipeline.start(name, settings))
  const [normalizer, sink] = (await Promise.all(services)) as [ServiceProcess, ServiceProcess]
  const settled = (timeoutMs?: number) => untilStored(pipeline.environment, timeoutMs)
  return {
    ...pipeline,
    normalizer,
    sink,
    settled,
    poll: (url, upstream, more) =>
      pipeline.start('poller', {
        JAO_BASE_URL: url,
        ...(upstream === 'simulator' && { SIMULATOR_URL: url }),
        ORIGIN: 'simulated',
        BACKFILL_DAYS: '0',
        SESSION_TIMEOUT_MS: '6000',
        ...more,
      }),
    ask: async (url, days) => {
      const before = await Promise.all(days.map((day) => pollsOf(pipeline, day)))
      await writeRequests(pipeline, url, days)
      const polls = await Promise.all(
        days.map((day, index) =>
          eventually(`${day} is polled`, async () => (await pollsOf(pipeline, day))[before[index]?.length ?? 0]),
        ),
      )
      await settled()
      return polls
    },
    points: (from, day) => pointsOf(pipeline, from, windowOf(day)),
  }
}

/** Writes a request per business day, as the CLI does. @throws Error if Kafka does not accept them */
export async function writeRequests(
  { registry, producer }: Pick<Pipeline, 'registry' | 'producer'>,
  url: string,
  days: string[],
): Promise<void> {
  const encode = await registry.encoder('poll-requests', pollRequestSchema)
  const partition = partitionOfHost(hostOf(url), pollPartitions)
  const records = days.map((day) => {
    const window = windowOf(day)
    const identity = requestIdentity(dataset, window)
    const request = {
      requestIdentity: identity,
      dataset,
      requestedAt: Date.now(),
      requestedBy: 'test',
      liftsPauseOf: null,
      confirmsEmpty: false,
    }
    const value = encode({ ...request, windowStart: window.startMs, windowEnd: window.endMs })
    return { key: identity, value, partition }
  })
  await producer.send('poll-requests', records)
}

/**
 * Waits until the normalizer has committed all of raw, and then the sink all of its topics. Each commits only after its
 * outputs are acknowledged, so everything is stored then.
 */
export async function untilStored(environment: Record<string, string>, timeoutMs = 90_000): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs
  // End offsets are fetched only once, because that costs more than the work of the services.
  await withAdmin(createKafka(readConfig(kafkaSettings, environment), 'test'), async (admin) => {
    for (const { group, topics } of consumerGroups().filter(({ group }) => !alerterGroups.includes(group))) {
      const ends = new Map<string, Offsets[]>()
      for (const topic of topics) ends.set(topic, await admin.fetchTopicOffsets(topic))
      for (;;) {
        const committed = await admin.fetchOffsets({ groupId: group, topics })
        const left = committed.map(({ topic, partitions }) => {
          return { group, topic, records: consumerLag(ends.get(topic) ?? [], committedOffsets(partitions)) }
        })
        const still = left.filter(({ records }) => records > 0)
        if (still.length === 0) break
        if (Date.now() > deadlineMs) throw new Error(`after ${timeoutMs} ms still behind: ${JSON.stringify(still)}`)
        await sleep(50)
      }
    }
  })
}

type Queries = Pick<Pipeline, 'query'>

export async function pointsOf(
  { query }: Queries,
  from: string,
  window: { startMs: number; endMs: number },
  of = dataset,
): Promise<Points> {
  const rows = await query<{ key: string; atS: number; value: number | null }>(
    `SELECT key, toUnixTimestamp(ts) AS atS, value FROM tidemark.${from} WHERE dataset = '${of}'
     AND ts >= toDateTime(${window.startMs / 1000}, 'UTC') AND ts < toDateTime(${window.endMs / 1000}, 'UTC')`,
  )
  const points: Points = new Map(rows.map(({ key, atS, value }) => [pointName(key, atS * 1000), value]))
  if (points.size !== rows.length) throw new Error(`${from} gives ${rows.length} rows for ${points.size} points`)
  return points
}

const pollsOf = ({ query }: Queries, day: string): Promise<StoredPoll[]> =>
  query<StoredPoll>(
    `SELECT outcome, toUnixTimestamp64Milli(fetched_at) + 0.0 AS fetchedAtMs FROM tidemark.polls FINAL
     WHERE request_identity = '${requestIdentity(dataset, windowOf(day))}' AND outcome != 'failed' ORDER BY fetched_at`,
  )

/** Returns an instant as text for ClickHouse: UTC, to the ms. */
export const storeTime = (atMs: number): string => new Date(atMs).toISOString().replace('T', ' ').slice(0, 23)
