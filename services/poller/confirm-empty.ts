// An empty answer is believed only when a second one confirms it: what a window that held rows lacks now may be a fault of
// the upstream, and a withdrawal takes back every value of the window. All of this is pure.
import { requestIdentity } from '#core/request-identity.ts'
import type { PollMemory } from '#schemas/generated/records.ts'
import type { Coverage, Window } from '#sources/source.ts'
import { retryDelayMs } from './backoff.ts'
import type { Candidate, ClockReading } from './candidate.ts'
import { type DueSettings, sincePolledMs } from './due.ts'
import type { HostedDataset } from './hosts.ts'
import type { KnownIdentity, UnconfirmedWindow } from './memory.ts'

/** The second empty answer counts when it was asked for so long after the first one was known, ms. */
export const confirmAfterMs = 10 * 60_000

const dayMs = 24 * 60 * 60_000

/** When an empty answer confirms that its window was emptied: never, after a while, or at once because an operator says so. */
export type EmptyConfirmation = 'never' | 'after-a-while' | 'at-once'

/**
 * When an empty answer of a window is believed. Upstreams drop their past, and we keep it: of a window that ended more
 * than `revisitDailyDays` ago only an operator says that it was emptied. An answer that is of the instant of asking
 * replaces none before it.
 *
 * @param isOrdered whether an operator asked for this poll, and that an empty answer of it is believed
 */
export function confirmingOf(
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

/** Whether an answer confirms that its window was emptied, provided that it is empty. `sentAtMs`: when it was asked for. */
export function wouldConfirm(memory: PollMemory, confirming: EmptyConfirmation, sentAtMs: number): boolean {
  if (!memory.hadRows || memory.emptyConfirmed) return false
  if (confirming === 'at-once') return true
  if (confirming === 'never' || memory.emptySince === null) return false
  return sentAtMs - memory.emptySince >= confirmAfterMs
}

/**
 * What is remembered of a window's emptiness after a good answer. Rows start anew, and so does an answer that cannot be
 * read, which may have held rows. A refusal says nothing of the window.
 *
 * @param coverage what the source says of the answer; undefined when assess() threw
 * @param confirms whether the answer is kept as one that confirms
 */
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
 * The windows that turned empty, of which a second answer is to confirm it: due when that answer would count, and after a
 * poll that did not confirm as long again, or after a failure with a back-off. Windows that no poll confirms are left out.
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
    if (confirmingOf(hosted, window, moment.nowMs, settings, false) === 'never') continue
    // Pages have no turn of their own: the count of their window says whether it is empty.
    const subject = hosted.subjects.find((each) => requestIdentity(name, window, each) === identity)
    if (subject === undefined) continue
    const dueInMs = untilAsked(moment, identity, held, held.memory.emptySince)
    candidates.push({ identity, dataset: hosted.dataset, subject, window, lane: 'background', dueInMs, first: false })
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
