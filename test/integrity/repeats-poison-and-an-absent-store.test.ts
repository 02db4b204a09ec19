// One chain of real parts in front of which the test plays the poller.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addDays } from '#core/business-day.ts'
import { type RawResponse, rawResponseSchema, seriesSchema, timeseriesSliceSchema } from '#schemas/generated/records.ts'
import { createUpstream } from '#simulator/jao/upstream.ts'
import { lagOfConsumers } from '../../cli/lag.ts'
import { slice } from '../store/slices.ts'
import { faults } from '../support/long-tests.ts'
import { rawResponse } from '../support/raw-responses.ts'
import { readRecords } from './read-records.ts'
import { differences, type Points, pointName, windowOf } from './simulator-client.ts'
import { type Chain, eventually, pointsOf, startChain } from './whole-chain.ts'

let chain: Chain
beforeAll(async () => {
  chain = await startChain()
})
afterAll(() => chain?.stop())

async function writeRaw(answers: RawResponse[]): Promise<void> {
  const encode = await chain.registry.encoder('jao.raw', rawResponseSchema)
  const records = answers.map((answer) => ({ key: answer.requestIdentity, value: encode(answer) }))
  await chain.producer.send('jao.raw', records, { compress: true })
}

/** An answer that names two borders in the first hour of a business day: AT to BE has `mw`, BE to AT half of it. */
function smallAnswer(day: string, mw: number, knownAtMs: number): RawResponse {
  const dateTimeUtc = new Date(windowOf(day).startMs).toISOString().replace('.000Z', 'Z')
  const row = { id: 1, dateTimeUtc, border_AT_BE: mw, border_BE_AT: mw / 2 }
  const body = JSON.stringify({ data: [row], rejected: false, messages: null })
  return rawResponse(windowOf(day), Buffer.from(body), knownAtMs)
}

/** What those answers say, nulls left out. */
const smallPoints = (days: string[], mwOf: (index: number) => number): Points =>
  new Map(
    days.flatMap((day, index): [string, number][] => [
      [pointName('border_AT_BE', windowOf(day).startMs), mwOf(index)],
      [pointName('border_BE_AT', windowOf(day).startMs), mwOf(index) / 2],
    ]),
  )

async function storedValues(days: string[]): Promise<Points> {
  const span = { startMs: windowOf(days[0]!).startMs, endMs: windowOf(days.at(-1)!).endMs }
  return new Map([...(await pointsOf(chain, 'latest', span))].filter(([, value]) => value !== null))
}

const daysFrom = (first: string, count: number) => Array.from({ length: count }, (_, index) => addDays(first, index))

