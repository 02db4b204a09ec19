import { expect, test } from 'vitest'
import type { AlertEvent, AlertRule, AlertSilence } from '#schemas/generated/records.ts'
import { composeMessage, type MessageBody } from './compose-message.ts'
import { Mailroom, type Routing } from './route-events.ts'

const nowMs = Date.parse('2026-11-28T12:00:00Z')

const ruleOf = (id: string, tell: string[]): AlertRule => ({
  ...{ id, version: 1, owner: 'o', changedAt: 0, changedBy: 't', why: '', isDeleted: false },
  rule: JSON.stringify({
    ...{ id, title: id, owner: 'o', of: { dataset: 'kraken.ticker' }, when: { value: '>', than: 1 }, tell },
  }),
})

let count = 0
const event = (ruleId: string, more: Partial<AlertEvent> = {}): AlertEvent => ({
  ...{ id: `e${count++}`, kind: 'firing', ruleId, ruleVersion: 1, title: 'A title', owner: 'o', severity: 'info' },
  ...{ dataset: 'kraken.ticker', key: 'A.last', unit: 'USD', onsetAt: nowMs, endsAt: null, firingId: null },
  ...{ pointAt: nowMs, value: 2, compared: 2, reference: null, samples: null, expected: null, knownAt: nowMs },
  ...{ rawPartition: 0, rawOffset: 1, detail: null, at: nowMs, ...more },
})

function routing(rules: AlertRule[], silences: AlertSilence[] = []): Routing {
  const byId = new Map(rules.map((rule) => [rule.id, rule]))
  const endpoint = (id: string) => ({
    ...{ id, kind: 'webhook', address: 'https://example.org', owner: 'o', keyGeneration: 1, rotatedAt: null },
    ...{ disabledAt: null, disabledWhy: null, changedAt: 0, changedBy: 't' },
  })
  return { rule: (id) => byId.get(id), endpoint, silences: () => silences }
}

const written = (mailroom: Mailroom, events: AlertEvent[], by: Routing, atMs = nowMs) => {
  const deliveries = mailroom.route(events, by, atMs)
  mailroom.written(deliveries)
  return deliveries
}

const silence: AlertSilence = {
  ...{ id: 's', rule: 'a', dataset: '*', key: '*', fromAt: nowMs - 1, untilAt: nowMs + 60_000, why: 'work' },
  ...{ createdBy: 't', createdAt: nowMs },
}

test('a source that goes away is one message for each of 500 users with 20 rules each', () => {
  const rules = Array.from({ length: 10_000 }, (_, at) => ruleOf(`r${at}`, [`user${at % 500}`]))
  const by = routing(rules)
  const mailroom = new Mailroom([])
  const events = rules.map(({ id }) => event(id, { kind: 'unknown', key: '', detail: 'late: upstream-empty' }))
  for (let from = 0; from < events.length; from += 700) written(mailroom, events.slice(from, from + 700), by)
  const waiting = mailroom.waiting()
  expect(waiting).toHaveLength(500)
  expect(waiting.map(({ eventIds }) => eventIds.length)).toEqual(Array(500).fill(20))
  // That it brings points again is one message more for each, and none is lost.
  for (const delivery of waiting) mailroom.put({ ...delivery, state: 'sent', endedAt: nowMs + 11_000 })
  written(
    mailroom,
    rules.map(({ id }) => event(id, { kind: 'known', key: '' })),
    by,
    nowMs + 300_000,
  )
  expect(mailroom.waiting().map(({ eventIds }) => eventIds.length)).toEqual(Array(500).fill(20))
})

test('the first message of a rule goes at once; what follows is told a minute later, in one', () => {
  const by = routing([ruleOf('a', ['desk'])])
  const mailroom = new Mailroom([])
  const [first] = written(mailroom, [event('a')], by)
  expect(first).toMatchObject({ dueAt: nowMs, eventIds: [expect.any(String)] })
  mailroom.put({ ...first!, state: 'sent', attempts: 1, endedAt: nowMs + 100 })
  written(mailroom, [event('a')], by, nowMs + 1_000)
  written(mailroom, [event('a')], by, nowMs + 2_000)
  const [second, ...others] = mailroom.waiting()
  expect(others).toEqual([])
  expect([second?.dueAt, second?.eventIds.length]).toEqual([nowMs + 60_100, 2])
})

