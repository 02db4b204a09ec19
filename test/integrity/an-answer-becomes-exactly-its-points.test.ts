// From an upstream over HTTP through poller, Kafka, normalizer and sink to what a query says.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findDataset } from '#core/find-dataset.ts'
import { everKnown } from '#core/reconcile/answer-spans.ts'
import { identityNumber } from '#core/request-identity.ts'
import { explainValue } from '#operations/explain/explain.ts'
import { reconcile } from '#operations/reconcile/reconcile.ts'
import { createLogger } from '#platform/process/log.ts'
import { acceptedAnswerSchema, rawResponseSchema, timeseriesSliceSchema } from '#schemas/generated/records.ts'
import { createPointCheck } from '#services/monitor/point-check.ts'
import { missingWithoutRefused } from '#services/monitor/point-loop.ts'
import { storedClock } from '#services/monitor/stored-clock.ts'
import { coreMaxExchanges } from '#sources/jao/core.ts'
import { acceptedAnswer, insertSlices, slice } from '../store/slices.ts'
import { rawResponse } from '../support/raw-responses.ts'
import { type Recording, startRecordedJao } from '../support/recorded-jao.ts'
import type { ServiceProcess } from '../support/service-process.ts'
import { type ReceivedSpan, startTraceReceiver, type TraceReceiver } from '../support/trace-receiver.ts'
import { eventually, startUpstream } from './poller-parts.ts'
import { readRecords } from './read-records.ts'
import {
  differences,
  type Points,
  pointName,
  type SimulatorClient,
  simulatorClient,
  windowOf,
} from './simulator-client.ts'
import { type Chain, dataset, pointsOf, startChain, storeTime } from './whole-chain.ts'

let chain: Chain
let upstream: Awaited<ReturnType<typeof startUpstream>>
let simulator: SimulatorClient
let poller: ServiceProcess
let receiver: TraceReceiver | undefined

beforeAll(async () => {
  chain = await startChain()
})
afterAll(async () => {
  await chain?.stop()
  await upstream?.stop()
  await receiver?.stop()
})

const hourMs = 3_600_000

/** What the recorded text says, read without any of our parsers: every border of every row. */
function recordedPoints({ rows }: Recording): Points {
  return new Map(
    rows.flatMap(({ hourMs: atMs, text }) =>
      [...text.matchAll(/"(border_[^"]+)":([^,}]+)/g)].map(([, key = '', value]): [string, number | null] => [
        pointName(key, atMs),
        value === 'null' ? null : Number(value),
      ]),
    ),
  )
}

test('a recorded answer gives exactly its 6,336 points', async () => {
  const jao = await startRecordedJao()
  if (jao === undefined) return
  try {
    const expected = recordedPoints(jao.recording)
    expect(expected.size).toBe(6_336)
    const window = { startMs: jao.recording.fromMs, endMs: jao.recording.toMs }

    // The answer byte for byte, with the window that it was recorded for.
    const whole = rawResponse(window, jao.recording.body, Date.parse('2026-04-22T08:00:00Z'))
    const encode = await chain.registry.encoder('jao.raw', rawResponseSchema)
    await chain.producer.send('jao.raw', [{ key: whole.requestIdentity, value: encode(whole) }])
    await chain.settled()
    expect(differences(expected, await pointsOf(chain, 'latest', window))).toEqual([])
    const [stored] = await chain.query<{ rows: number; different: number }>(
      'SELECT toUInt32(count()) AS rows, toUInt32(uniqExact(key, ts)) AS different FROM tidemark.point_revisions FINAL',
    )
    expect(stored).toEqual({ rows: 6_336, different: 6_336 })

    // Over HTTP, in the three business days that the recording touches: hours it does not hold are published as null.
    const poller = await chain.poll(jao.url, 'recording')
    const polls = await chain.ask(jao.url, ['2026-04-20', '2026-04-21', '2026-04-22'])
    expect(polls.map(({ outcome }) => outcome)).toEqual(['changed', 'changed', 'changed'])
    expect(jao.asked).toContain('?FromUtc=2026-04-20T22%3A00%3A00.000Z&ToUtc=2026-04-21T22%3A00%3A00.000Z')
    const three = { startMs: Date.parse('2026-04-19T22:00:00Z'), endMs: Date.parse('2026-04-22T22:00:00Z') }
    const held = await pointsOf(chain, 'latest', three)
    expect(held.size).toBe(132 * 72)
    const values = new Map([...held].filter(([, value]) => value !== null))
    expect(differences(expected, values)).toEqual([])
    await poller.kill('SIGTERM')
  } finally {
    await jao.stop()
  }
})

