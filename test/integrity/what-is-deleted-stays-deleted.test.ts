// One chain of real parts in front of which the test plays the poller; a deletion goes through it from end to end.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { executeDeletion, planDeletion, surveyDeletion } from '#operations/deletion/delete.ts'
import { findAffectedRecords } from '#operations/deletion/deleted-records.ts'
import { ownTables } from '#operations/deletion/steps.ts'
import { boundOf, rowsBefore } from '#platform/clickhouse/deletions.ts'
import { waitForGroup } from '#platform/kafka/consumer-lag.ts'
import { offsetRange } from '#platform/kafka/read-range.ts'
import { connectionSettings, readConfig } from '#platform/process/config.ts'
import { type RawResponse, rawResponseSchema, timeseriesSliceSchema } from '#schemas/generated/records.ts'
import { jao } from '#sources/jao/jao.ts'
import { votes } from '#sources/votes/votes.ts'
import { slice } from '../store/slices.ts'
import { rawResponse } from '../support/raw-responses.ts'
import { startApi } from './api-parts.ts'
import { readRecords } from './read-records.ts'
import { windowOf } from './simulator-client.ts'
import { type Chain, dataset, startChain, untilStored } from './whole-chain.ts'

let chain: Chain
beforeAll(async () => {
  chain = await startChain()
})
afterAll(() => chain?.stop())

// 29 March 2026 has 23 hours in Brussels.
const [first, short, kept] = ['2026-03-28', '2026-03-29', '2026-03-30']
const bound = { dataset, before: windowOf(kept).startMs }
let clock = Date.parse('2026-04-01T08:00:00Z')

/** An answer that names these borders in the first hour of a day: a slice of the whole window for each. */
function answer(day: string, ...borders: string[]): RawResponse {
  const { startMs } = windowOf(day)
  const values = Object.fromEntries(borders.map((border, index) => [border, 1_000 + index]))
  const row = { id: 1, dateTimeUtc: `${new Date(startMs).toISOString().slice(0, 19)}Z`, ...values }
  clock += 1_000
  return rawResponse(
    windowOf(day),
    Buffer.from(JSON.stringify({ data: [row], rejected: false, messages: null })),
    clock,
  )
}
const garbage = (day: string): RawResponse => ({ ...answer(day), body: Buffer.from('<html>') })
const foreign = (day: string): RawResponse => ({ ...answer(day, 'border_AT_BE'), dataset: 'jao.core.other' })

async function write(partition: number, answers: (RawResponse | Buffer)[]): Promise<void> {
  const encode = await chain.registry.encoder('jao.raw', rawResponseSchema)
  const records = answers.map((each) => ({ key: 'x', value: Buffer.isBuffer(each) ? each : encode(each), partition }))
  await chain.producer.send('jao.raw', records, { compress: true })
  await chain.settled()
}

const clients = () => ({ ...chain, config: readConfig(connectionSettings, chain.environment) })
const look = () => findAffectedRecords(chain, jao, bound)
const carry = async (stored: boolean, onStored = () => {}) => {
  const deletion = { ...bound, at: Date.now(), by: 'test', why: 'it ended' }
  return executeDeletion(clients(), jao, deletion, {
    stored,
    topics: await look(),
    lookAgain: look,
    onStored,
    tell: () => {},
  })
}
const rowsOf = async (table: string) => {
  const rows = await chain.query<{ day: string; n: number }>(
    `SELECT toString(toDate(ts, 'Europe/Brussels')) AS day, toUInt32(count()) AS n FROM tidemark.${table} FINAL
     GROUP BY day ORDER BY day`,
  )
  return Object.fromEntries(rows.map(({ day, n }) => [day, n]))
}
/** The days of the accepted answers in the store. */
const answered = async () => {
  const rows = await chain.query<{ day: string }>(
    "SELECT toString(toDate(window_start, 'Europe/Brussels')) AS day FROM tidemark.stored_answers FINAL ORDER BY day",
  )
  return rows.map(({ day }) => day)
}
/** The offsets of the dead letters that the store shows. */
const letters = async () =>
  (await chain.query<{ at: number }>('SELECT toUInt32(offset) AS at FROM tidemark.dead_letters ORDER BY offset')).map(
    ({ at }) => at,
  )
