import { expect, test } from 'vitest'
import type { AlertDelivery, AlertEvent, AlertSilence } from '#schemas/generated/records.ts'
import { endpointRecord, event, nowMs, open, route, routingOf, sent } from '../../test/support/alert-mail.ts'
import type { MessageBody } from './compose-message.ts'
import { Mailroom, type Routing } from './route-events.ts'

test('a source that goes away: 10,000 rules of 500 users are one message a user', () => {
  const tell = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`r${at}`, [`u${at % 500}`]]))
  const routing = routingOf(tell)
  const mailroom = new Mailroom([])
  const unknown = Object.keys(tell).map((ruleId, at) => event(`e${at}`, { kind: 'unknown', ruleId, key: '' }))
  // They come in batches, a second apart, from two datasets of the source.
  for (let at = 0; at < 10_000; at += 2_500) route(mailroom, unknown.slice(at, at + 2_500), routing, nowMs + at / 2.5)
  const waiting = mailroom.waiting()
  expect(waiting).toHaveLength(500)
  expect(new Set(waiting.map(({ endpoint }) => endpoint)).size).toBe(500)
  expect(waiting.every(({ eventIds }) => eventIds.length === 20)).toBe(true)
  expect(new Set(waiting.flatMap(({ eventIds }) => eventIds)).size).toBe(10_000)
  // Nothing is sent while it still grows.
  expect(waiting.every(({ dueAt }) => dueAt === nowMs + 5_000)).toBe(true)
  // That it brings points again is one message more for each, and none is lost.
  for (const delivery of waiting) mailroom.put(sent(delivery, nowMs + 11_000))
  const known = Object.keys(tell).map((ruleId, at) =>
    event(`k${at}`, { kind: 'known', ruleId, key: '', firingId: `e${at}` }),
  )
  route(mailroom, known, routing, nowMs + 300_000)
  expect(mailroom.waiting().map(({ eventIds }) => eventIds.length)).toEqual(Array(500).fill(20))
})

test('all rules of one endpoint at once: more than 20 messages a minute are told in one, and it has all of them', () => {
  const tell = Object.fromEntries(Array.from({ length: 12_000 }, (_, at) => [`r${at}`, ['u']]))
  const routing = routingOf(tell)
  const mailroom = new Mailroom([])
  const firing = Object.keys(tell).map((ruleId, at) => event(`e${at}`, { ruleId }))
  for (let at = 0; at < 12_000; at += 1_000) route(mailroom, firing.slice(at, at + 1_000), routing, nowMs)
  const lengths = open(mailroom).map((ids) => ids.length)
  // A message has 10,000 at most, so that its record fits into a topic.
  expect(lengths).toEqual([...Array(20).fill(1), 10_000, 1_980])
  expect(open(mailroom).flat()).toEqual(firing.map(({ id }) => id))
  const [{ data }] = mailroom
    .waiting()
    .slice(20, 21)
    .map(({ body }) => JSON.parse(body) as MessageBody) as [MessageBody]
  expect([data.count, data.more]).toEqual([10_000, 9_980])
  expect(Math.max(...mailroom.waiting().map((each) => JSON.stringify(each).length))).toBeLessThan(500_000)
})

test('a minute later each rule has a message of its own again', () => {
  const tell = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`r${at}`, ['u']]))
  const mailroom = new Mailroom([])
  const firing = Object.keys(tell).map((ruleId, at) => event(`e${at}`, { ruleId }))
  route(mailroom, firing, routingOf(tell), nowMs)
  for (const each of mailroom.waiting()) mailroom.put(sent(each, nowMs))
  route(mailroom, [event('late', { ruleId: 'r0' })], routingOf(tell), nowMs + 60_000)
  expect(mailroom.waiting().map(({ group }) => group)).toEqual(['rule r0'])
})

