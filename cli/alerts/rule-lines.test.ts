import { expect, test } from 'vitest'
import type { QueryStatus } from '#core/alerts/query-status.ts'
import type { UnknownRule } from '#operations/alerts/history.ts'
import { readRule } from '#operations/alerts/rules.ts'
import type { AlertRule } from '#schemas/generated/records.ts'
import { ruleLines } from './rule-lines.ts'

const saved = (id: string, more: object): AlertRule => ({
  ...{ id, version: 2, owner: 'desk', why: '', changedAt: 0, changedBy: 'me', isDeleted: false },
  rule: JSON.stringify(readRule({ id, title: 'A title', owner: 'desk', ...more })),
})
const price = saved('price', { of: { dataset: 'kraken.*' }, when: { value: '>', than: 9 }, severity: 'critical' })
const rows = saved('rows', { when: { sql: 'SELECT 1' } })
const run = (failure: string | null): QueryStatus => ({
  ...{
    rule: 'rows',
    version: 2,
    owner: 'desk',
    everyS: 60,
    waitsS: 60,
    isAsked: true,
    tookS: 0.5,
    rows: null,
    failure,
  },
})
const sinceMs = Date.parse('2026-11-28T09:30:00Z')
const unknownOf = (ruleId: string, dataset: string, detail: string | null): UnknownRule => ({
  ...{ ruleId, dataset, onsetAt: sinceMs, detail },
})

test('a rule that judges has no state', () => {
  expect(ruleLines([price], { runs: new Map(), unknown: [unknownOf('another', 'jao.core.atc', null)] })).toEqual([
    'rule   version  severity  state  series      alerts when',
    'price  v2       critical         kraken.* *  the value is more than 9',
  ])
})

test('a rule that is unknown says so in a word, and why below', () => {
  const unknown = [
    unknownOf('price', 'kraken.ticker', 'late: upstream-down: no\nanswer'),
    unknownOf('price', 'kraken.depth', 'late'),
  ]
  expect(ruleLines([price], { runs: new Map(), unknown })).toEqual([
    'rule   version  severity  state    series      alerts when',
    'price  v2       critical  unknown  kraken.* *  the value is more than 9',
    expect.stringMatching(
      /^price is unknown on kraken.ticker since 2026-11-28 09:30:00 UTC: late: upstream-down: no.answer; and on kraken.depth$/,
    ),
  ])
})

test('a rule whose query fails says so, before it is unknown and after', () => {
  const runs = new Map([['rows', run('The store says: no such table')]])
  const how = 'rows is asked every 60 s; the last run took 0.5 s, it failed: The store says: no such table'
  const before = ruleLines([rows], { runs, unknown: null })
  expect(before[1]).toMatch(/^rows +v2 +warning +query fails +sql \* +a query returns a row/)
  expect(before.slice(2)).toEqual([how])
  const after = ruleLines([rows], { runs, unknown: [unknownOf('rows', 'sql', 'the query failed 3 times')] })
  expect(after[1]).toMatch(/^rows +v2 +warning +unknown +sql \* +a query returns a row/)
  expect(after.slice(2)).toEqual(['rows is unknown since 2026-11-28 09:30:00 UTC: the query failed 3 times', how])
  expect(ruleLines([rows], { runs: new Map([['rows', run(null)]]), unknown: [] })[1]).toMatch(/warning +sql/)
})

test('a rule of another release that cannot be read does not hide the others', () => {
  const other = { ...price, id: 'other', rule: '{"id":"other","when":{"moon":"full"}}' }
  expect(ruleLines([other, price], { runs: new Map(), unknown: [] })).toEqual([
    'rule   version  severity  state       series      alerts when',
    'other  v2                 unreadable',
    'price  v2       critical              kraken.* *  the value is more than 9',
    'other cannot be read by this release: it alerts nobody',
  ])
})
