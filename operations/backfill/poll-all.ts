import { partitionOfHost } from '#core/host.ts'
import { isPage, requestIdentity, subjectOf } from '#core/request-identity.ts'
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
  /** As the poller names it. */
  host: string
  windows: BackfillWindow[]
  /** Whether an empty answer is believed at once. */
  confirmsEmpty: boolean
  /** Who asks, for the log. */
  requestedBy: string
}

/** How far a backfill is. */
export interface BackfillProgress {
  /** Windows done. */
  done: number
  /** Undefined: the poller does not answer. */
  budget: HostBudget | undefined
  /** Windows that others asked for and that wait too. */
  ahead: number
  /** Why the newest poll of ours failed; undefined when it did not. */
  failing: string | undefined
}

export interface PollParts {
  kafka: Kafka
  registry: Registry
  /** What the poller says of itself. Rejects while it does not answer. */
  pollerStatus: () => Promise<PollerStatus>
}

/** What is told while windows are polled. */
export interface PollEvents {
  /** All are asked for: the poller goes on with them, whatever becomes of this process. */
  asked: (windows: number) => void
  progress: (reached: BackfillProgress) => void
}

/** A window and the poll that ended its request. */
export interface PolledWindow {
  name: string
  poll: Poll
  /** Where its new answers lie in raw, `partition/offset`: one, or one a page. */
  places: string[]
}

const lookEveryMs = 500

/**
 * Asks for all windows and follows `polls` until each was polled well, or in vain as often as the poller tries.
 *
 * @param stop makes it end with the reason of its abort; what was asked for stays asked for
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
    requests.ask(request, at)
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
      requests.polled(poll)
      if (requests.open().length < before) last.set(identity, poll)
      if (identities.has(identity)) failing = poll.outcome === 'failed' ? (poll.error ?? 'no reason given') : undefined
    }
  }
  const dead = new AbortController()
  const unfollow = await follow(kafka, { topic: pollsTopic.name, partition, offset }, read, (error) =>
    dead.abort(error),
  )
  try {
    events.asked(windows.length)
    for (;;) {
      stop.throwIfAborted()
      dead.signal.throwIfAborted()
      // Counted before the poller is asked: what it does meanwhile must not make ours look like somebody else's.
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
  return windows.map(({ name, window, subject }) => {
    const identity = requestIdentity(dataset, window, subject)
    return { name, poll: last.get(identity) as Poll, places: places.get(identity) ?? [] }
  })
}

/** The request identity of the window that a poll belongs to: a page's is that of all its pages. */
function wholeOf({ requestIdentity: identity, dataset, windowStart: startMs, windowEnd: endMs }: Poll): string {
  return isPage(subjectOf(identity, dataset)) ? requestIdentity(dataset, { startMs, endMs }) : identity
}