test('the same batch twice changes nothing, nor does the raw topic once more', async () => {
  const upstream = createUpstream(7)
  const days = daysFrom('2026-06-09', 4)
  const publishedAtMs = [0, 1, 2].map((hours) => Date.parse('2026-06-14T08:00:00Z') + hours * 3_600_000)
  for (const [round, atMs] of publishedAtMs.entries()) {
    if (round > 0) for (const day of days) upstream.command({ day, atMs, what: { verb: 'redraw' } })
    const answers = days.map((day) => {
      const { startMs, endMs } = windowOf(day)
      return rawResponse(windowOf(day), upstream.body(startMs, endMs, atMs), atMs + 1_000)
    })
    await writeRaw(answers)
  }
  await chain.settled()
  const views = {
    latest: 'tidemark.latest',
    revisions: 'tidemark.revisions',
    asOfTheFirst: "tidemark.as_of(at = '2026-06-14 08:30:00')",
    asOfTheSecond: "tidemark.as_of(at = '2026-06-14 09:00:01')",
    changes: "tidemark.changes(since = '2026-06-14 09:30:00', until = '2026-06-14 11:00:00')",
    withdrawn: 'tidemark.withdrawn_keys',
    points: 'tidemark.points FINAL',
    pointRevisions: 'tidemark.point_revisions FINAL',
    answers: '(SELECT * EXCEPT stored_at FROM tidemark.stored_answers FINAL)',
    series: 'tidemark.series FINAL',
  }
  const dump = async () => {
    const entries = Object.entries(views).map(async ([name, view]) => {
      const [row] = await chain.query<{ rows: number; content: string }>(
        `SELECT toUInt32(count()) AS rows, toString(sum(cityHash64(toString(tuple(*))))) AS content FROM ${view}`,
      )
      return [name, row]
    })
    return Object.fromEntries(await Promise.all(entries))
  }
  const once = await dump()
  // Four days, two of them from before the virtual hubs: 132, 132, 150 and 150 keys of 24 hours; published three times.
  expect(once).toMatchObject({
    latest: { rows: 564 * 24 },
    asOfTheFirst: { rows: 564 * 24 },
    pointRevisions: { rows: 3 * 564 * 24 },
    series: { rows: 150 },
  })
  expect(once.revisions?.rows).toBeGreaterThan(1_000)
  expect(once.changes?.rows).toBeGreaterThan(500)
  expect(once.asOfTheFirst?.content).not.toBe(once.asOfTheSecond?.content)

  await chain.sink.kill('SIGTERM')
  const slices = await replay('sink')
  expect(slices).toBeGreaterThanOrEqual(3 * 564 + 150)
  const sink = await chain.start('sink')
  await chain.settled()
  expect(await dump()).toEqual(once)

  const beside = await chain.start('normalizer', { CONSUMER_GROUP: 'replay-of-the-test' })
  await eventually('all of raw was read once more, beside the live normalizer', async () => {
    const records = await readRecords(chain.kafka, 'jao.timeseries')
    return records.length === 2 * 3 * 564
  })
  await beside.kill('SIGTERM')
  await chain.settled()
  expect(await dump()).toEqual(once)
  chain.sink = sink
})

/**
 * Sets a stopped group back to the beginning of its topics, by forgetting it (kafkajs takes 5 s a topic to set offsets);
 * how many records it will read again.
 */
async function replay(groupId: string): Promise<number> {
  const admin = chain.kafka.admin()
  await admin.connect()
  await admin.deleteGroups([groupId])
  await admin.disconnect()
  const lags = await lagOfConsumers(chain.environment.KAFKA_BROKERS!, chain.environment)
  return lags.filter(({ group }) => group === groupId).reduce((sum, { records }) => sum + records, 0)
}

test('a poison record among thousands goes to the dead letters alone', async () => {
  const days = daysFrom('2017-01-01', 2_000)
  const mwOf = (index: number) => 1_000 + index
  const answers = days.map((day, index) => smallAnswer(day, mwOf(index), Date.parse('2026-07-01T00:00:00Z') + index))
  const encode = await chain.registry.encoder('jao.raw', rawResponseSchema)
  const html = Buffer.from('<html>down for maintenance</html>')
  const poison = [
    encode(rawResponse(windowOf('2016-05-05'), html, Date.parse('2026-07-01T00:00:00Z'))),
    Buffer.from('neither Avro nor anything else'),
    encode(answers[0]!).subarray(0, -40),
  ]
  await writeRaw(answers.slice(0, 1_000))
  await chain.producer.send(
    'jao.raw',
    poison.map((value, index) => ({ key: `poison ${index}`, value })),
  )
  await writeRaw(answers.slice(1_000))
  await chain.settled()
  expect(differences(smallPoints(days, mwOf), await storedValues(days))).toEqual([])
  const letters = await readRecords(chain.kafka, 'jao.dlq')
  const told = letters.map(({ key, headers }) => [key, headers['tidemark-reason'], headers['tidemark-topic']])
  expect(told.toSorted()).toEqual([
    ['poison 0', 'not-json', 'jao.raw'],
    ['poison 1', 'not-avro', 'jao.raw'],
    ['poison 2', 'decode', 'jao.raw'],
  ])
  for (const { key, value } of letters) expect(value).toEqual(poison[Number(key.at(-1))])
})

