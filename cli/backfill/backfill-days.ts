import { Problem } from '#infra/local/problem.ts'
import { addDays, type BusinessDay, businessDay, dayAt, daysBetween } from '#platform/polling/business-day.ts'
import type { Calendar, Dataset } from '#sources/source.ts'
import { day } from '../day.ts'

/**
 * The business days from `from` to `to`, both included. Pure.
 *
 * @param nowMs the time of the poller's clock, which may be a simulated one
 * @throws Problem for days that are none, the wrong way round, before upstream's first or after tomorrow
 */
export function backfillDays(dataset: Dataset, from: string, to: string, nowMs: number): BusinessDay[] {
  const { calendar } = dataset
  if (calendar.kind !== 'days')
    throw new Problem(`${dataset.name} has no past that can be asked for: ${whyNoPast(calendar)}`)
  const { zone, firstDay } = calendar
  const first = day('--from', from)
  const last = day('--to', to)
  if (first > last) throw new Problem(`--from ${first} is after --to ${last}: the first day comes first.`)
  if (first < firstDay) {
    throw new Problem(`--from ${first} is before ${firstDay}, the first day that upstream has of ${dataset.name}.`)
  }
  const tomorrow = addDays(dayAt(zone, nowMs), 1)
  if (last > tomorrow) {
    throw new Problem(`--to ${last} is after ${tomorrow}, tomorrow in ${zone}: upstream publishes no further ahead.`)
  }
  return Array.from({ length: daysBetween(first, last) + 1 }, (_, index) => businessDay(zone, addDays(first, index)))
}

const whyNoPast = ({ kind }: Calendar): string =>
  kind === 'ticks'
    ? 'its answers are of the instant of asking.'
    : 'it comes in files, read them with `npx tidemark ingest`.'
