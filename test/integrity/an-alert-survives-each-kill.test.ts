// One message a transition, whatever dies. The alerter is killed at each moment that the product names, while a rule
// fires and while it resolves, and is started again. The id of the message is that of the transition.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { datasetsByName } from '#core/datasets.ts'
import { listEndpoints } from '#operations/alerts/endpoints.ts'
import { readRule, saveRule } from '#operations/alerts/rules.ts'
import type { ReceivedWebhook, ToldEvent } from '../support/alert-receivers.ts'
import { type Alerting, judgedRules, startAlerting, stepMs, tomorrowMs } from '../support/alerting.ts'
import { type CrashPoint, crashPoints, goneHookId, hookId } from '../support/crash-points.ts'
import { openTrap, type Trap } from '../support/die-at.ts'
import { longTest } from '../support/long-tests.ts'
import type { ServiceProcess } from '../support/service-process.ts'

vi.setConfig({ testTimeout: 60_000 })

/** Datasets whose windows can be late. Each rule about windows has one of its own. */
const windowDatasets = [...datasetsByName.values()]
  .filter(({ source, dataset: { calendar, steps } }) => {
    const isExpected = calendar.kind === 'days' && !('notKnown' in calendar.expected)
    return source.name === 'jao' && isExpected && steps.length > 0
  })
  .map(({ dataset }) => dataset.name)

/** The few cases about windows follow each other, so no two have the same. */
const datasetOf = (index: number): string => windowDatasets[index % windowDatasets.length] ?? ''

interface Case {
  id: string
  /** The rules have values of their own, so that no message can be taken for that of another. */
  index: number
  point: CrashPoint
}

/** A case that runs in `npm test`, too: the receiver has the message, and nobody knows. */
const short = crashPoints.filter(({ moment }) => moment === 'attempt-made')

let cases = 0
let saved = 0
const caseOf = (point: CrashPoint): Case => ({ id: `killed-${cases}`, index: cases++, point })

let alerting: Alerting
let alerter: ServiceProcess
let trap: Trap

beforeAll(async () => {
  trap = openTrap()
  alerting = await startAlerting()
  await alerting.addHook(hookId)
  await alerting.addHook(goneHookId)
  alerting.statuses.set(goneHookId, 410)
  alerter = await alerting.startAlerter(trap.environment)
})
afterAll(async () => {
  await alerting?.stop()
  trap?.remove()
})

const until = (condition: () => void | Promise<void>) => vi.waitFor(condition, { timeout: 120_000, interval: 100 })

const isoAt = (ms: number): string => new Date(ms).toISOString()
const step = (at: number): string => isoAt(alerting.startMs + at * stepMs)
const lateMs = tomorrowMs - 36_000_000
const publishedMs = tomorrowMs - 30_000_000

async function save({ id, index, point: { by, of } }: Case): Promise<void> {
  const key = `${id}.last`
  const about =
    by === 'value'
      ? { of: { dataset: 'kraken.ticker', key }, when: { value: '>', than: 100 } }
      : { of: { dataset: datasetOf(index) }, when: { becomes: 'late' } }
  const tell = [hookId, 'mail', ...(of === goneHookId ? [goneHookId] : [])]
  const rule = readRule({ id, title: id, owner: 'trading', tell, ...about })
  await saveRule(alerting.parts, rule, { by: 'a test', why: 'to try it' })
  saved++
  await until(async () => expect(await judgedRules(alerter)).toBe(saved))
}

/** Brings what lets the rule fire, 101 and more, or what resolves it. */
async function feed({ id, index, point }: Case, kind: 'firing' | 'resolved'): Promise<void> {
  const isFiring = kind === 'firing'
  if (point.by === 'value') {
    const at = isFiring ? 0 : 1
    await alerting.send({ key: `${id}.last`, at, values: [isFiring ? 101 + index : 1 + index] })
    return
  }
  const late = { class: 'late', previousClass: 'not-yet-due', since: lateMs, at: lateMs + 1_000 }
  const published = { class: 'complete', previousClass: 'late', cause: null, since: publishedMs, at: publishedMs + 500 }
  const dataset = datasetOf(index)
  await alerting.sendChange({ dataset, requestIdentity: `${dataset}/x`, ...(isFiring ? late : published) })
}

/** Feeds, lets the alerter die at the point of the case, and starts it again. */
async function dieWhile(each: Case, kind: 'firing' | 'resolved'): Promise<void> {
  await alerting.settle()
  trap.set(each.point)
  await feed(each, kind)
  await until(() => expect(trap.isSprung(), `${each.point.moment} of ${each.point.of}, ${kind}`).toBe(true))
  await alerter.kill()
  alerter = await alerting.startAlerter(trap.environment)
  await alerting.settle()
}

