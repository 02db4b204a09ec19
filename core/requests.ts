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

/** How far the requests of an identity are answered, in the partition of a host. */
export interface RequestProgress {
  /** Requests before this offset are answered. */
  answeredTo: number
  /** Failed polls since: the newest of those that would have answered the most. */
  failures: readonly { sentAtMs: number; readTo: number }[]
}

export const noRequests: RequestProgress = { answeredTo: 0, failures: [] }

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
  /** What the memory of an identity says of requests to a host. Reading it again changes nothing. */
  remembered: (identity: string, host: string, progress: RequestProgress) => void
  /** How far the requests of an identity to a host are answered. */
  progressOf: (identity: string, host: string) => RequestProgress
  /** The offset of the host's partition that is to be read next. */
  readTo: (host: string) => number
  open: () => OpenRequest[]
  /** The open requests of an identity: one, or one for each address of the upstream. */
  openOf: (identity: string) => OpenRequest[]
}

/** What is known of an identity in one partition of poll-requests. */
interface Progress {
  newest?: { request: PollRequest; at: RequestPlace }
  answered: RequestProgress
  open?: OpenRequest
}

export function createRequests(): Requests {
  const progress = new Map<string, Map<number, Progress>>()
  const identitiesOpen = new Set<string>()
  const readTo = new Map<number, number>()

  const update = (identity: string, partition: number, change: (state: Progress) => void): void => {
    const ofIdentity = progress.get(identity) ?? new Map<number, Progress>()
    progress.set(identity, ofIdentity)
    const state = ofIdentity.get(partition) ?? { answered: noRequests }
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
      const count = (at: number, readTo: number): void =>
        update(identity, at, (state) => {
          state.answered = counted(state.answered, poll, readTo)
        })
      if (requestsReadTo !== null) count(partition, requestsReadTo)
      for (const { at } of asked) if (at.partition !== partition) count(at.partition, at.offset + 1)
    },
    remembered(identity, host, { answeredTo, failures }) {
      update(identity, partitionOfHost(host, pollPartitions), (state) => {
        const known = state.answered.failures.filter(
          ({ sentAtMs }) => !failures.some((one) => one.sentAtMs === sentAtMs),
        )
        const furthest = Math.max(answeredTo, state.answered.answeredTo)
        state.answered = { answeredTo: furthest, failures: mostSpecific([...known, ...failures], furthest) }
      })
    },
    progressOf: (identity, host) =>
      progress.get(identity)?.get(partitionOfHost(host, pollPartitions))?.answered ?? noRequests,
    readTo: (host) => readTo.get(partitionOfHost(host, pollPartitions)) ?? 0,
    open: () => [...identitiesOpen].flatMap(openOf),
    openOf,
  }
}

/** How far requests are answered after a poll. Pure. */
export const requestsAfter = (before: RequestProgress, poll: Poll): RequestProgress =>
  poll.requestsReadTo === null ? before : counted(before, poll, poll.requestsReadTo)

/** Adds a poll that answers, or failed to answer, the requests before an offset. */
function counted(before: RequestProgress, { outcome, sentAt: sentAtMs }: Poll, readTo: number): RequestProgress {
  const { answeredTo, failures } = before
  if (outcome !== 'failed') {
    const furthest = Math.max(answeredTo, readTo)
    return { answeredTo: furthest, failures: mostSpecific(failures, furthest) }
  }
  const others = failures.filter((failure) => failure.sentAtMs !== sentAtMs)
  return { answeredTo, failures: mostSpecific([...others, { sentAtMs, readTo }], answeredTo) }
}

/** Failures that count for requests which may be open: as many as end one. */
const mostSpecific = (failures: RequestProgress['failures'], answeredTo: number): RequestProgress['failures'] =>
  failures
    .filter(({ readTo }) => readTo > answeredTo)
    .toSorted((one, other) => other.readTo - one.readTo || other.sentAtMs - one.sentAtMs)
    .slice(0, requestAttempts)

function judge(state: Progress): void {
  delete state.open
  if (state.newest === undefined || state.newest.at.offset < state.answered.answeredTo) return
  const { request, at } = state.newest
  const attempts = state.answered.failures.filter(({ readTo }) => readTo > at.offset).length
  if (attempts < requestAttempts) state.open = { request, at, attempts }
}
