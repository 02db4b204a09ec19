import { expect, test } from 'vitest'
import { alertsInOrder } from './alert-order.ts'

test('the severest alerts stand first, and of those the newest', () => {
  const alerts = [
    { id: 'old critical', severity: 'critical', at: '2026-11-27T10:00:00.000Z' },
    { id: 'info', severity: 'info', at: '2026-11-27T13:00:00.000Z' },
    { id: 'new critical', severity: 'critical', at: '2026-11-27T11:00:00.000Z' },
    { id: 'warning', severity: 'warning', at: '2026-11-27T12:00:00.000Z' },
  ]
  expect(alertsInOrder(alerts).map(({ id }) => id)).toEqual(['new critical', 'old critical', 'warning', 'info'])
})
