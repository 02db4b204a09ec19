import { expect, test } from 'vitest'
import { lateText } from './late-text.ts'

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
