import { expect, test } from 'vitest'
import type { AlertSilence } from '#schemas/generated/records.ts'
import { silenceLines } from './silence-lines.ts'

test('what somebody wrote into a silence does not reach the terminal as a control', () => {
  const silence: AlertSilence = {
    ...{ id: 's', rule: 'r', dataset: '*', key: '*', fromAt: 0, untilAt: Date.UTC(2026, 10, 1) },
    ...{ why: 'a\u001b[2Jb\r\nc\u202ed', createdBy: 'me\u0007', createdAt: 0 },
  }
  const [, line] = silenceLines([silence], new Map([['s', 3]]))
  expect(line).toMatch(/^s +r +\* \* +2026-11-01T00:00:00\.000Z +3 +a\ufffd\[2Jb\ufffd\ufffdc\ufffdd +me\ufffd$/)
})
