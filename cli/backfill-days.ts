import { Problem } from '#infra/local/problem.ts'
import { addDays, type BusinessDay, businessDay, dayAt, daysBetween } from '#platform/polling/business-day.ts'
import type { Dataset } from '#sources/source.ts'

/**
 * The business days from `from` to `to`, both included. Pure.
 *
 * @param nowMs the time of the poller's clock, which may be a simulated one
 * @throws Problem for days that are none, the wrong way round, before upstream's first or after tomorrow
 */
export function backfillDays(dataset: Dataset, from: string, to: string, nowMs: number): BusinessDay[] {
  const { zone, firstDay } = dataset.calendar
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

/** The day that an option names, YYYY-MM-DD. @throws Problem when it is none */
export function day(option: string, text: string): string {
  try {
    if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return Temporal.PlainDate.from(text, { overflow: 'reject' }).toString()
  } catch {
    // Said below, like every other text that is no day.
  }
  throw new Problem(`${option} ${text} is no day: write it as YYYY-MM-DD, for example 2026-04-20.`)
}