test('nothing is added to a message after its first attempt, and what Kafka has not is not sent', () => {
  const by = routing([ruleOf('a', ['desk'])])
  const mailroom = new Mailroom([])
  const routed = mailroom.route([event('a')], by, nowMs)
  expect(mailroom.toSend()).toEqual([])
  mailroom.written(routed)
  expect(mailroom.toSend()).toHaveLength(1)
  mailroom.put({ ...routed[0]!, attempts: 1 })
  written(mailroom, [event('a')], by, nowMs + 10)
  expect(mailroom.waiting().map(({ eventIds }) => eventIds.length)).toEqual([1, 1])
})

test('the same transitions again make no new message, and what was not acknowledged is written again', () => {
  const by = routing([ruleOf('a', ['desk'])])
  const mailroom = new Mailroom([])
  const events = [event('a'), event('a')]
  const once = mailroom.route(events, by, nowMs)
  expect(mailroom.route(events, by, nowMs + 5)).toEqual(once)
  mailroom.written(once)
  expect(mailroom.route(events, by, nowMs + 10)).toEqual([])
  // A process that starts anew knows it from the topic.
  expect(new Mailroom(once).route(events, by, nowMs + 20)).toEqual([])
})

test('an endpoint that would get more than 20 messages a minute gets one about all rules', () => {
  const rules = Array.from({ length: 50 }, (_, at) => ruleOf(`r${at}`, ['desk']))
  const mailroom = new Mailroom([])
  written(
    mailroom,
    rules.map(({ id }) => event(id)),
    routing(rules),
  )
  const waiting = mailroom.waiting()
  expect(waiting).toHaveLength(21)
  expect(waiting.find(({ group }) => group === 'all rules')?.eventIds).toHaveLength(30)
})

test('a silence holds back a firing and its end, also when the end comes after the silence', () => {
  const by = routing([ruleOf('a', ['desk'])], [silence])
  const mailroom = new Mailroom([])
  const firing = event('a')
  const [held] = written(mailroom, [firing], by)
  expect(held).toMatchObject({ state: 'silenced', detail: 'silence s: work' })
  const later = nowMs + 600_000
  const [end] = written(mailroom, [event('a', { kind: 'resolved', firingId: firing.id })], by, later)
  expect(end).toMatchObject({ state: 'silenced', detail: 'its firing was silenced' })
  const [next] = written(mailroom, [event('a')], by, later)
  expect(next?.state).toBe('open')
})

test('a rule that names an endpoint that is not there says so', () => {
  const by = { ...routing([ruleOf('a', ['gone'])]), endpoint: () => undefined }
  expect(written(new Mailroom([]), [event('a')], by)).toMatchObject([
    { state: 'failed', detail: 'there is no such endpoint' },
  ])
})

test('deliveries that ended a week ago are forgotten', () => {
  const mailroom = new Mailroom([])
  const [delivery] = written(mailroom, [event('a')], routing([ruleOf('a', ['desk'])]))
  mailroom.put({ ...delivery!, state: 'sent', endedAt: nowMs })
  expect(mailroom.forgetOld(nowMs + 6 * 86_400_000)).toEqual([])
  expect(mailroom.forgetOld(nowMs + 8 * 86_400_000)).toEqual([`desk/${delivery?.id}`])
})

test('a message stays below 20 kB with 1,000 transitions of the longest words, and says how many it left out', () => {
  const long = { title: 'T'.repeat(200), key: 'k'.repeat(300), detail: 'é'.repeat(500), owner: 'o'.repeat(100) }
  const events = Array.from({ length: 1_000 }, () => event('a', long))
  const body: MessageBody = composeMessage(
    events.map(({ id }) => id),
    events,
    nowMs,
  )
  const sent = JSON.stringify({ type: body.type, timestamp: new Date(nowMs).toISOString(), data: body.data })
  expect(Buffer.byteLength(sent)).toBeLessThan(20_000)
  const { count: told, more, events: listed } = body.data as { count: number; more: number; events: unknown[] }
  expect([told, more + listed.length]).toEqual([1_000, 1_000])
  expect(listed.length).toBeGreaterThan(5)
  expect(body.text.length).toBeLessThanOrEqual(8_000)
})
