// What the monitor reads from the store, besides the view completeness.
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { requestIdentity } from '#core/request-identity.ts'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { insert } from '#platform/clickhouse/client.ts'
import { removeRows, storeDeletion } from '#platform/clickhouse/deletions.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { evaluate } from '#services/monitor/evaluate.ts'
import { createPointCheck, type PointFigures } from '#services/monitor/point-check.ts'
import { storeFigures } from '#services/monitor/store-figures.ts'
import { insertReadings, reading } from './readings.ts'
import { type RunningStore, startStore } from './running-store.ts'

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
})
afterAll(() => running?.stop())

describe('points of accepted answers', () => {
  const knownAt = (day: number) => Date.parse('2026-01-01T08:00Z') + day * 24 * 3_600_000
  const whole = reading({ dataset: 'made.parts', replaces: false, keys: { a: 3, b: 2 } })
  const history = [
    ...Array.from({ length: 5 }, (_, day) => reading({ dataset: 'made.old', knownAt: knownAt(day), offset: day })),
    // A part of an answer that was sent back, and bytes that lie in raw twice.
    ...[whole, { ...whole, contentHash: 'c', offset: 2, transformVersion: 2, keys: { c: 3 } }, { ...whole, offset: 9 }],
    reading({ dataset: 'made.deleted' }),
  ]
  const none = { 'made.deleted': 0, 'made.old': 0, 'made.parts': 0 }
  const warnings: string[] = []
  const warn = (about: object) => void warnings.push(JSON.stringify(about))
  let step: () => Promise<PointFigures>
  const shown = async () =>
    Object.fromEntries([...(await step()).unaccounted].filter(([dataset]) => dataset.startsWith('made.')))
  const untilShown = async (expected: Record<string, number>): Promise<void> => {
    while (!isDeepStrictEqual(await shown(), expected));
  }
  const remove = (condition: string) =>
    running.store.command({ query: `DELETE FROM tidemark.point_revisions WHERE ${condition}` })

  beforeAll(async () => {
    await insertReadings(running.store, history)
    // A bound that cuts a window: of its answer, some points are deleted.
    const bound = { dataset: 'made.deleted', before: history[0]!.windowStart + 3_600_000, at: 1, by: 'test', why: '' }
    await storeDeletion(running.store, bound)
    await removeRows(running.store, bound)
    const parts = {
      store: running.store,
      missingOf: async ({ missing }: { missing: number }) => missing,
      log: { warn },
    }
    step = createPointCheck({ ...parts, limits: { answers: 3, points: 100 }, settleMs: 0 })
  })

  test('parts, repeated bytes and deletions leave nothing unaccounted for', async () => {
    while ((await step()).comparedAtMs === undefined);
    expect(await shown()).toEqual(none)
  })

  test('a row that was deleted by hand is found in old history, and accounted for when it is stored again', async () => {
    await remove(`dataset = 'made.old' AND ts = '2026-01-01 01:00:00' AND known_at = '2026-01-03 08:00:00'`)
    await untilShown({ ...none, 'made.old': 1 })
    await insertReadings(running.store, [history[2]!])
    await untilShown(none)
  })

  test('an answer that is stored now is compared before the next round, and counts once', async () => {
    const answer = { ...history[0]!, dataset: 'made.new', knownAt: knownAt(9) }
    await insertReadings(running.store, [answer])
    await remove(`dataset = 'made.new' AND ts > '2026-01-01 00:00:00'`)
    await untilShown({ ...none, 'made.new': 2 })
    // A walk finds it, too.
    for (let steps = 0; steps < 3; steps++) expect(await shown()).toEqual({ ...none, 'made.new': 2 })
    await insertReadings(running.store, [answer])
    await untilShown({ ...none, 'made.new': 0 })
  })

  test('what cannot be compared has no figure, and the log says so', async () => {
    expect(warnings).toEqual([])
    const rename = (from: string, to: string) =>
      running.store.command({ query: `RENAME TABLE tidemark.${from} TO tidemark.${to}` })
    await rename('point_revisions', 'away')
    await untilShown({})
    expect(warnings.join()).toContain('made.old')
    await rename('away', 'point_revisions')
    await untilShown({ ...none, 'made.new': 0 })
  })
})

const put = (table: string, columns: string[], rows: unknown[][]) => insert(running.store, table, columns, rows)
const hour = (time: string) => Date.parse(`2026-04-20T${time}Z`)
const utc = (ms: number) => new Date(ms).toISOString()

