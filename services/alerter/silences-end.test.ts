import { expect, test } from 'vitest'
import type { AlertDelivery, AlertEvent, AlertSilence } from '#schemas/generated/records.ts'
import { endpointRecord, event, nowMs, open, route, routingOf, sent } from '../../test/support/alert-mail.ts'
import type { MessageBody } from './compose-message.ts'
import { notHeld } from './held-in-silence.ts'
import { Mailroom, type Routing } from './route-events.ts'

const minuteMs = 60_000
const untilMs = nowMs + 120 * minuteMs

const silence: AlertSilence = {
  ...{ id: 's', rule: 'r*', dataset: '*', key: '*', fromAt: nowMs, untilAt: untilMs },
  ...{ why: 'maintenance', createdBy: 'b', createdAt: nowMs },
}
const silenced = routingOf({ r: ['u'], r2: ['u'], other: ['u'] }, [silence])
const over = routingOf({ r: ['u'], r2: ['u'], other: ['u'] })

const bodyOf = ({ body }: AlertDelivery): MessageBody => JSON.parse(body)

/** What is written because silences end, and acknowledged. */
function endSilences(mailroom: Mailroom, routing: Routing, atMs: number): AlertDelivery[] {
  const written = mailroom.endSilences(routing, atMs)
  mailroom.written(written)
  return written
}

function silencedFiring(partial: Partial<AlertEvent> = {}): { mailroom: Mailroom; records: AlertDelivery[] } {
  const mailroom = new Mailroom([])
  const records = route(mailroom, [event('a', partial)], silenced, nowMs)
  expect(records.map(({ state }) => state)).toEqual(['silenced'])
  return { mailroom, records }
}

test('an alert that goes on when its silence ends is told then, once, and so is its end', () => {
  const { mailroom } = silencedFiring()
  expect(endSilences(mailroom, silenced, nowMs + minuteMs)).toEqual([])
  const [told, ...others] = endSilences(mailroom, over, untilMs)
  expect(others).toEqual([])
  expect(told).toMatchObject({ id: 'a', endpoint: 'u', state: 'open', dueAt: untilMs, attempts: 0 })
  expect(bodyOf(told!)).toMatchObject({ type: 'alert.firing', events: [{ detail: 'it began while it was silenced' }] })
  expect(endSilences(mailroom, over, untilMs + 5_000)).toEqual([])
  mailroom.put(sent(told!, untilMs + 100))
  const end = event('b', { kind: 'resolved', firingId: 'a', endsAt: untilMs })
  expect(route(mailroom, [end], over, untilMs + minuteMs)).toMatchObject([{ id: 'b', state: 'open' }])
})

test.each(['resolved', 'cancelled'])('an alert that was %s in silence is not told', (kind) => {
  const { mailroom } = silencedFiring()
  route(mailroom, [event('b', { kind, firingId: 'a', endsAt: nowMs })], silenced, nowMs + minuteMs)
  expect(endSilences(mailroom, over, untilMs)).toEqual([])
})

test('an episode whose end is known is told as long as it lies ahead, also when the end was moved', () => {
  const { mailroom } = silencedFiring({ endsAt: untilMs + 1 })
  expect(endSilences(mailroom, over, untilMs)).toHaveLength(1)
  expect(endSilences(silencedFiring({ endsAt: untilMs }).mailroom, over, untilMs)).toEqual([])
  const moved = silencedFiring({ endsAt: untilMs + 1 }).mailroom
  route(moved, [event('b', { kind: 'changed', firingId: 'a', endsAt: untilMs - 1 })], silenced, nowMs + 1)
  expect(endSilences(moved, over, untilMs)).toEqual([])
})

test('what merely happened in silence is not told later', () => {
  expect(endSilences(silencedFiring({ kind: 'happened' }).mailroom, over, untilMs)).toEqual([])
})

test('data that is missing when a silence ends is told then, and that it is there again', () => {
  const { mailroom } = silencedFiring({ kind: 'unknown', key: '' })
  expect(endSilences(mailroom, over, untilMs)).toMatchObject([{ id: 'a', state: 'open' }])
  const again = silencedFiring({ kind: 'unknown', key: '' }).mailroom
  route(again, [event('b', { kind: 'known', key: '', firingId: 'a' })], silenced, nowMs + minuteMs)
  expect(endSilences(again, over, untilMs)).toEqual([])
})

