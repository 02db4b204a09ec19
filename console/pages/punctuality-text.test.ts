import { expect, test } from 'vitest'
import { completeText } from './punctuality-text.ts'

test('five days say what is usual; fewer say of how many days the times are', () => {
  const times = { p50: '10:10', p95: '10:50', latest: '11:05', expectedBy: '11:00', hint: null }
  expect(completeText({ ...times, windows: 5, days: 5 })).toBe('usually 10:10, 95 % by 10:50, at the latest 11:05')
  expect(completeText({ ...times, windows: 24, days: 4 })).toBe('10:10 to 11:05, of 4 days alone')
  expect(completeText({ ...times, windows: 1, days: 1, latest: '10:10' })).toBe('10:10, of one day alone')
})