/** What of a topic is left: the first offset and the end of each partition. */
const spans = async (topic: string) =>
  [...(await offsetRange(chain.kafka, topic))].map(([, { from, to }]) => [from, to])
const brief = (found: Awaited<ReturnType<typeof look>>) =>
  found.map(({ topic, partition, cuttable, cutTo, remaining }) => [topic, partition, cuttable, cutTo, remaining])

const old = 'border_DE_XX'

test('what a deletion concerns is told exactly, and nothing is written by looking', async () => {
  await write(1, [garbage(first)])
  const unreadable = Buffer.from([1, 2, 3])
  await write(0, [
    answer(first, 'border_AT_BE', old),
    answer(short, 'border_AT_BE'),
    foreign(first),
    answer(first, 'border_AT_BE'),
  ])
  await write(0, [unreadable, answer(kept, 'border_AT_BE')])
  await write(1, [garbage(short)])
  expect(await rowsOf('points')).toEqual({ [first]: 48, [short]: 23, [kept]: 24 })
  expect(await rowsOf('point_revisions')).toEqual({ [first]: 72, [short]: 23, [kept]: 24 })
  expect(await answered()).toEqual([first, first, short, kept])
  expect(await letters()).toEqual([0, 1, 2, 3])
  expect(brief(await look())).toEqual([
    // First, short | the other dataset's, first again, what cannot be read, kept.
    ['jao.raw', 0, 2, 2, 1],
    ['jao.raw', 1, 2, 2, 0],
    // Two of first, one of short, first again | kept.
    ['jao.timeseries', 0, 4, 4, 0],
    // Accepted: first, short, first again | kept.
    ['jao.answers', 0, 3, 3, 0],
    // Garbage | the other dataset's, what cannot be read, garbage.
    ['jao.dlq', 0, 1, 1, 1],
    ['jao.constraints', 0, 0, 0, 0],
  ])
  expect(await spans('jao.raw')).toEqual([
    [0, 6],
    [0, 2],
  ])
  expect(await boundOf(chain.store, dataset)).toBeUndefined()
})

test('a deletion is planned by the first day that stays; days that upstream has not published yet must not go', async () => {
  const sourced = { source: jao, dataset: jao.datasets.find(({ name }) => name === dataset)! }
  const plan = (before: string) => planDeletion(chain.store, sourced, before, Date.parse('2026-04-01T08:00:00Z'))
  expect(await plan(kept)).toEqual({ bound, firstDayKept: kept, stored: undefined })
  await expect(plan('2026-04-04')).rejects.toThrow('--before 2026-04-04 is after 2026-04-03')
  await expect(plan('2026-02-30')).rejects.toThrow('--before 2026-02-30 is not a day')
  const read: unknown[] = []
  const found = await surveyDeletion(chain, jao, bound, (topic, done, of) => read.push([topic, done, of]))
  expect(found).toMatchObject({ rows: [{ year: 2026, point_revisions: 95 }], topics: await look() })
  expect(read).toContainEqual(['jao.raw', 8, 8])
})

