import type { ClockReading } from '#core/clock.ts'
import type { Host, HostedDataset } from '#core/hosts.ts'
import type { OpenRequest, Requests } from '#core/requests.ts'
import { pause } from '#platform/process/retry.ts'
import type { HostLog } from '#schemas/generated/records.ts'
import type { Candidate } from './candidate.ts'
import { confirmationCandidates, emptyConfirmationOf } from './confirm-empty.ts'
import type { DeletionLimits } from './deletion-limits.ts'
import { calendarCandidates, type DueSettings } from './due.ts'
import { type BudgetCharge, type BudgetKeeper, type HostBudget, takeOverBudget } from './host-budget.ts'
import { createUnsettledPolls, isWorthTelling, type ToldState, type UnsettledPoll } from './host-log.ts'
import { type InFlight, nextPage, nextToSend } from './lanes.ts'
import type { Memory } from './memory.ts'
import { type Metrics, statusLabel } from './metrics.ts'
import { type PollCharges, pollPages } from './poll-pages.ts'
import { type LeaseGuard, type PollDependencies, type PollJob, type PollResult, pollWindow } from './poll-window.ts'
import type { RecentPolls } from './recent-polls.ts'
import { requestedCandidates } from './requested.ts'
import { tracePoll } from './trace-poll.ts'

export interface HostWork {
  host: Host
  lease: LeaseGuard
  deps: PollDependencies
  memory: Memory
  requests: Requests
  carried: PollJob['carried']
  due: DueSettings
  deleted: DeletionLimits
  recent: RecentPolls
  /** If raw holds an answer of the identity whose poll is not recorded, records that poll. */
  recordMissingPolls: (identity: string) => Promise<void>
  /** Writes memory records again that a slow poller overwrote with older ones. */
  restore: () => void
  /** Writes a record of the host log in the background. */
  hostLog: (record: HostLog) => void
  stopping: AbortSignal
  metrics: Metrics
}

export interface HostLoop {
  /** Resolves after the loop has ended and no request is in flight. */
  ended: Promise<void>
  wake: () => void
  lift: () => void
  restore: () => void
  candidates: () => Candidate[]
  budget: () => HostBudget
}

interface PageTurn {
  entry: InFlight
  /** Sends the page's request on this charge. `undefined`: gives the page up, because no more requests may be sent. */
  go: (spent: BudgetCharge | undefined) => void
}

/** Maximum sleep between two rounds, real ms. Longer sleeps could miss that the clock was set. */
const maxSleepMs = 1_000

/** Polls a host until the lease is lost or the process stops: sends all due polls, sleeps, and repeats. */
export function runHostLoop(work: HostWork): HostLoop {
  const { host, lease, deps, stopping } = work
  const { clock } = deps
  const sources = new Map(host.datasets.map((hosted) => [hosted.dataset.name, hosted]))
  const underWay = new Map<InFlight, Promise<unknown>>()
  const pages: PageTurn[] = []
  const ending = AbortSignal.any([lease.signal, stopping])
  let waking = new AbortController()
  const wake = (): void => waking.abort()
  const budget: BudgetKeeper = takeOverBudget({ ...work, clock }, wake)
  const candidates = (moment = clock.now()) => candidatesOf(work, moment)
  const unsettled = createUnsettledPolls()
  const waiting = () => dueAmong(candidates(), [...underWay.keys()]) + pages.length
  const log = hostLogger(work, budget.now, waiting, unsettled.settledTo)

  /** Sends all due requests that the budget allows. Returns the time until the next may be sent, ms of the clock. */
  const send = (): number => {
    for (;;) {
      const moment = clock.now()
      const all = candidates(moment)
      const inFlight = [...underWay.keys()]
      const next = nextToSend(all, inFlight, host.budget, host.datasets.length)
      const page = nextPage(pages, next, inFlight)
      if (next === undefined && page === undefined) return soonest(all)
      const waitMs = budget.waitMs(moment.monotonicMs)
      if (!lease.holds()) return Number.POSITIVE_INFINITY
      if (waitMs > 0) return waitMs
      if (page !== undefined) pages.splice(pages.indexOf(page), 1)[0]?.go(budget.charge(moment))
      else if (next !== undefined) start(next, moment)
    }
  }
  const start = (candidate: Candidate, moment: ClockReading): void => {
    const hosted = sources.get(candidate.dataset.name)
    if (hosted === undefined) throw new Error(`${candidate.dataset.name} is none of ${host.name}`)
    const entry = { identity: candidate.identity, dataset: candidate.dataset.name, lane: candidate.lane }
    const spending = { first: budget.charge(moment), next: () => pageTurn(entry) }
    const settling = unsettled.begin()
    const poll = tracePoll(host.name, candidate, () => pollOnce(work, hosted, candidate, spending, settling))
    const ended = poll.finally(() => {
      underWay.delete(entry)
      wake()
    })
    underWay.set(entry, ended)
  }
  const pageTurn = (entry: InFlight): Promise<BudgetCharge | undefined> =>
    new Promise((go) => {
      if (ending.aborted) return go(undefined)
      pages.push({ entry, go })
      wake()
    })
  const loop = async (): Promise<void> => {
    while (!ending.aborted) {
      waking = new AbortController()
      const realMs = clock.realMs(send())
      log('owned')
      await pause(Math.max(1, Math.min(maxSleepMs, realMs)), AbortSignal.any([ending, waking.signal]))
    }
    for (const { go } of pages.splice(0)) go(undefined)
    await Promise.all(underWay.values())
    log('released')
  }
  const lift = (): void => {
    budget.lift()
    wake()
  }
  return { ended: loop(), wake, lift, restore: work.restore, candidates: () => candidates(), budget: budget.now }
}

