import { expect, test } from 'vitest'
import type { AlertDelivery } from '#schemas/generated/records.ts'
import { nextDeliveries, SendSlots } from './next-deliveries.ts'

const nowMs = Date.UTC(2026, 10, 1)

const delivery = (id: string, partial: Partial<AlertDelivery> = {}): AlertDelivery => ({
  ...{ id, endpoint: 'u', group: 'rule r', eventIds: [id], state: 'open', attempts: 0, createdAt: nowMs, dueAt: nowMs },
  ...{ body: '{}', endedAt: null, detail: null, ...partial },
})

/** A message each to endpoints of their own. */
const toEach = (name: string, count: number, partial: Partial<AlertDelivery> = {}): AlertDelivery[] =>
  Array.from({ length: count }, (_, at) => delivery(`${name}${at}`, { endpoint: `${name}${at}`, ...partial }))

const noMail = () => false
const endpointsOf = (deliveries: readonly AlertDelivery[]) => deliveries.map(({ endpoint }) => endpoint)

test('of each group the oldest message alone may be sent, and only when it is due', () => {
  const waiting = [
    delivery('a', { dueAt: nowMs + 1 }),
    delivery('b'),
    delivery('c', { group: 'rule s' }),
    delivery('d', { group: 'rule s' }),
    delivery('e', { endpoint: 'v' }),
  ]
  // While a waits for its next attempt, b waits, too.
  expect(nextDeliveries(waiting, nowMs).map(({ id }) => id)).toEqual(['c', 'e'])
  expect(nextDeliveries(waiting, nowMs + 1).map(({ id }) => id)).toEqual(['c', 'e', 'a'])
})

test('an old message that failed goes behind a new one, but for a minute alone', () => {
  const tried = delivery('tried', { attempts: 3, createdAt: nowMs - 3_600_000, dueAt: nowMs })
  const soon = delivery('soon', { group: 'rule s', dueAt: nowMs + 59_000 })
  const later = delivery('later', { group: 'rule t', dueAt: nowMs + 61_000 })
  const next = nextDeliveries([tried, soon, later], nowMs + 61_000)
  expect(next.map(({ id }) => id)).toEqual(['soon', 'tried', 'later'])
})

test('an endpoint has one attempt at a time', () => {
  const slots = new SendSlots(noMail)
  const waiting = [delivery('a'), delivery('b', { group: 'rule s' })]
  expect(slots.take(waiting, nowMs).map(({ id }) => id)).toEqual(['a'])
  expect(slots.take(waiting.slice(1), nowMs)).toEqual([])
  slots.free('u')
  expect(slots.take(waiting.slice(1), nowMs).map(({ id }) => id)).toEqual(['b'])
})

test('a hundred endpoints that were slow leave eight slots for the others', () => {
  const slots = new SendSlots(noMail)
  const slow = toEach('slow', 100)
  for (const each of slow) {
    slots.take([each], nowMs)
    slots.answered(each.endpoint, nowMs + 2_001)
    slots.free(each.endpoint)
  }
  expect(slots.take([...slow, ...toEach('quick', 9)], nowMs + 3_000)).toHaveLength(56 + 8)
  // One that was quick again is a quick one.
  slots.answered('slow0', nowMs + 3_100)
  slots.free('slow0')
  for (const { endpoint } of toEach('quick', 8)) slots.free(endpoint)
  expect(endpointsOf(slots.take([slow[0]!], nowMs + 3_100))).toEqual(['slow0'])
})

test('a hundred messages that failed before leave eight slots for first attempts, also after a restart', () => {
  const slots = new SendSlots(noMail)
  const again = toEach('again', 100, { attempts: 2, dueAt: nowMs - 3_600_000 })
  expect(slots.take(again, nowMs)).toHaveLength(56)
  expect(endpointsOf(slots.take([...again, ...toEach('new', 9)], nowMs))).toEqual(endpointsOf(toEach('new', 8)))
})

test('attempts that become slow while they are under way are 64 at the most', () => {
  const slots = new SendSlots(noMail)
  const unknown = toEach('unknown', 100)
  for (let at = 0; at < 20; at++) slots.take(unknown, nowMs + at * 2_001)
  expect(slots.take(unknown, nowMs + 60_000)).toEqual([])
  for (const { endpoint } of unknown.slice(0, 64)) slots.free(endpoint)
  expect(slots.take(unknown.slice(64), nowMs + 60_000)).toHaveLength(8)
})

test('a mail server gets eight messages at once, and webhooks do not wait for it', () => {
  const slots = new SendSlots((endpoint) => endpoint.startsWith('mail'))
  const mails = toEach('mail', 20)
  expect(slots.take(mails, nowMs)).toHaveLength(8)
  expect(endpointsOf(slots.take([...mails, ...toEach('hook', 2)], nowMs + 2_001))).toEqual(['hook0', 'hook1'])
})
