import { expect, test } from 'vitest'
import { toldText, whenText } from './event-times.ts'

const zone = 'Europe/Brussels'
const told = '2026-11-27T11:42:23.697Z'
const of = (kind: string, onset: string, ends: string | null, at = told) =>
  whenText({ kind, at, onset_at: onset, ends_at: ends }, zone)

test('what lay ahead when it was told are hours of delivery', () => {
  expect(of('firing', '2026-11-27T23:00:00.000Z', '2026-11-28T23:00:00.000Z')).toBe('for 2026-11-28 00:00 – 24:00')
  expect(of('firing', '2026-11-27T23:00:00.000Z', '2026-11-28T05:00:00.000Z')).toBe('for 2026-11-28 00:00 – 06:00')
  expect(of('firing', '2026-11-27T23:00:00.000Z', '2026-11-29T05:00:00.000Z')).toBe(
    'for 2026-11-28 00:00 – 2026-11-29 06:00',
  )
  expect(of('firing', '2026-11-27T23:00:00.000Z', null)).toBe('for 2026-11-28 00:00 and on')
  expect(of('happened', '2026-11-27T23:00:00.000Z', null)).toBe('for 2026-11-28 00:00')
})

test('what had begun when it was told began then', () => {
  expect(of('firing', '2026-11-27T11:00:00.000Z', null)).toBe('since 2026-11-27 12:00')
  expect(of('resolved', '2026-11-27T11:00:00.000Z', '2026-11-27T11:30:00.000Z')).toBe('2026-11-27 12:00 – 12:30')
  expect(of('unknown', '2026-11-27T11:00:00.000Z', null)).toBe('since 2026-11-27 12:00')
  expect(of('happened', '2026-11-27T11:42:00.000Z', null)).toBe('at 2026-11-27 12:42')
})

test('the day at which an alert was told is left out if it is today', () => {
  expect(toldText({ at: told }, Date.parse('2026-11-27T22:59:00.000Z'), zone)).toBe('told 12:42')
  expect(toldText({ at: told }, Date.parse('2026-11-27T23:01:00.000Z'), zone)).toBe('told 2026-11-27 12:42')
})
