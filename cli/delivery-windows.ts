import { businessDay } from '#core/business-day.ts'
import { day } from '#core/day.ts'
import type { WindowRange } from '#operations/history/raw-span.ts'
import { UserError } from '#platform/process/user-error.ts'
import type { Dataset } from '#sources/source.ts'

/**
 * The windows of the delivery days `from` to `to`, both included, each optional. Pure.
 *
 * @throws UserError for days that are none, or the wrong way round
 */
export function deliveryWindows(dataset: Dataset, from: string | undefined, to: string | undefined): WindowRange {
  const { zone } = dataset.calendar
  const first = from === undefined ? undefined : day('--from', from)
  const last = to === undefined ? undefined : day('--to', to)
  if (first !== undefined && last !== undefined && first > last) {
    throw new UserError(`--from ${first} is after --to ${last}: the first day comes first.`)
  }
  return {
    fromMs: first === undefined ? null : businessDay(zone, first).window.startMs,
    toMs: last === undefined ? null : businessDay(zone, last).window.endMs,
  }
}
