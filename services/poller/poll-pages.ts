// Polls windows in pages. Each page is a raw response and a poll of its own, so that only one page is in memory.
import { createHash } from 'node:crypto'
import { noMemory } from '#core/poll-memory.ts'
import { pageSelector, requestIdentity } from '#core/request-identity.ts'
import { printable } from '#platform/process/printable.ts'
import type { Poll, PollMemory } from '#schemas/generated/records.ts'
import type { Coverage, Pages, RequestSpec } from '#sources/source.ts'
import { canConfirmEmpty } from './confirm-empty.ts'
import type { FullAnswer } from './fetch.ts'
import type { BudgetCharge, RequestedPause } from './host-budget.ts'
import type { KnownIdentity } from './memory.ts'
import { changesState, type Judgement, judgeCount, judgeFailure, knownAtMs } from './outcome.ts'
import { type PollJob, type PollResult, pollFields, pollWindow, record, sendRequest, writeRaw } from './poll-window.ts'
import { tracePoll } from './trace-poll.ts'

/**
 * Permissions to send a window's requests. `first` is charged to the budget already. `next` waits for one more, and
 * resolves with undefined if no more requests may be sent.
 */
export interface PollCharges {
  first: BudgetCharge
  next: () => Promise<BudgetCharge | undefined>
}

type PagedPoll = Omit<PollJob, 'onResponse' | 'path'>

/**
 * Requests the row count, then page after page, and last records the poll of the whole window. That poll fails if a
 * request fails, or if a page disagrees with the count. Returns undefined if the lease was lost or the process stops.
 */
export async function pollPages(
  paged: PagedPoll,
  pages: Pages,
  budget: PollCharges,
  known: (identity: string) => KnownIdentity | undefined,
  told: (page: PollResult) => void,
): Promise<PollResult | undefined> {
  const { deps } = paged
  const sentAtMs = deps.clock.now().nowMs
  const startedMs = performance.now()
  const memory = paged.known?.memory ?? noMemory
  const { status, pause, ...counted } = await countRows(paged, pages, budget.first)
  if (!paged.lease.holds()) return undefined
  const count = 'error' in counted ? counted : await keepCount(paged, memory, { ...counted, sentAtMs })
  const came =
    'error' in count
      ? { polls: [], error: count.error, unrecorded: count.unrecorded }
      : await pollEachPage(paged, pages, count.rows, budget, known, told)
  if (came === undefined || !paged.lease.holds()) return undefined
  const { outcome, memory: after } = judgeWhole(memory, count, came)
  const raw = 'error' in count ? undefined : count.raw
  const fetchedAt = Math.max(deps.clock.now().nowMs, (after.lastGoodFetchedAt ?? 0) + 1)
  const poll: Poll = {
    ...pollFields(paged),
    sentAt: sentAtMs,
    fetchedAt,
    outcome,
    status,
    durationMs: Math.round(performance.now() - startedMs),
    bytes: came.polls.reduce((sum, { bytes }) => sum + bytes, 0),
    contentHash: null,
    error: printable(came.error ?? null),
    errorBody: null,
    rawPartition: raw?.partition ?? null,
    rawOffset: raw?.offset ?? null,
    requestsReadTo: paged.requestsReadTo,
    pausedUntil: pause.pausedUntil,
    pauseReason: pause.pauseReason,
    memory: outcome === 'failed' ? after : { ...after, lastGoodFetchedAt: fetchedAt },
    changesState: changesState(paged.known?.memory, after, raw !== undefined),
  }
  if (!(await record(paged, poll, pause.attempts))) return undefined
  return {
    poll,
    ...(raw && { rawBytes: raw.bytes }),
    ...(came.unrecorded !== undefined && { unrecorded: came.unrecorded }),
  }
}
interface PagesResult {
  polls: Poll[]
  error?: string | undefined
  unrecorded?: string | undefined
}

async function pollEachPage(
  paged: PagedPoll,
  pages: Pages,
  rows: number,
  budget: PollCharges,
  known: (identity: string) => KnownIdentity | undefined,
  told: (page: PollResult) => void,
): Promise<PagesResult | undefined> {
  const came: PagesResult = { polls: [] }
  for (let skip = 0; skip < rows && came.error === undefined; skip += pages.take) {
    const spent = await budget.next()
    if (spent === undefined) return undefined
    const { page, held } = await pollPage(paged, pages, skip, spent, known)
    if (page === undefined) return undefined
    told(page)
    came.polls.push(page.poll)
    came.unrecorded = page.unrecorded
    came.error = whyUseless(page.poll) ?? disagreement(held, rows, skip, pages.take)
  }
  return came
}

function whyUseless({ outcome, error, requestIdentity, dataset }: Poll): string | undefined {
  const useless = outcome === 'failed' || outcome === 'refused' || outcome === 'unreadable'
  return useless ? `${requestIdentity.slice(dataset.length + 1)}: ${error ?? outcome}` : undefined
}