test('the limit of 20 a minute outlives a restart', () => {
  const tell = Object.fromEntries(Array.from({ length: 22 }, (_, at) => [`r${at}`, ['u']]))
  const firing = Object.keys(tell).map((ruleId, at) => event(`e${at}`, { ruleId }))
  const before = route(new Mailroom([]), firing.slice(0, 20), routingOf(tell), nowMs)
  const after = new Mailroom(before.map((each) => sent(each, nowMs)))
  route(after, firing.slice(20), routingOf(tell), nowMs + 1_000)
  expect(open(after)).toEqual([['e20', 'e21']])
})

const one = routingOf({ r: ['u'] })

test('the first message of a rule is due at once, and what follows within a minute is told together', () => {
  const mailroom = new Mailroom([])
  const [first] = route(mailroom, [event('a')], one, nowMs) as [AlertDelivery]
  expect(first.dueAt).toBe(nowMs)
  mailroom.put(sent(first, nowMs + 100))
  route(mailroom, [event('b', { key: 'B.last' })], one, nowMs + 10_000)
  route(mailroom, [event('c', { key: 'C.last' })], one, nowMs + 50_000)
  expect(mailroom.waiting().map(({ id, eventIds, dueAt }) => [id, eventIds, dueAt])).toEqual([
    ['b', ['b', 'c'], nowMs + 60_100],
  ])
})

test('nothing is added to a message after its first attempt', () => {
  const mailroom = new Mailroom([])
  const [first] = route(mailroom, [event('a')], one, nowMs) as [AlertDelivery]
  mailroom.put({ ...first, attempts: 1 })
  route(mailroom, [event('b')], one, nowMs + 1_000)
  expect(open(mailroom)).toEqual([['a'], ['b']])
  expect(mailroom.waiting()[0]?.body).toBe(first.body)
})

test('nothing is added to a message that another process may have sent before it died', () => {
  const [first] = route(new Mailroom([]), [event('a')], one, nowMs) as [AlertDelivery]
  const after = new Mailroom([first])
  route(after, [event('b')], one, nowMs + 1_000)
  expect(open(after)).toEqual([['a'], ['b']])
  expect(after.waiting()[0]).toBe(first)
})

test('a batch that is delivered again makes the same records until they are acknowledged, and then none', () => {
  const mailroom = new Mailroom([])
  const batch = [event('a'), event('b'), event('a')]
  const records = mailroom.route(batch, one, nowMs)
  expect(records.map(({ eventIds }) => eventIds)).toEqual([['a', 'b']])
  expect(mailroom.toSend()).toEqual([])
  expect(mailroom.route(batch, one, nowMs + 5_000)).toEqual(records)
  mailroom.written(records)
  expect(mailroom.toSend()).toEqual(records)
  expect(mailroom.route(batch, one, nowMs + 9_000)).toEqual([])
})

test('what was added after a record was made is not acknowledged by it', () => {
  const mailroom = new Mailroom([])
  const before = mailroom.route([event('a')], one, nowMs)
  const after = mailroom.route([event('b')], one, nowMs)
  mailroom.written(before)
  expect(mailroom.toSend()).toEqual([])
  mailroom.written(after)
  expect(mailroom.toSend().map(({ eventIds }) => eventIds)).toEqual([['a', 'b']])
})

test('a resolve goes the way of its firing as long as that is not sent, also when an endpoint gets too many', () => {
  const tell = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`r${at}`, ['u']]))
  const routing = routingOf(tell)
  const mailroom = new Mailroom([])
  route(
    mailroom,
    Object.keys(tell).map((ruleId, at) => event(`e${at}`, { ruleId })),
    routing,
    nowMs,
  )
  for (const each of mailroom.waiting()) mailroom.put({ ...each, attempts: 1, dueAt: nowMs + 5_000 })
  const resolve = event('over', { kind: 'resolved', ruleId: 'r0', firingId: 'e0', endsAt: nowMs })
  route(mailroom, [resolve], routing, nowMs + 1_000)
  const groups = mailroom.waiting().filter(({ eventIds }) => eventIds.some((id) => id === 'e0' || id === 'over'))
  expect(groups.map(({ id, group }) => [id, group])).toEqual([
    ['e0', 'rule r0'],
    ['over', 'rule r0'],
  ])
})

