import fc from 'fast-check'
import { noMemory } from '#core/poll-memory.ts'
import { requestIdentity } from '#core/request-identity.ts'
import type { Poll, PollMemory } from '#schemas/generated/records.ts'
import { canConfirmEmpty } from '../../services/poller/confirm-empty.ts'
import {
  changesState,
  type Judgement,
  judgeAnswer,
  judgeCount,
  judgeFailure,
  judgeNotModified,
} from '../../services/poller/outcome.ts'

// Random polls as the poller writes them: of windows, of windows in pages, and of ticks.

const dayMs = 86_400_000
const bodies = new Map([
  ...(['rows', 'others'] as const).map((body) => [body, 'complete'] as const),
  ...[['half', 'partial'] as const, ['[]', 'empty'] as const, ['no', 'refused'] as const, ['html', undefined] as const],
])
const answers = fc.constantFrom('failure', 'not modified', '[]', '[]', ...bodies.keys())
// In a window in pages: how many rows the count says, and whether a page changed.
const counts = fc.oneof(fc.constant('failure'), fc.record({ rows: fc.nat(1), pageChanged: fc.boolean() }))
const steps = (what: fc.Arbitrary<string | { rows: number; pageChanged: boolean }>) => {
  const afterMs = fc.constantFrom(60_000, 11 * 60_000, dayMs / 24, 20 * dayMs)
  return fc.array(fc.record({ what, afterMs, poller: fc.constantFrom('one', 'two') }), { minLength: 1, maxLength: 14 })
}
const windowHistory = fc.record({
  day: fc.nat(800),
  selector: fc.constantFrom('null', 'IF1-FR-GB', 'XBT/USD', 'x/rows-7', 'rows-10'),
  // Polls of an earlier release do not tell whether an empty answer after a refused one confirms an empty answer before.
  steps: fc
    .oneof(steps(answers), steps(answers), steps(counts))
    .filter((all) => !/\[\].*"no".*\[\]/.test(all.map(({ what }) => JSON.stringify(what)).join())),
})
type Of<A> = A extends fc.Arbitrary<infer T> ? T : never
type WindowHistory = Of<typeof windowHistory>
type What = WindowHistory['steps'][0]['what']

const anyPoll = {
  ...{ host: 'h', lane: 'live', durationMs: 1, bytes: 1, errorBody: null, requestsReadTo: null },
  ...{ pausedUntil: null, pauseReason: null, origin: 'live' },
}

/** Judges a step as the poller does. */
function judge(
  memory: PollMemory,
  what: What,
  atMs: number,
): Judgement & { isKept: boolean; contentHash: string | null } {
  const confirms = (isEmpty: boolean) => isEmpty && canConfirmEmpty(memory, 'after-a-while', atMs)
  if (what === 'failure') return { ...judgeFailure(memory), isKept: false, contentHash: null }
  if (what === 'not modified') {
    if (memory.etag === null) return judge(memory, 'failure', atMs)
    return { ...judgeNotModified(memory, atMs), isKept: false, contentHash: memory.lastGoodHash }
  }
  if (typeof what === 'string') {
    const isKept = memory.lastGoodHash !== what || confirms(what === '[]')
    const answer = { contentHash: what, etag: '"1"', lastModified: null }
    const judged = judgeAnswer(memory, answer, bodies.get(what as 'rows'), atMs, isKept, confirms(what === '[]'))
    return { ...judged, isKept, contentHash: what }
  }
  const isKept = memory.countedRows !== what.rows || confirms(what.rows === 0)
  const judged = judgeCount(memory, what.rows, atMs, isKept, confirms(what.rows === 0))
  if (what.rows === 0) return { ...judged, isKept, contentHash: null }
  const isChanged = isKept || what.pageChanged
  const changed = { completeness: 'complete', ...(isChanged && { lastChangedAt: atMs }) }
  const outcome = isChanged ? 'changed' : 'unchanged'
  return { outcome, memory: { ...judged.memory, ...changed }, isKept, contentHash: null }
}

/** The polls of a window. `nth` is the number of the window. */
function pollsOfWindow({ day, selector, steps }: WindowHistory, nth: number): Poll[] {
  const startMs = Date.parse('2024-01-01T00:00:00Z') + day * dayMs
  const endMs = startMs + dayMs
  const identity = requestIdentity('a.b', { startMs, endMs }, selector === 'rows-10' ? selector : `${nth}-${selector}`)
  let known: PollMemory | undefined
  let atMs = startMs - dayMs
  return steps.map(({ what, afterMs, poller }, index) => {
    atMs += afterMs
    const { isKept, ...judged } = judge(known ?? noMemory, what, atMs)
    const isChange = changesState(known, judged.memory, isKept)
    known = judged.memory
    const isFailed = judged.outcome === 'failed'
    const came = { status: isFailed && index % 2 ? 500 : null, error: isFailed ? `because of ${index}` : null }
    return {
      ...{ ...anyPoll, requestIdentity: identity, dataset: 'a.b', windowStart: startMs, windowEnd: endMs },
      ...{ ...judged, ...came, sentAt: atMs, fetchedAt: atMs, poller },
      ...{ rawPartition: isKept ? 0 : null, rawOffset: isKept ? nth * 100 + index : null },
      changesState: isChange,
    }
  })
}

/** The polls of dataset `a.b`: of this many random windows of two years, and of the same number of windows later. */
export function randomWindowPolls(seed: number, windows: number): { polls: Poll[]; later: Poll[] } {
  const histories = fc.sample(windowHistory, { seed, numRuns: windows })
  const later = histories.flatMap((each, nth) => pollsOfWindow({ ...each, day: each.day + 1_000 }, nth))
  return { polls: histories.flatMap(pollsOfWindow), later }
}

const tick = fc.record({
  second: fc.nat(2 * 3600 - 1),
  selector: fc.constantFrom(null, 'XBTUSD', 'XBT/USD,ETH'),
  outcome: fc.constantFrom('changed', 'changed', 'unchanged', 'empty', 'emptied', 'refused', 'unreadable', 'failed'),
  completeness: fc.constantFrom('complete', 'complete', 'partial', 'empty', null),
})

/** Polls of ticks of dataset `a.ticks` within two hours. */
export function randomTickPolls(seed: number, count: number): Poll[] {
  return fc.sample(tick, { seed, numRuns: count }).map(({ second, selector, outcome, completeness }, index) => {
    const windowStart = Date.parse('2026-03-01T00:00:00Z') + second * 1000
    return {
      ...{ ...anyPoll, dataset: 'a.ticks', requestIdentity: requestIdentity('a.ticks', null, selector), windowStart },
      ...{ windowEnd: windowStart + 10_000, sentAt: windowStart, fetchedAt: windowStart + index, outcome },
      ...{ status: index, error: `${index}`, contentHash: null, rawPartition: null, rawOffset: null, poller: 'one' },
      ...{ memory: { ...noMemory, completeness }, changesState: true },
    }
  })
}
