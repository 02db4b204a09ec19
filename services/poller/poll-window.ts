import { createHash } from 'node:crypto'
import type { Clock } from '#core/clock.ts'
import type { HostedDataset } from '#core/hosts.ts'
import { type IdentityProgress, pauseOf, progressAfter } from '#core/memory-records.ts'
import { noMemory } from '#core/poll-memory.ts'
import type { Logger } from '#platform/process/log.ts'
import { printable } from '#platform/process/printable.ts'
import { pause } from '#platform/process/retry.ts'
import { TransientError } from '#platform/process/transient-error.ts'
import type { Poll, PollMemory } from '#schemas/generated/records.ts'
import type { Coverage } from '#sources/source.ts'
import type { Candidate } from './candidate.ts'
import { canConfirmEmpty, type EmptyConfirmation } from './confirm-empty.ts'
import type { Fetcher, FetchResult, FullAnswer } from './fetch.ts'
import type { RequestedPause } from './host-budget.ts'
import type { KnownIdentity } from './memory.ts'
import {
  changesState,
  isNewAnswer,
  type Judgement,
  judgeAnswer,
  judgeFailure,
  judgeNotModified,
  knownAtMs,
} from './outcome.ts'
import type { Publisher } from './publish.ts'
import { secretHider, withoutSecrets } from './secrets.ts'
import { rejectionMessage, upstreamMessage, withUpstreamMessage } from './upstream-message.ts'
import { noValidators, validatorsFor } from './validators.ts'

export interface PollDependencies {
  clock: Clock
  fetcher: Fetcher
  publisher: Publisher
  origin: string
  poller: string
  log: Logger
}

/** The lease on the host. `signal` aborts when the lease is lost. Check `holds` before each write. */
export interface LeaseGuard {
  signal: AbortSignal
  holds: () => boolean
}

export interface PollResult {
  poll: Poll
  rawBytes?: number
  /** Request identity of an answer that may be in raw without its poll, because Kafka did not acknowledge the write. */
  unrecorded?: string
}

export interface PollJob {
  deps: PollDependencies
  host: string
  hosted: HostedDataset
  candidate: Candidate
  known: KnownIdentity | undefined
  lease: LeaseGuard
  confirming: EmptyConfirmation
  /**
   * Next offset of poll-requests when the HTTP request is sent. A good poll answers the requests before this offset.
   */
  requestsReadTo: number
  carried: (identity: string) => IdentityProgress
  /** Called with the time when an answer's last byte, or its failure, arrived, ms UTC; before anything else. */
  onArrival: (lastByteAtMs: number) => void
  /** Called with the response, before anything is written, so that the host is paused at once. */
  onResponse: (fetched: FetchResult) => RequestedPause
  /** Returns path and query of the URL. An exception becomes a failed poll. */
  path: () => string
}

/**
 * Polls one window: fetch, write raw, assess, write memory, write the poll log. Each write is acknowledged before the
 * next step. Returns undefined if the lease was lost before memory was written; then no poll is recorded. After a
 * crash, the next owner writes what is missing.
 * @throws for bugs, and RefusedSend if Kafka will never take a record
 */
export async function pollWindow(polling: PollJob): Promise<PollResult | undefined> {
  const { deps, lease, known } = polling
  const { clock } = deps
  const sentAtMs = clock.now().nowMs
  const startedMs = performance.now()
  const { url, fetched, lastByteAtMs } = await sendRequest(polling)
  const asked = polling.onResponse(fetched)
  const durationMs = Math.round(performance.now() - startedMs)
  if (!lease.holds()) return undefined

  const memory = known?.memory ?? noMemory
  const kept = await keep(polling, { url, fetched, sentAtMs, lastByteAtMs, memory })
  if (!lease.holds()) return undefined
  const poll: Poll = {
    ...pollFields(polling),
    sentAt: sentAtMs,
    fetchedAt: kept.knownAt,
    outcome: kept.outcome,
    status: fetched.status,
    durationMs,
    bytes: fetched.kind === 'answer' ? fetched.body.length : 0,
    contentHash: kept.contentHash,
    error: printable(kept.error),
    errorBody: fetched.kind === 'failure' ? printable(fetched.firstKilobyte) : null,
    rawPartition: kept.raw?.partition ?? null,
    rawOffset: kept.raw?.offset ?? null,
    requestsReadTo: polling.requestsReadTo,
    pausedUntil: asked.pausedUntil,
    pauseReason: asked.pauseReason,
    memory: kept.memory,
    changesState: changesState(known?.memory, kept.memory, kept.raw !== undefined),
  }
  if (!(await record(polling, poll, asked.attempts))) return undefined
  return {
    poll,
    ...(kept.raw && fetched.kind === 'answer' && { rawBytes: fetched.body.length }),
    ...(kept.isUncertain && { unrecorded: poll.requestIdentity }),
  }
}