test('a firing and its resolve of one batch are told in this order', () => {
  const mailroom = new Mailroom([])
  const resolve = event('b', { kind: 'resolved', firingId: 'a', endsAt: nowMs })
  route(mailroom, [event('a'), resolve], one, nowMs)
  expect(open(mailroom)).toEqual([['a', 'b']])
})

const silence: AlertSilence = {
  ...{ id: 's', rule: 'r*', dataset: '*', key: 'A.*', fromAt: nowMs, untilAt: nowMs + 60_000 },
  ...{ why: 'maintenance', createdBy: 'b', createdAt: nowMs },
}

test('what is silenced is written as such, and so is the resolve that follows it after the silence', () => {
  const mailroom = new Mailroom([])
  const silenced = routingOf({ r: ['u'] }, [silence])
  const other = event('other', { key: 'B.last' })
  const first = route(mailroom, [event('a'), other], silenced, nowMs)
  expect(first.map(({ id, state, detail, endedAt }) => [id, state, detail, endedAt])).toEqual([
    ['a', 'silenced', 'silence s: maintenance', nowMs],
    ['other', 'open', null, null],
  ])
  // The end of a silence is not part of it.
  const resolve = event('b', { kind: 'resolved', firingId: 'a', endsAt: nowMs })
  const second = route(mailroom, [resolve, event('c')], silenced, nowMs + 60_000)
  expect(second.map(({ id, state, detail }) => [id, state, detail])).toEqual([
    ['b', 'silenced', 'its firing was silenced'],
    ['other', 'open', null],
  ])
  expect(open(mailroom)).toEqual([['other', 'c']])
})

test('a silenced firing is found after a restart', () => {
  const records = route(new Mailroom([]), [event('a')], routingOf({ r: ['u'] }, [silence]), nowMs)
  const after = new Mailroom(records)
  const resolve = event('b', { kind: 'resolved', firingId: 'a', endsAt: nowMs })
  expect(route(after, [resolve], one, nowMs + 90_000).map(({ state }) => state)).toEqual(['silenced'])
})

test.each(['given-up', 'failed'])('what follows a firing that is %s is not sent, also after a restart', (state) => {
  const [firing] = route(new Mailroom([]), [event('a')], one, nowMs) as [AlertDelivery]
  const after = new Mailroom([{ ...firing, state, endedAt: nowMs }])
  const resolve = event('b', { kind: 'resolved', firingId: 'a', endsAt: nowMs })
  const written = route(after, [resolve, event('c')], one, nowMs + 90_000)
  expect(written.map(({ id, state, detail }) => [id, state, detail])).toEqual([
    ['b', 'failed', 'its firing did not arrive'],
    ['c', 'open', null],
  ])
})

test('an endpoint that is not there, or disabled, has its failure in the history', () => {
  const nobody: Routing = { ...one, endpoint: () => undefined }
  const disabled: Routing = { ...one, endpoint: (id) => ({ ...endpointRecord(id), disabledAt: 1, disabledWhy: '410' }) }
  const records = [nobody, disabled].flatMap((routing, at) =>
    route(new Mailroom([]), [event(`e${at}`)], routing, nowMs),
  )
  expect(records.map(({ state, detail }) => [state, detail])).toEqual([
    ['failed', 'there is no such endpoint'],
    ['failed', 'the endpoint is disabled: 410'],
  ])
})

test('a rule that is not there tells nobody and stops nothing', () => {
  const events = [event('b', { ruleId: 'nowhere' }), event('c')]
  expect(route(new Mailroom([]), events, one, nowMs).map(({ eventIds }) => eventIds)).toEqual([['c']])
})

