import { addDays, dayAt, type Window } from '#core/business-day.ts'
import { parseDay } from '#core/day.ts'
import { windowsBetween } from '#core/windows.ts'
import { UserError } from '#platform/process/user-error.ts'
import type { BusinessDays, Calendar } from '#sources/calendar.ts'
import type { Dataset } from '#sources/source.ts'

export interface BackfillWindow {
  /** Name in messages: `2026-04-20`, `2026-04-20 13:00+02:00` or `2026-04`, plus the selector if there is one. */
  name: string
  window: Window
  selector: string | null
}

/**
 * Returns the windows of the days `from` to `to`, inclusive, once for each selector in `selectors`. `nowMs` is the time
 * of the poller's clock. Pure.
 * @throws UserError if the days are invalid, out of order or not published, or if upstream serves no past windows
 */
export function backfillWindows(
  dataset: Dataset,
  selectors: readonly (string | null)[],
  from: string,
  to: string,
  nowMs: number,
): BackfillWindow[] {
  const { name, calendar } = dataset
  if (calendar.kind !== 'days') throw noPast(dataset)
  const { zone, firstDay } = calendar
  const first = parseDay('--from', from)
  const last = parseDay('--to', to)
  if (first > last) throw new UserError(`--from ${first} is after --to ${last}: the first day comes first.`)
  if (first < firstDay) {
    throw new UserError(`--from ${first} is before ${firstDay}, the first day that upstream has of ${name}.`)
  }
  // If upstream publishes windows some days earlier than usual, they can be requested as many days further ahead.
  const ahead = Math.max(0, -(calendar.searchDaysLater ?? 0))
  const furthest = addDays(dayAt(zone, nowMs), 1 + ahead)
  const begins = calendar.window === 'month' ? `${last.slice(0, 8)}01` : last
  if (begins > furthest) {
    const which = ahead === 0 ? 'tomorrow' : `${1 + ahead} days from now`
    throw new UserError(`--to ${last} is after ${furthest}, ${which} in ${zone}: upstream publishes no further ahead.`)
  }
  return windowsBetween(calendar, first, last).flatMap(({ day: of, window }) =>
    selectors.map((selector) => {
      return { name: `${nameOf(calendar, of, window)}${selector === null ? '' : ` ${selector}`}`, window, selector }
    }),
  )
}

export const noPast = ({ name, calendar }: Dataset): UserError =>
  new UserError(`${name} has no past that can be asked for: ${whyNoPast(calendar)}`)

function nameOf({ window: kind, zone }: BusinessDays, of: string, { startMs }: Window): string {
  if (kind === 'day') return of
  if (kind === 'month') return of.slice(0, 7)
  const local = Temporal.Instant.fromEpochMilliseconds(startMs).toZonedDateTimeISO(zone)
  return `${of} ${local.toPlainTime().toString({ smallestUnit: 'minute' })}${local.offset}`
}

const whyNoPast = ({ kind }: Calendar): string =>
  kind === 'ticks'
    ? 'its answers are of the instant of asking.'
    : 'it comes in files, read them with `npx tidemark ingest`.'