test('every key is its own series', async () => {
  upstream = await startUpstream({ startMs: Date.parse('2026-11-20T12:00:00Z'), seed: 3 })
  simulator = simulatorClient(upstream.url)
  poller = await chain.poll(upstream.url, 'simulator')
  const day = '2026-06-12'
  for (const key of ['border_at_be', 'border_AT_BE_', 'border_Zz__9', 'border_AT'])
    await simulator.command({ addKey: { day, key } })
  await chain.ask(upstream.url, [day])
  const truth = await simulator.truth(day)
  expect(truth.size).toBe(154 * 24)
  expect(differences(truth, await chain.points('latest', day))).toEqual([])

  const window = `ts >= '2026-06-11 22:00:00' AND ts < '2026-06-12 22:00:00'`
  const keys = [...new Set([...truth.keys()].map((name) => name.split(' ')[0]))].sort()
  const counted = await chain.query<{ key: string; points: number }>(
    `SELECT key, toUInt32(count()) AS points FROM tidemark.latest WHERE ${window} GROUP BY key ORDER BY key`,
  )
  expect(counted).toEqual(keys.map((key) => ({ key, points: 24 })))
  const named = await chain.query<{ key: string }>('SELECT key FROM tidemark.series FINAL ORDER BY key')
  expect(named.map(({ key }) => key)).toEqual(keys)

  const zones = await chain.query<{ label: string; borders: number }>(
    `SELECT if(isNull(from_zone), 'cannot be read', concat(from_zone, ' to ', to_zone)) AS label, count() / 24 AS borders
     FROM tidemark.jao_core_max_exchanges WHERE delivery_start >= '2026-06-11 22:00:00'
     AND delivery_start < '2026-06-12 22:00:00' GROUP BY label ORDER BY label`,
  )
  expect(zones).toContainEqual({ label: 'DE to DE_DK1_VH', borders: 1 })
  expect(zones).toContainEqual({ label: 'cannot be read', borders: 4 })
  expect(zones).toHaveLength(151)
})

test('a revised day replaces its values and the old ones stay known', async () => {
  const day = '2026-05-07'
  const [first] = await chain.ask(upstream.url, [day])
  const before = await simulator.truth(day)
  await simulator.command({ revise: { day } })
  await simulator.command({ revise: { day, hour: 5, key: 'border_BE_FR', value: 12_345 } })
  const [second] = await chain.ask(upstream.url, [day])
  const after = await simulator.truth(day)
  expect([first?.outcome, second?.outcome]).toEqual(['changed', 'changed'])
  const changed = [...after].filter(([name, value]) => before.get(name) !== value)
  expect(changed.length).toBeGreaterThan(100)

  expect(differences(after, await chain.points('latest', day))).toEqual([])
  const asOf = (atMs: number) => chain.points(`as_of(at = '${storeTime(atMs)}')`, day)
  expect(differences(before, await asOf(second!.fetchedAtMs - 1))).toEqual([])
  expect(differences(before, await asOf(first!.fetchedAtMs))).toEqual([])
  expect(differences(after, await asOf(second!.fetchedAtMs))).toEqual([])
  expect((await asOf(first!.fetchedAtMs - 1)).size).toBe(0)

  const window = `dataset = '${dataset}' AND ts >= '2026-05-06 22:00:00' AND ts < '2026-05-07 22:00:00'`
  const revisions = await chain.query<{ name: string; was: number; is: number }>(
    `SELECT concat(key, ' ', toString(ts)) AS name, previous_value AS was, value AS is FROM tidemark.revisions WHERE ${window}`,
  )
  const told = revisions.map(({ name, was, is }) => `${name} ${was} ${is}`).sort()
  const storeName = (name: string) => name.replace(/T(\d\d:\d\d:\d\d)\.000Z$/, ' $1')
  const expected = changed.map(([name, is]) => `${storeName(name)} ${before.get(name)} ${is}`).sort()
  expect(told).toEqual(expected)
})