export function pollFields({ deps, host, candidate }: Pick<PollJob, 'deps' | 'host' | 'candidate'>) {
  return {
    requestIdentity: candidate.identity,
    dataset: candidate.dataset.name,
    host,
    windowStart: candidate.window.startMs,
    windowEnd: candidate.window.endMs,
    lane: candidate.lane,
    poller: deps.poller,
    origin: deps.origin,
  }
}

/** Sends the request of a poll. Never throws: if the request cannot be built, returns a failure. */
export async function sendRequest(
  polling: PollJob,
): Promise<{ url: string; fetched: FetchResult; lastByteAtMs: number }> {
  const { deps, host, hosted, known, lease, candidate } = polling
  const { asking, baseUrl, headers, intervalMs } = hosted
  const arrival = (): number => {
    const { nowMs } = deps.clock.now()
    polling.onArrival(nowMs)
    return nowMs
  }
  let url = baseUrl
  try {
    url += polling.path()
  } catch (error) {
    const reason = `the request cannot be made: ${(error as Error).message}`
    const fetched: FetchResult = { kind: 'failure', error: reason, status: null, firstKilobyte: null }
    return { url, fetched, lastByteAtMs: arrival() }
  }
  const fetched = await deps.fetcher.fetch({
    url,
    // Ticks send no ETag or Last-Modified, because each answer is written to raw even if it is unchanged.
    validators: intervalMs === null ? validatorsFor(host, known, deps.clock.now().nowMs) : noValidators,
    headers,
    meaningfulStatuses: asking.meaningfulStatuses,
    maxBodyBytes: asking.maxBodyBytes,
    signal: lease.signal,
  })
  const lastByteAtMs = arrival()
  const safe = withoutSecrets(fetched, headers)
  if (safe.kind !== 'failure') return { url, fetched: safe, lastByteAtMs }
  const { window, selector } = candidate
  return { url, fetched: withUpstreamMessage(safe, asking, { window, selector }, secretHider(headers)), lastByteAtMs }
}

interface ReceivedAnswer {
  url: string
  fetched: FetchResult
  sentAtMs: number
  lastByteAtMs: number
  memory: PollMemory
}

interface KeptAnswer extends Judgement {
  knownAt: number
  contentHash: string | null
  error: string | null
  raw?: { partition: number; offset: number }
  isUncertain?: true
}

/**
 * Writes an answer to raw if it is new, then assesses it. An answer that may confirm that the window was emptied is
 * assessed first, because its raw record says so.
 */
async function keep(
  polling: PollJob,
  { url, fetched, sentAtMs, lastByteAtMs, memory }: ReceivedAnswer,
): Promise<KeptAnswer> {
  const failed = (error: string): KeptAnswer => {
    return { ...judgeFailure(memory), knownAt: lastByteAtMs, contentHash: null, error }
  }
  if (fetched.kind === 'failure') return failed(fetched.error)
  const knownAt = knownAtMs(memory, lastByteAtMs)
  if (fetched.kind === 'not-modified') {
    return { ...judgeNotModified(memory, knownAt), knownAt, contentHash: memory.lastGoodHash, error: null }
  }
  const { candidate, hosted, confirming } = polling
  const contentHash = createHash('sha256').update(fetched.body).digest('hex')
  const seen = canConfirmEmpty(memory, confirming, sentAtMs) ? assessAnswer(hosted, candidate, fetched) : undefined
  const confirms = seen?.coverage === 'empty'
  const isNew = hosted.intervalMs !== null || isNewAnswer(memory, contentHash) || confirms
  let raw: KeptAnswer['raw']
  if (isNew) {
    const written = await writeRaw(polling, { url, fetched, sentAtMs, knownAt, contentHash, confirms })
    if ('error' in written) return { ...failed(written.error), isUncertain: true }
    raw = written
  }
  const { coverage, error } = seen ?? assessAnswer(hosted, candidate, fetched)
  const { etag = null, 'last-modified': lastModified = null } = fetched.headers
  const judgement = judgeAnswer(memory, { contentHash, etag, lastModified }, coverage, knownAt, isNew, confirms)
  return { ...judgement, knownAt, contentHash, error, ...(raw && { raw }) }
}

