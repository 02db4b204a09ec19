import { expect, test } from 'vitest'
import { readWindow } from './window.ts'

const read = (query: string) => readWindow(new URLSearchParams(query))
const day = { fromMs: Date.UTC(2026, 3, 19, 22), toMs: Date.UTC(2026, 3, 20, 22) }

test.each([
  'FromUtc=2026-04-19T22:00:00.000Z&ToUtc=2026-04-20T22:00:00.000Z',
  'FromUTC=2026-04-19T22:00:00Z&TOUTC=2026-04-20T22:00:00.000000Z',
  'fromUtc=2026-04-19T22%3A00%3A00Z&toutc=2026-04-20T22%3A00',
  'FromUtc=2026-04-20T00:00:00%2B02:00&ToUtc=2026-04-20T22:00:00',
])('reads %s', (query) => {
  expect(read(query)).toEqual(day)
})

test.each([
  ['ToUtc=2026-04-20', { FromUtc: ['The FromUtc field is required.'] }],
  ['FromUtc=yesterday&ToUtc=2026-04-20', { FromUtc: ["The value 'yesterday' is not valid."] }],
  ['FromUtc=2026-13-01&ToUtc=2026-04-20', { FromUtc: ["The value '2026-13-01' is not valid."] }],
  ['FromUtc=2026-04-21&ToUtc=2026-04-20', { ToUtc: ['ToUtc must not be before FromUtc.'] }],
  [
    'FromUtc=2026-04-18T00:00:00Z&ToUtc=2026-04-20T00:00:00.001Z',
    { ToUtc: ['The requested range must not exceed 2 days.'] },
  ],
  // Two business days, the second of 25 hours.
  ['FromUtc=2026-10-23T22:00Z&ToUtc=2026-10-25T23:00Z', { ToUtc: ['The requested range must not exceed 2 days.'] }],
])('refuses %s', (query, errors) => {
  expect(read(query)).toEqual({ errors })
})

test('48 hours are accepted', () => {
  expect(read('FromUtc=2026-04-18&ToUtc=2026-04-20')).toEqual({
    fromMs: Date.UTC(2026, 3, 18),
    toMs: Date.UTC(2026, 3, 20),
  })
})
