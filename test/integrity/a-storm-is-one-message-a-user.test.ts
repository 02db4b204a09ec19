// A source goes away: 10,000 rules of 500 users on its series wait for points. Each user has a webhook. While the source
// is away the alerter is killed, and again while it tells that the source is back.
import { afterAll, beforeAll, expect, vi } from 'vitest'
import { readRule } from '#operations/alerts/rules.ts'
import { alertEndpointsTopic, alertRulesTopic } from '#schemas/alert-topics.ts'
import { completenessTopic } from '#schemas/completeness-topics.ts'
import type { AlertDelivery, AlertEndpoint, AlertEvent, AlertRule } from '#schemas/generated/records.ts'
import { type Alerting, judgedRules, startAlerting, stepMs } from '../support/alerting.ts'
import { crashPoints } from '../support/crash-points.ts'
import { openTrap, type Trap } from '../support/die-at.ts'
import { longTest } from '../support/long-tests.ts'
import type { ServiceProcess } from '../support/service-process.ts'

const users = Array.from({ length: 500 }, (_, at) => `user-${at}`)
const rulesEach = 20
const ruleCount = users.length * rulesEach
/** Each user has a rule on twenty of these. */
const series = Array.from({ length: 100 }, (_, at) => `S${at}.last`)
/** On the first series the rules fire before the source goes away: two of each user. */
const firingSeries = 10
const firingRules = users.length * 2
const dataset = 'kraken.ticker'

const hasUser = (user: string) => (delivery: AlertDelivery) => delivery.endpoint === user

let alerting: Alerting
let alerter: ServiceProcess
let trap: Trap

beforeAll(async () => {
  trap = openTrap()
  alerting = await startAlerting()
})
afterAll(async () => {
  await alerting?.stop()
  trap?.remove()
})

const until = (condition: () => void | Promise<void>) => vi.waitFor(condition, { timeout: 120_000, interval: 100 })

async function saveAll(): Promise<void> {
  const { registry, producer } = alerting.pipeline
  const by = { changedAt: 1, changedBy: 'a test' }
  const encodeEndpoint = await registry.encoder(alertEndpointsTopic.name, alertEndpointsTopic.record)
  const endpoints = users.map((id): AlertEndpoint => {
    const address = alerting.hooks.urlOf(id)
    const record = { id, kind: 'webhook', address, owner: id, keyGeneration: 1, rotatedAt: null, ...by }
    return { ...record, disabledAt: null, disabledWhy: null }
  })
  await producer.send(
    alertEndpointsTopic.name,
    endpoints.map((record) => ({ key: record.id, value: encodeEndpoint(record) })),
  )
  const encodeRule = await registry.encoder(alertRulesTopic.name, alertRulesTopic.record)
  const rules = users.flatMap((user, at) =>
    Array.from({ length: rulesEach }, (_, nth): AlertRule => {
      const id = `${user}-${nth}`
      const of = { dataset, key: series[nth * 5 + (at % 5)] }
      const rule = readRule({ id, title: id, owner: user, of, when: { value: '>', than: 100 }, tell: [user] })
      return { id, version: 1, rule: JSON.stringify(rule), owner: user, why: 'to try it', isDeleted: false, ...by }
    }),
  )
  await producer.send(
    alertRulesTopic.name,
    rules.map((record) => ({ key: record.id, value: encodeRule(record) })),
  )
}

async function sendAll(at: number, valueAt: (index: number) => number): Promise<void> {
  for (const [index, key] of series.entries()) {
    const knownMs = alerting.startMs + at * stepMs + 50 + index
    await alerting.send({ key, at, values: [valueAt(index)], knownMs })
  }
}

/** Says that three windows in a row are late. */
async function goAway(at: number): Promise<void> {
  for (let nth = 0; nth < 3; nth++) {
    const atMs = alerting.startMs + (at + nth) * stepMs
    await alerting.sendChange({
      ...{
        dataset,
        requestIdentity: `${dataset}/${at + nth}`,
        windowStart: atMs - 2 * stepMs,
        windowEnd: atMs - stepMs,
      },
      ...{ class: 'late', previousClass: 'complete', cause: 'upstream-unreachable', since: atMs, at: atMs },
      expectedBy: atMs,
    })
  }
}

async function restarted(): Promise<void> {
  await alerter.kill()
  alerter = await alerting.startAlerter(trap.environment)
}

