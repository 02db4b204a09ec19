import type { ClockReading } from '#core/clock.ts'
import type { HostedDataset } from '#core/hosts.ts'
import { requestIdentity, selectorOf } from '#core/request-identity.ts'
import type { OpenRequest } from '#core/requests.ts'
import { isWindowOf } from '#core/windows.ts'
import type { PollRequest } from '#schemas/generated/records.ts'
import { retryDelayMs } from './backoff.ts'
import type { Candidate } from './candidate.ts'
import { sincePolledMs } from './due.ts'
import type { KnownIdentity } from './memory.ts'

/** Returns the open requests as candidates, each window once. Skips windows and selectors that no dataset has. Pure. */
export function requestedCandidates(
  moment: ClockReading,
  datasets: readonly HostedDataset[],
  open: readonly OpenRequest[],
  known: (identity: string) => KnownIdentity | undefined,
): Candidate[] {
  const byIdentity = new Map(open.map((each) => [each.request.requestIdentity, each]))
  return [...byIdentity.values()].flatMap(({ request, attempts }) => {
    const hosted = datasets.find(({ dataset }) => dataset.name === request.dataset)
    if (hosted === undefined) return []
    const { dataset } = hosted
    const window = { startMs: request.windowStart, endMs: request.windowEnd }
    const identity = request.requestIdentity
    const selector = selectorOf(identity, dataset.name)
    if (!isRequestOf(hosted, request, selector)) return []
    const held = known(identity)
    const waits = attempts > 0 && held !== undefined
    const dueInMs = waits ? retryDelayMs('requested', identity, attempts) - sincePolledMs(moment, held) : 0
    const first = held === undefined || held.memory.lastGoodFetchedAt === null
    return [{ identity, dataset, selector, window, lane: 'requested' as const, dueInMs, first }]
  })
}

const checked = new WeakMap<PollRequest, boolean>()

/** Returns true if the request names a window and selector of the dataset. Cached: time zone arithmetic is slow. */
function isRequestOf({ dataset, selectors }: HostedDataset, request: PollRequest, selector: string | null): boolean {
  const known = checked.get(request)
  if (known !== undefined) return known
  const { calendar, name } = dataset
  const window = { startMs: request.windowStart, endMs: request.windowEnd }
  const isOne =
    calendar.kind === 'days' &&
    selectors.includes(selector) &&
    isWindowOf(calendar, window) &&
    requestIdentity(name, window, selector) === request.requestIdentity
  checked.set(request, isOne)
  return isOne
}
