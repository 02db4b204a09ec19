import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { insert } from '#platform/clickhouse/client.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { type RunningStore, startStore } from './running-store.ts'

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
})
afterAll(() => running?.stop())

const utc = (time: string) => `2026-03-28T${time}Z`
const everyS = 600

/** Six ticks an hour from 00:20 on; from 05:30 on one every 15 minutes. */
const expectedRows = [
  [utc('00:20:00'), utc('24:00:00'), everyS, utc('00:15:00')],
  [utc('00:20:00'), utc('05:30:00'), everyS, utc('05:25:00')],
  [utc('05:30:00'), utc('24:00:00'), 900, utc('05:25:00')],
].map(([from, until, every, declared]) => [
  't.x',
  't.x/A',
  'A',
  from,
  until?.toString().replace('28T24', '29T00'),
  every,
  declared,
])

interface Poll {
  at: string
  /** When the answer or the failure came; else a second after the tick began. */
  came?: string
  outcome: string
  completeness?: string
  status?: number
  error?: string
}

const good = (at: string): Poll => ({ at, outcome: 'changed', completeness: 'complete' })
const polls: Poll[] = [
  // 00:20 to 01:00: four ticks, all good.
  ...['00:20:00', '00:30:00', '00:40:00', '00:50:00'].map(good),
  // 01:00: one of six failed without an answer, one was refused last.
  ...['01:00:00', '01:10:00', '01:20:00', '01:30:00'].map(good),
  { at: '01:40:00', outcome: 'failed', error: 'connect ECONNREFUSED' },
  { at: '01:50:00', outcome: 'failed', status: 503, error: 'Service Unavailable' },
  // 02:00: nobody asked for the last two.
  ...['02:00:00', '02:10:00', '02:20:00', '02:30:00'].map(good),
  // 03:00: one answer without rows, one partial.
  ...['03:00:00', '03:10:00', '03:20:00', '03:30:00'].map(good),
  { at: '03:40:00', outcome: 'empty', completeness: 'empty' },
  { at: '03:50:00', outcome: 'changed', completeness: 'partial' },
  // 04:00: one partial.
  ...['04:00:00', '04:10:00', '04:20:00', '04:30:00', '04:40:00'].map(good),
  { at: '04:50:00', outcome: 'changed', completeness: 'partial' },
  // 05:00: three ticks of ten minutes, two of fifteen.
  ...['05:00:00', '05:10:00', '05:20:00', '05:30:00', '05:45:00'].map(good),
  // 06:00: an answer and a failure that came when their ticks were over.
  ...['06:00:00', '06:45:00'].map(good),
  { ...good('06:15:00'), came: '06:30:20' },
  { at: '06:30:00', outcome: 'failed', error: 'a timeout', came: '06:46:00' },
]

async function hoursAt(at: string): Promise<(string | number | null)[][]> {
  const result = await running.reader.query({
    query: `SELECT formatDateTime(window_start, '%T', 'UTC'), formatDateTime(window_end, '%T', 'UTC'), class, cause, detail,
        formatDateTime(since, '%T', 'UTC'), points, expected_points
      FROM tidemark.completeness(at = {at:String}) WHERE dataset = 't.x' ORDER BY window_start`,
    query_params: { at: `2026-03-28 ${at}` },
    format: 'JSONCompactEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  })
  return result.json()
}

test('an hour of ticks says how many are lost, since when and whose fault that is', async () => {
  await insert(
    running.store,
    'schedule_log',
    ['dataset', 'at', 'schedule', 'because', 'host', 'selectors', 'every_s', 'by'],
    [['t.x', utc('00:15:00'), 'auto', 'declaration', 't.example', ['A'], everyS, 'test']],
  )
  await insert(
    running.store,
    'expected_windows',
    ['dataset', 'request_identity', 'selector', 'window_start', 'window_end', 'every_s', 'declared_at'],
    expectedRows,
  )
  await insert(
    running.store,
    'polls',
    [
      'dataset',
      'request_identity',
      'window_start',
      'window_end',
      'lane',
      'fetched_at',
      'outcome',
      'completeness',
      'status',
      'error',
    ],
    polls.map(({ at, came, outcome, completeness = null, status = null, error = null }) => {
      const startMs = Date.parse(utc(at))
      return [
        't.x',
        't.x/A',
        utc(at),
        new Date(startMs + everyS * 1_000).toISOString(),
        'live',
        came === undefined ? new Date(startMs + 1_000).toISOString() : utc(came),
        outcome,
        completeness,
        status,
        error,
      ]
    }),
  )
  expect(await hoursAt('06:00:00')).toEqual([
    ['00:20:00', '01:00:00', 'complete', null, null, '00:20:00', 4, 4],
    [
      '01:00:00',
      '02:00:00',
      'lost',
      'upstream-refused',
      '2 of 6 ticks are lost: HTTP 503: Service Unavailable',
      '01:40:00',
      4,
      6,
    ],
    ['02:00:00', '03:00:00', 'lost', 'ours-not-asked', '2 of 6 ticks are lost: no request was sent', '02:40:00', 4, 6],
    [
      '03:00:00',
      '04:00:00',
      'lost',
      'upstream-empty',
      '1 of 6 ticks are lost: the answers had no rows',
      '03:40:00',
      5,
      6,
    ],
    ['04:00:00', '05:00:00', 'partial', 'upstream-empty', '1 of 6 ticks are partial', '04:00:00', 6, 6],
    ['05:00:00', '06:00:00', 'complete', null, null, '05:00:00', 5, 5],
    ['06:00:00', '07:00:00', 'not-yet-due', null, null, null, 0, 0],
  ])
})

test('a tick is judged when its interval is over, also in the past', async () => {
  // The tick of 01:40 failed at 01:40:01, and may be asked again until 01:50.
  expect((await hoursAt('01:49:59')).at(-1)).toEqual(['01:00:00', '02:00:00', 'complete', null, null, '01:00:00', 4, 4])
  expect((await hoursAt('01:50:00')).at(-1)?.slice(2, 4)).toEqual(['lost', 'upstream-unreachable'])
  // The interval that ended at 05:30 was expected to go on until midnight: that was known until 05:25.
  expect((await hoursAt('05:24:00')).at(-1)?.slice(6)).toEqual([2, 2])
})

test('an answer that comes when its tick is over counts from then on', async () => {
  const at = async (time: string) => (await hoursAt(time)).at(-1)?.slice(2, 5)
  expect(await at('06:30:19')).toEqual(['lost', 'ours-not-asked', '1 of 2 ticks are lost: no request was sent'])
  expect(await at('06:30:20')).toEqual(['complete', null, null])
  expect(await at('06:45:59')).toEqual(['lost', 'ours-not-asked', '1 of 3 ticks are lost: no request was sent'])
  expect(await at('06:46:00')).toEqual(['lost', 'upstream-unreachable', '1 of 3 ticks are lost: a timeout'])
})
