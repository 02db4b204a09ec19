import { expect } from 'vitest'
import { longTest } from '../support/long-tests.ts'
import { dayIn, differences, of, reportUntil, type Say, startWeek, type Week } from './simulated-week.ts'
import { untilStored } from './whole-chain.ts'

// A week in which upstream fails, answers empty and answers what we refuse, in which each service is away for some
// hours, and in which values are revised. Days begin at 23:00 UTC, because Brussels has UTC+1. The capacities of a day
// come at about 10:30 of the day before and are late from 11:30 on, the results at about 13:00 and 14:00.

const hourMs = 3_600_000
const startMs = Date.parse('2025-03-02T23:00:00Z')
const capacities = 'jao.core.maxExchanges'
const results = 'jao.core.netPos'
/** The hour of a day of March, local time. */
const at = (day: number, hour: number): number => (day - 3) * 24 + hour
const march = (day: number): string => `2025-03-${String(day).padStart(2, '0')}`

interface Hour {
  /** What happens after the reports of the hour. */
  after?: (week: Week) => Promise<unknown>
  /** What happens before the reports of the hour. */
  before?: (week: Week) => Promise<unknown>
  /** What the report says, by hand. */
  says?: Say[]
}
const say = (day: number, wanted: string, dataset = capacities): Say => [
  (report) => dayIn(report, dataset, march(day)),
  wanted,
]

const hours: Record<number, Hour> = {
  [at(3, 9)]: {
    says: [say(4, 'not-yet-due')],
    after: (week) => week.command({ vanishHour: { dataset: 'core.netPos', day: march(4), hour: 5 } }),
  },
  [at(3, 12)]: { says: [say(4, 'complete')] },
  [at(3, 14)]: {
    says: [say(4, 'partial upstream-empty', results)],
    after: (week) => week.command({ revise: { day: march(4), hour: 3, key: 'border_AT_BE', value: 7 } }),
  },
  [at(3, 16)]: { says: [[(report) => of(report, capacities).revisions.windowsRevised, 1]] },
  // Upstream is down from 9:00 to 15:00 on the 4th.
  [at(4, 8)]: { after: (week) => week.command({ fault: '503' }) },
  [at(4, 11)]: { says: [say(5, 'not-yet-due')] },
  [at(4, 12)]: { says: [say(5, 'late upstream-refused'), say(5, 'not-yet-due', results)] },
  [at(4, 14)]: {
    says: [say(5, 'late upstream-refused'), say(5, 'late upstream-refused', results)],
    after: (week) => week.command({ clear: true }),
  },
  [at(4, 16)]: { says: [say(5, 'complete'), say(5, 'complete', results)] },
  // Upstream answers without rows until 14:00 on the 5th.
  [at(5, 8)]: { after: (week) => week.command({ fault: 'empty', day: march(6) }) },
  [at(5, 12)]: { says: [say(6, 'late upstream-empty')] },
  [at(5, 13)]: { says: [say(6, 'late upstream-empty')], after: (week) => week.command({ clear: true }) },
  [at(5, 15)]: { says: [say(6, 'complete')] },
  // No poller from 10:00 to 15:00 on the 6th.
  [at(6, 9)]: { after: (week) => week.kill('poller') },
  [at(6, 11)]: { says: [say(7, 'not-yet-due')] },
  [at(6, 12)]: { says: [say(7, 'late ours-not-asked')] },
  [at(6, 14)]: { says: [say(7, 'late ours-not-asked')] },
  [at(6, 15)]: { before: (week) => week.start('poller') },
  [at(6, 16)]: { says: [say(7, 'complete')] },
  // No sink from 10:00 to 15:00 on the 7th: reports are of the time when it was there.
  [at(7, 9)]: { says: [say(8, 'not-yet-due')], after: (week) => week.kill('sink') },
  [at(7, 12)]: { says: [say(8, 'not-yet-due'), [({ at }) => at < '2025-03-07T09:00', true]] },
  [at(7, 14)]: { says: [say(8, 'not-yet-due'), [({ at }) => at < '2025-03-07T09:00', true]] },
  [at(7, 15)]: { before: (week) => week.start('sink') },
  [at(7, 16)]: { says: [say(8, 'complete')] },
  // No normalizer from 10:00 to 15:00 on the 8th: the answers are in Kafka, and not in the store.
  [at(8, 9)]: { after: (week) => week.kill('normalizer') },
  [at(8, 12)]: { says: [say(9, 'late ours-lag')] },
  [at(8, 14)]: { says: [say(9, 'late ours-lag')] },
  [at(8, 15)]: { before: (week) => week.start('normalizer') },
  [at(8, 16)]: { says: [say(9, 'complete')] },
  // Upstream answers with another day until 14:00 on the 9th, which becomes a dead letter.
  [at(9, 8)]: { after: (week) => week.command({ fault: 'wrong-day', day: march(10) }) },
  [at(9, 12)]: { says: [say(10, 'late ours-dead-letter')] },
  [at(9, 13)]: { says: [say(10, 'late ours-dead-letter')], after: (week) => week.command({ clear: true }) },
  [at(9, 15)]: {
    says: [
      say(10, 'complete'),
      [
        (report) => of(report, capacities).refusals.map(({ reason, open }) => `${reason} ${open}`),
        ['outside-window 1'],
      ],
    ],
  },
}

/** While the sink is away, no report can be of the hour. */
const isSinkAway = (hour: number): boolean => hour >= at(7, 10) && hour < at(7, 15)
/** No fault lasts into these hours, and all that was published is there. */
const isQuiet = (hour: number): boolean => hour > at(3, 9) && (hour % 24 < 9 || hour % 24 > 17)

async function live(week: Week): Promise<void> {
  for (let hour = 0; hour < 168; hour++) {
    const beganMs = startMs + hour * hourMs
    const { before, says = [], after } = hours[hour] ?? {}
    await week.leap(beganMs)
    await before?.(week)
    // At once, while answers are on their way.
    await week.report()
    const isWell: Say = [({ alarms }) => alarms.filter(({ dataset }) => dataset === capacities), []]
    await reportUntil(week, beganMs, !isSinkAway(hour), isQuiet(hour) ? [...says, isWell] : says).catch((error) => {
      throw new Error(`${march(3 + Math.floor(hour / 24))} ${hour % 24}:00: ${error.message}`)
    })
    await after?.(week)
  }
}

longTest(
  'the report of every hour of a simulated week is byte-equal when it is made again, and says what happened',
  { timeout: 1_800_000 },
  async () => {
    const week = await startWeek(startMs)
    try {
      await live(week)
      await untilStored(week.pipeline.environment)
      expect(await differences(week)).toEqual([])
    } finally {
      await week.stop()
    }
  },
)
