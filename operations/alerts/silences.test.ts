import { expect, test } from 'vitest'
import { newSilence } from './silences.ts'

const nowMs = Date.UTC(2026, 10, 1)
const asked = (why: string) => ({ rule: 'r', dataset: '*', key: '*', untilMs: nowMs + 60_000, why, by: 'me' })

test.each([
  ['nothing', ''],
  ['blanks', ' \t\u00a0\u3000'],
  ['a space of no width', '\u200b'],
  ['what nobody sees', '\u2060\ufeff\u00ad\u200d\u3164\u202e\u0007\u2800\u{e0041}'],
])('a reason of %s is refused', (_, why) => {
  expect(() => newSilence(asked(why), nowMs)).toThrow('A silence needs a reason')
})

test.each(['x', 'Wartung der Börse', '維護', '🔧', '(?)'])('%s is a reason', (why) => {
  expect(newSilence(asked(` ${why} `), nowMs)).toMatchObject({ why, fromAt: nowMs, untilAt: nowMs + 60_000 })
})

test('a silence has an end that lies ahead, 90 days at the most', () => {
  const until = (untilMs: number) => () => newSilence({ ...asked('x'), untilMs }, nowMs)
  expect(until(nowMs)).toThrow('lies in the past')
  expect(until(nowMs + 90 * 86_400_000 + 1)).toThrow('90 days')
  expect(until(nowMs + 90 * 86_400_000)).not.toThrow()
})
