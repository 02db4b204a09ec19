import { addDays, businessDay, dayAt, hoursOf } from '../jao/calendar.ts'

export const HORIZONS = ['Daily', 'Intraday', 'Monthly', 'Seasonal', 'Yearly'] as const
export type Horizon = (typeof HORIZONS)[number]

export type MarketPeriod = {
  readonly horizon: Horizon
  /** Identification of the auction, without its corridor: D-DAILY--260728-01. */
  readonly identification: string
  readonly day: string
  readonly startMs: number
  readonly endMs: number
  readonly resultsMs: number
}

export type Product = { readonly product: string; readonly hour: string; readonly startMs: number }

export const FIRST_AUCTION = '2019-01-01'

const ZONE = 'Europe/Brussels'

/** Months of a period, 0 for a day, and time of its results, per horizon. Only Daily follows recorded answers. */
const rules = {
  Daily: { letter: 'D', name: 'DAILY--', months: 0, starts: [], daysBefore: 1, at: '09:55' },
  Intraday: { letter: 'I', name: 'INTRADAY--', months: 0, starts: [], daysBefore: 1, at: '22:05' },
  Monthly: { letter: 'M', name: 'BASE--', months: 1, starts: [], daysBefore: 15, at: '10:05' },
  Seasonal: { letter: 'S', name: 'BASE--', months: 6, starts: [4, 10], daysBefore: 20, at: '10:05' },
  Yearly: { letter: 'Y', name: 'BASE--', months: 12, starts: [1], daysBefore: 30, at: '10:05' },
} satisfies Record<Horizon, object>

export function periodsWithin(horizon: Horizon, fromMs: number, toMs: number): MarketPeriod[] {
  const first = dayAt(fromMs)
  const found: MarketPeriod[] = []
  const begun = first >= FIRST_AUCTION
  for (let day = begun ? first : FIRST_AUCTION; businessDay(day).startMs < toMs; day = addDays(day, 1)) {
    const period = periodOf(horizon, day)
    if (period !== undefined && period.startMs >= fromMs) found.push(period)
  }
  return found
}

export function periodOf(horizon: Horizon, day: string): MarketPeriod | undefined {
  const { letter, name, months, starts, daysBefore, at } = rules[horizon]
  const date = Temporal.PlainDate.from(day)
  const begins = months === 0 || (date.day === 1 && (starts.length === 0 || (starts as number[]).includes(date.month)))
  if (!begins || day < FIRST_AUCTION) return undefined
  const next = months === 0 ? date.add({ days: 1 }) : date.add({ months })
  const results = date.subtract({ days: daysBefore }).toZonedDateTime({ timeZone: ZONE, plainTime: at })
  return {
    horizon,
    identification: `${letter}-${name}${day.slice(2).replaceAll('-', '')}-01`,
    day,
    startMs: businessDay(day).startMs,
    endMs: next.toZonedDateTime(ZONE).epochMilliseconds,
    resultsMs: results.epochMilliseconds,
  }
}

/** Returns each hour of a day, or one product for a longer period. The second 02:00 of the 25-hour day has a star. */
export function productsOf({ horizon, day, startMs }: MarketPeriod): Product[] {
  if (rules[horizon].months > 0) return [{ product: 'BASE------', hour: '00:00-24:00', startMs }]
  const named = new Set<number>()
  return hoursOf(businessDay(day)).map((hourMs) => {
    const { hour } = Temporal.Instant.fromEpochMilliseconds(hourMs).toZonedDateTimeISO(ZONE)
    const again = named.has(hour)
    named.add(hour)
    const number = String(hour + 1).padStart(2, '0')
    return {
      product: again ? `B${number}DST----` : `B${number}-------`,
      hour: `${String(hour).padStart(2, '0')}:00-${number}:00${again ? '*' : ''}`,
      startMs: hourMs,
    }
  })
}
