import { partitionOfHost } from '#core/host.ts'
import { isPage, requestIdentity, selectorOf } from '#core/request-identity.ts'
import { requestWindows } from '#core/request-windows.ts'
import { createRequests } from '#core/requests.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { highWatermarks } from '#platform/kafka/consumer-lag.ts'
import { follow } from '#platform/kafka/follow.ts'
import type { ReadRecord } from '#platform/kafka/own-partitions.ts'
import { DecodeFailure, type Registry } from '#platform/kafka/registry.ts'
import { pause } from '#platform/process/retry.ts'
import { type Poll, pollSchema } from '#schemas/generated/records.ts'
import { pollPartitions, pollsTopic } from '#schemas/topics.ts'
import type { HostBudget, PollerStatus } from '../poller/status.ts'
import type { BackfillWindow } from './windows.ts'

export interface BackfillRequest {
  dataset: string
  host: string
  windows: BackfillWindow[]
  confirmsEmpty: boolean
  requestedBy: string
}

export interface BackfillProgress {
  done: number
  /** Request budget of the host; undefined while the poller does not answer. */
  budget: HostBudget | undefined
  /** Number of windows of the dataset that others requested, and that still wait for their poll. */
  ahead: number
  /** Error of the newest poll of a requested window; undefined if that poll did not fail. */
  failing: string | undefined
}

export interface PollParts {
  kafka: Kafka
  registry: Registry
  /** Fetches the poller's status. Rejects while the poller does not answer. */
  pollerStatus: () => Promise<PollerStatus>
}

export interface PollEvents {
  /** Called when Kafka has all requests. The poller executes them even if this process ends. */
  requested: (windows: number) => void
  progress: (reached: BackfillProgress) => void
}

export interface PolledWindow {
  name: string
  poll: Poll
  /** Positions of the window's answers in raw, `partition/offset`, since the request. Each page is an answer. */
  places: string[]
}

const lookEveryMs = 500

/**
 * Requests all windows, and reads topic `polls` until each request has succeeded or was given up by the poller.
 * @throws the reason of `stop` when `stop` is aborted; the requests remain
 */
export async function pollAll(
  { kafka, registry, pollerStatus }: PollParts,
  { dataset, host, windows, confirmsEmpty, requestedBy }: BackfillRequest,
  events: PollEvents,
  stop: AbortSignal,
): Promise<PolledWindow[]> {
  const partition = partitionOfHost(host, pollPartitions)
  const offset = (await highWatermarks(kafka, pollsTopic.name)).get(partition) ?? 0
  const requests = createRequests()
  const identities = new Set<string>()
  const written = await requestWindows(kafka, registry, { dataset, host, windows, requestedBy, confirmsEmpty })
  for (const { request, at } of written) {
    requests.addRequest(request, at)
    identities.add(request.requestIdentity)
  }

  const last = new Map<string, Poll>()
  const places = new Map<string, string[]>()
  let failing: string | undefined
  const decoder = registry.decoder(pollSchema)
  const read = async (records: ReadRecord[]): Promise<void> => {
    await decoder.prepare(records.map(({ value }) => value))
    for (const { value } of records) {
      const poll = decoder.decode(value)
      if (poll instanceof DecodeFailure) continue
      const before = requests.open().length
      const { requestIdentity: identity } = poll
      if (poll.dataset === dataset && poll.rawOffset !== null) {
        const whole = wholeOf(poll)
        places.set(whole, [...(places.get(whole) ?? []), `${poll.rawPartition}/${poll.rawOffset}`])
      }
      requests.addPoll(poll)
      if (requests.open().length < before) last.set(identity, poll)
      if (identities.has(identity)) failing = poll.outcome === 'failed' ? (poll.error ?? 'no reason given') : undefined
    }
  }
  const dead = new AbortController()
  const unfollow = await follow(kafka, { topic: pollsTopic.name, partition, offset }, read, (error) =>
    dead.abort(error),
  )
  try {
    events.requested(windows.length)
    for (;;) {
      stop.throwIfAborted()
      dead.signal.throwIfAborted()
      // Counted before the status is read. A poll in between would else make `ahead` too large.
      const ours = requests.open().length
      const status = await pollerStatus().catch(() => undefined)
      const waiting = status?.datasets.find((known) => known.dataset === dataset)?.waiting.requested ?? 0
      const budget = status?.budgets.find((known) => known.host === host)
      if (!stop.aborted) events.progress({ done: last.size, budget, ahead: Math.max(0, waiting - ours), failing })
      if (requests.open().length === 0) break
      await pause(lookEveryMs, stop)
    }
  } finally {
    await unfollow()
  }
  return windows.map(({ name, window, selector }) => {
    const identity = requestIdentity(dataset, window, selector)
    return { name, poll: last.get(identity) as Poll, places: places.get(identity) ?? [] }
  })
}

function wholeOf({ requestIdentity: identity, dataset, windowStart: startMs, windowEnd: endMs }: Poll): string {
  return isPage(selectorOf(identity, dataset)) ? requestIdentity(dataset, { startMs, endMs }) : identity
}