test('10, then null, then as-of is null', async () => {
  const day = '2026-03-03'
  const point = { day, hour: 3, key: 'border_AT_BE' }
  const name = pointName('border_AT_BE', Date.parse('2026-03-02T23:00:00Z') + 3 * hourMs)
  const knownAtMs: number[] = []
  for (const value of [10, null, 11]) {
    await simulator.command({ revise: { ...point, value } })
    const [poll] = await chain.ask(upstream.url, [day])
    expect(poll?.outcome).toBe('changed')
    knownAtMs.push(poll!.fetchedAtMs)
    expect((await chain.points('latest', day)).get(name)).toBe(value)
  }
  const asOf = async (atMs: number) => (await chain.points(`as_of(at = '${storeTime(atMs)}')`, day)).get(name)
  const [ten = 0, none = 0, eleven = 0] = knownAtMs
  expect([await asOf(ten), await asOf(none - 1)]).toEqual([10, 10])
  expect([await asOf(none), await asOf(eleven - 1)]).toEqual([null, null])
  expect([await asOf(ten - 1), await asOf(eleven)]).toEqual([undefined, 11])
  const changes = await chain.query(
    `SELECT previous_value AS was, value AS is FROM tidemark.revisions WHERE key = 'border_AT_BE'
     AND ts = '2026-03-03 02:00:00' ORDER BY known_at`,
  )
  expect(changes).toEqual([
    { was: 10, is: null },
    { was: null, is: 11 },
  ])
})

test('the long day has 25 hours and the short one 23', async () => {
  const days = ['2026-10-25', '2026-03-29']
  await chain.ask(upstream.url, days)
  const asked = (await simulator.requests()).map(({ fromUtc, toUtc }) => `${fromUtc} ${toUtc}`)
  expect(asked).toContain('2026-10-24T22:00:00.000Z 2026-10-25T23:00:00.000Z')
  expect(asked).toContain('2026-03-28T23:00:00.000Z 2026-03-29T22:00:00.000Z')
  const hoursOf = async (from: string, to: string) => {
    const rows = await chain.query<{ hour: string; keys: string }>(
      `SELECT toString(ts) AS hour, count() AS keys FROM tidemark.latest
       WHERE ts >= '${from}' AND ts < '${to}' GROUP BY ts ORDER BY ts`,
    )
    return rows.map(({ hour, keys }) => `${hour} ${keys}`)
  }
  const hourly = (from: string, hours: number, keys: number) =>
    Array.from({ length: hours }, (_, hour) => `${storeTime(Date.parse(from) + hour * hourMs).slice(0, 19)} ${keys}`)
  // A day more on both sides: nothing may stand outside of the window.
  const long = await hoursOf('2026-10-23 00:00:00', '2026-10-27 00:00:00')
  expect(long).toEqual(hourly('2026-10-24T22:00:00Z', 25, 150))
  const short = await hoursOf('2026-03-27 00:00:00', '2026-03-31 00:00:00')
  expect(short).toEqual(hourly('2026-03-28T23:00:00Z', 23, 132))
  for (const day of days) expect(differences(await simulator.truth(day), await chain.points('latest', day))).toEqual([])
})

