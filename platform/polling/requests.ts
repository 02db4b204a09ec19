import type { Poll, PollRequest } from '#schemas/generated/records.ts'
import { pollPartitions } from '#schemas/topics.ts'
import { partitionOfHost } from './host.ts'

/** A request is given up after so many failed polls since it was read; `polls` shows them. */
export const requestAttempts = 5

/** Where a record of poll-requests lies. */
export interface RequestPlace {
  partition: number
  offset: number
}

/** A request that no poll has answered yet. */
export interface OpenRequest {
  request: PollRequest
  at: RequestPlace
  /** Failed polls since it was read. */
  attempts: number
}

/**
 * Which requests are open: a request is done when a poll answered it, or when `requestAttempts` polls failed that would
 * have. A poll answers the requests that its poller had read before it asked upstream: those before `requestsReadTo`, in
 * the partition of its host. Offsets alone decide: a poll that waited for Kafka is written after requests that came
 * meanwhile, and does not answer them. A poll that does not state it (ingest, an earlier release, an adopted answer)
 * answers no request.
 */
export interface Requests {
  /** A record of poll-requests. Reading one again changes nothing. */
  ask: (request: PollRequest, at: RequestPlace) => void
  /**
   * A record of polls. Reading one again changes nothing.
   *
   * @param asked what was open for the identity when this process sent the request: it is answered also where it lies in
   *   the partition of another address of the upstream, of which `requestsReadTo` says nothing
   */
  polled: (poll: Poll, asked?: readonly OpenRequest[]) => void
  /** The offset of the host's partition that is to be read next. */
  readTo: (host: string) => number
  open: () => OpenRequest[]
  /** The open requests of an identity: one, or one for each address of the upstream. */
  openOf: (identity: string) => OpenRequest[]
}

/** What is known of an identity in one partition of poll-requests. */
interface Progress {
  newest?: { request: PollRequest; at: RequestPlace }
  /** Requests before this offset are answered. */
  answeredTo: number
  /** Failed polls: the newest that would have answered the most. */
  failures: { sentAtMs: number; readTo: number }[]
  open?: OpenRequest
}

export function createRequests(): Requests {
  const progress = new Map<string, Map<number, Progress>>()
  const identitiesOpen = new Set<string>()
  const readTo = new Map<number, number>()

  const update = (identity: string, partition: number, change: (state: Progress) => void): void => {
    const ofIdentity = progress.get(identity) ?? new Map<number, Progress>()
    progress.set(identity, ofIdentity)
    const state = ofIdentity.get(partition) ?? { answeredTo: 0, failures: [] }
    ofIdentity.set(partition, state)
    change(state)
    judge(state)
    if ([...ofIdentity.values()].some(({ open }) => open !== undefined)) identitiesOpen.add(identity)
    else identitiesOpen.delete(identity)
  }
  const openOf = (identity: string): OpenRequest[] =>
    [...(progress.get(identity)?.values() ?? [])].flatMap(({ open }) => open ?? [])
  return {
    ask(request, at) {
      readTo.set(at.partition, Math.max(at.offset + 1, readTo.get(at.partition) ?? 0))
      update(request.requestIdentity, at.partition, (state) => {
        if (state.newest === undefined || state.newest.at.offset < at.offset) state.newest = { request, at }
      })
    },
    polled(poll, asked = []) {
      const partition = partitionOfHost(poll.host, pollPartitions)
      const { requestIdentity: identity, requestsReadTo } = poll
      if (requestsReadTo !== null) update(identity, partition, (state) => count(state, poll, requestsReadTo))
      for (const { at } of asked) {
        if (at.partition !== partition) update(identity, at.partition, (state) => count(state, poll, at.offset + 1))
      }
    },
    readTo: (host) => readTo.get(partitionOfHost(host, pollPartitions)) ?? 0,
    open: () => [...identitiesOpen].flatMap(openOf),
    openOf,
  }
}

/** Adds a poll that answers, or failed to answer, the requests before an offset. */
function count(state: Progress, { outcome, sentAt: sentAtMs }: Poll, readTo: number): void {
  if (outcome !== 'failed') {
    state.answeredTo = Math.max(state.answeredTo, readTo)
    return
  }
  const others = state.failures.filter((failure) => failure.sentAtMs !== sentAtMs)
  state.failures = [...others, { sentAtMs, readTo }]
    .toSorted((one, other) => other.readTo - one.readTo || other.sentAtMs - one.sentAtMs)
    .slice(0, requestAttempts)
}

function judge(state: Progress): void {
  delete state.open
  if (state.newest === undefined || state.newest.at.offset < state.answeredTo) return
  const { request, at } = state.newest
  const attempts = state.failures.filter(({ readTo }) => readTo > at.offset).length
  if (attempts < requestAttempts) state.open = { request, at, attempts }
}
