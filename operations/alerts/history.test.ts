// What rules cannot judge, on the real engine and the tables of the migrations.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { type RunningStore, startStore } from '../../test/store/running-store.ts'
import { unknownRules } from './history.ts'

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
})
afterAll(() => running?.stop())

const nowMs = Date.parse('2026-11-28T12:00:00Z')

interface Told {
  id: string
  kind: 'unknown' | 'known' | 'firing'
  rule: string
  dataset: string
  at: string
  follows?: string
  detail?: string
}

const insert = (told: Told[]) =>
  running.store.insert({
    table: 'tidemark.alert_events',
    format: 'JSONEachRow',
    values: told.map(({ id, kind, rule, dataset, at, follows = null, detail = null }) => ({
      ...{
        id,
        kind,
        rule_id: rule,
        rule_version: 1,
        title: 't',
        owner: 'o',
        severity: 'info',
        dataset,
        key: '',
        unit: '',
      },
      ...{ onset_at: `2026-11-28 ${at}`, ends_at: kind === 'known' ? `2026-11-28 ${at}` : null, firing_id: follows },
      ...{ point_at: `2026-11-28 ${at}`, known_at: `2026-11-28 ${at}`, raw_partition: -1, raw_offset: -1, detail },
      at: `2026-11-28 ${at}`,
    })),
  })

test('a rule is unknown from when that was told until it is told to be known, of each dataset by itself', async () => {
  expect(await unknownRules(running.store, nowMs)).toEqual([])
  await insert([
    { id: 'a1', kind: 'unknown', rule: 'a', dataset: 'kraken.ticker', at: '08:00:00', detail: 'late: upstream-down' },
    { id: 'a2', kind: 'unknown', rule: 'a', dataset: 'binance.ticker24hr', at: '08:30:00', detail: 'late' },
    {
      id: 'b1',
      kind: 'unknown',
      rule: 'b',
      dataset: 'sql',
      at: '09:00:00',
      detail: 'the query failed 3 times: no table',
    },
    { id: 'c1', kind: 'firing', rule: 'c', dataset: 'kraken.ticker', at: '09:30:00' },
  ])
  const of = (ruleId: string, dataset: string, at: string, detail: string) => ({
    ...{ ruleId, dataset, onsetAt: Date.parse(`2026-11-28T${at}Z`), detail },
  })
  const query = of('b', 'sql', '09:00:00', 'the query failed 3 times: no table')
  const kraken = of('a', 'kraken.ticker', '08:00:00', 'late: upstream-down')
  expect(await unknownRules(running.store, nowMs)).toEqual([
    query,
    of('a', 'binance.ticker24hr', '08:30:00', 'late'),
    kraken,
  ])
  await insert([{ id: 'a3', kind: 'known', rule: 'a', dataset: 'binance.ticker24hr', at: '10:00:00', follows: 'a2' }])
  expect(await unknownRules(running.store, nowMs)).toEqual([query, kraken])
})

test('a store that does not answer says nothing of any rule', async () => {
  const away = running.connect({ user: 'reader', password: 'wrong' })
  expect(await unknownRules(away, nowMs)).toBe(null)
  await away.close()
})