const names = ['dataset', 'window_start', 'window_end', 'request_identity']
/** Windows of an hour from 12:00 on, by number. */
const windowOf = (nth: number): [string, string, string, string] => {
  const startMs = hour('12:00:00') + nth * 3_600_000
  const window = { startMs, endMs: startMs + 3_600_000 }
  return ['a.b', utc(window.startMs), utc(window.endMs), requestIdentity('a.b', window)]
}

test('a window that becomes complete for the first time, and was watched, says by how much it was late', async () => {
  await put(
    'schedule_log',
    ['dataset', 'at', 'schedule', 'because', 'host', 'selectors', 'by'],
    [['a.b', utc(hour('08:00:00')), 'auto', 'declaration', 'h', [], 'test']],
  )
  const expectedBy = utc(hour('10:00:00'))
  await put(
    'expected_windows',
    [...names, 'declared_at', 'expected_by', 'late_after', 'backdated'],
    [0, 1, 2, 3].map((nth) => {
      const declaredAt = utc(hour(nth === 2 ? '20:00:00' : '08:00:00'))
      return [...windowOf(nth), declaredAt, expectedBy, expectedBy, false]
    }),
  )
  const states: [nth: number, at: string, completeness: string][] = [
    [0, '10:25:00', 'complete'],
    [1, '09:59:00', 'complete'],
    // Not watched: it was declared after it was over.
    [2, '11:00:00', 'complete'],
    // Complete, partial, and complete again: that is not its publication.
    [3, '09:00:00', 'complete'],
    [3, '11:00:00', 'partial'],
    [3, '12:00:00', 'complete'],
  ]
  await put(
    'window_states',
    [...names, 'at', 'outcome', 'completeness', 'empty_confirmed', 'failures'],
    states.map(([nth, at, completeness]) => [...windowOf(nth), utc(hour(at)), 'changed', completeness, false, 0]),
  )
  const { changes } = await evaluate(running.store, hour('23:00:00'))
  const delays = new Map(changes.map(({ record, publicationDelayS }) => [record.requestIdentity, publicationDelayS]))
  expect([0, 1, 2, 3].map((nth) => delays.get(windowOf(nth)[3]))).toEqual([1_500, -60, null, null])
})

test('the figures are what is parked, what was refused, what was stored since, and the space on disk', async () => {
  const read = storeFigures(running.store)
  const first = await read()
  expect(first).toMatchObject({ parked: [], openLetters: new Map(), answers: [] })
  for (const { freeBytes, totalBytes } of first.disks) {
    expect(freeBytes).toBeGreaterThan(0)
    expect(totalBytes).toBeGreaterThan(freeBytes)
  }
  expect(first.disks.length).toBeGreaterThan(0)

  const parkings = [
    ['a.b', 'parked', 1],
    ['a.c', 'parked', 2],
    ['a.c', 'released', 3],
  ]
  await put(
    'parking_log',
    ['dataset', 'at', 'state', 'reason', 'message', 'by', 'offset'],
    parkings.map(([dataset, state, offset]) => [dataset, utc(hour('10:00:00')), state, 'type', 'm', 'test', offset]),
  )
  const letter = (offset: number, decision: string, letterOffset: number) => [
    'a.dlq',
    0,
    offset,
    decision,
    letterOffset,
    utc(hour('10:00:00')),
    'a.b',
    'type',
    'm',
    's',
    '1',
    1,
    '',
    '',
  ]
  const columns = ['topic', 'partition', 'offset', 'decision', 'letter_offset', 'at', 'dataset', 'reason', 'message']
  await put(
    'dead_letter_records',
    [...columns, 'service', 'version', 'attempts', 'by', 'why'],
    [letter(0, '', 0), letter(1, '', 1), letter(2, 'dropped', 1)],
  )
  const knownAtMs = hour('11:00:00')
  await put(
    'accepted_answers',
    [
      ...['replaces', 'dataset', 'identity', 'request_identity', 'window_start', 'window_end', 'known_at'],
      ...['transform_version', 'points', 'keys', 'content_hash', 'raw_partition', 'raw_offset'],
    ],
    [[true, 'a.b', 5, windowOf(0)[3], windowOf(0)[1], windowOf(0)[2], utc(knownAtMs), 1, 24, 1, 'x', 0, 7]],
  )
  // A reading leaves out what was stored in the past seconds.
  const second = await vi.waitFor(
    async () => {
      const figures = await read()
      expect(figures.answers.length).toBe(1)
      return figures
    },
    { timeout: 60_000, interval: 500 },
  )
  expect(second).toMatchObject({ parked: ['a.b'], openLetters: new Map([['a.dlq', 1]]) })
  expect(second.answers).toMatchObject([{ dataset: 'a.b', knownAtMs }])
  expect((await read()).answers).toEqual([])
})
