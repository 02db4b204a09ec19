// Declarations in words, shared by the table, the page and the command of the catalogue.
import type { BusinessDays, Calendar, PlannedException } from '#sources/calendar.ts'
import type { DeclaredStep } from '#sources/source.ts'

/**
 * Returns a calendar in words: `each month of Europe/Paris since 2022-06-01, looked for from 09:00 of its first day,
 * expected by 11:00 and late 30 min after that`
 */
export function describeCalendar(calendar: Calendar): string {
  if (calendar.kind === 'files') return 'comes in files, nothing is due'
  if (calendar.kind === 'ticks') {
    const { setting, defaultS, minIntervalS } = calendar.every
    const every = `asked every ${durationWords(defaultS)} (${setting}: ${durationWords(minIntervalS)} at the least)`
    return `${every}, each answer expected before the next${exceptionWords(calendar.exceptions)}`
  }
  const { window, zone, firstDay, searchFrom } = calendar
  const windows = {
    day: `each business day of ${zone}`,
    hour: `each hour of the business days of ${zone}`,
    month: `each month of ${zone}`,
  }
  const search = `looked for from ${searchFrom} of ${searchDay(calendar)}`
  return `${windows[window]} since ${firstDay}, ${search}, ${expectedWords(calendar)}`
}

function expectedWords({ expected }: BusinessDays): string {
  if ('notKnown' in expected) return `never late, because upstream’s time is not known: ${expected.notKnown}`
  const { expectedBy, lateAfterS, exceptions } = expected
  return `expected by ${expectedBy} and late ${durationWords(lateAfterS)} after that${exceptionWords(exceptions)}`
}

const exceptionWords = (exceptions: readonly PlannedException[] = []): string =>
  exceptions
    .map(({ from, to, why, effect }) => {
      const what =
        effect === 'later' ? `what is due from ${from} is due at ${to}` : `nothing is due from ${from} to ${to}`
      return `; ${what} (${why})`
    })
    .join('')

/** Says on which local day a window is looked for and expected: `the day before delivery`. */
export function searchDay({ window, searchDaysLater = 0 }: BusinessDays): string {
  const begin = window === 'month' ? 'its first day' : 'delivery'
  if (searchDaysLater < 0) return `the day ${1 - searchDaysLater} days before ${begin}`
  if (searchDaysLater === 0) return `the day before ${begin}`
  if (searchDaysLater === 1) return window === 'month' ? begin : `the day of ${begin}`
  return searchDaysLater === 2 ? `the day after ${begin}` : `the day ${searchDaysLater - 1} days after ${begin}`
}

/** Returns a calendar in short: `daily, 09:00 D-1`. D-1 is the local day before delivery. */
export function describeDue(calendar: Calendar): string {
  if (calendar.kind === 'files') return 'files'
  if (calendar.kind === 'ticks') return `every ${durationWords(calendar.every.defaultS)}`
  const { window, searchFrom, searchDaysLater = 0 } = calendar
  const days = searchDaysLater - 1
  const day = days === 0 ? 'D' : `D${days > 0 ? '+' : ''}${days}`
  return `${{ day: 'daily', hour: 'hourly', month: 'monthly' }[window]}, ${searchFrom} ${day}`
}

/** Returns steps in words, newest first: `15 min since 2025-09-30 22:00Z, 1 h since 2022-06-08 22:00Z`. */
export function describeSteps(steps: readonly DeclaredStep[]): string {
  if (steps.length === 0) return 'none'
  const [only] = steps
  if (steps.length === 1 && only) return durationWords(only.stepS)
  const texts = steps.map(({ fromMs, stepS }) => `${durationWords(stepS)} since ${minuteText(fromMs)}`)
  return texts.toReversed().join(', ')
}

export const keptWords = (days: number | null): string =>
  days === null ? 'for ever' : days === 1 ? 'a day' : `${days} days`

/** Returns a duration in the largest unit that divides it: `15 min` for 900. */
export function durationWords(seconds: number): string {
  if (seconds >= 86_400 && seconds % 86_400 === 0) return seconds === 86_400 ? '1 day' : `${seconds / 86_400} days`
  if (seconds >= 3_600 && seconds % 3_600 === 0) return `${seconds / 3_600} h`
  return seconds >= 60 && seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`
}

const minuteText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')}Z`