test('alerts of one rule that were held back are told together; after a restart nothing is told again or lost', () => {
  const before = new Mailroom([])
  const events = [
    event('a'),
    event('b', { key: 'B.last' }),
    event('c', { ruleId: 'r2' }),
    event('d', { key: 'D.last' }),
  ]
  const held = route(before, events, silenced, nowMs)
  const resolved = route(before, [event('e', { kind: 'resolved', firingId: 'd', key: 'D.last' })], silenced, nowMs)
  // Another process takes over when the silence is over.
  const mailroom = new Mailroom([...held, ...resolved])
  const told = endSilences(mailroom, over, untilMs)
  expect(open(mailroom)).toEqual([['a', 'b'], ['c']])
  // And another one after that. The topic keeps the newest record of each name; that of `a` stands where the first one did.
  const silencedStill = [...held, ...resolved].filter(({ id }) => id !== 'a' && id !== 'c')
  for (const records of [
    [...told, ...silencedStill],
    [...silencedStill, ...told],
  ])
    expect(endSilences(new Mailroom(records), over, untilMs + minuteMs)).toEqual([])
})

test('another silence that covers the alert holds it back further, and a silence that is ended early sets it free', () => {
  const longer = { ...silence, id: 'long', untilAt: untilMs + 300 * minuteMs }
  const { mailroom } = silencedFiring()
  expect(endSilences(mailroom, routingOf({ r: ['u'] }, [silence, longer]), untilMs)).toEqual([])
  const ended = { ...silence, untilAt: nowMs + minuteMs }
  expect(endSilences(mailroom, routingOf({ r: ['u'] }, [ended]), nowMs + minuteMs)).toHaveLength(1)
})

test('before a silence ends, its endpoints are told once what goes on', () => {
  // Two hours: a tenth of them is 12 minutes.
  const { mailroom, records } = silencedFiring()
  expect(endSilences(mailroom, silenced, untilMs - 13 * minuteMs)).toEqual([])
  const [notice, ...others] = endSilences(mailroom, silenced, untilMs - 12 * minuteMs)
  expect(others).toEqual([])
  expect(notice).toMatchObject({ endpoint: 'u', state: 'open' })
  expect(bodyOf(notice!)).toMatchObject({
    ...{ type: 'alert.silence-ends', subject: 'Silence s ends at 2026-11-01T02:00:00.000Z: an alert goes on' },
    data: { silence: { id: 's', until: '2026-11-01T02:00:00.000Z', why: 'maintenance' }, count: 1 },
  })
  expect(endSilences(mailroom, silenced, untilMs - minuteMs)).toEqual([])
  expect(endSilences(new Mailroom([...records, notice!]), silenced, untilMs - minuteMs)).toEqual([])
  // The announcement does not count as having been told.
  expect(endSilences(mailroom, over, untilMs)).toMatchObject([{ id: 'a', state: 'open' }])
})

test('the end of a long silence is announced a quarter of an hour ahead, and that of a quiet one not at all', () => {
  const week = { ...silence, untilAt: nowMs + 7 * 24 * 60 * minuteMs }
  const by = routingOf({ r: ['u'] }, [week])
  const { mailroom } = silencedFiring()
  expect(endSilences(mailroom, by, week.untilAt - 16 * minuteMs)).toEqual([])
  expect(endSilences(new Mailroom([]), by, week.untilAt - 15 * minuteMs)).toEqual([])
  expect(endSilences(mailroom, by, week.untilAt - 15 * minuteMs)).toHaveLength(1)
})

test('an alert that a silence of a month holds back is not forgotten after a week', () => {
  const { mailroom } = silencedFiring()
  expect(mailroom.forgetOld(new Set(), nowMs + 8 * 24 * 60 * minuteMs)).toEqual([])
  expect(endSilences(mailroom, over, nowMs + 8 * 24 * 60 * minuteMs)).toHaveLength(1)
})

test('when the silence ends and the endpoint is disabled, the history says so', () => {
  const { mailroom } = silencedFiring()
  const disabled = (id: string) => ({ ...endpointRecord(id), disabledAt: 1, disabledWhy: '410' })
  expect(endSilences(mailroom, { ...over, endpoint: disabled }, untilMs)).toMatchObject([
    { id: 'a', state: 'failed', detail: 'the endpoint is disabled: 410' },
  ])
})