test('a clock that steps back does not let an old answer win in the store', async () => {
  const day = '2026-02-10'
  const [first] = await chain.ask(upstream.url, [day])
  const before = await simulator.truth(day)
  await poller.kill('SIGTERM')
  await upstream.setClock({ set: '2026-11-20T09:00:00Z', allowBackwards: true })
  await simulator.command({ revise: { day, key: 'border_NL_DE' } })
  poller = await chain.poll(upstream.url, 'simulator')
  const [second] = await chain.ask(upstream.url, [day])
  expect(second).toEqual({ outcome: 'changed', fetchedAtMs: first!.fetchedAtMs + 1 })
  const after = await simulator.truth(day)
  expect(differences(before, after)).not.toEqual([])
  expect(differences(after, await chain.points('latest', day))).toEqual([])
  const then = await chain.points(`as_of(at = '${storeTime(first!.fetchedAtMs)}')`, day)
  expect(differences(before, then)).toEqual([])
})

const balance = async () => {
  const { balances } = await reconcile(chain, { dataset, known: everKnown, maxWaitMs: 20_000 })
  return balances[0]!
}

test('every point of every answer is accounted for, whatever was revised', async () => {
  await chain.settled()
  const [named] = await chain.query<{ points: number }>(
    'SELECT toUInt32(sum(points)) AS points FROM tidemark.stored_answers FINAL',
  )
  const { expected, ...found } = await balance()
  expect(expected).toBe(named?.points)
  expect(found).toMatchObject({ found: expected, missing: 0, surplus: 0, incomplete: [], repair: null })
})

/** Of one answer of a window: a slice, one that the store refuses, because it begins within a second, and the answer. */
const refusedDay = '2026-01-15'
const about = {
  dataset,
  identity: 12_345,
  knownAt: '2026-01-14T09:00:00Z',
  transformVersion: coreMaxExchanges.transformVersion,
}
const told = slice({ ...about, start: '2026-01-14T23:00:00Z', values: [1, 2] })
const odd = { ...told, key: 'border_BE_AT', start: told.start + 1 }

/** What the monitor shows of the dataset when it has compared everything. */
async function unaccountedInMonitor(): Promise<number> {
  const log = createLogger('test', 'silent')
  const step = createPointCheck({
    store: chain.store,
    storedNow: storedClock(chain.store),
    missingOf: missingWithoutRefused(chain),
    log,
    settleMs: 0,
  })
  for (;;) {
    const { unaccounted, comparedAtMs } = await step()
    const points = unaccounted.get(dataset)
    if (comparedAtMs !== undefined && points !== undefined) return points
  }
}

test('points of a slice that the store refused lie in a dead letter, and are not missing', async () => {
  const encode = await chain.registry.encoder('jao.timeseries', timeseriesSliceSchema)
  const encodeAnswer = await chain.registry.encoder('jao.answers', acceptedAnswerSchema)
  await chain.producer.send(
    'jao.timeseries',
    [told, odd].map((each) => ({ key: each.key, value: encode(each) })),
  )
  const { startMs, endMs } = windowOf(refusedDay)
  const answer = acceptedAnswer({ ...about, knownAt: told.knownAt, windowStart: startMs, windowEnd: endMs, points: 4 })
  await chain.producer.send('jao.answers', [{ key: answer.requestIdentity, value: encodeAnswer(answer) }])
  await chain.settled()
  expect(await balance()).toMatchObject({ missing: 0, refused: 2, lackingAnswers: 1, repair: null })
  expect(await unaccountedInMonitor()).toBe(0)
  // One more is lost.
  await chain.store.command({
    query: `DELETE FROM tidemark.point_revisions WHERE identity = ${about.identity} AND ts = '2026-01-14 23:00:00'`,
  })
  expect(await unaccountedInMonitor()).toBe(1)
  const { repair, ...found } = await balance()
  expect(found).toMatchObject({
    missing: 1,
    refused: 2,
    incomplete: [{ requestIdentity: answer.requestIdentity, expected: 4, found: 1 }],
  })
  expect(repair).toEqual({ days: { first: refusedDay, last: refusedDay }, rawGone: 0 })
  await chain.store.command({ query: `DELETE FROM tidemark.stored_answers WHERE identity = ${about.identity}` })
  expect(await balance()).toMatchObject({ missing: 0, lostAnswers: { answers: 1, points: 1 } })
  await chain.store.command({ query: `DELETE FROM tidemark.point_revisions WHERE identity = ${about.identity}` })
})