/**
 * Returns a function that writes a record of the host log if one is due. Call it after a round, when all that may be sent
 * is sent: what is due then and not under way waits for the end of a pause, for an unreachable host, or for budget.
 */
function hostLogger(
  { host, deps, hostLog, metrics }: Pick<HostWork, 'host' | 'deps' | 'hostLog' | 'metrics'>,
  budget: () => HostBudget,
  waiting: () => number,
  settledTo: (nowMs: number) => number,
): (state: 'owned' | 'released') => void {
  let told: ToldState | undefined
  return (state) => {
    const { pausedUntil: until, pauseReason, unreachable } = budget()
    const pausedUntil = until === null ? null : Date.parse(until)
    const moment = deps.clock.now()
    const now = { moment, realMs: performance.now(), pausedUntil, pauseReason }
    if (state === 'owned' && !isWorthTelling(told, now)) return
    told = now
    const dueRequests = waiting()
    const waitingForBudget = pausedUntil === null && unreachable === null ? dueRequests : 0
    const { nowMs: at } = moment
    const counts = { waitingForBudget, dueRequests }
    // What a host waits for after its release, its next owner says.
    metrics.waitingForBudget.set({ host: host.name }, state === 'owned' ? waitingForBudget : 0)
    metrics.dueRequests.set({ host: host.name }, state === 'owned' ? dueRequests : 0)
    if (state === 'released') metrics.unreachableSince.set({ host: host.name }, 0)
    const pause = { pausedUntil, pauseReason }
    hostLog({ host: host.name, at, poller: deps.poller, state, ...counts, ...pause, settledTo: settledTo(at) })
  }
}

/** Returns how many of the candidates are due and not under way. */
function dueAmong(candidates: readonly Candidate[], inFlight: readonly InFlight[]): number {
  const busy = new Set(inFlight.map(({ identity }) => identity))
  return candidates.filter(({ identity, dueInMs }) => dueInMs <= 0 && !busy.has(identity)).length
}

/** Returns one candidate per window: a due live one, else the requested one, else the one that is due first. */
function candidatesOf({ host, memory, requests, due, deleted }: HostWork, moment: ClockReading): Candidate[] {
  const isKept = ({ dataset, window }: Candidate): boolean => window.endMs > deleted.beforeMs(dataset.name)
  const calendar = host.datasets
    .flatMap((hosted) => calendarCandidates(moment, hosted, memory.known, due))
    .filter(isKept)
  const confirming = confirmationCandidates(moment, host.datasets, memory.unconfirmed(), memory.known, due)
  const unasked = soonestOfEach([...calendar, ...confirming.filter(isKept)])
  const asked = requestedCandidates(moment, host.datasets, requests.open(), memory.known)
  const searching = new Set(unasked.filter(isLive).map(({ identity }) => identity))
  const wanted = new Set(asked.map(({ identity }) => identity))
  return [
    ...unasked.filter((candidate) => isLive(candidate) || !wanted.has(candidate.identity)),
    ...asked.filter(({ identity }) => !searching.has(identity)),
  ]
}

