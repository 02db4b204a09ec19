// From a slice on its topic to a signed webhook and a mail: told once, whatever dies, and explained by what is stored.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ruleSchema } from '#core/alerts/rule.ts'
import { backtest } from '#operations/alerts/backtest.ts'
import { alertEvent, alertHistory, deliveriesOf } from '#operations/alerts/history.ts'
import { type AlertParts, deleteRule, readRule, saveRule } from '#operations/alerts/rules.ts'
import { checkRuleMemory } from '#operations/alerts/selected-series.ts'
import { sendTest } from '#operations/alerts/send-test.ts'
import { endSilence, silence } from '#operations/alerts/silences.ts'
import { readNewest } from '#platform/kafka/newest-records.ts'
import { alertStateTopic } from '#schemas/alert-topics.ts'
import { acceptedAnswerSchema, seriesSchema, type TimeseriesSlice } from '#schemas/generated/records.ts'
import type { ReceivedMail, ReceivedWebhook } from '../support/alert-receivers.ts'
import { type Alerting, judgedRules, type SentValues, startAlerting, stepMs, tomorrowMs } from '../support/alerting.ts'
import type { Pipeline } from '../support/pipeline.ts'
import type { ServiceProcess } from '../support/service-process.ts'

vi.setConfig({ testTimeout: 180_000 })

const by = { by: 'a test', why: 'to try it' }

let alerting: Alerting
let pipeline: Pipeline
let parts: AlertParts
let alerter: ServiceProcess
let startMs: number
let received: ReceivedWebhook[]
let mails: ReceivedMail[]

beforeAll(async () => {
  alerting = await startAlerting()
  ;({ pipeline, parts, startMs } = alerting)
  ;({ received } = alerting.hooks)
  ;({ mails } = alerting.mail)
  await alerting.addHook('hook')
  await pipeline.start('sink')
  alerter = await alerting.startAlerter()
})
afterAll(() => alerting?.stop())

const send = (values: SentValues): Promise<void> => alerting.send(values)

const until = (condition: () => void | Promise<void>) => vi.waitFor(condition, { timeout: 90_000, interval: 100 })

let rules = 0
/** Saves a rule, and waits until the alerter judges by it. */
async function save(rule: object): Promise<void> {
  await saveRule(parts, readRule({ owner: 'trading', tell: ['hook'], ...rule }), by)
  rules++
  await until(async () => expect(await judgedRules(alerter)).toBe(rules))
}

const told = (key: string) => received.flatMap(({ data }) => data.events).filter((event) => event.key === key)
const kinds = (key: string) => told(key).map(({ kind }) => kind)

/** What was told of a series, on the topic: the second message of a group waits for a minute. */
const saidOf = async (key: string) =>
  (await alerting.transitions()).filter((event) => event.key === key).map(({ kind }) => kind)

const tripled = (id: string, key: string) => ({
  ...{ id, title: `Three times: ${key}`, severity: 'critical', of: { dataset: 'kraken.ticker', key }, minShare: 0.5 },
  when: { value: '>', than: 3, as: 'ratio', to: { window: 'PT1M', of: 'avg' } },
})

test('a spike is told by webhook and mail', async () => {
  await save({ ...tripled('spike', 'AAA.last'), tell: ['hook', 'mail'] })
  const encodeSeries = await pipeline.registry.encoder('kraken.series', seriesSchema)
  const series = { dataset: 'kraken.ticker', key: 'AAA.last', labels: {}, unit: 'USD', step: 10, transformVersion: 1 }
  const value = encodeSeries({ ...series, emittedAt: startMs })
  await pipeline.producer.send('kraken.series', [{ key: 'kraken.ticker/AAA.last', value }])
  // Five points of 10 make the window; 31 is 3.1 times their average.
  for (let at = 0; at < 5; at++) await send({ key: 'AAA.last', at, values: [10] })
  await send({ key: 'AAA.last', at: 5, values: [31] })
  await until(() => expect(kinds('AAA.last')).toEqual(['firing']))
  await until(() => expect(mails).toHaveLength(1))
  const [firing] = told('AAA.last')
  expect(firing?.value).toBe(31)
  expect(mails[0]?.id).toContain(firing?.id)
  expect(mails[0]?.subject).toBe('[critical] Three times: AAA.last: firing kraken.ticker AAA.last')
  expect(mails[0]?.text).toContain('value 31 quote currency, compared 3.1, reference 10 (5 of 5)')
  await send({ key: 'AAA.last', at: 6, values: [10] })
})

