import pino from 'pino'
import { afterEach, expect, test, vi } from 'vitest'
import type { AlertMessage, DeliveryResult } from '#platform/delivery/message.ts'
import type { Producer } from '#platform/kafka/produce.ts'
import { TransientError } from '#platform/process/transient-error.ts'
import { alertDeliveriesTopic, alertEndpointsTopic } from '#schemas/alert-topics.ts'
import type { AlertDelivery, AlertEndpoint, AlertSilence } from '#schemas/generated/records.ts'
import { event } from '../../test/support/alert-mail.ts'
import { composeMessage } from './compose-message.ts'
import { deliveryName, Mailroom } from './route-events.ts'
import { afterAttempt, type SendLoop, type SendParts, startSending } from './send-loop.ts'

const nowMs = Date.UTC(2026, 10, 1)

const delivery = (id: string, partial: Partial<AlertDelivery> = {}): AlertDelivery => ({
  ...{ id, endpoint: 'u', group: 'rule r', eventIds: [id], state: 'open', attempts: 0, createdAt: nowMs, dueAt: nowMs },
  ...{ body: JSON.stringify(composeMessage([id], [], nowMs)), endedAt: null, detail: null, ...partial },
})

const endpointRecord = (id: string): AlertEndpoint => ({
  ...{ id, kind: 'webhook', address: 'https://example.org', owner: 'o', keyGeneration: 1, rotatedAt: null },
  ...{ disabledAt: null, disabledWhy: null, changedAt: 0, changedBy: 'b' },
})

test.each<[string, number, DeliveryResult, Partial<AlertDelivery>]>([
  ['taken', 1, { kind: 'delivered', status: 204 }, { state: 'sent', endedAt: nowMs, detail: null }],
  ['refused for ever', 1, { kind: 'gone', reason: '410' }, { state: 'given-up', endedAt: nowMs, detail: '410' }],
  ['refused ten times', 10, { kind: 'failed', reason: '500' }, { state: 'given-up', endedAt: nowMs, detail: '500' }],
  ['refused nine times', 9, { kind: 'failed', reason: '500' }, { state: 'open', endedAt: null, detail: '500' }],
  [
    'to be tried in an hour',
    1,
    { kind: 'failed', reason: '429', afterMs: 3_600_000 },
    { state: 'open', detail: '429', dueAt: nowMs + 3_600_000 },
  ],
])('a message that is %s', (_, attempts, result, expected) => {
  expect(afterAttempt(delivery('a', { attempts }), result, nowMs)).toMatchObject(expected)
})

let loop: SendLoop | undefined
afterEach(async () => {
  await loop?.stop()
  loop = undefined
})

interface Desk {
  mailroom: Mailroom
  endpoints: Map<string, AlertEndpoint>
  /** The ids of the messages that were sent, and the bodies. */
  sent: string[]
  /** What Kafka has acknowledged. */
  written: { topic: string; key: string; value: unknown }[]
  start: (partial: Partial<SendParts>) => void
}

/** A loop whose producer writes down what it takes. `isAway` says whether Kafka takes nothing. */
function openDesk(deliveries: readonly AlertDelivery[], isAway: () => boolean = () => false): Desk {
  const mailroom = new Mailroom(deliveries)
  const endpoints = new Map(['u', 'v'].map((id) => [id, endpointRecord(id)]))
  const desk: Desk = { mailroom, endpoints, sent: [], written: [], start: () => undefined }
  const json = (record: object) => Buffer.from(JSON.stringify(record))
  const producer: Producer = {
    send: async (topic, records) => {
      if (isAway()) throw new TransientError('Kafka is away')
      for (const { key, value } of records) {
        const record = JSON.parse(String(value)) as AlertEndpoint
        desk.written.push({ topic, key: String(key), value: record })
        if (topic === alertEndpointsTopic.name) endpoints.set(record.id, record)
      }
      return []
    },
    sizeCheck: async () => () => undefined,
    disconnect: async () => undefined,
  }
  desk.start = (partial) => {
    loop = startSending({
      ...{
        mailroom,
        endpoint: (id) => endpoints.get(id),
        endpoints: () => [...endpoints.values()],
        silences: () => [],
        producer,
        encode: { delivery: json, endpoint: json },
      },
      ...{ nowMs: () => nowMs, holds: () => true, onAttempt: () => undefined, log: pino({ level: 'silent' }) },
      attempt: async (_, { id }: AlertMessage) => {
        desk.sent.push(id)
        return { kind: 'delivered', status: 204 }
      },
      ...partial,
    })
  }
  return desk
}

const until = (condition: () => void) => vi.waitFor(condition, { timeout: 20_000, interval: 20 })
const ofTopic = ({ written }: Desk, topic: string) =>
  written.filter((each) => each.topic === topic).map((each) => each.value)

