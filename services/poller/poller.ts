import type { Kafka } from '#platform/kafka/client.ts'
import { type Lease, type OwnPartitions, ownPartitions, type ReadRecord } from '#platform/kafka/own-partitions.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import { partitionOfHost } from '#platform/polling/host.ts'
import { createRequests, type Requests } from '#platform/polling/requests.ts'
import { filesLane, pollPartitions, pollRequestsTopic, pollsTopic } from '#schemas/topics.ts'
import type { Deleted } from './deleted.ts'
import type { DueSettings } from './due.ts'
import { type HostLoop, runHostLoop } from './host-loop.ts'
import type { Host } from './hosts.ts'
import { createMemory, type Memory } from './memory.ts'
import type { Metrics } from './metrics.ts'
import type { PollMeans } from './poll-window.ts'
import { createRecentPolls, type RecentPollKeeper } from './recent-polls.ts'
import { createFailures, type Failures, type PollerStatus, statusOf } from './status.ts'

export interface PollerOptions {
  kafka: Kafka
  registry: Registry
  hosts: Host[]
  means: PollMeans
  due: DueSettings
  deleted: Deleted
  sessionTimeoutMs: number
  metrics: Metrics
  crash: (error: Error) => void
}

export interface Poller {
  notReady: () => string | undefined
  status: () => PollerStatus
  /** Sends no more, waits for what is under way, and leaves the group so that another can take over. */
  stop: () => Promise<void>
}

/** Requests under way at the stop may take so long before they are given up, ms. */
const stopGraceMs = 2_000

/** Joins the pollers' group and polls the hosts that fall to this process until stopped. */
export async function startPoller(options: PollerOptions): Promise<Poller> {
  const { kafka, hosts, means, due, deleted, metrics, crash } = options
  const memory = createMemory(({ requestIdentity, poller, memory: { lastGoodFetchedAt, lastChangedAt } }) => {
    metrics.memoriesAhead.inc()
    const told = { requestIdentity, poller, lastGoodFetchedAt, lastChangedAt }
    means.log.warn(told, 'a poll from more than a day ahead of the clock: its time is not built upon')
  })
  const requests = createRequests()
  const recent = createRecentPolls()
  const failures = createFailures()
  const stopping = new AbortController()
  const loops = new Map<string, HostLoop>()

  const begin = (host: Host, lease: Lease): void => {
    // An answer of an earlier lease may still be on its way to Kafka, which was away: one that is asked for now would
    // be there before it, though known later, and the host would see twice the requests at once.
    const earlier = loops.get(host.name)
    if (earlier !== undefined) {
      earlier.ended.then(() => begin(host, lease)).catch(crash)
      return
    }
    if (lease.signal.aborted) return
    const recentOfHost = recent.of(host.name)
    const loop = runHostLoop({
      host,
      right: lease,
      means,
      memory,
      requests,
      due,
      deleted,
      recent: recentOfHost,
      stopping: stopping.signal,
      metrics,
    })
    loops.set(host.name, loop)
    means.log.info({ host: host.name, partition: lease.partition }, 'polling this host')
    loop.ended
      .then(() => {
        loops.delete(host.name)
        means.log.info({ host: host.name }, 'no longer polling this host')
      })
      .catch(crash)
  }
  const partitions: OwnPartitions = await ownPartitions({
    kafka,
    groupId: 'poller',
    topics: [pollsTopic.name, pollRequestsTopic.name],
    sessionTimeoutMs: options.sessionTimeoutMs,
    read: reader(options, { memory, requests, recent, failures }, loops),
    owned: (lease) => {
      for (const host of hosts) {
        if (partitionOfHost(host.name, pollPartitions) === lease.partition) begin(host, lease)
      }
    },
    log: means.log,
    crash,
  })
  return {
    notReady: () => {
      metrics.ownedPartitions.set(partitions.owned().length)
      return partitions.notReady()
    },
    status: () => statusOf(hosts, loops, memory, failures, means.clock.now()),
    stop: async () => {
      stopping.abort()
      const all = [...loops.values()].map(({ ended }) => ended)
      const grace = new Promise((resolve) => setTimeout(resolve, stopGraceMs).unref())
      await Promise.race([Promise.allSettled(all), grace])
      await partitions.stop()
      await Promise.allSettled(all)
    },
  }
}

/**
 * Folds what is read of polls and poll-requests into what is known. Tells the loops of requests, and of pauses that
 * somebody lifts.
 */
function reader(
  { registry, means, metrics }: PollerOptions,
  known: { memory: Memory; requests: Requests; recent: RecentPollKeeper; failures: Failures },
  loops: ReadonlyMap<string, HostLoop>,
): (records: ReadRecord[]) => Promise<void> {
  const { memory, requests, recent, failures } = known
  const polls = registry.decoder('Poll')
  const pollRequests = registry.decoder('PollRequest')
  const passOver = (topic: string, offset: number, message: string): void => {
    metrics.unreadableRecords.inc({ topic })
    means.log.warn({ topic, offset }, `passed over a record that cannot be read: ${message}`)
  }
  return async (records) => {
    const isRequest = records[0]?.topic === pollRequestsTopic.name
    await (isRequest ? pollRequests : polls).prepare(records.map(({ value }) => value))
    for (const { topic, value, ...at } of records) {
      if (isRequest) {
        const request = pollRequests.decode(value)
        if ('reason' in request) passOver(topic, at.offset, request.message)
        else if (request.liftsPauseOf === null) requests.ask(request, at)
        else if (recent.lifted(request.liftsPauseOf, at)) {
          const { liftsPauseOf: host, requestedBy } = request
          means.log.info({ host, requestedBy }, 'a pause of this host up to now is lifted')
          loops.get(host)?.lift()
        }
        continue
      }
      const poll = polls.decode(value)
      if ('reason' in poll) {
        passOver(topic, at.offset, poll.message)
        continue
      }
      // Chunks of files are many, and nothing that a poller asks for again.
      if (poll.lane === filesLane) continue
      memory.remember(poll, means.clock.now())
      requests.polled(poll)
      recent.seen(poll, at)
      failures.seen(poll)
    }
    if (isRequest) for (const loop of loops.values()) loop.wake()
  }
}
