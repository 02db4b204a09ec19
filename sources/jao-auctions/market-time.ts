// Products are named by Brussels time: "02:00-03:00", with a star for the second 02:00 of the 25-hour day.
import type { Window } from '../source.ts'

export const zone = 'Europe/Brussels'

export interface ProductTime {
  startMs: number
  stepS: number
}

const pattern = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)(\*?)$/

/**
 * Parses the name of a product: 02:00-03:00. Returns undefined if the name is invalid, or if the day lacks the hour:
 * 02:00-03:00 of the 23-hour day, or 02:00-03:00* of a day of 23 or 24 hours.
 */
export function productTime(name: string, period: Window): ProductTime | undefined {
  const [, hour, minute, endHour, endMinute, star] = pattern.exec(name) ?? []
  if (hour === undefined) return undefined
  const minutes = Number(endHour) * 60 + Number(endMinute) - Number(hour) * 60 - Number(minute)
  if (minutes <= 0) return undefined
  const day = Temporal.Instant.fromEpochMilliseconds(period.startMs).toZonedDateTimeISO(zone).toPlainDate()
  const local = day.toPlainDateTime({ hour: Number(hour), minute: Number(minute) })
  const [first, second] = (['earlier', 'later'] as const).map((disambiguation) =>
    local.toZonedDateTime(zone, { disambiguation }),
  )
  if (first === undefined || second === undefined || !first.toPlainDateTime().equals(local)) return undefined
  const twice = first.epochMilliseconds !== second.epochMilliseconds
  if (star && !twice) return undefined
  const startMs = (star ? second : first).epochMilliseconds
  const stepS = minutes * 60
  return startMs < period.startMs || startMs >= period.endMs ? undefined : { startMs, stepS }
}
