// A window whose rows come in pages. Each page is a raw response and a poll of its own, so that only one is held in memory.
import { pageSubject, requestIdentity } from '#platform/polling/request-identity.ts'
import type { Poll } from '#schemas/generated/records.ts'
import type { Asking, Look, Pages } from '#sources/source.ts'
import type { AskedPause, Spent } from './host-budget.ts'
import { type Known, noMemory } from './memory.ts'
import { judgeFailure, type Outcome } from './outcome.ts'
import { ask, type Polled, type Polling, pollWindow, record, whatWasPolled } from './poll-window.ts'
import { printable } from './printable.ts'

/** The requests of one poll: the first is charged for, each further one must be waited for. */
export interface Spending {
  first: Spent
  /** undefined: no more requests are to be sent. */
  next: () => Promise<Spent | undefined>
}

/** What a poll is of, without the request. */
type Paged = Omit<Polling, 'came' | 'path'>

/**
 * Asks for the count, then for page after page, and records last the poll of the whole window: failed when the count or
 * a page failed, or when they do not agree; then all of it is asked for again later, and pages that are held are
 * unchanged. Undefined when the right to poll was lost on the way.
 *
 * @param known what is known of a page
 * @param told of each page's poll that is recorded
 */
export async function pollPages(
  paged: Paged,
  pages: Pages,
  budget: Spending,
  known: (identity: string) => Known | undefined,
  told: (page: Polled) => void,
): Promise<Polled | undefined> {
  const { means, candidate } = paged
  const sentAtMs = means.clock.now().nowMs
  const startedMs = performance.now()
  const counted = await countRows(paged, pages, budget.first)
  const polls: Poll[] = []
  let unrecorded: string | undefined
  let error = 'error' in counted ? counted.error : undefined
  const rows = 'rows' in counted ? counted.rows : 0
  for (let skip = 0; skip < rows && error === undefined; skip += pages.take) {
    const spent = await budget.next()
    if (spent === undefined) return undefined
    const { page, held } = await pollPage(paged, pages, skip, spent, known)
    if (page === undefined) return undefined
    told(page)
    polls.push(page.poll)
    unrecorded = page.unrecorded
    error = whyUseless(page.poll) ?? disagreement(held, rows, skip, pages.take)
  }
  if (!paged.right.holds()) return undefined
  const { nowMs } = means.clock.now()
  const memory = paged.known?.memory ?? noMemory
  const fetchedAt = Math.max(nowMs, (memory.lastGoodFetchedAt ?? 0) + 1)
  const outcome = outcomeOf(error, rows, polls, memory.hadRows)
  const isNew = outcome === 'changed'
  const poll: Poll = {
    ...whatWasPolled(paged),
    sentAt: sentAtMs,
    fetchedAt,
    outcome,
    status: counted.status,
    durationMs: Math.round(performance.now() - startedMs),
    bytes: polls.reduce((sum, { bytes }) => sum + bytes, 0),
    contentHash: null,
    error: printable(error ?? null),
    errorBody: null,
    rawPartition: null,
    rawOffset: null,
    requestsReadTo: paged.requestsReadTo,
    ...counted.pause,
    memory:
      error === undefined
        ? {
            ...memory,
            lastGoodFetchedAt: fetchedAt,
            lastChangedAt: isNew ? fetchedAt : memory.lastChangedAt,
            completeness: completenessOf(polls),
            hadRows: memory.hadRows || rows > 0,
            failures: 0,
          }
        : judgeFailure(memory).memory,
  }
  return { poll: await record(means, poll, memory), ...(unrecorded !== undefined && { unrecorded }) }

  function whyUseless({ outcome: came, error: why, requestIdentity: page }: Poll): string | undefined {
    const useless = came === 'failed' || came === 'refused' || came === 'unreadable'
    return useless ? `${page.slice(candidate.dataset.name.length + 1)}: ${why ?? came}` : undefined
  }
}

/** Of a window: partial when no page has more than rows whose numbers are not there yet. */
function completenessOf(pages: readonly Poll[]): Look {
  if (pages.length === 0) return 'empty'
  return pages.every(({ memory }) => memory.completeness === 'partial') ? 'partial' : 'complete'
}

type Counted = { status: number | null; pause: AskedPause } & ({ rows: number } | { error: string })

/** More rows than this in one window are taken for garbage. */
const mostRows = 1_000_000

async function countRows(paged: Paged, pages: Pages, spent: Spent): Promise<Counted> {
  const asked = { window: paged.candidate.window, subject: paged.candidate.subject }
  const request = { ...paged, known: undefined, came: spent.came, path: () => pages.countPath(asked) }
  // What came is told before the place is free: nothing is sent to a host that has just asked to be left alone.
  const { fetched, pause } = await ask(request)
    .then((asked) => ({ ...asked, pause: spent.came(asked.fetched) }))
    .finally(spent.done)
  const said = { status: fetched.status, pause }
  if (fetched.kind !== 'answer') {
    return { ...said, error: fetched.kind === 'failure' ? fetched.error : 'the count came as not modified' }
  }
  try {
    const { total } = pages.rowsIn(fetched.body)
    if (total !== null && Number.isSafeInteger(total) && total >= 0 && total <= mostRows)
      return { ...said, rows: total }
    return { ...said, error: `the count of rows is ${total}` }
  } catch (error) {
    return { ...said, error: `the count of rows cannot be read: ${(error as Error).message}` }
  }
}

async function pollPage(
  paged: Paged,
  pages: Pages,
  skip: number,
  spent: Spent,
  known: (identity: string) => Known | undefined,
): Promise<{ page: Polled | undefined; held: Held | undefined }> {
  const { dataset, window } = paged.candidate
  const subject = pageSubject(skip)
  const identity = requestIdentity(dataset.name, window, subject)
  let held: Held | undefined
  const { asking } = paged.hosted
  const look: Asking['look'] = (body, about) => {
    held = pages.rowsIn(body)
    return asking.look(body, about)
  }
  const before = known(identity)
  const page = await pollWindow({
    ...paged,
    hosted: { ...paged.hosted, asking: { ...asking, look } },
    candidate: { ...paged.candidate, identity, subject },
    // The bytes must come: a 304 would not say how many rows there are.
    known: before && { ...before, memory: { ...before.memory, etag: null, lastModified: null } },
    came: spent.came,
    path: () => asking.requestPath({ window, subject }),
  }).finally(spent.done)
  return { page, held }
}

type Held = ReturnType<Pages['rowsIn']>

/** Rows that are missing, or another total: upstream published anew in between, caps its pages, or is wrong. */
function disagreement(held: Held | undefined, count: number, skip: number, take: number): string | undefined {
  if (held === undefined) return undefined
  const expected = Math.min(take, count - skip)
  if (held.rows !== expected) return `${pageSubject(skip)}: ${held.rows} rows came, ${expected} were counted`
  if (held.total === null || held.total === count) return undefined
  return `${pageSubject(skip)}: the page says ${held.total} rows, the count was ${count}`
}

function outcomeOf(error: string | undefined, rows: number, polls: readonly Poll[], hadRows: boolean): Outcome {
  if (error !== undefined) return 'failed'
  if (rows === 0) return hadRows ? 'emptied' : 'empty'
  return polls.some(({ outcome }) => outcome === 'changed') ? 'changed' : 'unchanged'
}