test('a deletion that is interrupted keeps all out already, and is completed by another', async () => {
  const interrupted = carry(false, () => {
    throw new Error('killed')
  })
  await expect(interrupted).rejects.toThrow('killed')
  expect(await boundOf(chain.store, dataset)).toBe(bound.before)
  await write(0, [answer(first, 'border_AT_FR'), answer(kept, 'border_AT_FR')])
  expect(await rowsOf('points')).toEqual({ [first]: 48, [short]: 23, [kept]: 48 })

  const { topics, keysWithoutPoints } = await carry(true)
  expect(keysWithoutPoints).toBe(1)
  for (const table of ['points', 'point_revisions']) expect(await rowsOf(table)).toEqual({ [kept]: 48 })
  expect(await answered()).toEqual([kept, kept])
  expect(brief(topics)).toEqual([
    ['jao.raw', 0, 2, 2, 2],
    ['jao.raw', 1, 2, 2, 0],
    ['jao.timeseries', 0, 4, 4, 1],
    ['jao.answers', 0, 3, 3, 1],
    ['jao.dlq', 0, 1, 1, 1],
    ['jao.constraints', 0, 0, 0, 0],
  ])
  expect(await spans('jao.raw')).toEqual([
    [2, 8],
    [2, 2],
  ])
  expect(await spans('jao.timeseries')).toEqual([[4, 7]])
  expect(await spans('jao.dlq')).toEqual([[1, 4]])
  expect(await letters()).toEqual([1, 2, 3])
  const named = await chain.query<{ key: string }>('SELECT key FROM tidemark.series FINAL ORDER BY key')
  expect(named.map(({ key }) => key)).toEqual(['border_AT_BE', 'border_AT_FR'])
})

test('the meaning of a key without points is gone from its topic too, and the sink takes no harm', async () => {
  await chain.settled()
  const records = await readRecords(chain.kafka, 'jao.series')
  expect(records.filter(({ key }) => key === `${dataset}/${old}`).at(-1)?.value).toBeNull()
  expect(await spans('jao.dlq')).toEqual([[1, 4]])
  expect(await spans('tidemark.dlq')).toEqual([[0, 0]])
})

test('a replay does not bring it back, nor does a slice that somebody sends again', async () => {
  const replay = await chain.start('normalizer', { CONSUMER_GROUP: 'replay-1' })
  const encode = await chain.registry.encoder('jao.timeseries', timeseriesSliceSchema)
  const again = slice({
    dataset,
    start: new Date(windowOf(first).startMs).toISOString(),
    values: [1],
    knownAt: '2027-01-01',
  })
  await chain.producer.send('jao.timeseries', [{ key: 'x', value: encode(again) }])
  await waitForGroup(chain.kafka, 'replay-1', 'jao.raw')
  await chain.settled()
  // Two slices of what remained in raw of first, two of kept, and the one that was sent.
  expect((await spans('jao.timeseries'))[0]?.[1]).toBe(7 + 5)
  for (const table of ['points', 'point_revisions']) expect(await rowsOf(table)).toEqual({ [kept]: 48 })
  await replay.kill('SIGTERM')
})

test('once more it cuts what lies at the front by now, and changes nothing else', async () => {
  const { topics } = await carry(true)
  expect(brief(topics)).toEqual([
    ['jao.raw', 0, 0, 2, 2],
    ['jao.raw', 1, 0, 2, 0],
    // Kept comes first now.
    ['jao.timeseries', 0, 0, 4, 4],
    ['jao.answers', 0, 0, 3, 3],
    ['jao.dlq', 0, 0, 1, 1],
    ['jao.constraints', 0, 0, 0, 0],
  ])
  expect(await spans('jao.raw')).toEqual([
    [2, 8],
    [2, 2],
  ])
  for (const table of ['points', 'point_revisions']) expect(await rowsOf(table)).toEqual({ [kept]: 48 })
})

/** A piece of a vote file: one vote a day. */
const votesOf = (...dates: string[]): RawResponse => {
  const lines = dates.map((date, index) => `{"Id":"${index + 1}","CreationDate":"${date}T00:00:00.000"}\n`)
  clock += 1_000
  return {
    ...rawResponse({ startMs: clock, endMs: clock + 1_000 }, Buffer.from(lines.join('')), clock),
    ...{ dataset: 'votes.votes', requestIdentity: `votes.votes/${clock}`, headers: { 'first-line': '1' } },
  }
}

