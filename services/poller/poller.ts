import type { Kafka } from '#platform/kafka/client.ts'
import { type Lease, type OwnPartitions, ownPartitions, type ReadRecord } from '#platform/kafka/own-partitions.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import { partitionOfHost } from '#platform/polling/host.ts'
import { createRequests, type Requests } from '#platform/polling/requests.ts'
import { filesLane, pollPartitions, pollRequestsTopic, pollsTopic } from '#schemas/topics.ts'
import { createRecordedAnswers, type RecordedAnswers } from './adopted.ts'
import type { Deleted } from './deleted.ts'
import type { DueSettings } from './due.ts'
import { type HostLoop, runHostLoop } from './host-loop.ts'
import type { Host } from './hosts.ts'
import { createMemory, type Memory } from './memory.ts'
import type { Metrics } from './metrics.ts'
import type { PollMeans } from './poll-window.ts'
import { createRecentPolls, type RecentPollKeeper } from './recent-polls.ts'
import { createFailures, type Failures, type PollerStatus, statusOf } from './status.ts'
import { createTakeOver } from './take-over.ts'

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
  const { kafka, hosts, means, metrics, crash } = options
  const memory = createMemory(({ requestIdentity, poller, memory: { lastGoodFetchedAt, lastChangedAt } }) => {
    metrics.memoriesAhead.inc()
    const told = { requestIdentity, poller, lastGoodFetchedAt, lastChangedAt }
    means.log.warn(told, 'a poll from more than a day ahead of the clock: its time is not built upon')
  })
  const folded = {
    memory,
    requests: createRequests(),
    recent: createRecentPolls(),
    recorded: createRecordedAnswers(),
    failures: createFailures(),
  }
  const stopping = new AbortController()
  const loops = new Map<string, HostLoop>()
  const read = reader(options, folded, loops)
  const turns = hostTurns(options, folded, read, loops, stopping.signal)
  const partitions: OwnPartitions = await ownPartitions({
    kafka,
    groupId: 'poller',
    topics: [pollsTopic.name, pollRequestsTopic.name],
    sessionTimeoutMs: options.sessionTimeoutMs,
    read,
    owned: (lease) => {
      for (const host of hosts) {
        if (partitionOfHost(host.name, pollPartitions) === lease.partition) turns.begin(host, lease)
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
    status: () => statusOf(hosts, loops, memory, folded.failures, means.clock.now()),
    stop: async () => {
      stopping.abort()
      const all = turns.all()
      const grace = new Promise((resolve) => setTimeout(resolve, stopGraceMs).unref())
      await Promise.race([Promise.allSettled(all), grace])
      await partitions.stop()
      await Promise.allSettled(all)
    },
  }
}

interface Folded {
  memory: Memory
  requests: Requests
  recent: RecentPollKeeper
  recorded: RecordedAnswers
  failures: Failures
}

/** Polls hosts while there is a lease: one turn of a host after the other, each from its take-over to its end. */
function hostTurns(
  options: PollerOptions,
  folded: Folded,
  read: (records: ReadRecord[]) => Promise<void>,
  loops: Map<string, HostLoop>,
  stopping: AbortSignal,
): { begin: (host: Host, lease: Lease) => void; all: () => Promise<void>[] } {
  const { kafka, registry, means, due, deleted, metrics, crash } = options
  const { memory, requests, recent, recorded } = folded
  const takeOver = createTakeOver({ kafka, registry, means, memory, recorded, metrics, read })
  const turns = new Map<string, Promise<void>>()

  const pollWhile = async (host: Host, lease: Lease): Promise<void> => {
    const ending = AbortSignal.any([lease.signal, stopping])
    await takeOver.host(host, lease, lease.assigned, ending)
    if (ending.aborted) return
    const loop = runHostLoop({
      ...{ host, right: lease, means, memory, requests, due, deleted, stopping, metrics },
      recent: recent.of(host.name),
      adopt: (identity) => takeOver.identity(host, lease, identity),
    })
    loops.set(host.name, loop)
    means.log.info({ host: host.name, partition: lease.partition }, 'polling this host')
    await loop.ended
    loops.delete(host.name)
    means.log.info({ host: host.name }, 'no longer polling this host')
  }
  return {
    begin(host, lease) {
      // An answer of an earlier lease may still be on its way to Kafka, which was away: one that is asked for now would
      // be there before it, though known later, and the host would see twice the requests at once.
      const turn = (turns.get(host.name) ?? Promise.resolve()).then(() => pollWhile(host, lease))
      turns.set(host.name, turn)
      turn.catch(crash)
    },
    all: () => [...turns.values()],
  }
}

/**
 * Folds what is read of polls and poll-requests into what is known. Tells the loops of requests, and of pauses that
 * somebody lifts.
 */
function reader(
  { registry, means, metrics }: PollerOptions,
  { memory, requests, recent, recorded, failures }: Folded,
  loops: ReadonlyMap<string, HostLoop>,
): (records: ReadRecord[]) => Promise<void> {
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
      recorded.seen(poll)
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
