import { expect, test } from 'vitest'
import type { Poll } from '#schemas/generated/records.ts'
import { createUnloggedPolls } from './unlogged-polls.ts'

const minuteMs = 60_000
const poll = (requestIdentity: string, fetchedAt: number, host = 'h') =>
  ({ requestIdentity, fetchedAt, host, poller: 'p' }) as Poll
const names = (polls: Poll[]) => polls.map(({ requestIdentity, fetchedAt }) => `${requestIdentity} ${fetchedAt}`)

test('polls of the last two minutes that the memory has and the log lacks are found', () => {
  const unlogged = createUnloggedPolls()
  const seen = (one: Poll, writtenAtMs: number, inLog = false) =>
    unlogged.remembered(one, inLog, { partition: 0, writtenAtMs })
  seen(poll('old', 1), 7 * minuteMs)
  seen(poll('logged', 2), 9 * minuteMs)
  seen(poll('carried over', 3), 10 * minuteMs, true)
  seen(poll('lost', 4), 10 * minuteMs)
  seen(poll('elsewhere', 5, 'other'), 10 * minuteMs)
  expect(unlogged.span(0)).toEqual({ fromMs: 8 * minuteMs, toMs: 12 * minuteMs })
  unlogged.logged(poll('logged', 2))
  unlogged.logged(poll('lost', 3))
  expect(names(unlogged.of('h'))).toEqual(['lost 4'])
  unlogged.logged(poll('lost', 4))
  expect(unlogged.of('h')).toEqual([])
  expect(names(unlogged.of('other'))).toEqual(['elsewhere 5'])
})

test('without memory there is nothing to read', () => {
  expect(createUnloggedPolls().span(0)).toBe(undefined)
  expect(createUnloggedPolls().of('h')).toEqual([])
})