test('slices that the store refuses go to the dead letters alone, out of one batch of thousands', async () => {
  const before = (await readRecords(chain.kafka, 'jao.dlq')).length
  // The store throws at one of them with a number that nobody has listed (395). Both tables do: a view that is
  // faster than the one that throws may have stored its rows.
  const tables = ['points', 'point_revisions'].map((table) => `ALTER TABLE tidemark.${table}`)
  const trap = "CONSTRAINT trap CHECK throwIf(key = 'poison', 'a trap') = 0"
  for (const alter of tables) await chain.store.command({ query: `${alter} ADD ${trap}` })
  const encode = await chain.registry.encoder('jao.timeseries', timeseriesSliceSchema)
  const hour = (index: number) => new Date(Date.parse('2010-01-01T00:00:00Z') + index * 3_600_000).toISOString()
  const told = { dataset: 'test.poison', key: 'k', knownAt: '2026-07-02T00:00:00Z' }
  const slices = Array.from({ length: 3_000 }, (_, index) => slice({ ...told, start: hour(index), values: [index] }))
  slices[1_234] = { ...slices[1_234]!, start: slices[1_234]!.start + 500 }
  slices[1_235] = { ...slices[1_235]!, transformVersion: 4_096 }
  slices[2_000] = { ...slices[2_000]!, key: 'poison' }
  const records = slices.map((record, index) => ({ key: `slice ${index}`, value: encode(record), partition: 0 }))
  await chain.producer.send('jao.timeseries', records)
  await chain.settled()
  for (const alter of tables) await chain.store.command({ query: `${alter} DROP CONSTRAINT trap` })
  const [stored] = await chain.query<{ rows: number; total: number }>(
    "SELECT toUInt32(count()) AS rows, sum(value) AS total FROM tidemark.latest WHERE dataset = 'test.poison'",
  )
  expect(stored).toEqual({ rows: 2_997, total: (2_999 * 3_000) / 2 - 1_234 - 1_235 - 2_000 })
  const letters = (await readRecords(chain.kafka, 'jao.dlq')).slice(before)
  expect(letters.map(({ key, headers }) => [key, headers['tidemark-reason'], headers['tidemark-partition']])).toEqual([
    ['slice 1234', 'store-refused', '0'],
    ['slice 1235', 'store-refused', '0'],
    ['slice 2000', 'store-refused', '0'],
  ])
  expect(letters.map(({ value }) => value)).toEqual([1_234, 1_235, 2_000].map((index) => records[index]!.value))
})

test('a table that takes no row holds up its own topics alone, and loses none of their records', async () => {
  const before = (await readRecords(chain.kafka, 'jao.dlq')).length
  const alter = (query: string) => chain.store.command({ query: `ALTER TABLE tidemark.series ${query}` })
  await alter("ADD CONSTRAINT trap CHECK throwIf(step_s > 0, 'a trap') = 0")
  const days = daysFrom('2012-01-01', 3)
  await writeRaw(days.map((day, index) => smallAnswer(day, index, Date.parse('2026-07-02T12:00:00Z') + index)))
  const encode = await chain.registry.encoder('jao.series', seriesSchema)
  const meaning = { dataset: 'test.poison', labels: {}, unit: 'MW', step: 3_600, transformVersion: 1, emittedAt: 0 }
  for (const key of ['one', 'two', 'three', 'four', 'five'])
    await chain.producer.send('jao.series', [{ key, value: encode({ ...meaning, key }) }])
  const named = async () =>
    (await chain.query<{ key: string }>("SELECT key FROM tidemark.series WHERE dataset = 'test.poison'")).length
  await eventually('the points are there', async () => {
    return (
      differences(
        smallPoints(days, (index) => index),
        await storedValues(days),
      ).length === 0
    )
  })
  await eventually('the sink waits for its table', async () => chain.sink.log().includes('takes no row of series'))
  expect(await named()).toBe(0)
  await alter('DROP CONSTRAINT trap')
  await chain.settled()
  expect(await named()).toBe(5)
  expect((await readRecords(chain.kafka, 'jao.dlq')).length).toBe(before)
  expect((await fetch(`${chain.sink.url}/ready`)).status).toBe(200)
})