test('replays, late points and old values alert nobody', async () => {
  await save(tripled('silent', 'BBB.last'))
  for (let at = 0; at < 5; at++) await send({ key: 'BBB.last', at, values: [10] })
  await send({ key: 'BBB.last', at: 5, values: [90], replay: true })
  await send({ key: 'BBB.last', at: 6, values: [10] })
  // Two steps and a minute are the age of a point that may alert; this one is ten minutes old.
  await send({ key: 'BBB.last', at: 7, values: [200], knownMs: startMs + 700_000 })
  await send({ key: 'BBB.last', at: 8, values: [10] })
  await send({ key: 'BBB.last', at: 9, values: [800] })
  await until(() => expect(kinds('BBB.last')).toEqual(['firing']))
  expect(told('BBB.last').map(({ value }) => value)).toEqual([800])
})

test('an alerter that is killed tells once, and goes on with the window that it had', async () => {
  await save(tripled('killed', 'CCC.last'))
  for (let at = 0; at < 5; at++) await send({ key: 'CCC.last', at, values: [10] })
  await send({ key: 'CCC.last', at: 5, values: [1_000] })
  await alerter.kill()
  alerter = await alerting.startAlerter()
  await send({ key: 'CCC.last', at: 6, values: Array(11).fill(10) })
  await until(async () => expect(await saidOf('CCC.last')).toEqual(['firing', 'resolved']))
  const firings = () => told('CCC.last').filter(({ kind }) => kind === 'firing')
  await until(() => expect(firings()[0]?.value).toBe(1_000))
  expect(new Set(firings().map(({ id }) => id)).size).toBe(1)
})

test('two alerters share the sources; the one that stays goes on with the window of the other, and tells once', async () => {
  const dataset = 'binance.ticker24hr'
  const key = 'CCC.last'
  await save({ ...tripled('shared', key), of: { dataset, key } })
  for (let at = 0; at < 5; at++) await send({ dataset, key, at, values: [10] })
  const other = await alerting.startAlerter()
  const sourcesOf = async ({ url }: ServiceProcess): Promise<string[]> => {
    const status = (await (await fetch(`${url}/status`)).json()) as { sources: string[] }
    return status.sources.toSorted()
  }
  await until(async () => {
    const [first, second] = await Promise.all([alerter, other].map(sourcesOf))
    // In turn, in the order in which the sources are declared.
    expect(first).toEqual(['coinbase', 'jao', 'kraken', 'votes'])
    expect(second).toEqual(['binance', 'cryptowatch', 'jao-auctions'])
  })
  const ofShared = async () => (await alerting.transitions()).filter(({ ruleId }) => ruleId === 'shared')
  await send({ dataset, key, at: 5, values: [1_000] })
  await until(async () => expect((await ofShared()).map(({ kind }) => kind)).toEqual(['firing']))
  await other.kill('SIGTERM')
  await until(async () => expect(await sourcesOf(alerter)).toHaveLength(7))
  // The window is 10, 10, 10, 10, 1000: 300 is less than three times its average, and more than that without the spike.
  await send({ dataset, key, at: 6, values: [300] })
  await until(async () => expect((await ofShared()).map(({ kind }) => kind)).toEqual(['firing', 'resolved']))
  const [firing, resolved] = await ofShared()
  expect(resolved?.firingId).toBe(firing?.id)
  expect(resolved?.reference).toBe(1_040 / 5)
})

test('what is over is removed from the topic of states, also of a rule that is deleted', async () => {
  const statesOf = async (id: string) =>
    [...(await readNewest(parts.kafka, parts.registry, alertStateTopic, parts.log)).values()]
      .filter(({ ruleId }) => ruleId === id)
      .map(({ key }) => key)
  const dataset = 'jao.core.maxExchanges'
  const days = { windowStart: tomorrowMs + 86_400_000, windowEnd: tomorrowMs + 2 * 86_400_000 }
  await save({ id: 'forgotten', title: 'Prices are late', of: { dataset }, when: { becomes: 'late' } })
  await alerting.sendChange(days)
  await until(async () => expect(await statesOf('forgotten')).toHaveLength(1))
  const cause = { cause: null, since: tomorrowMs - 30_000_000 }
  await alerting.sendChange({ ...days, class: 'complete', previousClass: 'late', ...cause })
  await until(async () => expect(await statesOf('forgotten')).toEqual([]))
  expect(await statesOf('shared')).toEqual(['CCC.last'])
  for (const id of ['shared', 'forgotten']) await deleteRule(parts, id, by)
  rules -= 2
  await until(async () => expect(await statesOf('shared')).toEqual([]))
})