const webhooksOf = ({ id }: Case): ReceivedWebhook[] =>
  alerting.hooks.received.filter(({ endpoint, data }) => endpoint === hookId && data.events[0]?.rule === id)

/** What the rule must tell, by hand. */
function expected({ id, index, point }: Case): Record<'firing' | 'resolved', Partial<ToldEvent>> {
  if (point.by === 'value') {
    const onset = { rule: id, key: `${id}.last`, onset_at: step(0) }
    return {
      firing: { ...onset, value: 101 + index, ends_at: null, firing_id: null },
      resolved: { ...onset, value: 1 + index, ends_at: step(1) },
    }
  }
  const onset = { rule: id, key: `@${isoAt(tomorrowMs)}`, onset_at: isoAt(lateMs), value: null }
  return {
    firing: { ...onset, ends_at: null, firing_id: null },
    resolved: { ...onset, ends_at: isoAt(publishedMs) },
  }
}

/** Returns the message of the kind. Repeats have the same id and the same bytes, and their number is what is possible. */
function messageOf(each: Case, kind: 'firing' | 'resolved'): ToldEvent {
  const { point } = each
  const where = `${point.moment} of ${point.of}, ${kind}`
  const got = webhooksOf(each).filter(({ type }) => type === `alert.${kind}`)
  expect(got.length, where).toBeGreaterThanOrEqual(point.arrivals.least)
  expect(got.length, where).toBeLessThanOrEqual(point.arrivals.most)
  const [{ id, body, data } = { id: '', body: '', data: undefined }] = got
  for (const repeat of got) expect([repeat.id, repeat.body], where).toEqual([id, body])
  expect(data?.count, where).toBe(1)
  const event = data?.events[0] as ToldEvent
  expect(event, where).toMatchObject({ id, kind, ...expected(each)[kind] })
  const mails = alerting.mail.mails.filter(({ id: messageId }) => messageId === `<${id}@tidemark.invalid>`)
  expect(mails.length, where).toBeGreaterThanOrEqual(1)
  expect(mails.length, where).toBeLessThanOrEqual(2)
  return event
}

function checkFiring(each: Case): void {
  messageOf(each, 'firing')
  expect(webhooksOf(each).every(({ type }) => type === 'alert.firing')).toBe(true)
}

function checkResolve(each: Case): void {
  const firing = messageOf(each, 'firing')
  const resolved = messageOf(each, 'resolved')
  expect(resolved.firing_id).toBe(firing.id)
  const types = webhooksOf(each).map(({ type }) => type)
  expect(types.lastIndexOf('alert.firing')).toBeLessThan(types.indexOf('alert.resolved'))
  const mail = alerting.mail.mails.find(({ id }) => id?.includes(resolved.id))
  expect(`${mail?.references}`).toContain(firing.id)
}

test('a message that arrived, and of which nobody wrote so before the alerter died, comes again with the same id', async () => {
  for (const point of short) {
    const each = caseOf(point)
    await save(each)
    await dieWhile(each, 'firing')
    checkFiring(each)
  }
})

longTest(
  'nothing is lost at any moment, a repeat has the same id, and a resolve follows its firing with its own value and times',
  { timeout: 1_800_000 },
  async () => {
    const all = crashPoints.map(caseOf)
    for (const each of all) {
      await save(each)
      await dieWhile(each, 'firing')
      checkFiring(each)
    }
    // From now on its webhook would take what comes. Nothing may: its firing did not arrive.
    alerting.statuses.delete(goneHookId)
    const endpoints = await listEndpoints(alerting.parts)
    expect(endpoints.find(({ id }) => id === goneHookId)?.disabledWhy).toContain('410')
    for (const each of all) {
      if (each.point.of === goneHookId) await feed(each, 'resolved')
      else await dieWhile(each, 'resolved')
    }
    await alerting.settle()
    for (const each of all) checkResolve(each)
    expect(alerting.hooks.received.filter(({ endpoint }) => endpoint === goneHookId)).toEqual([])

    const told = await alerting.transitions()
    for (const { id } of all)
      expect(told.filter(({ ruleId }) => ruleId === id).map(({ kind }) => kind)).toEqual(['firing', 'resolved'])
    expect(told).toHaveLength(all.length * 2 + short.length)
  },
)
