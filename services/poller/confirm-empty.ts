// Decides when an empty answer is trusted. If a window had rows, an empty answer withdraws all its values, but it may
// also be a fault of the upstream. So a second empty answer must confirm the first.

import type { ClockReading } from '#core/clock.ts'
import type { HostedDataset } from '#core/hosts.ts'
import { requestIdentity } from '#core/request-identity.ts'
import type { PollMemory } from '#schemas/generated/records.ts'
import type { Coverage, Window } from '#sources/source.ts'
import { retryDelayMs } from './backoff.ts'
import type { Candidate } from './candidate.ts'
import { type DueSettings, sincePolledMs } from './due.ts'
import type { KnownIdentity, UnconfirmedWindow } from './memory.ts'

/** Minimum time from the arrival of the first empty answer to the HTTP request whose empty answer confirms it, ms. */
export const confirmAfterMs = 10 * 60_000

const dayMs = 24 * 60 * 60_000

export type EmptyConfirmation = 'never' | 'after-a-while' | 'at-once'

/**
 * Returns when an empty answer is trusted as a withdrawal. For ticks: `never`. If an operator ordered it (`isOrdered`):
 * `at-once`. For windows that ended at most `revisitDailyDays` ago: `after-a-while`. For older windows: `never`,
 * because upstreams delete old data.
 */
export function emptyConfirmationOf(
  { intervalMs }: Pick<HostedDataset, 'intervalMs'>,
  window: Window,
  nowMs: number,
  { revisitDailyDays }: Pick<DueSettings, 'revisitDailyDays'>,
  isOrdered: boolean,
): EmptyConfirmation {
  if (intervalMs !== null) return 'never'
  if (isOrdered) return 'at-once'
  return nowMs - window.endMs <= revisitDailyDays * dayMs ? 'after-a-while' : 'never'
}

/** Returns true if an empty answer to a request sent at `sentAtMs` (ms UTC) confirms that the window was emptied. */
export function canConfirmEmpty(memory: PollMemory, confirming: EmptyConfirmation, sentAtMs: number): boolean {
  if (!memory.hadRows || memory.emptyConfirmed) return false
  if (confirming === 'at-once') return true
  if (confirming === 'never' || memory.emptySince === null) return false
  return sentAtMs - memory.emptySince >= confirmAfterMs
}

/** Returns the memory's fields about emptiness after a good answer. `coverage` is undefined if assess() threw. */
export function emptinessAfter(
  { hadRows, emptySince, emptyConfirmed }: PollMemory,
  coverage: Coverage | undefined,
  knownAt: number,
  confirms: boolean,
): Pick<PollMemory, 'emptySince' | 'emptyConfirmed'> {
  if (coverage === 'refused') return { emptySince, emptyConfirmed }
  if (coverage === undefined) return { emptySince: null, emptyConfirmed }
  if (coverage !== 'empty' || !hadRows) return { emptySince: null, emptyConfirmed: false }
  return { emptySince: emptySince ?? knownAt, emptyConfirmed: emptyConfirmed || confirms }
}

/**
 * Returns the windows whose empty answer needs confirmation. A window is due `confirmAfterMs` after its first empty
 * answer, then `confirmAfterMs` after each poll. After a failed poll, it is due after the retry delay.
 */
export function confirmationCandidates(
  moment: ClockReading,
  datasets: readonly HostedDataset[],
  unconfirmed: Iterable<UnconfirmedWindow>,
  known: (identity: string) => KnownIdentity | undefined,
  settings: Pick<DueSettings, 'revisitDailyDays'>,
): Candidate[] {
  const candidates: Candidate[] = []
  for (const { identity, dataset: name, window } of unconfirmed) {
    const hosted = datasets.find(({ dataset }) => dataset.name === name)
    const held = known(identity)
    if (hosted === undefined || held === undefined || held.memory.emptySince === null) continue
    if (emptyConfirmationOf(hosted, window, moment.nowMs, settings, false) === 'never') continue
    // Pages are not polled for this: the row count of their window says whether the window is empty.
    const selector = hosted.selectors.find((each) => requestIdentity(name, window, each) === identity)
    if (selector === undefined) continue
    const dueInMs = untilAsked(moment, identity, held, held.memory.emptySince)
    candidates.push({ identity, dataset: hosted.dataset, selector, window, lane: 'background', dueInMs, first: false })
  }
  return candidates
}

function untilAsked(moment: ClockReading, identity: string, held: KnownIdentity, emptySince: number): number {
  const countsFromMs = emptySince + confirmAfterMs
  if (held.polledAtMs < countsFromMs) return countsFromMs - moment.nowMs
  const { failures } = held.memory
  const waitMs = failures > 0 ? retryDelayMs('background', identity, failures) : confirmAfterMs
  return waitMs - sincePolledMs(moment, held)
}