test('a receiver that fails is tried again with the same id, and one that is gone is left alone', async () => {
  await save(tripled('failing', 'DDD.last'))
  for (let at = 0; at < 5; at++) await send({ key: 'DDD.last', at, values: [10] })
  alerting.answers.push(500)
  await send({ key: 'DDD.last', at: 5, values: [90] })
  await until(() => expect(kinds('DDD.last')).toEqual(['firing']))
  const [{ id = '' } = {}] = told('DDD.last')
  await until(async () =>
    expect(await deliveriesOf(pipeline.store, id)).toMatchObject([{ endpoint: 'hook', state: 'sent', attempts: 2 }]),
  )
})

test('what is silenced is not sent, and its end neither, but both are in the history', async () => {
  await save(tripled('silenced', 'EEE.last'))
  await silence(parts, {
    ...{ rule: 'silenced', dataset: '*', key: '*', untilMs: Date.now() + 3_600_000, why: 'maintenance', by: 'a test' },
  })
  for (let at = 0; at < 5; at++) await send({ key: 'EEE.last', at, values: [10] })
  await send({ key: 'EEE.last', at: 5, values: [90] })
  await send({ key: 'EEE.last', at: 6, values: [10] })
  await until(async () => {
    const events = await alertHistory(pipeline.store, { ruleId: 'silenced', sinceMs: 0, limit: 10 })
    expect(events.map(({ kind }) => kind).toSorted()).toEqual(['firing', 'resolved'])
    for (const { id } of events)
      expect(await deliveriesOf(pipeline.store, id)).toMatchObject([{ state: 'silenced', attempts: 0 }])
  })
  expect(kinds('EEE.last')).toEqual([])
})

test('an alert that goes on when its silence is ended is told then', async () => {
  await save(tripled('waiting', 'GGG.last'))
  const asked = { rule: 'waiting', dataset: '*', key: '*', untilMs: Date.now() + 3_600_000, why: 'works', by: 'a test' }
  const { id } = await silence(parts, asked)
  for (let at = 0; at < 5; at++) await send({ key: 'GGG.last', at, values: [10] })
  await send({ key: 'GGG.last', at: 5, values: [90] })
  await until(async () => {
    const [event] = await alertHistory(pipeline.store, { ruleId: 'waiting', sinceMs: 0, limit: 10 })
    expect(await deliveriesOf(pipeline.store, event?.id ?? '')).toMatchObject([{ state: 'silenced' }])
  })
  expect(kinds('GGG.last')).toEqual([])
  await endSilence(parts, id)
  await until(() => expect(kinds('GGG.last')).toEqual(['firing']))
  expect(told('GGG.last')[0]?.value).toBe(90)
})

test('a test of an endpoint arrives, and a rule that needs too much memory is refused with the figure', async () => {
  const id = await sendTest(parts, 'hook', 'a test')
  await until(() => expect(told('hook').map((event) => [event.id, event.kind])).toEqual([[id, 'test']]))
  await until(async () => expect(await deliveriesOf(pipeline.store, id)).toMatchObject([{ state: 'sent' }]))
  const encodeSeries = await pipeline.registry.encoder('kraken.series', seriesSchema)
  const series = {
    dataset: 'kraken.ticker',
    labels: {},
    unit: 'USD',
    step: 10,
    transformVersion: 1,
    emittedAt: startMs,
  }
  const records = Array.from({ length: 3_000 }, (_, market) => {
    const key = `MANY${market}.last`
    return { key: `kraken.ticker/${key}`, value: encodeSeries({ ...series, key }) }
  })
  await pipeline.producer.send('kraken.series', records)
  const rule = ruleSchema.parse({
    ...{ owner: 'trading', ...tripled('heavy', 'MANY*') },
    when: { value: '>', than: 3, as: 'ratio', to: { window: 'P1D', of: 'avg' } },
  })
  // A day of ticks is 8,640 values, 17 bytes each with their time and a bit: 3,000 series are above 400 MiB.
  await until(() => expect(checkRuleMemory(pipeline.store, rule)).rejects.toThrow(/needs 4\d\d MiB for 3000 series/))
})

