import { expect, test } from 'vitest'
import type { AlertEvent } from '../alerts/records.ts'
import { alertMarks } from './alert-marks.ts'

const at = (hour: number): string => new Date(Date.UTC(2026, 10, 28, hour)).toISOString()
const ms = (hour: number): number => Date.UTC(2026, 10, 28, hour)

const event = (id: string, partial: Partial<AlertEvent>): AlertEvent => ({
  ...{ id, kind: 'firing', rule_id: 'r', title: 'Too low', severity: 'critical', dataset: 'd', key: 'k', unit: 'MW' },
  ...{
    onset_at: at(3),
    ends_at: null,
    firing_id: null,
    value: 1,
    compared: 1,
    reference: null,
    detail: null,
    at: at(0),
  },
  ...partial,
})

test('what was told of an episode is one mark, with the end that was told last; what happened is an instant', () => {
  const newestFirst = [
    event('f', { kind: 'unknown', key: '' }),
    event('e', { kind: 'happened', onset_at: at(9), title: 'Revised', severity: 'warning' }),
    event('d', { kind: 'cancelled', firing_id: 'c', onset_at: at(6) }),
    event('c', { onset_at: at(6), ends_at: at(7) }),
    event('b', { kind: 'resolved', firing_id: 'a', ends_at: at(5) }),
    event('a', { ends_at: at(4) }),
    event('0', { onset_at: at(1) }),
  ]
  expect(
    alertMarks(newestFirst).map(({ id, title, severity, fromMs, toMs, isTakenBack }) => [
      ...[id, title, severity, fromMs, toMs, isTakenBack],
    ]),
  ).toEqual([
    ['0', 'Too low', 'critical', ms(1), null, false],
    ['a', 'Too low', 'critical', ms(3), ms(5), false],
    ['c', 'Too low', 'critical', ms(6), ms(7), true],
    ['e', 'Revised', 'warning', ms(9), ms(9), false],
  ])
})

test('an end whose beginning is not there makes no mark', () => {
  expect(alertMarks([event('b', { kind: 'resolved', firing_id: 'a', ends_at: at(5) })])).toEqual([])
})