test('who was told the beginning is told the end, also when the rule names others meanwhile', () => {
  const [firing] = route(new Mailroom([]), [event('a')], routingOf({ r: ['u'] }), nowMs) as [AlertDelivery]
  const changed = routingOf({ r: ['v'], other: ['u'] })
  const mailroom = new Mailroom([sent(firing, nowMs)])
  const resolve = event('b', { kind: 'resolved', firingId: 'a', endsAt: nowMs })
  const written = route(mailroom, [resolve, event('c')], changed, nowMs + 90_000)
  expect(written.map(({ endpoint, eventIds }) => [endpoint, eventIds])).toEqual([
    ['u', ['b']],
    ['v', ['c']],
  ])
})

test('an endpoint that a rule names twice is told once', () => {
  const mailroom = new Mailroom([])
  route(mailroom, [event('a')], routingOf({ r: ['u', 'v', 'u'] }), nowMs)
  expect(mailroom.waiting().map(({ endpoint }) => endpoint)).toEqual(['u', 'v'])
})

const dayMs = 86_400_000
const none: ReadonlySet<string> = new Set()

/** Forgets, and returns what a process has that starts then: what is on the topic. */
function startAgain(records: readonly AlertDelivery[], firing: ReadonlySet<string>, atMs: number): Mailroom {
  const forgotten = new Mailroom(records).forgetOld(firing, atMs)
  return new Mailroom(records.filter(({ endpoint, id }) => !forgotten.includes(`${endpoint}/${id}`)))
}

const resolveOf = (firingId: string, partial: Partial<AlertEvent> = {}) =>
  event(`end of ${firingId}`, { kind: 'resolved', firingId, endsAt: nowMs, ...partial })

test('what ended a week ago is forgotten, and what waits is not', () => {
  const mailroom = new Mailroom([])
  const two = routingOf({ r: ['u'], s: ['u'] })
  const happened = event('a', { kind: 'happened' })
  const [first] = route(mailroom, [happened, event('b', { ruleId: 's' })], two, nowMs) as [AlertDelivery]
  mailroom.put(sent(first, nowMs))
  expect(mailroom.forgetOld(none, nowMs + 7 * dayMs)).toEqual([])
  expect(mailroom.forgetOld(none, nowMs + 7 * dayMs + 1)).toEqual(['u/a'])
  expect(open(mailroom)).toEqual([['b']])
})

test.each(['given-up', 'failed'])('a firing that was %s more than a week ago is known when its alert ends', (state) => {
  const [firing] = route(new Mailroom([]), [event('a')], one, nowMs) as [AlertDelivery]
  const after = startAgain([{ ...firing, state, endedAt: nowMs + 4 * dayMs }], none, nowMs + 12 * dayMs)
  const written = route(after, [resolveOf('a')], one, nowMs + 12 * dayMs)
  expect(written.map(({ state: now, detail }) => [now, detail])).toEqual([['failed', 'its firing did not arrive']])
})

test('who was told a beginning more than a week ago is told the end, also when the rule names others meanwhile', () => {
  const [firing] = route(new Mailroom([]), [event('a')], routingOf({ r: ['u'] }), nowMs) as [AlertDelivery]
  const after = startAgain([sent(firing, nowMs)], none, nowMs + 8 * dayMs)
  const written = route(after, [resolveOf('a')], routingOf({ r: ['v'], other: ['u'] }), nowMs + 8 * dayMs)
  expect(written.map(({ endpoint, state }) => [endpoint, state])).toEqual([['u', 'open']])
})