test('points whose answer is on the way are neither missing nor in excess', async () => {
  await chain.sink.kill('SIGTERM')
  const day = '2026-01-20'
  const { startMs, endMs } = windowOf(day)
  const rows = [{ id: 1, dateTimeUtc: `${new Date(startMs).toISOString().slice(0, 19)}Z`, border_AT_BE: 7 }]
  const body = Buffer.from(JSON.stringify({ data: rows, rejected: false, messages: null }))
  const raw = rawResponse({ startMs, endMs }, body, Date.parse('2026-01-19T09:00:00Z'))
  const encode = await chain.registry.encoder('jao.raw', rawResponseSchema)
  await chain.producer.send('jao.raw', [{ key: raw.requestIdentity, value: encode(raw) }])
  // The sink stores points before their answer. What it stores first is stored here.
  const [first] = [
    slice({
      ...about,
      identity: identityNumber(raw.requestIdentity),
      start: new Date(startMs).toISOString(),
      values: [7, ...new Array(23).fill(null)],
      knownAt: '2026-01-19T09:00:00Z',
    }),
  ]
  await insertSlices(chain.store, [first])
  const { balances } = await reconcile(chain, { dataset, known: everKnown, maxWaitMs: 300 })
  expect(balances).toMatchObject([{ waitingPoints: 24, lostAnswers: { answers: 0 }, missing: 0, surplus: 0 }])
  chain.sink = await chain.start('sink')
  await chain.settled()
  expect(await balance()).toMatchObject({ waitingPoints: 0, lostAnswers: { answers: 0 }, missing: 0, surplus: 0 })
})

test('the monitor finds a flow beyond the rating of its cable, and says so on a topic, in the store and as a metric', async () => {
  const name = 'jao.core.netPos'
  const startMs = Math.floor(Date.now() / hourMs) * hourMs - 24 * hourMs
  const [start, windowEnd, knownAt] = [startMs, startMs + 24 * hourMs, startMs - hourMs].map((ms) =>
    new Date(ms).toISOString(),
  )
  const told = { dataset: name, identity: 77, transformVersion: 3 }
  const times = { windowStart: startMs, windowEnd: startMs + 24 * hourMs, knownAt: startMs - hourMs }
  const flows = slice({
    ...{ ...told, key: 'hub_NL_DK1_COBRA', stepS: 900, values: [700, 5_000, 700] },
    ...{ start: start!, windowEnd: windowEnd!, knownAt: knownAt! },
  })
  const ofSlices = await chain.registry.encoder('jao.timeseries', timeseriesSliceSchema)
  const ofAnswers = await chain.registry.encoder('jao.answers', acceptedAnswerSchema)
  await chain.producer.send('jao.timeseries', [{ key: name, value: ofSlices(flows) }])
  await chain.producer.send('jao.answers', [{ key: name, value: ofAnswers(acceptedAnswer({ ...told, ...times })) }])
  await chain.settled()
  const monitor = await chain.start('monitor')
  const found = await eventually('the finding is stored', async () => {
    const rows = await chain.query<object>(
      `SELECT dataset, check, key, toUnixTimestamp64Milli(from) + 0.0 AS since, evidence['value'] AS value, withdrawn_at FROM tidemark.quality_findings FINAL`,
    )
    return rows.length > 0 && rows
  })
  expect(found).toEqual([
    {
      ...{ dataset: name, check: 'jump', key: 'hub_NL_DK1_COBRA', since: startMs + 900_000, value: 5_000 },
      withdrawn_at: null,
    },
  ])
  await eventually('the metric shows it', async () => {
    const text = await (await fetch(`${monitor.url}/metrics`)).text()
    return text.includes(`tidemark_quality_findings{dataset="${name}",check="jump"} 1`)
  })
  await monitor.kill('SIGTERM')
})

