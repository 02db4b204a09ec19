import type { Poll, PollRequest } from '#schemas/generated/records.ts'
import { pollPartitions } from '#schemas/topics.ts'
import { partitionOfHost } from './host.ts'

/** Maximum number of failed polls for a request. After that many, the request is closed unanswered. */
export const requestAttempts = 5

export interface RequestPlace {
  partition: number
  offset: number
}

export interface RequestProgress {
  /** The requests before this offset of poll-requests are answered. */
  answeredTo: number
  /**
   * The failed polls whose poller had read requests beyond `answeredTo`: at most `requestAttempts`, greatest `readTo`
   * first. A poll is a failed attempt for each request before its `readTo`.
   */
  failures: readonly { sentAtMs: number; readTo: number }[]
}

export const noRequests: RequestProgress = { answeredTo: 0, failures: [] }

export interface OpenRequest {
  request: PollRequest
  at: RequestPlace
  attempts: number
}

/**
 * Keeps the open requests, which no poll has answered. A poll that did not fail answers all requests that its poller
 * had read when it sent the HTTP request: those before the offset `requestsReadTo`, in the partition of the poll's
 * host. A request is also closed after `requestAttempts` failed polls. A poll whose `requestsReadTo` is null answers
 * nothing: ingest and an owner that adopts an answer write such polls, and so did earlier releases. All methods are
 * idempotent.
 */
export interface Requests {
  addRequest: (request: PollRequest, at: RequestPlace) => void
  /** @param asked requests that were open when the HTTP request was sent: the poll counts for them in all partitions */
  addPoll: (poll: Poll, asked?: readonly OpenRequest[]) => void
  addProgress: (identity: string, host: string, progress: RequestProgress) => void
  progressOf: (identity: string, host: string) => RequestProgress
  /** Returns the next offset of poll-requests to read, in the host's partition. */
  readTo: (host: string) => number
  open: () => OpenRequest[]
  openOf: (identity: string) => OpenRequest[]
}

interface PlacedRequest {
  request: PollRequest
  at: RequestPlace
}

interface Progress {
  newest?: PlacedRequest
  /** The newest request whose `confirmsEmpty` is true. A later request without it does not take it back. */
  newestConfirming?: PlacedRequest
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
    addRequest(request, at) {
      readTo.set(at.partition, Math.max(at.offset + 1, readTo.get(at.partition) ?? 0))
      update(request.requestIdentity, at.partition, (state) => {
        state.newest = newerOf(state.newest, { request, at })
        if (request.confirmsEmpty) state.newestConfirming = newerOf(state.newestConfirming, { request, at })
      })
    },
    addPoll(poll, asked = []) {
      const partition = partitionOfHost(poll.host, pollPartitions)
      const { requestIdentity: identity, requestsReadTo } = poll
      const count = (at: number, readTo: number): void =>
        update(identity, at, (state) => {
          state.answered = counted(state.answered, poll, readTo)
        })
      if (requestsReadTo !== null) count(partition, requestsReadTo)
      for (const { at } of asked) if (at.partition !== partition) count(at.partition, at.offset + 1)
    },
    addProgress(identity, host, { answeredTo, failures }) {
      update(identity, partitionOfHost(host, pollPartitions), (state) => {
        const known = state.answered.failures.filter(
          ({ sentAtMs }) => !failures.some((one) => one.sentAtMs === sentAtMs),
        )
        const furthest = Math.max(answeredTo, state.answered.answeredTo)
        state.answered = { answeredTo: furthest, failures: keptFailures([...known, ...failures], furthest) }
      })
    },
    progressOf: (identity, host) =>
      progress.get(identity)?.get(partitionOfHost(host, pollPartitions))?.answered ?? noRequests,
    readTo: (host) => readTo.get(partitionOfHost(host, pollPartitions)) ?? 0,
    open: () => [...identitiesOpen].flatMap(openOf),
    openOf,
  }
}

export const requestsAfter = (before: RequestProgress, poll: Poll): RequestProgress =>
  poll.requestsReadTo === null ? before : counted(before, poll, poll.requestsReadTo)

function counted(before: RequestProgress, { outcome, sentAt: sentAtMs }: Poll, readTo: number): RequestProgress {
  const { answeredTo, failures } = before
  if (outcome !== 'failed') {
    const furthest = Math.max(answeredTo, readTo)
    return { answeredTo: furthest, failures: keptFailures(failures, furthest) }
  }
  const others = failures.filter((failure) => failure.sentAtMs !== sentAtMs)
  return { answeredTo, failures: keptFailures([...others, { sentAtMs, readTo }], answeredTo) }
}

const keptFailures = (failures: RequestProgress['failures'], answeredTo: number): RequestProgress['failures'] =>
  failures
    .filter(({ readTo }) => readTo > answeredTo)
    .toSorted((one, other) => other.readTo - one.readTo || other.sentAtMs - one.sentAtMs)
    .slice(0, requestAttempts)

const newerOf = (known: PlacedRequest | undefined, read: PlacedRequest): PlacedRequest =>
  known === undefined || known.at.offset < read.at.offset ? read : known

function judge(state: Progress): void {
  delete state.open
  const { newest, newestConfirming, answered } = state
  const attemptsAt = ({ at }: PlacedRequest): number =>
    answered.failures.filter(({ readTo }) => readTo > at.offset).length
  const isOpen = (placed: PlacedRequest): boolean =>
    placed.at.offset >= answered.answeredTo && attemptsAt(placed) < requestAttempts
  if (newest === undefined || !isOpen(newest)) return
  const confirmsEmpty = newestConfirming !== undefined && isOpen(newestConfirming)
  const request = { ...newest.request, confirmsEmpty }
  state.open = { request, at: newest.at, attempts: attemptsAt(newest) }
}
