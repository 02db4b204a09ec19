// Backfills all of Core maxExchanges under upstream's real limit. The clocks of simulator and poller run faster.

import { hostOf } from '#core/host.ts'
import { requestWindows } from '#core/request-windows.ts'
import { windowsBetween } from '#core/windows.ts'
import { FIRST_DAY } from '#simulator/jao/calendar.ts'
import { dataset, eventually, startPollerParts, startUpstream } from '../integrity/poller-parts.ts'

export interface BackfillFigures {
  backfill_windows: number
  backfill_simulated_minutes: number
  /** Average share of upstream's limit (100 requests a minute) that the backfill used. */
  backfill_budget_used_percent: number
  /** Share of upstream's limit that the backfill used in the minute with the fewest requests. */
  backfill_poorest_minute_percent: number
  backfill_busiest_minute_requests: number
  backfill_429s: number
}

const minuteMs = 60_000
const perMinute = 100
const speed = 10

export async function measureBackfill(tell: (line: string) => void): Promise<BackfillFigures> {
  const parts = await startPollerParts()
  try {
    const upstream = await startUpstream({
      startMs: Date.parse('2026-11-24T11:00:00Z'),
      speed,
      limitPerMinute: perMinute,
    })
    await parts.poller(upstream.url)
    const windows = windowsBetween({ window: 'day', zone: 'Europe/Brussels' }, FIRST_DAY, '2026-11-24')
    const wanted = windows.map(({ window }) => ({ window, selector: null }))
    const host = hostOf(upstream.url)
    await requestWindows(parts.kafka, parts.registry, { dataset, host, windows: wanted, requestedBy: 'bench' })
    tell(`${wanted.length} windows asked for, the clock at ${speed} times its speed`)
    const requests = await eventually(
      'every window was asked for',
      async () => {
        const seen = await upstream.requests()
        return (
          new Set(seen.filter(({ status }) => status === 200).map(({ fromUtc }) => fromUtc)).size >= wanted.length &&
          seen
        )
      },
      10 * minuteMs,
    )
    const { limitViolations, busiestMinute } = await upstream.stats()
    const instants = requests.map(({ elapsedMs }) => elapsedMs)
    const [first = 0, last = 0] = [instants[0], instants.at(-1)]
    const minutes = Array.from(
      { length: Math.floor((last - first) / minuteMs) },
      (_, index) => first + index * minuteMs,
    )
    const counts = minutes.map((fromMs) => instants.filter((atMs) => atMs >= fromMs && atMs < fromMs + minuteMs).length)
    const inMinutes = counts.reduce((sum, count) => sum + count, 0)
    return {
      backfill_windows: wanted.length,
      backfill_simulated_minutes: round((last - first) / minuteMs),
      backfill_budget_used_percent: round((100 * inMinutes) / (counts.length * perMinute)),
      backfill_poorest_minute_percent: round((100 * Math.min(...counts)) / perMinute),
      backfill_busiest_minute_requests: busiestMinute,
      backfill_429s: limitViolations,
    }
  } finally {
    await parts.endTest()
    await parts.stop()
  }
}

const round = (value: number): number => Math.round(value * 10) / 10