/** Writes an answer to raw. Never throws. If an error is returned, the answer may be in raw nevertheless. */
export async function writeRaw(
  { deps, candidate, hosted }: Pick<PollJob, 'deps' | 'candidate' | 'hosted'>,
  answer: {
    url: string
    fetched: FullAnswer
    sentAtMs: number
    knownAt: number
    contentHash: string
    confirms: boolean
  },
): Promise<{ partition: number; offset: number } | { error: string }> {
  const { url, fetched, sentAtMs, knownAt, contentHash, confirms } = answer
  const { status, headers, body } = fetched
  try {
    return await deps.publisher.raw(hosted.source, {
      dataset: candidate.dataset.name,
      requestIdentity: candidate.identity,
      windowStart: candidate.window.startMs,
      windowEnd: candidate.window.endMs,
      ...{ url, status, headers, body, contentHash, confirms },
      ...{ sentAt: sentAtMs, fetchedAt: knownAt, origin: deps.origin },
    })
  } catch (error) {
    deps.log.error({ err: error, requestIdentity: candidate.identity }, 'an answer could not be kept')
    return { error: `the answer could not be kept: ${(error as Error).message}` }
  }
}

/** Assesses an answer. Never throws. `coverage` is undefined if the body cannot be read. */
export function assessAnswer(
  { asking, headers }: Pick<HostedDataset, 'asking' | 'headers'>,
  { window, selector }: Pick<Candidate, 'window' | 'selector'>,
  { body }: Pick<FullAnswer, 'body'>,
): { coverage: Coverage | undefined; error: string | null } {
  const hide = secretHider(headers)
  try {
    const coverage = asking.assess(body, { window, selector })
    const rejection = rejectionMessage(coverage)
    if (rejection !== undefined) return { coverage: 'refused', error: hide(rejection) }
    if (typeof coverage === 'object') throw new Error(`${coverage.reason}: ${coverage.message}`)
    if (coverage !== 'refused') return { coverage, error: null }
    const words = upstreamMessage(body, hide)
    return { coverage, error: `upstream refused the request${words === null ? '' : `: ${words}`}` }
  } catch (error) {
    return { coverage: undefined, error: hide(`the answer cannot be read: ${(error as Error).message}`) }
  }
}

const retryMs = 1_000

/**
 * Writes the memory of a poll, then the poll log. Retries while Kafka is unavailable. Returns false if the lease was
 * lost before the memory was written.
 * @throws RefusedSend if Kafka will never take the record
 */
export async function record(
  { deps, lease, carried }: Pick<PollJob, 'deps' | 'lease' | 'carried'>,
  poll: Poll,
  attempts: number,
): Promise<boolean> {
  const { publisher, log } = deps
  const isTaken = async (what: string, write: () => Promise<void>): Promise<boolean> => {
    while (lease.holds()) {
      try {
        await write()
        return true
      } catch (error) {
        if (!(error instanceof TransientError)) throw error
        log.warn({ err: error, requestIdentity: poll.requestIdentity }, `${what} could not be written: trying again`)
        await pause(retryMs, lease.signal)
      }
    }
    return false
  }
  const after = progressAfter(carried(poll.requestIdentity), poll)
  const remembered = { poll, carried: after, pause: pauseOf(poll, attempts, null) }
  if (!(await isTaken('the memory of a poll', () => publisher.memory(remembered)))) return false
  await isTaken('the log of a poll', () => publisher.poll(poll))
  return true
}