test('receivers that take 19 s keep the message of a healthy one waiting for two seconds and no longer', async () => {
  // Ten endpoints hang, and eight rules tell each of them; those messages are older.
  const hanging = Array.from({ length: 80 }, (_, at) =>
    delivery(`e${at}`, { endpoint: `slow${at % 10}`, group: `rule r${at % 8}`, createdAt: nowMs - 1_000 + at }),
  )
  const desk = openDesk([...hanging, delivery('healthy', { endpoint: 'v' })])
  for (let at = 0; at < 10; at++) desk.endpoints.set(`slow${at}`, endpointRecord(`slow${at}`))
  let atMs = nowMs
  const answers: (() => void)[] = []
  const attempts: string[] = []
  desk.start({
    nowMs: () => atMs,
    attempt: async ({ id }, message) => {
      attempts.push(id)
      if (id.startsWith('slow')) await new Promise<void>((resolve) => answers.push(resolve))
      desk.sent.push(message.id)
      return { kind: 'delivered', status: 204 }
    },
  })
  // At first nobody knows who is slow: eight hang, and after two seconds they leave their slots.
  expect(attempts).toHaveLength(8)
  atMs = nowMs + 2_001
  loop?.wake()
  await until(() => expect(desk.sent).toEqual(['healthy']))
  expect(attempts.filter((id) => id !== 'v').toSorted()).toEqual(Array.from({ length: 10 }, (_, at) => `slow${at}`))
  for (let round = 1; round <= 8; round++) {
    await until(() => expect(answers).toHaveLength(10))
    atMs += 19_000
    for (const answer of answers.splice(0)) answer()
  }
  await until(() => expect(desk.mailroom.waiting()).toEqual([]))
})

test('messages of a group are sent one after the other, and what became of each is written first', async () => {
  const desk = openDesk([
    delivery('a'),
    delivery('b', { createdAt: nowMs + 1 }),
    delivery('c', { createdAt: nowMs + 2 }),
  ])
  const writtenBefore: number[] = []
  desk.start({
    attempt: async (_, { id }) => {
      writtenBefore.push(desk.written.length)
      desk.sent.push(id)
      return { kind: 'delivered', status: 204 }
    },
  })
  await until(() => expect(desk.mailroom.waiting()).toEqual([]))
  expect(desk.sent).toEqual(['a', 'b', 'c'])
  expect(writtenBefore).toEqual([0, 1, 2])
})

test('while the first message of a group fails, the next one waits, and other endpoints do not', async () => {
  const desk = openDesk([delivery('a'), delivery('b'), delivery('c', { endpoint: 'v' })])
  desk.start({
    attempt: async (_, { id }) => {
      desk.sent.push(id)
      return id === 'a' ? { kind: 'failed', reason: '500' } : { kind: 'delivered', status: 204 }
    },
  })
  await until(() => expect(desk.written).toHaveLength(2))
  loop?.wake()
  expect(desk.sent.toSorted()).toEqual(['a', 'c'])
  expect(desk.mailroom.waiting().map(({ id, attempts, detail }) => [id, attempts, detail])).toEqual([
    ['a', 1, '500'],
    ['b', 0, null],
  ])
})

test('an endpoint that is gone is disabled, and the other messages of it are given up without an attempt', async () => {
  const desk = openDesk([delivery('a'), delivery('b')])
  desk.endpoints.set('v', { ...endpointRecord('v'), owner: 'another' })
  desk.start({
    attempt: async (_, { id }) => {
      desk.sent.push(id)
      return { kind: 'gone', reason: '410 Gone' }
    },
  })
  await until(() => expect(desk.mailroom.waiting()).toEqual([]))
  expect(desk.sent).toEqual(['a'])
  expect(ofTopic(desk, alertEndpointsTopic.name)).toMatchObject([
    { id: 'u', disabledWhy: '410 Gone', changedBy: 'alerter' },
  ])
  // Whoever died in between would go on with an endpoint that is gone.
  expect(desk.written[0]?.topic).toBe(alertEndpointsTopic.name)
  expect(ofTopic(desk, alertDeliveriesTopic.name)).toMatchObject([
    { id: 'a', state: 'given-up', detail: '410 Gone' },
    { id: 'b', state: 'given-up', detail: 'the endpoint is disabled or deleted' },
  ])
})

