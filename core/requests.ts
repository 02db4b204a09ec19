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
   * Failed polls since then, greatest `readTo` first, at most `requestAttempts`. A poll is a failed attempt for each
   * request before its `readTo`.
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
 * The open requests, which no poll has answered. A poll that did not fail answers the requests that its poller had read
 * before it sent the HTTP request: those before the offset `requestsReadTo` in the partition of the poll's host. A
 * request is also closed after `requestAttempts` failed polls. A poll whose `requestsReadTo` is null answers nothing:
 * ingest writes such polls, and so did earlier releases. All methods are idempotent.
 */
export interface Requests {
  addRequest: (request: PollRequest, at: RequestPlace) => void
  /** @param asked requests that were open when the HTTP request was sent. The poll answers them in all partitions */
  addPoll: (poll: Poll, asked?: readonly OpenRequest[]) => void
  addProgress: (identity: string, host: string, progress: RequestProgress) => void
  progressOf: (identity: string, host: string) => RequestProgress
  /** Returns the next offset of poll-requests to read, in the host's partition. */
  readTo: (host: string) => number
  open: () => OpenRequest[]
  openOf: (identity: string) => OpenRequest[]
}

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
    addRequest(request, at) {
      readTo.set(at.partition, Math.max(at.offset + 1, readTo.get(at.partition) ?? 0))
      update(request.requestIdentity, at.partition, (state) => {
        if (state.newest === undefined || state.newest.at.offset < at.offset) state.newest = { request, at }
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

function judge(state: Progress): void {
  delete state.open
  if (state.newest === undefined || state.newest.at.offset < state.answered.answeredTo) return
  const { request, at } = state.newest
  const attempts = state.answered.failures.filter(({ readTo }) => readTo > at.offset).length
  if (attempts < requestAttempts) state.open = { request, at, attempts }
}
