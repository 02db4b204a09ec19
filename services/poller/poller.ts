import { partitionOfHost } from '#core/host.ts'
import type { Host } from '#core/hosts.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { type Lease, type OwnPartitions, ownPartitions, type ReadRecord } from '#platform/kafka/own-partitions.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import { pause } from '#platform/process/retry.ts'
import { pollerMemoryTopic, pollPartitions, pollRequestsTopic } from '#schemas/topics.ts'
import type { DeletionLimits } from './deletion-limits.ts'
import type { DueSettings } from './due.ts'
import { createHostLogWriter, type HostLogWriter } from './host-log.ts'
import { type HostLoop, runHostLoop } from './host-loop.ts'
import type { Metrics } from './metrics.ts'
import type { PollDependencies } from './poll-window.ts'
import { carriedFor, createPollerState, createReader, type PollerState } from './poller-state.ts'
import { type PollerStatus, statusOf } from './status.ts'
import { createTakeOver } from './take-over.ts'

export interface PollerOptions {
  kafka: Kafka
  registry: Registry
  hosts: Host[]
  deps: PollDependencies
  due: DueSettings
  deleted: DeletionLimits
  sessionTimeoutMs: number
  metrics: Metrics
  crash: (error: Error) => void
}

export interface Poller {
  notReady: () => string | undefined
  status: () => PollerStatus
  /** Sends no more requests, waits for the requests in flight, and leaves the group. */
  stop: () => Promise<void>
}

/** Maximum time that stop() waits for requests in flight, ms. */
const stopGraceMs = 2_000

/** Joins the pollers' group and polls the hosts whose partitions this process owns. */
export async function startPoller(options: PollerOptions): Promise<Poller> {
  const { kafka, hosts, deps, metrics, crash } = options
  const known = createPollerState(deps, metrics)
  const stopping = new AbortController()
  const loops = new Map<string, HostLoop>()
  const read = createReader(options, known, loops)
  const hostLog = createHostLogWriter(deps.publisher.hostLog, deps.log)
  const turns = hostTurns(options, { known, read, loops, hostLog }, stopping.signal)
  const partitions: OwnPartitions = await ownPartitions({
    kafka,
    groupId: 'poller',
    topics: [pollerMemoryTopic.name, pollRequestsTopic.name],
    sessionTimeoutMs: options.sessionTimeoutMs,
    read,
    onLease: (lease) => {
      for (const host of hosts) {
        if (partitionOfHost(host.name, pollPartitions) === lease.partition) turns.begin(host, lease)
      }
    },
    log: deps.log,
    crash,
  })
  return {
    notReady: () => {
      metrics.ownedPartitions.set(partitions.owned().length)
      return partitions.notReady()
    },
    status: () => statusOf(hosts, loops, known.memory, known.failures, deps.clock.now()),
    stop: async () => {
      stopping.abort()
      const all = turns.all()
      const grace = new Promise((resolve) => setTimeout(resolve, stopGraceMs).unref())
      await Promise.race([Promise.allSettled(all), grace])
      await partitions.stop()
      await Promise.allSettled(all)
      await Promise.race([hostLog.flushed(), pause(stopGraceMs)])
    },
  }
}

function hostTurns(
  options: PollerOptions,
  parts: {
    known: PollerState
    read: (records: ReadRecord[]) => Promise<void>
    loops: Map<string, HostLoop>
    hostLog: HostLogWriter
  },
  stopping: AbortSignal,
): { begin: (host: Host, lease: Lease) => void; all: () => Promise<void>[] } {
  const { kafka, registry, hosts, deps, due, deleted, metrics, crash } = options
  const { known, read, loops, hostLog } = parts
  const { memory, requests, recent } = known
  const takeOver = createTakeOver({ kafka, registry, deps, known, hosts, metrics, read })
  const turns = new Map<string, Promise<void>>()

  const pollWhile = async (host: Host, lease: Lease): Promise<void> => {
    const ending = AbortSignal.any([lease.signal, stopping])
    await takeOver.host(host, lease, lease.assigned, ending)
    if (ending.aborted) return
    const loop = runHostLoop({
      ...{ host, lease: lease, deps, memory, requests, due, deleted, stopping, metrics },
      carried: carriedFor(known, host.name),
      recent: recent.of(host.name),
      recordMissingPolls: (identity) => takeOver.identity(host, lease, identity),
      restore: () => void takeOver.restore(host, lease),
      hostLog: hostLog.write,
    })
    loops.set(host.name, loop)
    deps.log.info({ host: host.name, partition: lease.partition }, 'polling this host')
    await loop.ended
    loops.delete(host.name)
    deps.log.info({ host: host.name }, 'no longer polling this host')
  }
  return {
    begin(host, lease) {
      // An answer of an earlier lease may still be on its way to Kafka. Wait for it, so that raw stays in order.
      const turn = (turns.get(host.name) ?? Promise.resolve()).then(() => pollWhile(host, lease))
      turns.set(host.name, turn)
      turn.catch(crash)
    },
    all: () => [...turns.values()],
  }
}
