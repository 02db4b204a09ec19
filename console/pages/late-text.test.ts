import { expect, test } from 'vitest'
import { expectedText, lateText } from './late-text.ts'

test('a dataset that is late says since when, by when it was expected, and the grace', () => {
  const late = {
    ...{ dataset: 'jao.core.scheduledExchanges', class: 'late' as const, windows: 1, day: '2026-11-28' },
    ...{ since: '2026-11-27T13:00:00.000Z', expectedBy: '2026-11-27T12:30:00.000Z', graceS: 1_800 },
  }
  const text = (more: Partial<typeof late>, now: string) =>
    lateText({ ...late, ...more }, Date.parse(now), 'Europe/Brussels')
  expect(text({}, '2026-11-27T15:00:00Z')).toBe('late since 14:00 (expected by 13:30, 30 minutes of grace)')
  expect(text({ windows: 6, graceS: 0 }, '2026-11-28T15:00:00Z')).toBe(
    '6 windows late since 2026-11-27 14:00 (expected by 2026-11-27 13:30)',
  )
  expect(lateText({ ...late, class: 'partial', since: null, expectedBy: null }, 0, 'UTC')).toBe('partial')
})

test('between the time and the end of the grace a source is overdue', () => {
  const line = {
    ...{ expectedBy: '2026-11-27T12:30:00.000Z', nextExpectedBy: '2026-11-27T12:30:00.000Z' },
    nextLateAfter: '2026-11-27T13:00:00.000Z',
  }
  const text = (more: Partial<{ [Name in keyof typeof line]: (typeof line)[Name] | null }>, now: string) =>
    expectedText({ ...line, ...more, expectedBy: line.expectedBy }, Date.parse(now), 'Europe/Brussels')
  expect(text({}, '2026-11-27T12:10:00Z')).toBe('next by 13:30, in 20 min')
  expect(text({ nextExpectedBy: '2026-11-27T12:00:00.000Z' }, '2026-11-27T11:40:00Z')).toBe(
    'next by 13:00, in 20 min, all by 13:30',
  )
  expect(text({}, '2026-11-27T12:50:00Z')).toBe('overdue since 13:30, grace until 14:00')
  expect(text({ nextLateAfter: null }, '2026-11-27T12:50:00Z')).toBe('overdue since 13:30')
  expect(text({ nextExpectedBy: null }, '2026-11-27T12:50:00Z')).toBe('all by 13:30')
})
