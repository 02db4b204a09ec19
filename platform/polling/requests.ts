import type { Poll, PollRequest } from '#schemas/generated/records.ts'

/** A request is given up after so many failed polls since it was written; `polls` shows them. */
export const requestAttempts = 5

/** A record's place and when it was written, by its Kafka timestamp (ms). */
export interface WrittenAt {
  partition: number
  offset: number
  writtenAtMs: number
}

/** A request that no poll has answered yet. */
export interface OpenRequest {
  request: PollRequest
  /** Failed polls since it was written. */
  attempts: number
}

/**
 * Which requests are open: a request is done when its window was polled since it was written, well or `requestAttempts`
 * times in vain. "Since" goes by Kafka's timestamps, because a poller may run on a simulated clock; a poll made by
 * this process after it had read the request answers it whatever the clocks say.
 */
export interface Requests {
  /** A record of poll-requests. Reading one again changes nothing. */
  ask: (request: PollRequest, at: WrittenAt) => void
  /** A record of polls. `startedAfterOffset`: this process polled, and had read requests up to that offset. */
  polled: (poll: Poll, writtenAtMs: number, startedAfterOffset?: number) => void
  /** The offset of the newest request of an identity that was read; for `polled`. */
  newestOffset: (identity: string) => number | undefined
  open: () => OpenRequest[]
}

interface Progress {
  request?: PollRequest & WrittenAt
  answeredAtMs: number
  answeredOffset: number
  failures: { sentAtMs: number; sentWallMs: number; afterOffset: number }[]
}

export function createRequests(): Requests {
  const progress = new Map<string, Progress>()
  const open = new Map<string, OpenRequest>()
  const of = (identity: string): Progress => {
    const known = progress.get(identity)
    if (known !== undefined) return known
    const fresh = { answeredAtMs: Number.NEGATIVE_INFINITY, answeredOffset: -1, failures: [] }
    progress.set(identity, fresh)
    return fresh
  }
  const judge = (identity: string): void => {
    const state = of(identity)
    const attempts = openAttempts(state)
    if (state.request === undefined || attempts === undefined) open.delete(identity)
    else open.set(identity, { request: state.request, attempts })
  }
  return {
    ask(request, at) {
      const state = of(request.requestIdentity)
      if (isNewer(at, state.request)) {
        // Offsets of another partition say nothing of this one.
        if (state.request && state.request.partition !== at.partition) forgetOffsets(state)
        state.request = { ...request, ...at }
      }
      judge(request.requestIdentity)
    },
    polled(poll, writtenAtMs, startedAfterOffset = -1) {
      const state = of(poll.requestIdentity)
      const sentWallMs = writtenAtMs - poll.durationMs
      if (poll.outcome !== 'failed') {
        state.answeredAtMs = Math.max(state.answeredAtMs, sentWallMs)
        state.answeredOffset = Math.max(state.answeredOffset, startedAfterOffset)
        state.failures = []
      } else if (!state.failures.some(({ sentAtMs }) => sentAtMs === poll.sentAt)) {
        const failure = { sentAtMs: poll.sentAt, sentWallMs, afterOffset: startedAfterOffset }
        state.failures = [...state.failures, failure].slice(-requestAttempts)
      }
      judge(poll.requestIdentity)
    },
    newestOffset: (identity) => progress.get(identity)?.request?.offset,
    open: () => [...open.values()],
  }
}

/** An upstream at another address has its requests in another partition: there only time tells. */
const isNewer = (at: WrittenAt, before: WrittenAt | undefined): boolean => {
  if (before === undefined) return true
  return before.partition === at.partition ? before.offset < at.offset : before.writtenAtMs < at.writtenAtMs
}

function forgetOffsets(state: Progress): void {
  state.answeredOffset = -1
  state.failures = state.failures.map((failure) => ({ ...failure, afterOffset: -1 }))
}

/** Failed polls since the newest request; undefined when it is done or there is none. */
function openAttempts({ request, answeredAtMs, answeredOffset, failures }: Progress): number | undefined {
  if (request === undefined || answeredOffset >= request.offset || answeredAtMs >= request.writtenAtMs) return undefined
  const attempts = failures.filter(({ sentWallMs, afterOffset }) => {
    return afterOffset >= request.offset || sentWallMs >= request.writtenAtMs
  }).length
  return attempts >= requestAttempts ? undefined : attempts
}