test.each(['resolved', 'cancelled', 'known'])(
  'that an alert is %s is told in a silence, if its beginning was',
  (kind) => {
    const mailroom = new Mailroom([])
    const [firing] = route(mailroom, [event('a')], over, nowMs) as [AlertDelivery]
    mailroom.put(sent(firing, nowMs))
    const end = event('b', { kind, firingId: 'a', endsAt: nowMs })
    expect(route(mailroom, [end], silenced, nowMs + minuteMs)).toMatchObject([{ id: 'b', state: 'open' }])
    expect(notHeld(mailroom.toSend(), [silence], nowMs + minuteMs)).toMatchObject([{ id: 'b' }])
  },
)

test('that an alert which was told has another end is not told in a silence', () => {
  const mailroom = new Mailroom([])
  const [firing] = route(mailroom, [event('a', { endsAt: untilMs })], over, nowMs) as [AlertDelivery]
  mailroom.put(sent(firing, nowMs))
  const changed = event('b', { kind: 'changed', firingId: 'a', endsAt: untilMs + 1 })
  expect(route(mailroom, [changed], silenced, nowMs + minuteMs)).toMatchObject([{ id: 'b', state: 'silenced' }])
})

/** The firing of a rule waits, and was tried; then its silence begins, and it ends. */
function endedWhileItWaits(): Mailroom {
  const mailroom = new Mailroom([])
  const [firing] = route(mailroom, [event('a')], over, nowMs - minuteMs) as [AlertDelivery]
  mailroom.put({ ...firing, attempts: 1, dueAt: nowMs })
  expect(notHeld(mailroom.toSend(), [silence], nowMs)).toEqual([])
  route(mailroom, [event('b', { kind: 'resolved', firingId: 'a', endsAt: nowMs })], silenced, nowMs + 1)
  return mailroom
}

test('a firing that waits when a silence begins waits until that is over, and its end behind it', () => {
  const mailroom = endedWhileItWaits()
  expect(notHeld(mailroom.toSend(), [silence], nowMs + minuteMs)).toEqual([])
  expect(notHeld(mailroom.toSend(), [silence], untilMs).map(({ id }) => id)).toEqual(['a', 'b'])
})

test('a firing is not held when its end is told together with what no silence holds back', () => {
  const mailroom = endedWhileItWaits()
  const other = event('c', { kind: 'firing', key: 'B.last' })
  const ofA = { ...silence, key: 'A.*' }
  route(mailroom, [other], routingOf({ r: ['u'] }, [ofA]), nowMs + 2)
  expect(open(mailroom)).toEqual([['a'], ['b', 'c']])
  expect(notHeld(mailroom.toSend(), [ofA], nowMs + minuteMs).map(({ id }) => id)).toEqual(['a', 'b'])
})

test('a message that does not list all that it tells is not held, nor the end of what it tells', () => {
  const mailroom = new Mailroom([])
  const routing = routingOf(Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`r${at}`, ['u']])))
  route(
    mailroom,
    Array.from({ length: 60 }, (_, at) => event(`e${at}`, { ruleId: `r${at}` })),
    routing,
    nowMs - minuteMs,
  )
  for (const each of mailroom.waiting()) mailroom.put({ ...each, attempts: 1 })
  const end = event('end', { kind: 'resolved', ruleId: 'r59', firingId: 'e59', endsAt: nowMs })
  route(mailroom, [end], routing, nowMs)
  expect(notHeld(mailroom.toSend(), [silence], nowMs).map(({ id }) => id)).toEqual(['e20', 'end'])
})

test('the announcement that a silence ends is not held by it', () => {
  const { mailroom } = silencedFiring()
  const atMs = untilMs - minuteMs
  expect(endSilences(mailroom, silenced, atMs)).toHaveLength(1)
  expect(notHeld(mailroom.toSend(), [silence], atMs)).toHaveLength(1)
})

test.each(['', '{', 'null', '{}', '{"events":[]}', '{"events":[null]}', '{"events":[{"kind":"firing"}]}'])(
  'a silenced record whose body is %j is passed over, and the others are told',
  (body) => {
    const { records } = silencedFiring()
    const bad: AlertDelivery = { ...records[0]!, id: 'bad', eventIds: ['bad'], body }
    const warned: string[] = []
    const mailroom = new Mailroom([bad, ...records], ({ id }) => warned.push(id))
    expect(warned).toEqual(['bad'])
    expect(endSilences(mailroom, over, untilMs)).toMatchObject([{ id: 'a', state: 'open' }])
    expect(mailroom.forgetOld(new Set(), nowMs + 8 * 24 * 60 * minuteMs)).toEqual(['u/bad'])
  },
)