/** Judges a whole window. If a page failed, a row count that was written to raw is remembered nevertheless. */
function judgeWhole(memory: PollMemory, count: KeptCount | CountFailure, { polls, error }: PagesResult): Judgement {
  if ('error' in count) return judgeFailure(memory)
  if (error !== undefined) return judgeFailure(count.raw ? count.judgement.memory : memory)
  if (count.rows === 0) return count.judgement
  const isOther = memory.countedRows !== null && memory.countedRows !== count.rows
  const isChanged = isOther || polls.some(({ outcome }) => outcome === 'changed')
  const { lastGoodFetchedAt, lastChangedAt } = count.judgement.memory
  return {
    outcome: isChanged ? 'changed' : 'unchanged',
    memory: {
      ...count.judgement.memory,
      lastChangedAt: isChanged ? lastGoodFetchedAt : lastChangedAt,
      completeness: completenessOf(polls),
    },
  }
}

const completenessOf = (pages: readonly Poll[]): Coverage =>
  pages.every(({ memory }) => memory.completeness === 'partial') ? 'partial' : 'complete'

interface CountFailure {
  error: string
  unrecorded?: string
}

interface KeptCount {
  rows: number
  judgement: Judgement
  raw?: { partition: number; offset: number; bytes: number }
}

async function keepCount(
  paged: PagedPoll,
  memory: PollMemory,
  { rows, url, fetched, sentAtMs, lastByteAtMs }: CountAnswer & { sentAtMs: number },
): Promise<KeptCount | CountFailure> {
  const confirms = rows === 0 && canConfirmEmpty(memory, paged.confirming, sentAtMs)
  const isKept = rows !== memory.countedRows || confirms
  const knownAt = knownAtMs(memory, lastByteAtMs)
  const judgement = judgeCount(memory, rows, knownAt, isKept, confirms)
  if (!isKept) return { rows, judgement }
  const contentHash = createHash('sha256').update(fetched.body).digest('hex')
  const written = await writeRaw(paged, { url, fetched, sentAtMs, knownAt, contentHash, confirms })
  if ('error' in written) return { error: written.error, unrecorded: paged.candidate.identity }
  return { rows, judgement, raw: { ...written, bytes: fetched.body.length } }
}

interface CountAnswer {
  rows: number
  url: string
  fetched: FullAnswer
  lastByteAtMs: number
}

type CountResult = { status: number | null; pause: RequestedPause } & (CountAnswer | CountFailure)

const maxRows = 1_000_000

async function countRows(paged: PagedPoll, pages: Pages, spent: BudgetCharge): Promise<CountResult> {
  const asked = { window: paged.candidate.window, selector: paged.candidate.selector }
  const request = { ...paged, known: undefined, onResponse: spent.onResponse, path: () => pages.countPath(asked) }
  // The response may demand a pause of the host. Report it before the request's place in flight becomes free.
  const { url, fetched, lastByteAtMs, pause } = await sendRequest(request)
    .then((asked) => ({ ...asked, pause: spent.onResponse(asked.fetched) }))
    .finally(spent.release)
  const said = { status: fetched.status, pause }
  if (fetched.kind !== 'answer') {
    return { ...said, error: fetched.kind === 'failure' ? fetched.error : 'the count came as not modified' }
  }
  try {
    const { total } = pages.rowsIn(fetched.body)
    if (total !== null && Number.isSafeInteger(total) && total >= 0 && total <= maxRows)
      return { ...said, rows: total, url, fetched, lastByteAtMs }
    return { ...said, error: `the count of rows is ${total}` }
  } catch (error) {
    return { ...said, error: `the count of rows cannot be read: ${(error as Error).message}` }
  }
}

async function pollPage(
  paged: PagedPoll,
  pages: Pages,
  skip: number,
  spent: BudgetCharge,
  known: (identity: string) => KnownIdentity | undefined,
): Promise<{ page: PollResult | undefined; held: HeldRows | undefined }> {
  const { dataset, window } = paged.candidate
  const selector = pageSelector(skip)
  const identity = requestIdentity(dataset.name, window, selector)
  let held: HeldRows | undefined
  const { asking } = paged.hosted
  const assess: RequestSpec['assess'] = (body, about) => {
    held = pages.rowsIn(body)
    return asking.assess(body, about)
  }
  const before = known(identity)
  const candidate = { ...paged.candidate, identity, selector }
  const polling: PollJob = {
    ...paged,
    confirming: 'never',
    hosted: { ...paged.hosted, asking: { ...asking, assess } },
    candidate,
    // Sends no ETag or Last-Modified, because a 304 (not modified) would not state the number of rows.
    known: before && { ...before, memory: { ...before.memory, etag: null, lastModified: null } },
    onResponse: spent.onResponse,
    path: () => asking.requestPath({ window, selector }),
  }
  const page = await tracePoll(paged.host, candidate, () => pollWindow(polling)).finally(spent.release)
  return { page, held }
}

type HeldRows = ReturnType<Pages['rowsIn']>

/**
 * Returns how a page disagrees with the row count. Upstream may have published in between, limit its pages, or be
 * wrong. Returns undefined if the page agrees, or was not read.
 */
function disagreement(held: HeldRows | undefined, count: number, skip: number, take: number): string | undefined {
  if (held === undefined) return undefined
  const expected = Math.min(take, count - skip)
  if (held.rows !== expected) return `${pageSelector(skip)}: ${held.rows} rows came, ${expected} were counted`
  if (held.total === null || held.total === count) return undefined
  return `${pageSelector(skip)}: the page says ${held.total} rows, the count was ${count}`
}