test('those who an endpoint told hear that it is disabled by their other endpoints, before it is', async () => {
  const desk = openDesk([delivery('a')])
  const w = { ...endpointRecord('w'), owner: 'another' }
  const x = { ...endpointRecord('x'), disabledAt: 1 }
  for (const each of [w, x]) desk.endpoints.set(each.id, each)
  desk.start({
    attempt: async ({ id }) => (id === 'u' ? { kind: 'gone', reason: '410 Gone' } : { kind: 'delivered', status: 204 }),
  })
  await until(() => expect(desk.mailroom.waiting()).toEqual([]))
  const [notice, ...others] = ofTopic(desk, alertDeliveriesTopic.name) as AlertDelivery[]
  expect(notice).toMatchObject({ endpoint: 'v', state: 'open' })
  expect(JSON.parse(notice?.body ?? '')).toMatchObject({
    ...{ type: 'alert.endpoint-disabled', subject: 'The endpoint u is disabled' },
    data: { endpoint: { id: 'u', kind: 'webhook', why: '410 Gone' }, count: 0, events: [] },
  })
  expect(new Set(others.map(({ endpoint }) => endpoint))).toEqual(new Set(['u', 'v']))
  expect(desk.written.findIndex(({ topic }) => topic === alertEndpointsTopic.name)).toBe(1)
  // A process that dies in between does it again, and the message is the same.
  const again = openDesk([delivery('a'), { ...notice!, state: 'sent', endedAt: nowMs }])
  await loop?.stop()
  again.start({ attempt: async () => ({ kind: 'gone', reason: '410 Gone' }) })
  await until(() => expect(again.mailroom.waiting()).toEqual([]))
  expect(ofTopic(again, alertDeliveriesTopic.name)).toMatchObject([{ id: 'a', state: 'given-up' }])
})

test.each([
  ['deleted', undefined],
  ['saved anew', { ...endpointRecord('u'), address: 'https://example.net', changedAt: 5 }],
])('an endpoint that is %s while a message is under way is left as it is', async (_, after) => {
  const desk = openDesk([delivery('a')])
  desk.start({
    attempt: async () => {
      if (after === undefined) desk.endpoints.delete('u')
      else desk.endpoints.set('u', after)
      return { kind: 'gone', reason: '410 Gone' }
    },
  })
  await until(() => expect(desk.mailroom.waiting()).toEqual([]))
  await loop?.stop()
  expect(ofTopic(desk, alertEndpointsTopic.name)).toEqual([])
  expect(desk.endpoints.get('u')).toEqual(after)
})

test('while Kafka is away, a message that was taken is not sent again', async () => {
  let refusals = 0
  const desk = openDesk([delivery('a')], () => refusals++ < 2)
  desk.start({})
  await until(() => expect(desk.mailroom.waiting()).toEqual([]))
  expect(desk.sent).toEqual(['a'])
  expect(ofTopic(desk, alertDeliveriesTopic.name)).toMatchObject([{ id: 'a', state: 'sent', attempts: 1 }])
})

test('a process that ends between sending and writing leaves the message, and the next one sends it with the same id', async () => {
  let isAway = true
  const before = openDesk([delivery('a')], () => isAway)
  before.start({})
  await until(() => expect(before.sent).toEqual(['a']))
  await loop?.stop()
  expect(before.written).toEqual([])
  isAway = false
  // The next process reads what Kafka has: the message as it was before the attempt.
  const after = openDesk([delivery('a')])
  after.start({})
  await until(() => expect(after.mailroom.waiting()).toEqual([]))
  expect(after.sent).toEqual(before.sent)
})

test('a message that cannot be sent is tried as often as one that nobody takes, and stops no other', async () => {
  const desk = openDesk([delivery('a', { body: '{' }), delivery('b', { group: 'rule s', createdAt: nowMs + 1 })])
  desk.start({})
  await until(() => expect(desk.sent).toEqual(['b']))
  await until(() => expect(desk.written).toHaveLength(2))
  expect(desk.mailroom.waiting().map((each) => [deliveryName(each), each.attempts])).toEqual([['u/a', 1]])
})

test('whoever may no longer send begins nothing, and does not write over what the next one has written', async () => {
  const desk = openDesk([delivery('a'), delivery('b', { group: 'rule s' })])
  let isHeld = true
  const answered = Promise.withResolvers<DeliveryResult>()
  desk.start({
    holds: () => isHeld,
    attempt: (_, { id }) => {
      desk.sent.push(id)
      return answered.promise
    },
  })
  await until(() => expect(desk.sent).toEqual(['a']))
  isHeld = false
  answered.resolve({ kind: 'delivered', status: 204 })
  await loop?.stop()
  expect([desk.sent, desk.written]).toEqual([['a'], []])
})

test('a message that waits when a silence begins is not tried until that is over, and others of its rule are', async () => {
  const silence: AlertSilence = {
    ...{ id: 's', rule: 'r', dataset: '*', key: 'A.last', fromAt: nowMs, untilAt: nowMs + 60_000, why: 'w' },
    ...{ createdBy: 'b', createdAt: nowMs },
  }
  const told = (id: string, key: string) =>
    delivery(id, { attempts: 1, body: JSON.stringify(composeMessage([id], [event(id, { key })], nowMs)) })
  const desk = openDesk([told('a', 'A.last'), told('b', 'B.last')])
  let atMs = nowMs
  desk.start({ nowMs: () => atMs, silences: () => [silence] })
  await until(() => expect(desk.written).toHaveLength(1))
  loop?.wake()
  expect(desk.sent).toEqual(['b'])
  atMs = silence.untilAt
  await until(() => expect(desk.mailroom.waiting()).toEqual([]))
  expect(desk.sent).toEqual(['b', 'a'])
})