test('while slices are held up no withdrawal is seen: an accepted answer waits for its points', async () => {
  const before = (await readRecords(chain.kafka, 'jao.dlq')).length
  const slices = (verb: string) => chain.store.command({ query: `${verb} TABLE tidemark.slices` })
  const [day] = daysFrom('2012-02-01', 1) as [string]
  const knownAt = Date.parse('2026-07-02T13:00:00Z')
  await writeRaw([smallAnswer(day, 10, knownAt)])
  await chain.settled()
  const shown = () =>
    chain.query<{ key: string; value: number; flags: string[] }>(
      `SELECT key, value, flags FROM tidemark.latest WHERE ts = toDateTime(${windowOf(day).startMs / 1000}, 'UTC') ORDER BY key`,
    )
  const saying = (mw: number) => [
    { key: 'border_AT_BE', value: mw, flags: [] },
    { key: 'border_BE_AT', value: mw / 2, flags: [] },
  ]
  expect(await shown()).toEqual(saying(10))

  const answers = (await readRecords(chain.kafka, 'jao.answers')).length
  await slices('DETACH')
  await writeRaw([smallAnswer(day, 20, knownAt + 1)])
  await eventually('the answer is told', async () => (await readRecords(chain.kafka, 'jao.answers')).length > answers)
  await eventually(
    'the sink waits for its table',
    async () => chain.sink.log().includes('until somebody mends it: ') && chain.sink.log().includes('slices'),
  )
  // The sink reads on: what is written to another topic after the answer is stored before it.
  const encode = await chain.registry.encoder('jao.series', seriesSchema)
  const meaning = { dataset: 'test.held', labels: {}, unit: 'MW', step: 3_600, transformVersion: 1, emittedAt: 0 }
  for (const key of ['one', 'two', 'three']) {
    await chain.producer.send('jao.series', [{ key, value: encode({ ...meaning, key }) }])
    await eventually('the sink stores other records', async () => {
      return (
        (await chain.query(`SELECT key FROM tidemark.series WHERE dataset = 'test.held' AND key = '${key}'`)).length > 0
      )
    })
    expect(await shown()).toEqual(saying(10))
  }
  await slices('ATTACH')
  await chain.settled()
  expect(await shown()).toEqual(saying(20))
  expect((await readRecords(chain.kafka, 'jao.dlq')).length).toBe(before)
})

const awayMs = faults ? 60_000 : 8_000

test(`ClickHouse away for a minute loses nothing (here ${awayMs / 1000} s; TIDEMARK_FAULTS=1 makes it the minute)`, async () => {
  const before = (await readRecords(chain.kafka, 'jao.dlq')).length
  const days = daysFrom('2011-01-01', awayMs / 100)
  const mwOf = (index: number) => 5 + index
  const write = (index: number) =>
    writeRaw([smallAnswer(days[index]!, mwOf(index), Date.parse('2026-07-03T00:00:00Z') + index)])
  for (let index = 0; index < 20; index++) await write(index)
  await chain.settled()
  const returned = chain.restartStore(awayMs)
  let written = 20
  for (const endMs = Date.now() + awayMs - 500; Date.now() < endMs && written < days.length; await sleep(50))
    await write(written++)
  const lags = await lagOfConsumers(chain.environment.KAFKA_BROKERS!, chain.environment)
  expect(lags.find(({ group, topic }) => group === 'sink' && topic === 'jao.timeseries')?.records).toBe(
    2 * (written - 20),
  )
  await returned
  await chain.settled(60_000)
  expect(written).toBeGreaterThan(30)
  const named = days.slice(0, written)
  expect(differences(smallPoints(named, mwOf), await storedValues(named))).toEqual([])
  expect((await readRecords(chain.kafka, 'jao.dlq')).length).toBe(before)
  // The same process has waited; it was not started again.
  expect((await fetch(`${chain.sink.url}/ready`)).status).toBe(200)
  expect(chain.sink.log()).toContain('waiting to try again')
}, 180_000)