test('one poll is one trace over three processes; without the setting no record has a trace', async () => {
  const topics = ['jao.raw', 'jao.timeseries', 'jao.series', 'jao.answers']
  const traceparents = async () => {
    const records = (await Promise.all(topics.map((topic) => readRecords(chain.kafka, topic)))).flat()
    return records.flatMap(({ headers }) => headers.traceparent ?? [])
  }
  expect(await traceparents()).toEqual([])
  await Promise.all([poller, chain.normalizer, chain.sink].map((service) => service.kill('SIGTERM')))
  receiver = await startTraceReceiver()
  const setting = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_TRACES_SAMPLER_ARG: '1' }
  const [normalizer, sink] = await Promise.all(['normalizer', 'sink'].map((name) => chain.start(name, setting)))
  const traced = await chain.poll(upstream.url, 'simulator', setting)
  const day = '2026-02-17'
  const startMs = Date.parse('2026-02-16T23:00:00Z')
  await chain.ask(upstream.url, [day])
  expect(differences(await simulator.truth(day), await chain.points('latest', day))).toEqual([])

  const request = { ...findDataset(dataset), key: 'border_AT_BE', atMs: startMs, knownByMs: undefined, withBody: false }
  const [explained] = (await explainValue(chain, request)).answers
  if (explained?.raw.state !== 'here') throw new Error('the raw record is gone')
  const { traceId } = explained.raw
  expect(traceId).toMatch(/^[0-9a-f]{32}$/)
  expect(traced.log()).toContain(`"trace_id":"${traceId}"`)
  // A batch that also holds another poll's answer has no trace of its own in the log.
  for (const service of [normalizer, sink]) expect(service?.log()).toMatch(/"trace_id":"[0-9a-f]{32}"/)

  const spansOf = (name: string) => receiver?.spans().filter((span) => span.name === name) ?? []
  const chained = await eventually('the trace is sent', async () => {
    const poll = spansOf('poll').find((span) => span.traceId === traceId)
    const raw = spansOf('raw').find(({ parentId }) => parentId === poll?.spanId)
    const explode = spansOf('explode').find(({ parentId }) => parentId === raw?.spanId)
    const slices = spansOf('slices').find(({ parentId }) => parentId === explode?.spanId)
    // A batch of this answer alone continues its trace; a batch that holds others, too, is linked to each.
    const isOfSlices = ({ parentId, links }: ReceivedSpan) => [parentId, ...links].includes(slices?.spanId ?? '-')
    const inserts = spansOf('insert').filter(isOfSlices)
    const tables = inserts.map(({ attributes }) => attributes['db.collection.name'])
    const isWhole = tables.includes('slices') && tables.includes('accepted_answers')
    return poll && raw && explode && slices && isWhole && { poll, in: [raw, explode, slices], inserts }
  })
  expect(chained.poll).toMatchObject({ service: 'tidemark-poller', parentId: '', failure: undefined })
  expect(chained.in.map((span) => [span.service, span.traceId])).toEqual([
    ['tidemark-poller', traceId],
    ['tidemark-normalizer', traceId],
    ['tidemark-normalizer', traceId],
  ])
  for (const span of chained.inserts) expect(span.service).toBe('tidemark-sink')
  expect((await traceparents()).some((text) => text.includes(`${traceId}`))).toBe(true)
})