test('votes go by the days that they were cast on, a piece of a file when all of its votes do, and stay away', async () => {
  const all = { DATASET_SCHEDULES: '' }
  await Promise.all([chain.normalizer.kill('SIGTERM'), chain.sink.kill('SIGTERM')])
  await Promise.all([chain.start('normalizer', all), chain.start('sink', all)])
  const encode = await chain.registry.encoder('votes.raw', rawResponseSchema)
  const send = async (...pieces: RawResponse[]) => {
    await chain.producer.send(
      'votes.raw',
      pieces.map((piece) => ({ key: 'x', value: encode(piece), partition: 0 })),
    )
    await untilStored({ ...chain.environment, ...all })
  }
  const ids = () => chain.query<{ Id: number }>('SELECT toUInt32(Id) AS Id FROM blog_analysis.votes ORDER BY Id')
  await send(votesOf('2022-01-02', '2022-01-03'), votesOf('2022-01-02', '2022-01-04', '2022-01-05'))
  expect(await ids()).toEqual([{ Id: 1 }, { Id: 2 }, { Id: 3 }])
  const cast = { dataset: 'votes.votes', before: Date.parse('2022-01-05T00:00:00Z') }
  expect(await rowsBefore(chain.store, cast, ownTables(votes, cast.dataset))).toEqual([
    // Readings: both of the first vote, and two of the second.
    { year: 2022, points: 0, point_revisions: 0, 'blog_analysis.vote_versions': 4 },
  ])
  const look = () => findAffectedRecords(chain, votes, cast)
  const deletion = { ...cast, at: Date.now(), by: 'test', why: '' }
  const carrying = { stored: false, lookAgain: look, onStored: () => {}, tell: () => {} }
  const { topics } = await executeDeletion(clients(), votes, deletion, { ...carrying, topics: await look() })
  expect(brief(topics).filter(([, , cuttable, , remaining]) => Number(cuttable) + Number(remaining) > 0)).toEqual([
    ['votes.raw', 0, 1, 1, 0],
    ['votes.batches', 0, 1, 1, 0],
  ])
  expect(await ids()).toEqual([{ Id: 3 }])
  await send(votesOf('2022-01-04', '2022-01-06'))
  expect(await ids()).toEqual([{ Id: 2 }, { Id: 3 }])
})

test('the API gives nothing that is deleted: no bytes, no values, no answer of the past, no list of answers', async () => {
  const api = await startApi(chain)
  const iso = (ms: number) => new Date(ms).toISOString()
  const machine = (name: string, instant = 'now') => {
    const { startMs, endMs } = windowOf(name)
    const query = `FromUtc=${iso(startMs)}&ToUtc=${iso(endMs)}`
    return fetch(`${api.url}/time-machine/${instant}/jao/core/api/data/maxExchanges?${query}`)
  }
  // A record of a deleted day may lie behind a record of another dataset, and stays on the topic then.
  const decoder = chain.registry.decoder(rawResponseSchema)
  const records = await readRecords(chain.kafka, 'jao.raw')
  await decoder.prepare(records.map(({ value }) => value))
  for (const { value, partition, offset } of records) {
    const record = decoder.decode(value)
    if (!('windowEnd' in record)) continue
    const isDeleted = record.dataset === dataset && record.windowEnd <= bound.before
    const { status } = await api.get(`raw/jao/${partition}/${offset}`)
    expect([record.dataset, iso(record.windowEnd), status]).toEqual([
      record.dataset,
      iso(record.windowEnd),
      isDeleted ? 410 : 200,
    ])
  }
  expect((await api.get('raw/jao/0/0')).status).toBe(410)
  const { data } = await api.json<{ data: { value: number | null }[] }>(
    `series/${dataset}/border_AT_BE?from=${first}&to=${kept}&tz=Europe/Brussels`,
  )
  expect(data.map(({ value }) => value)).toEqual(Array(47).fill(null))
  for (const name of [first, short]) {
    expect((await machine(name)).status).toBe(410)
    expect((await machine(name, 'timemap')).status).toBe(410)
    expect((await api.get(`explain/${dataset}/border_AT_BE/${iso(windowOf(name).startMs)}`)).status).toBe(410)
  }
  expect((await machine(kept)).status).toBe(200)
  const listed = await api.json<{ data: { dataset: string; before: string }[] }>(`deletions?dataset=${dataset}`)
  expect(listed.data[0]).toMatchObject({ dataset, before: iso(bound.before) })
})
