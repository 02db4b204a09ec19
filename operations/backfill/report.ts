import { printable } from '#platform/process/printable.ts'
import type { Poll } from '#schemas/generated/records.ts'

/** What came of each window. Windows by name: days as YYYY-MM-DD. */
export interface BackfillReport {
  dataset: string
  from: string
  to: string
  windows: number
  changed: number
  unchanged: number
  /** Published nothing yet, or nothing any more. */
  empty: string[]
  /** Of these, those that are confirmed to be empty: no value of them stands. Absent where nobody asked for that. */
  confirmedEmpty?: string[]
  /** Only a part of the day is there. */
  partial: string[]
  /** Could not be fetched, or cannot be used. */
  failed: { day: string; reason: string }[]
}

/**
 * Sums up the poll that ended each window's request. Pure.
 *
 * @param confirmsEmpty whether empty answers were to be believed at once
 */
export function reportOf(
  dataset: string,
  { from, to }: { from: string; to: string },
  days: readonly { day: string; poll: Poll; refusal?: string | undefined }[],
  confirmsEmpty = false,
): BackfillReport {
  const good = days.filter(({ poll, refusal }) => whyUseless(poll, refusal) === undefined)
  const nothing = good.filter(({ poll }) => poll.outcome === 'empty' || poll.outcome === 'emptied')
  return {
    dataset,
    from,
    to,
    windows: days.length,
    changed: good.filter(({ poll }) => poll.outcome === 'changed').length,
    unchanged: good.filter(({ poll }) => poll.outcome === 'unchanged').length,
    empty: nothing.map(({ day }) => day),
    ...(confirmsEmpty && {
      confirmedEmpty: nothing.filter(({ poll }) => poll.memory.emptyConfirmed).map(({ day }) => day),
    }),
    partial: good.filter(({ poll }) => hasRows(poll) && poll.memory.completeness === 'partial').map(({ day }) => day),
    failed: days.flatMap(({ day, poll, refusal }) => {
      const reason = whyUseless(poll, refusal)
      return reason === undefined ? [] : [{ day, reason: printable(reason) }]
    }),
  }
}

/** Why a day's answer is of no use; undefined when it is. */
function whyUseless(poll: Poll, refusal: string | undefined): string | undefined {
  if (poll.outcome === 'failed' || poll.outcome === 'refused' || poll.outcome === 'unreadable') {
    return poll.error ?? poll.outcome
  }
  return refusal === undefined ? undefined : `went to the dead letters: ${refusal}`
}

const hasRows = ({ outcome }: Poll): boolean => outcome === 'changed' || outcome === 'unchanged'
