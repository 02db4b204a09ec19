import { expect, test } from 'vitest'
import { nowMs, setClockBy } from './clock.ts'

test('now is what the newest answer of now says; answers about the past and other answers change nothing', () => {
  const answerOf = (requested: string | null, effective: string) => ({ asOf: { requested, effective }, data: [] })
  setClockBy(answerOf(null, '2030-01-02T03:04:05.000Z'))
  for (const other of [
    answerOf('2020-01-01T00:00:00.000Z', '2020-01-01T00:00:00.000Z'),
    answerOf(null, 'tomorrow'),
    ...[null, undefined, 'text', [], { data: [] }],
  ])
    setClockBy(other)
  expect(Math.abs(nowMs() - Date.parse('2030-01-02T03:04:05Z'))).toBeLessThan(5_000)
  setClockBy({ status: 'ok', requested: null, effective: '2031-01-02T03:04:05.000Z' })
  expect(Math.abs(nowMs() - Date.parse('2031-01-02T03:04:05Z'))).toBeLessThan(5_000)
})