test('a rule that is deleted while it fires is resolved, and says why', async () => {
  await save(tripled('deleted', 'FFF.last'))
  for (let at = 0; at < 5; at++) await send({ key: 'FFF.last', at, values: [10] })
  await send({ key: 'FFF.last', at: 5, values: [90] })
  await until(() => expect(kinds('FFF.last')).toEqual(['firing']))
  await deleteRule(parts, 'deleted', by)
  rules--
  await until(async () => expect(await judgedRules(alerter)).toBe(rules))
  await send({ key: 'FFF.last', at: 6, values: [90] })
  await until(async () => {
    const events = await alertHistory(pipeline.store, { ruleId: 'deleted', sinceMs: 0, limit: 10 })
    expect(events.map(({ kind, detail }) => [kind, detail])).toEqual([
      ['resolved', 'the rule was deleted'],
      ['firing', null],
    ])
  })
})

test('a revision of an hour that lies ahead, and a window that is late and then complete, are told', async () => {
  const dataset = 'jao.core.maxExchanges'
  const dayMs = 86_400_000
  const of = { dataset, key: 'border_AT_BE' }
  await save({ id: 'revised', title: 'Large revision', of, when: { revision: '>', than: 500 } })
  await save({ id: 'gone', title: 'Values are gone', of, when: { withdrawn: 'ahead' } })
  await save({ id: 'late', title: 'Tomorrow is late', of: { dataset }, when: { becomes: 'late' } })
  const slice = (values: number[], knownAt: number): Omit<TimeseriesSlice, 'raw'> => ({
    ...{ dataset, key: 'border_AT_BE', windowStart: tomorrowMs, windowEnd: tomorrowMs + dayMs, start: tomorrowMs },
    ...{ step: 3_600, values, knownAt, upstreamModifiedAt: null, transformVersion: 1, unit: 'MW', flags: [] },
    ...{ origin: 'live', identity: 1 },
  })
  await alerting.sendSlice(slice([1_000, 1_000, 1_000, 1_000], tomorrowMs - 40_000_000))
  await alerting.sendSlice(slice([1_400, 1_000, 300, 1_000], tomorrowMs - 30_000_000))
  await until(() => expect(kinds('border_AT_BE')).toEqual(['happened']))
  expect(told('border_AT_BE')[0]?.value).toBe(300)

  const encodeSeries = await pipeline.registry.encoder('jao.series', seriesSchema)
  const series = { dataset, key: 'border_AT_BE', labels: {}, unit: 'MW', step: 3_600, transformVersion: 1 }
  const value = encodeSeries({ ...series, emittedAt: alerting.startMs })
  await pipeline.producer.send('jao.series', [{ key: `${dataset}/border_AT_BE`, value }])
  // An answer that no longer names the key. Its transition is what a test of the rule finds in the store, too.
  const encodeAnswer = await pipeline.registry.encoder('jao.answers', acceptedAnswerSchema)
  const answer = encodeAnswer({
    ...{ dataset, requestIdentity: `${dataset}/x`, identity: 1, selector: null, windowStart: tomorrowMs },
    ...{ windowEnd: tomorrowMs + dayMs, knownAt: tomorrowMs - 25_000_000, transformVersion: 1, points: 0, keys: 0 },
    ...{ contentHash: 'x', replaces: true, raw: { partition: 0, offset: 9_000 } },
  })
  await pipeline.producer.send('jao.answers', [{ key: `${dataset}/x`, value: answer }])
  await until(() => expect(kinds('border_AT_BE')).toEqual(['happened', 'happened']))
  const gone = told('border_AT_BE')[1]
  expect(gone?.value).toBeNull()
  const rule = ruleSchema.parse({ id: 'gone', title: 't', owner: 'trading', of, when: { withdrawn: 'ahead' } })
  const times = { fromMs: tomorrowMs - dayMs, toMs: tomorrowMs }
  await until(async () => {
    const { transitions } = await backtest(pipeline.store, { rule, version: 1, ...times, isAsKnown: true })
    expect(transitions.map(({ id, facts }) => [id, facts.reference])).toEqual([[gone?.id, 1_400]])
  })

  await alerting.sendChange({})
  const key = `@${new Date(tomorrowMs).toISOString()}`
  await until(() => expect(kinds(key)).toEqual(['firing']))
  // The rules about revisions and withdrawals wait for the same answers: they are unknown.
  await until(() => expect(kinds('').slice(0, 1)).toEqual(['unknown']))
  await alerting.sendChange({
    ...{ class: 'complete', previousClass: 'late', cause: null, since: tomorrowMs - 30_000_000 },
  })
  await until(async () => expect(await saidOf(key)).toEqual(['firing', 'resolved']))
  await until(async () => expect((await saidOf('')).toSorted()).toEqual(['known', 'known', 'unknown', 'unknown']))
})

