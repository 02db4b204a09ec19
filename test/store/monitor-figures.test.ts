// What the monitor reads from the store, besides the view completeness.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type ExpectationParts, expectationDeclarer } from '#core/declare-expectations.ts'
import { requestIdentity } from '#core/request-identity.ts'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { insert } from '#platform/clickhouse/client.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { evaluate } from '#services/monitor/evaluate.ts'
import { storeFigures } from '#services/monitor/store-figures.ts'
import { type RunningStore, startStore } from './running-store.ts'

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
})
afterAll(() => running?.stop())

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

test('a window that was asked for before it was declared does not change what was known of it until now', async () => {
  const dataset = 'jao.core.maxExchanges'
  const day = (nth: number) => Date.parse(`2026-04-${nth}T22:00:00Z`)
  const identityOf = (nth: number) => requestIdentity(dataset, { startMs: day(nth - 1), endMs: day(nth) })
  const name = (nth: number) => [dataset, utc(day(nth - 1)), utc(day(nth)), identityOf(nth)]
  await put('expected_windows', [...names, 'declared_at', 'backdated'], [[...name(19), utc(hour('06:00:00')), false]])
  await put(
    'window_states',
    [...names, 'at', 'outcome', 'completeness', 'empty_confirmed', 'failures'],
    [
      [...name(16), utc(hour('05:59:59')), 'changed', 'complete', false, 0],
      [...name(17), utc(hour('06:00:00')), 'changed', 'complete', false, 0],
    ],
  )
  const sent: { requestIdentity: string; declaredAt: number; backdated: boolean }[] = []
  const parts = {
    ...{ store: running.store, hosts: [], overrides: new Map(), by: 'test' },
    producer: {
      send: async (_: string, records: { value: unknown }[]) =>
        void sent.push(...records.map(({ value }) => value as never)),
    },
    registry: { encoder: async () => (record: unknown) => record },
  } as unknown as ExpectationParts
  const declare = await expectationDeclarer(parts)
  await declare(hour('12:00:00'))
  const of = (nth: number) => sent.find((each) => each.requestIdentity === identityOf(nth))
  // Nobody declared anything when the 16th was polled.
  expect(of(16)).toMatchObject({ declaredAt: hour('05:59:59'), backdated: true })
  expect(of(17)).toMatchObject({ declaredAt: hour('12:00:00'), backdated: false })
})
