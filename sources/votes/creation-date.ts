// Parses CreationDate in the form of the dump, 2017-02-28T00:00:00.000 (UTC), and in other forms of ISO 8601.

import { offsetMs } from '../answers/times.ts'

const dayMs = 86_400_000
// The years that ClickHouse's DateTime64 can store.
const firstYear = 1900
const lastYear = 2299

/** Returns midnight UTC of a date, ms. Undefined for an impossible date, or a year outside 1900 to 2299. */
export function dayOf(year: number, month: number, day: number): number | undefined {
  if (year < firstYear || year > lastYear || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) {
    return undefined
  }
  // Days since 1970-01-01. Years begin in March (days_from_civil, howardhinnant.github.io/date_algorithms.html).
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return (era * 146_097 + dayOfEra - 719_468) * dayMs
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

const iso =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?([Zz]|[+-]\d{2}(?::?\d{2})?)?)?$/

/** Parses an ISO 8601 date, with or without a time, to ms. Without an offset it is UTC. Undefined if invalid. */
export function readCreationDate(text: string): number | undefined {
  const match = iso.exec(text)
  if (match === null) return undefined
  const [, year, month, day, hours = '0', minutes = '0', seconds = '0', fraction = '', offset = 'Z'] = match
  const midnight = dayOf(Number(year), Number(month), Number(day))
  if (midnight === undefined || Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined
  const ahead = offsetMs(offset)
  if (ahead === undefined) return undefined
  const clock = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)
  const ms = midnight + clock * 1000 + Number(fraction.padEnd(3, '0').slice(0, 3)) - ahead
  return ms < (dayOf(firstYear, 1, 1) as number) ? undefined : ms
}