test('an alert that is over is forgotten a week after its last message: resolved, cancelled, or past its end', () => {
  const [firing] = route(new Mailroom([]), [event('a')], one, nowMs) as [AlertDelivery]
  for (const kind of ['resolved', 'cancelled']) {
    const mailroom = new Mailroom([sent(firing, nowMs)])
    const [end] = route(mailroom, [resolveOf('a', { kind })], one, nowMs + dayMs) as [AlertDelivery]
    mailroom.put(sent(end, nowMs + dayMs))
    expect(mailroom.forgetOld(none, nowMs + 7 * dayMs + 1)).toEqual(['u/a'])
    expect(mailroom.forgetOld(none, nowMs + 8 * dayMs + 1)).toEqual(['u/end of a'])
  }
  const ahead = event('b', { endsAt: nowMs + dayMs })
  const [known] = route(new Mailroom([]), [ahead], one, nowMs) as [AlertDelivery]
  expect(new Mailroom([sent(known, nowMs)]).forgetOld(none, nowMs + 8 * dayMs)).toEqual(['u/b'])
  // Its end was moved, and lies ahead.
  const changed = event('c', { kind: 'changed', firingId: 'b', endsAt: nowMs + 30 * dayMs, at: nowMs + 1 })
  const mailroom = new Mailroom([sent(known, nowMs)])
  const [moved] = route(mailroom, [changed], one, nowMs + 1) as [AlertDelivery]
  mailroom.put(sent(moved, nowMs + 1))
  expect(mailroom.forgetOld(none, nowMs + 8 * dayMs)).toEqual([])
  expect(mailroom.forgetOld(none, nowMs + 31 * dayMs)).toEqual(['u/b', 'u/c'])
})

test('an alert that a message of several does not list is kept as long as the judges say that it fires', () => {
  const tell = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`r${at}`, ['u']]))
  const mailroom = new Mailroom([])
  const firing = Object.keys(tell).map((ruleId, at) => event(`e${at}`, { ruleId }))
  route(mailroom, firing, routingOf(tell), nowMs)
  const told = mailroom.waiting().map((each) => sent(each, nowMs))
  // The last one tells of e20 to e59, and lists 20 of them. Those end.
  const ends = firing.slice(0, 40).map(({ id, ruleId }) => resolveOf(id, { ruleId }))
  for (const each of told) mailroom.put(each)
  route(mailroom, ends, routingOf(tell), nowMs + dayMs)
  const records = [...told, ...mailroom.waiting().map((each) => sent(each, nowMs + dayMs))]
  const atMs = nowMs + 7.5 * dayMs
  expect(new Mailroom(records).forgetOld(new Set(['e59']), atMs)).not.toContain('u/e20')
  const written = route(startAgain(records, new Set(['e59']), atMs), [resolveOf('e59')], routingOf({}), atMs)
  expect(written.map(({ endpoint }) => endpoint)).toEqual(['u'])
})

test('an alert of which nothing is heard any more is forgotten after 90 days, unless the judges say that it fires', () => {
  const [firing] = route(new Mailroom([]), [event('a')], one, nowMs) as [AlertDelivery]
  const after = (firingNow: ReadonlySet<string>, days: number) =>
    new Mailroom([sent(firing, nowMs)]).forgetOld(firingNow, nowMs + days * dayMs)
  expect(after(none, 90)).toEqual([])
  expect(after(none, 91)).toEqual(['u/a'])
  expect(after(new Set(['a']), 91)).toEqual([])
})

test('what one endpoint was told lately is not forgotten with what another was told long ago', () => {
  const two = routingOf({ r: ['u', 'v'] })
  const happened = event('a', { kind: 'happened' })
  const [first, second] = route(new Mailroom([]), [happened], two, nowMs) as [AlertDelivery, AlertDelivery]
  const mailroom = new Mailroom([sent(first, nowMs), sent(second, nowMs + 3 * dayMs)])
  expect(mailroom.forgetOld(none, nowMs + 8 * dayMs)).toEqual(['u/a'])
  const written = route(mailroom, [resolveOf('a')], routingOf({ r: ['w'] }), nowMs + 8 * dayMs)
  expect(written.map(({ endpoint }) => endpoint)).toEqual(['v'])
})
