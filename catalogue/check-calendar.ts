// Rules for calendars. They are checked at run time, because a source may be written in JavaScript.
import type { Calendar, PlannedException } from '#sources/calendar.ts'

/** Returns one sentence per rule that the calendar of a dataset breaks. Pure. */
export function calendarProblems(calendar: Calendar): string[] {
  const { zone } = calendar
  const zoneProblem = isZone(zone) ? [] : [`${JSON.stringify(zone)} is not a time zone: want an IANA name.`]
  if (calendar.kind === 'files') return zoneProblem
  if (calendar.kind === 'ticks') {
    return [...zoneProblem, ...exceptionProblems(calendar.exceptions, ['not-expected'])]
  }
  const { firstDay, searchFrom, searchDaysLater = 0, expected } = calendar
  return [
    ...zoneProblem,
    ...(isDay(firstDay) ? [] : [`firstDay is ${firstDay}: want YYYY-MM-DD.`]),
    ...(isTime(searchFrom) ? [] : [`searchFrom is ${searchFrom}: want a local time HH:MM.`]),
    ...(Number.isInteger(searchDaysLater)
      ? []
      : [`searchDaysLater is ${searchDaysLater}: want a whole number of days.`]),
    ...expectedProblems(expected, searchFrom),
  ]
}

function expectedProblems(declared: unknown, searchFrom: string): string[] {
  const { expectedBy, lateAfterS, exceptions, notKnown } = fieldsOf(declared)
  if (expectedBy === undefined && notKnown === undefined) {
    return [
      'its calendar does not say by when a window is expected: declare expected, with expectedBy and lateAfterS, or with notKnown and the reason.',
    ]
  }
  const wrong: string[] = []
  if (notKnown !== undefined) {
    if (!saysSomething(notKnown)) wrong.push('expected.notKnown must say why upstream’s time is not known.')
    if ([expectedBy, lateAfterS, exceptions].some((field) => field !== undefined))
      wrong.push('expected has notKnown, so nothing is late: leave out expectedBy, lateAfterS and exceptions.')
    return wrong
  }
  if (!isTime(expectedBy)) wrong.push(`expected.expectedBy is ${expectedBy}: want a local time HH:MM.`)
  else if (isTime(searchFrom) && expectedBy < searchFrom)
    wrong.push(`expected.expectedBy is ${expectedBy}, but searchFrom is ${searchFrom}: want ${searchFrom} or later.`)
  if (typeof lateAfterS !== 'number' || !(lateAfterS > 0 && Number.isFinite(lateAfterS)))
    wrong.push(`expected.lateAfterS is ${lateAfterS}: want seconds above 0.`)
  return [...wrong, ...exceptionProblems(exceptions, ['later', 'not-expected'])]
}

function exceptionProblems(exceptions: unknown, effects: PlannedException['effect'][]): string[] {
  if (exceptions === undefined) return []
  if (!Array.isArray(exceptions)) return ['the exceptions of its calendar must be a list.']
  return exceptions.flatMap((exception) => {
    const { from, to, why, effect } = fieldsOf(exception)
    const [fromMs, toMs] = [instantMs(from), instantMs(to)]
    const wrong: string[] = []
    if (fromMs === undefined || toMs === undefined) wrong.push('want ISO 8601 instants with Z or an offset.')
    else if (fromMs >= toMs) wrong.push('want the earlier instant as from.')
    if (!saysSomething(why)) wrong.push('why must say what is planned.')
    if (!effects.some((allowed) => allowed === effect))
      wrong.push(
        `its effect is ${effect}: want ${effects.join(' or ')}${effects.length === 1 ? ', because a missed tick is lost' : ''}.`,
      )
    return wrong.map((sentence) => `the exception of its calendar from ${from} to ${to}: ${sentence}`)
  })
}

const fieldsOf = (declared: unknown): Record<string, unknown> => ({ ...(declared as object | null | undefined) })

const saysSomething = (text: unknown): boolean => typeof text === 'string' && text.trim() !== ''

const isTime = (text: unknown): text is string => typeof text === 'string' && /^([01]\d|2[0-3]):[0-5]\d$/.test(text)

const isDay = (text: string): boolean =>
  /^\d{4}-\d\d-\d\d$/.test(text) && new Date(`${text}T00:00:00Z`).toJSON()?.slice(0, 10) === text

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }) !== undefined
  } catch {
    return false
  }
}

function instantMs(text: unknown): number | undefined {
  if (typeof text !== 'string') return undefined
  try {
    return Temporal.Instant.from(text).epochMilliseconds
  } catch {
    return undefined
  }
}
