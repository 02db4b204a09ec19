import { expect, test } from 'vitest'
import { heldText } from './market-span.ts'

test('less than 24 hours of samples say since when, and how much it is', () => {
  const nowMs = Date.parse('2026-11-27T16:05:00Z')
  const text = (start: string) => heldText([{ start }], nowMs, 'Europe/Brussels')
  expect(text('2026-11-27T10:40:00Z')).toBe('since 11:40, 5 h of 24 h')
  expect(text('2026-11-27T15:40:00Z')).toBe('since 16:40, 25 min of 24 h')
  expect(text('2026-11-26T22:40:00Z')).toBe('since 2026-11-26 23:40, 17 h of 24 h')
  expect(text('2026-11-26T16:10:00Z')).toBe('last 24 hours')
  expect(heldText([], nowMs, 'UTC')).toBe('last 24 hours')
})