test('a window of a week has sums of ten minutes, and its cut end is read from the store to the point', async () => {
  const minuteMs = 60_000
  const weekMs = 7 * 24 * 60 * minuteMs
  // In the middle of ten minutes, and so is the beginning of the window.
  const atMs = Math.floor(Date.now() / (10 * minuteMs)) * 10 * minuteMs - 5 * minuteMs
  const key = 'WEEK.last'
  const when = { value: '>', than: 3, as: 'ratio', to: { window: 'P7D', of: 'avg' } }
  await save({ id: 'week', title: 'Three times the week', of: { dataset: 'kraken.ticker', key }, when })
  const sendValues = (start: number, values: number[]) =>
    alerting.sendSlice({
      ...{ dataset: 'kraken.ticker', key, windowStart: start, windowEnd: start + values.length * stepMs, start },
      ...{ step: stepMs / 1_000, values, knownAt: start + (values.length - 1) * stepMs + 50, upstreamModifiedAt: null },
      ...{ transformVersion: 1, unit: 'USD', flags: [], origin: 'live', identity: 1 },
    })
  // Up to the beginning of the window, which is not part of it; then five minutes of 70; then 10s.
  await sendValues(atMs - weekMs - 30 * stepMs, Array(31).fill(1_000))
  const first = Array.from({ length: 8_640 }, (_, at) => (at < 30 ? 70 : 10))
  await sendValues(atMs - weekMs + stepMs, first)
  for (let day = 1; day < 7; day++)
    await sendValues(atMs - weekMs + stepMs + day * 8_640 * stepMs, Array(day === 6 ? 8_639 : 8_640).fill(10))
  await until(async () => {
    const query =
      "SELECT toUInt32(count()) AS n FROM tidemark.latest WHERE dataset = 'kraken.ticker' AND key = 'WEEK.last'"
    expect(await pipeline.query<{ n: number }>(query)).toEqual([{ n: 60_510 }])
  })
  await sendValues(atMs, [31])
  await sendValues(atMs + stepMs, [31])
  await until(async () => {
    const events = await alertHistory(pipeline.store, { ruleId: 'week', sinceMs: 0, limit: 10 })
    // 30 values of 70 and 60,449 of 10.
    expect(events).toMatchObject([
      { kind: 'firing', onsetAt: atMs, samples: 60_479, expected: 60_479, reference: 606_590 / 60_479 },
    ])
  })
})

// The second message of a group waits for a minute, so this comes last.
test('the end of the spike is told below its beginning; history, explanation and backtest say the same', async () => {
  await until(() => expect(kinds('AAA.last')).toEqual(['firing', 'resolved']))
  await until(() => expect(mails).toHaveLength(2))
  const [firing, resolved] = told('AAA.last')
  expect([firing?.value, resolved?.value, resolved?.firing_id]).toEqual([31, 10, firing?.id])
  const ids = received.filter(({ data }) => data.events[0]?.key === 'AAA.last').map(({ id }) => id)
  expect(ids).toEqual([firing?.id, resolved?.id])
  expect(`${mails[1]?.references}`).toContain(firing?.id)

  await until(async () =>
    expect(await alertHistory(pipeline.store, { ruleId: 'spike', sinceMs: 0, limit: 10 })).toHaveLength(2),
  )
  const event = await alertEvent(pipeline.store, (firing?.id ?? '').slice(0, 8))
  expect(event).toMatchObject({ kind: 'firing', value: 31, compared: 3.1, reference: 10, samples: 5, rawOffset: 5 })
  await until(async () =>
    expect((await deliveriesOf(pipeline.store, event.id)).map(({ endpoint, state }) => [endpoint, state])).toEqual([
      ['hook', 'sent'],
      ['mail', 'sent'],
    ]),
  )
  const rule = ruleSchema.parse({ owner: 'trading', ...tripled('spike', 'AAA.last') })
  const times = { fromMs: startMs, toMs: startMs + 600_000 }
  for (const isAsKnown of [true, false]) {
    const tested = await backtest(pipeline.store, { rule, version: 1, ...times, isAsKnown })
    const said = tested.transitions.map(({ id, kind, onsetMs }) => [isAsKnown && id, kind, onsetMs])
    const onset = startMs + 5 * stepMs
    expect(said).toEqual([
      [isAsKnown && firing?.id, 'firing', onset],
      [isAsKnown && resolved?.id, 'resolved', onset],
    ])
  }
})