/** Keeps one candidate per window: a due live candidate if there is one, otherwise the one that is due first. */
function soonestOfEach(candidates: readonly Candidate[]): Candidate[] {
  const byIdentity = new Map<string, Candidate>()
  for (const candidate of candidates) {
    const other = byIdentity.get(candidate.identity)
    if (other === undefined || (!isLive(other) && candidate.dueInMs < other.dueInMs))
      byIdentity.set(candidate.identity, candidate)
  }
  return [...byIdentity.values()]
}

const isLive = ({ lane, dueInMs }: Candidate): boolean => lane === 'live' && dueInMs <= 0

function soonest(candidates: readonly Candidate[]): number {
  const waits = candidates.filter(({ dueInMs }) => dueInMs > 0).map(({ dueInMs }) => dueInMs)
  return Math.min(Number.POSITIVE_INFINITY, ...waits)
}

async function pollOnce(
  work: HostWork,
  hosted: HostedDataset,
  candidate: Candidate,
  budget: PollCharges,
  unsettled: UnsettledPoll,
): Promise<PollResult | undefined> {
  const { host, lease, deps, memory, requests, carried, metrics } = work
  const { identity, dataset, window, selector } = candidate
  const asked = requests.openOf(identity)
  const requestsReadTo = requests.readTo(host.name)
  const known = memory.known(identity)
  const isOrdered = asked.some(({ request }) => request.confirmsEmpty)
  const confirming = emptyConfirmationOf(hosted, window, deps.clock.now().nowMs, work.due, isOrdered)
  const about = { deps, host: host.name, hosted, candidate, lease, confirming, requestsReadTo, carried, known }
  const polling = { ...about, onArrival: unsettled.received }
  const { pages, requestPath } = hosted.asking
  const polled = await (pages
    ? pollPages(polling, pages, budget, memory.known, (page) => tell(work, page))
    : pollWindow({
        ...polling,
        onResponse: budget.first.onResponse,
        path: () => requestPath({ window, selector }),
      }).finally(budget.first.release))
  if (polled === undefined) {
    if (work.stopping.aborted) {
      deps.log.info({ requestIdentity: identity }, 'gave up a window: the poller stops, and asks again when it is back')
      return undefined
    }
    metrics.droppedAnswers.inc({ dataset: dataset.name })
    deps.log.warn({ requestIdentity: identity }, 'dropped an answer: the partition was taken away meanwhile')
    return undefined
  }
  // As it was known before: the memory may have this poll already, read back from its topic.
  if (known !== undefined && known.memory.failures > 0) metrics.retriedPolls.inc({ dataset: dataset.name })
  tell(work, polled, asked)
  if (polled.unrecorded !== undefined) await work.recordMissingPolls(polled.unrecorded)
  // Without the lease, the next owner may have to write the poll.
  if (lease.holds()) unsettled.settled()
  return polled
}

function tell(
  { deps, memory, requests, metrics }: HostWork,
  { poll, rawBytes }: PollResult,
  asked?: OpenRequest[],
): void {
  const { requestIdentity, lane } = poll
  const labels = { dataset: poll.dataset }
  memory.remember(poll, deps.clock.now())
  requests.addPoll(poll, asked)
  metrics.responses.inc({ host: poll.host, status: statusLabel(poll.status) })
  metrics.polls.inc({ ...labels, lane, outcome: poll.outcome })
  metrics.pollDuration.observe({ host: poll.host }, poll.durationMs / 1_000)
  if (poll.outcome !== 'failed') metrics.lastGoodPoll.set(labels, poll.fetchedAt / 1_000)
  if (rawBytes !== undefined) {
    metrics.rawBytes.inc(labels, rawBytes)
    metrics.rawRecords.inc(labels)
  }
  const { outcome, status, durationMs, bytes, error } = poll
  const { completeness, failures } = poll.memory
  deps.log.info({ requestIdentity, lane, outcome, status, durationMs, bytes, completeness, failures, error }, 'poll')
}
