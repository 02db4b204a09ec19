import fc from 'fast-check'
import { expect, test } from 'vitest'
import { longestRetryAfterMs, retryAfterMs } from './retry-after.ts'

const at = Date.parse('2026-04-20T08:00:00Z')

test('seconds and dates', () => {
  expect(retryAfterMs('5', at)).toBe(5_000)
  expect(retryAfterMs(' 0 ', at)).toBe(0)
  expect(retryAfterMs('Mon, 20 Apr 2026 08:00:30 GMT', at)).toBe(30_000)
  expect(retryAfterMs('Mon, 20 Apr 2026 07:00:00 GMT', at)).toBe(0)
})

test('an invalid Retry-After is ignored', () => {
  for (const text of [undefined, '', 'soon', '-5', '1.5', '5 minutes', '2026-04-20T08:00:30Z', 'NaN', 'Infinity']) {
    expect(retryAfterMs(text, at)).toBeUndefined()
  }
})

test('any text gives nothing or a wait that is not negative', () => {
  fc.assert(fc.property(fc.string(), (text) => (retryAfterMs(text, at) ?? 0) >= 0))
})

test('of several headers the longest wait counts, from the date of the response', () => {
  const date = 'Mon, 20 Apr 2026 08:00:00 GMT'
  expect(longestRetryAfterMs({ date, 'retry-after': 'Mon, 20 Apr 2026 08:00:30 GMT' })).toBe(30_000)
  // undici gives repeated headers as a list, whatever the type says.
  const several = { date, 'retry-after': ['5', 'soon', '7'] as unknown as string }
  expect(longestRetryAfterMs(several)).toBe(7_000)
  expect(longestRetryAfterMs({ date, 'retry-after': 'soon' })).toBeUndefined()
  expect(longestRetryAfterMs({ date })).toBeUndefined()
})