/** Feeds, lets the alerter die when transitions of the topic are on Kafka and states are not, and starts it again. */
async function dieAmid(topic: string, feed: () => Promise<void>): Promise<void> {
  const point = crashPoints.find(({ moment, of }) => moment === 'outputs-partly-acknowledged' && of === topic)
  if (point === undefined) throw new Error(`no crash point of ${topic}`)
  trap.set(point)
  await feed()
  await until(() => expect(trap.isSprung()).toBe(true))
  await restarted()
}

const ofKind = (events: readonly AlertEvent[], kind: string): AlertEvent[] =>
  events.filter((each) => each.kind === kind)

/** So many rules have told it, and each of them so often. */
function expectEach(events: readonly AlertEvent[], kind: string, count: number, times = 1): void {
  const byRule = Map.groupBy(ofKind(events, kind), ({ ruleId }) => ruleId)
  expect(byRule.size, kind).toBe(count)
  expect(new Set([...byRule.values()].map((told) => told.length)), kind).toEqual(new Set([times]))
}

/** All transitions arrived: each in one message alone, which was sent, and whose repeats are the same. */
async function expectAllArrived(): Promise<void> {
  const [events, deliveries] = [await alerting.transitions(), await alerting.deliveries()]
  const toldIds = deliveries.flatMap(({ eventIds }) => eventIds)
  expect(toldIds).toHaveLength(new Set(toldIds).size)
  expect(new Set(toldIds)).toEqual(new Set(events.map(({ id }) => id)))
  expect(new Set(deliveries.map(({ state }) => state))).toEqual(new Set(['sent']))
  const bodies = new Map<string, string>()
  for (const { endpoint, id, body } of alerting.hooks.received) {
    const name = `${endpoint}/${id}`
    expect(bodies.get(name) ?? body).toBe(body)
    bodies.set(name, body)
  }
  expect(new Set(bodies.keys())).toEqual(new Set(deliveries.map(({ endpoint, id }) => `${endpoint}/${id}`)))
}

longTest(
  'a source of 10,000 rules of 500 users that goes away is one message a user, and no resolve is lost when it is back',
  { timeout: 1_800_000 },
  async () => {
    const { received } = alerting.hooks
    await saveAll()
    alerter = await alerting.startAlerter(trap.environment)
    await until(async () => expect(await judgedRules(alerter)).toBe(ruleCount))
    await sendAll(0, (index) => (index < firingSeries ? 200 : 1))
    await alerting.settle()
    expectEach(await alerting.transitions(), 'firing', firingRules)
    await expectAllArrived()

    // Away: one message for each user, with all of its rules, and nothing else.
    const before = received.length
    await goAway(30)
    await alerting.settle()
    const messages = received.slice(before)
    expect(messages.map(({ endpoint }) => endpoint).toSorted()).toEqual(users.toSorted())
    expect(new Set(messages.map(({ data }) => data.count))).toEqual(new Set([rulesEach]))
    expectEach(await alerting.transitions(), 'unknown', ruleCount)

    // Back, with a kill before and one amid.
    await restarted()
    await dieAmid('kraken.timeseries', () => sendAll(60, () => 1))
    await alerting.settle()
    const events = await alerting.transitions()
    expect(events).toHaveLength(2 * firingRules + 2 * ruleCount)
    for (const kind of ['unknown', 'known']) expectEach(events, kind, ruleCount)
    for (const kind of ['firing', 'resolved']) expectEach(events, kind, firingRules)
    const firings = new Map(ofKind(events, 'firing').map(({ id, ruleId }) => [ruleId, id]))
    for (const { ruleId, firingId } of ofKind(events, 'resolved')) expect(firingId).toBe(firings.get(ruleId))
    await expectAllArrived()
    const resolves = received.flatMap(({ data }) => data.events.filter(({ kind }) => kind === 'resolved'))
    expect(new Set(resolves.map(({ id }) => id)).size).toBe(firingRules)
    const [first] = users
    const ofFirst = (await alerting.deliveries()).filter(hasUser(first ?? ''))
    // Two firings, the source away, two resolves, the source back; a kill may have cut the last message in two.
    expect(ofFirst.length).toBeGreaterThanOrEqual(6)
    expect(ofFirst.length).toBeLessThanOrEqual(7)

    // Once more, and the alerter dies amid telling it.
    await dieAmid(completenessTopic.name, () => goAway(200))
    await alerting.settle()
    await sendAll(260, () => 1)
    await alerting.settle()
    const all = await alerting.transitions()
    for (const kind of ['unknown', 'known']) expectEach(all, kind, ruleCount, 2)
    expect(all).toHaveLength(2 * firingRules + 4 * ruleCount)
    await expectAllArrived()
  },
)
