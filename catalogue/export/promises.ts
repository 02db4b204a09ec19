// What a contract promises about time, and what was kept of it.
import type { SourcedDataset } from '#core/datasets.ts'
import type { BusinessDays, Calendar } from '#sources/calendar.ts'
import { describeCalendar, durationWords, searchDay } from '../words.ts'

/** What became of a dataset's windows or ticks in 30 days. Instants are ISO 8601 text, days are local days of its zone. */
export interface Kept {
  /** All that was known at this instant is counted, and nothing that came later. */
  at: string
  from: string
  /** Included. */
  to: string
  /** `simulated`: the upstream was played by tidemark's simulator. */
  upstream: 'live' | 'simulated'
  of: 'windows' | 'ticks'
  /** Windows or ticks that were collected, and whose time has come: they are complete, or should have been. */
  expected: number
  complete: number
  /** Of windows: rows or values are missing. */
  partial: number
  /**
   * Windows that were not complete when their deadline and the grace had passed, also if they are complete now. A window
   * that was first asked for when its time was over does not count. Of ticks: those without a good answer.
   */
  late: number
  /** When windows became complete first, in local time as HH:MM: 25:10 is 01:10 of the next day. Null: none was timed. */
  publication: { windows: number; p50: string; p95: string; latest: string } | null
}

export interface SlaProperty {
  property: string
  value: string | number
  unit?: string
  description: string
  driver?: string
}

export interface CustomProperty {
  property: string
  value: unknown
  description?: string
}

/**
 * Returns the properties of the service level that the standard has words for. It has no word for a time zone with
 * daylight saving: a time of availability is local, and timeProperties() says of which zone.
 */
export function slaProperties({ source, dataset: { calendar } }: SourcedDataset): SlaProperty[] {
  const { rawDays } = source.retention ?? {}
  const retention: SlaProperty[] =
    rawDays === undefined
      ? []
      : [{ property: 'retention', value: rawDays, unit: 'd', description: 'Answers are kept so long, byte for byte.' }]
  if (calendar.kind === 'files') return retention
  if (calendar.kind === 'ticks') {
    const { defaultS } = calendar.every
    const description = 'An answer each interval, unless a setting says another one.'
    return [
      { property: 'frequency', value: defaultS, unit: 's', description },
      {
        property: 'latency',
        value: defaultS,
        unit: 's',
        description: 'An answer is expected before the next interval.',
      },
      ...retention,
    ]
  }
  const { window, firstDay, expected } = calendar
  const units = { day: 'd', hour: 'h', month: 'mo' }
  return [
    { property: 'frequency', value: 1, unit: units[window], description: windowWords(calendar) },
    { property: 'generalAvailability', value: firstDay, description: 'The first day that upstream has.' },
    ...('notKnown' in expected
      ? []
      : [
          {
            ...{ property: 'timeOfAvailability', value: expected.expectedBy, driver: 'operational' },
            description: deadlineWords(calendar),
          },
        ]),
    ...retention,
  ]
}

/** Returns what the standard has no word for: zone, window, deadline and grace. */
export function timeProperties(calendar: Calendar): CustomProperty[] {
  const described = [
    { property: 'tidemark.zone', value: calendar.zone },
    { property: 'tidemark.calendar', value: describeCalendar(calendar) },
  ]
  if (calendar.kind !== 'days') return described
  const { expected } = calendar
  const window = { property: 'tidemark.window', value: windowWords(calendar) }
  if ('notKnown' in expected) {
    const description = 'A window is never late.'
    return [
      ...described,
      window,
      { property: 'tidemark.expectedBy', value: `not known: ${expected.notKnown}`, description },
    ]
  }
  return [
    ...described,
    window,
    { property: 'tidemark.expectedBy', value: expected.expectedBy, description: deadlineWords(calendar) },
    {
      property: 'tidemark.expectedByWithOffset',
      value: offsetsOf(calendar.zone).map((offset) => `${expected.expectedBy}${offset}`),
      description: 'The same time with each offset from UTC that the zone has in a year.',
    },
    { property: 'tidemark.lateAfterSeconds', value: expected.lateAfterS, description: 'Grace after the deadline.' },
  ]
}

/** Returns what was kept. Null: the export was made from the declarations alone. Files have no windows to be kept. */
export function keptProperties(calendar: Calendar, kept: Kept | null): CustomProperty[] {
  if (calendar.kind === 'files') return []
  if (kept === null) {
    const value = 'not known: exported from the declarations alone'
    return [{ property: 'tidemark.actual30d', value }]
  }
  const { of, expected, complete, partial, late, publication } = kept
  const actual = (name: string, value: unknown, description?: string): CustomProperty => ({
    ...{ property: `tidemark.actual30d.${name}`, value },
    ...(description !== undefined && { description }),
  })
  const counts = {
    windows: ['expectedWindows', 'completeWindows', 'lateWindows'],
    ticks: ['expectedTicks', 'goodTicks', 'lostTicks'],
  }
  const [expectedName = '', completeName = '', lateName = ''] = counts[of]
  return [
    actual('at', kept.at, 'What was known at this instant.'),
    actual('from', kept.from, 'First local day.'),
    actual('to', kept.to, 'Last local day.'),
    actual('upstream', kept.upstream),
    actual(expectedName, expected, `Those that were collected, and whose time has come.`),
    actual(completeName, complete),
    ...(of === 'windows' ? [actual('partialWindows', partial)] : []),
    actual(
      lateName,
      late,
      of === 'windows' ? 'Not complete when deadline and grace had passed, also if complete now.' : undefined,
    ),
    actual('completeness', expected === 0 ? null : Math.round((complete / expected) * 10_000) / 10_000),
    ...(publication === null
      ? []
      : [
          actual('timedWindows', publication.windows, 'Windows whose publication was watched.'),
          actual('p50Publication', publication.p50, 'Local time at which half of them were complete.'),
          actual('p95Publication', publication.p95, 'Local time at which 95 % of them were complete.'),
          actual('latestPublication', publication.latest),
        ]),
  ]
}

/** `a day of Europe/Brussels: 23, 24 or 25 hours`: a zone without daylight saving has 24. */
function windowWords({ window, zone }: BusinessDays): string {
  const article = window === 'hour' ? 'an hour' : `a ${window}`
  const isSteady = offsetsOf(zone).length === 1
  return window === 'day' && !isSteady ? `a day of ${zone}: 23, 24 or 25 hours` : `${article} of ${zone}`
}

/** `11:00 of Europe/Brussels (UTC+01:00 or UTC+02:00) on the day before delivery, late 30 min after that` */
function deadlineWords(calendar: BusinessDays): string {
  const { zone, expected } = calendar
  if ('notKnown' in expected) return expected.notKnown
  const offsets = offsetsOf(zone).map((offset) => `UTC${offset}`)
  const day = `on ${searchDay(calendar)}`
  return `${expected.expectedBy} of ${zone} (${offsets.join(' or ')}) ${day}, late ${durationWords(expected.lateAfterS)} after that`
}

/** Returns the offsets from UTC that a zone has in a year, in ascending order: `+01:00`, `+02:00`. */
function offsetsOf(zone: string): string[] {
  const found = ['2026-01-01', '2026-07-01'].map((day) => Temporal.PlainDate.from(day).toZonedDateTime(zone))
  const ordered = found.toSorted((one, other) => one.offsetNanoseconds - other.offsetNanoseconds)
  return [...new Set(ordered.map(({ offset }) => offset))]
}
