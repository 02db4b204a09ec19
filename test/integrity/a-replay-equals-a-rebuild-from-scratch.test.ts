// The test plays the poller and the next release: it writes answers, lets today's services store them, then changes the
// dataset's explode and replays. What must be there afterwards is computed here from the same answers.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { datasetsByName } from '#core/datasets.ts'
import { dryRun } from '#operations/history/dry-run.ts'
import { newReplay, runReplay } from '#operations/history/replay.ts'
import { openReplayLog, readReplays } from '#operations/history/replay-log.ts'
import { wouldChange } from '#operations/history/stage.ts'
import { highWatermarks } from '#platform/kafka/consumer-lag.ts'
import { TransientError } from '#platform/process/transient-error.ts'
import { startTracing } from '#platform/tracing/trace.ts'
import { readTraceContext, traceHeaders } from '#platform/tracing/trace-context.ts'
import { type RawResponse, rawResponseSchema, replaySchema } from '#schemas/generated/records.ts'
import { coreMaxExchanges } from '#sources/jao/core.ts'
import { rawResponse } from '../support/raw-responses.ts'
import { startTraceReceiver } from '../support/trace-receiver.ts'
import { readRecords, type TopicRecord } from './read-records.ts'
import { windowOf } from './simulator-client.ts'
import { type Chain, dataset, eventually, startChain, storeTime } from './whole-chain.ts'

let chain: Chain
beforeAll(async () => {
  chain = await startChain()
})
afterAll(() => chain?.stop())

const { transformVersion, explode, labels } = coreMaxExchanges
afterEach(() => Object.assign(coreMaxExchanges, { transformVersion, explode, labels }))

const days = ['2026-03-28', '2026-03-29', '2026-10-25']
const firstKnownAt = Date.parse('2026-11-01T09:00:00Z')
const all = { fromMs: null, toMs: null }
const sourced = datasetsByName.get(dataset)!
const quiet = { progress: () => undefined, announced: () => undefined, say: () => undefined }

/** The trace of the polls that brought the answers. */
const pollTrace = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', isSampled: true }
const ofPoll = traceHeaders(pollTrace)

type Cells = Record<string, number | null>
interface PublishedAnswer {
  day: string
  knownAt: number
  /** One row an hour. */
  rows: Cells[]
}

function answerOf({ day, knownAt, rows }: PublishedAnswer): RawResponse {
  const { startMs } = windowOf(day)
  const data = rows.map((cells, hour) => {
    const dateTimeUtc = `${new Date(startMs + hour * 3_600_000).toISOString().slice(0, 19)}Z`
    return { id: hour, dateTimeUtc, ...cells }
  })
  const body = JSON.stringify({ data, rejected: false, messages: null })
  return rawResponse(windowOf(day), Buffer.from(body), knownAt)
}

/** Three answers a day: the second revises, the third is garbage (99) in the first hour of AT to BE. */
const history: PublishedAnswer[] = [0, 1, 2].flatMap((round) =>
  days.map((day, at) => {
    const hours = (windowOf(day).endMs - windowOf(day).startMs) / 3_600_000
    const rows = Array.from({ length: hours }, (_, hour) => ({
      border_AT_BE: round === 2 && hour === 0 ? 99 : 1_000 * (at + 1) + hour + (round > 0 && hour === 3 ? 500 : 0),
      border_BE_AT: round === 1 && hour === 5 ? null : 10 * hour,
      ...(round === 0 ? { border_AT_CZ: 7 } : {}),
    }))
    return { day, knownAt: firstKnownAt + round * 60_000 + at, rows }
  }),
)

/** The next release: refuses the garbage, doubles BE to AT, no longer knows AT to CZ, and knows a border of its own. */
function release(raisedBy: number): void {
  coreMaxExchanges.transformVersion = transformVersion + raisedBy
  coreMaxExchanges.explode = (answer) => {
    const exploded = explode(answer)
    if (exploded.slices.some(({ key, values }) => key === 'border_AT_BE' && values[0] === 99)) {
      return { slices: [], refusal: { reason: 'type', message: 'garbage' }, ignored: {} }
    }
    const slices = exploded.slices
      .filter(({ key }) => key !== 'border_AT_CZ')
      .map((slice) => (slice.key === 'border_BE_AT' ? { ...slice, values: slice.values.map(doubled) } : slice))
    const [first] = slices
    return { ...exploded, slices: first ? [...slices, { ...first, key: 'border_NEW', values: [5] }] : slices }
  }
  coreMaxExchanges.labels = (key) => ({ name: `${key}, raised by ${raisedBy}` })
}

const doubled = (value: number | null) => (value === null ? null : value * 2)

/** What that release knows at an instant, by hand. */
function knownToRelease(at: number): string[] {
  const points = new Map<string, string>()
  for (const { day, knownAt, rows } of history) {
    if (knownAt > at || rows[0]?.border_AT_BE === 99) continue
    for (const [hour, cells] of rows.entries()) {
      const atS = windowOf(day).startMs / 1000 + hour * 3600
      const say = (key: string, value: number | null) => points.set(`${key}\t${atS}`, `${value ?? '\\N'}\t${knownAt}`)
      say('border_AT_BE', cells.border_AT_BE ?? null)
      say('border_BE_AT', doubled(cells.border_BE_AT ?? null))
      if (hour === 0) say('border_NEW', 5)
    }
  }
  return [...points].map((point) => point.join('\t')).sort()
}

async function known(view: string): Promise<string[]> {
  const rows = await chain.query<{ line: string }>(
    `SELECT concat(key, '\\t', toString(toUnixTimestamp(ts)), '\\t', ifNull(toString(value), '\\\\N'), '\\t',
       toString(toUnixTimestamp64Milli(known_at))) AS line FROM tidemark.${view} WHERE dataset = '${dataset}'`,
  )
  return rows.map(({ line }) => line).sort()
}

const everything = async () =>
  Promise.all([
    known('latest'),
    known(`as_of(at = '${storeTime(firstKnownAt + 60_000)}')`),
    chain.query('SELECT * FROM tidemark.point_revisions FINAL ORDER BY ALL'),
    chain.query('SELECT * FROM tidemark.stored_answers FINAL ORDER BY ALL'),
    chain.query('SELECT name FROM system.databases ORDER BY name'),
    ...['jao.raw', 'jao.timeseries', 'jao.answers', 'jao.series', 'jao.dlq', 'replays'].map((topic) =>
      highWatermarks(chain.kafka, topic),
    ),
  ])

async function replay(producer = chain.producer) {
  const parts = { ...chain, producer }
  const log = await openReplayLog(chain.registry, chain.producer)
  return runReplay(parts, log, { sourced, replay: await newReplay(parts, sourced, all, 'a test'), ...quiet })
}

test('nothing would change while the code is the same, and looking changes nothing', async () => {
  const encode = await chain.registry.encoder('jao.raw', rawResponseSchema)
  await chain.producer.send(
    'jao.raw',
    history.map((told) => ({ key: answerOf(told).requestIdentity, value: encode(answerOf(told)), headers: ofPoll })),
  )
  await chain.settled()
  const before = await everything()
  const found = await dryRun(chain, sourced, all, quiet.progress)
  // 24 + 23 + 25 hours, three answers of two borders and one of a third.
  expect(found.comparison).toMatchObject({
    ...{ rowsAdded: 0, rowsChanged: 0, rowsGone: 0, rowsSame: 72 * 7, rawGoneKept: 0 },
    storedVersion: transformVersion,
    answers: { added: 0, changed: 0, gone: 0, same: 3 * 3 },
  })
  expect(wouldChange(found)).toBe(false)
  expect(await everything()).toEqual(before)
})

test('a dry run refuses what the normalizer would, and ends when the store takes no row; nothing of it is left', async () => {
  const before = await everything()
  // An answer of the second round yields a step that no record can hold.
  coreMaxExchanges.explode = (answer) => {
    const exploded = explode(answer)
    const isSecond = exploded.slices.some(({ key, values }) => key === 'border_BE_AT' && values[5] === null)
    return isSecond ? { ...exploded, slices: exploded.slices.map((each) => ({ ...each, stepS: 0.5 })) } : exploded
  }
  const { newlyRefused } = await dryRun(chain, sourced, all, quiet.progress)
  expect(newlyRefused.map(({ reason }) => reason)).toEqual(['bug', 'bug', 'bug'])
  expect(newlyRefused[0]?.message).toContain(`what ${dataset} version ${transformVersion} yields makes no record`)

  coreMaxExchanges.explode = explode
  // Its tables are made like ours: each row makes the store throw with a number that nobody has listed (395).
  const answers = 'ALTER TABLE tidemark.stored_answers'
  await chain.store.command({ query: `${answers} ADD CONSTRAINT trap CHECK throwIf(points > 0, 'a trap') = 0` })
  try {
    await expect(dryRun(chain, sourced, all, quiet.progress)).rejects.toThrow('a trap')
  } finally {
    await chain.store.command({ query: `${answers} DROP CONSTRAINT trap` })
  }
  expect(await everything()).toEqual(before)
})

test('a dry run says what a release would change; the replay makes it so; twice changes nothing', async () => {
  release(1)
  const found = await dryRun(chain, sourced, all, quiet.progress)
  const { comparison } = found
  expect(comparison).toMatchObject({
    // One value of the new border in each answer that is taken.
    rowsAdded: 2 * 3,
    // BE to AT, but for the zeros of the first hour and the null of one answer.
    rowsChanged: 2 * (72 - 3) - 3,
    // AT to CZ, and both borders of the third round.
    rowsGone: 72 + 2 * 72,
    rowsSame: 2 * 72 + 2 * 3 + 3,
    seriesAdded: ['border_NEW'],
    seriesGone: ['border_AT_CZ'],
    // Those of two rounds name other borders, those of the third are refused.
    answers: { added: 0, changed: 2 * 3, gone: 3, same: 0 },
  })
  // 24 on the day of 25 hours, in both rounds.
  expect(comparison.largest[0]).toMatchObject({ key: 'border_BE_AT', before: 240, after: 480 })
  expect(found.newlyRefused.map(({ reason }) => reason)).toEqual(['type', 'type', 'type'])
  expect(found.newlyAccepted).toEqual([])
  expect(wouldChange(found)).toBe(true)

  const slicesBefore = (await readRecords(chain.kafka, 'jao.timeseries')).length
  const receiver = await startTraceReceiver()
  const setting = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_TRACES_SAMPLER_ARG: 1 }
  const stopTracing = await startTracing('replay', setting, { warn: () => {}, info: () => {} })
  // Kafka does not take the first sends: what was refused is refused once all the same.
  let failures = 2
  const replayed = await replay({
    ...chain.producer,
    send: async (...sent) => {
      if (sent[0] === 'jao.timeseries' && failures-- > 0) throw new TransientError('a broker that restarts')
      return chain.producer.send(...sent)
    },
  })
  await stopTracing()
  expect(replayed.replay).toMatchObject({
    state: 'finished',
    fromVersion: transformVersion,
    toVersion: transformVersion + 1,
    why: 'a test',
  })
  expect(replayed.replay.counts).toMatchObject({
    answers: 6,
    refused: 3,
    points: 2 * (2 * 72 + 3),
    erased: 72 * 3,
    'erased answers': 3,
    kept: 0,
  })
  expect(replayed.replay.message).toContain('216 values erased, 3 answers erased')
  const written = (await readRecords(chain.kafka, 'jao.timeseries')).slice(slicesBefore)
  expect(written).toHaveLength(6 * 3)
  expect(new Set(written.map(({ headers }) => headers.replay))).toEqual(new Set([replayed.replay.id]))
  // A replay begins traces of its own, which are linked to the polls. Two of them failed, when Kafka took nothing.
  const spansOf = () => receiver.spans().filter(({ name }) => name === 'replay')
  const traces = () => new Set<string | undefined>(spansOf().map(({ traceId }) => traceId))
  const isSent = ({ headers }: TopicRecord) => traces().has(readTraceContext(headers)?.traceId)
  await eventually('every record belongs to a trace that was sent', async () => written.every(isSent))
  await receiver.stop()
  const spans = spansOf()
  for (const span of spans) expect(span).toMatchObject({ parentId: '', links: [pollTrace.spanId] })
  expect(spans.filter(({ failure }) => failure !== undefined)).toHaveLength(2)
  expect(traces()).not.toContain(pollTrace.traceId)
  // What is refused again is no new dead letter.
  expect(await readRecords(chain.kafka, 'jao.dlq')).toEqual([])

  const check = async () => {
    expect(await known('latest')).toEqual(knownToRelease(Number.POSITIVE_INFINITY))
    for (const after of [-1, 0, 1, 60_000, 60_002, 120_001]) {
      expect(await known(`as_of(at = '${storeTime(firstKnownAt + after)}')`)).toEqual(
        knownToRelease(firstKnownAt + after),
      )
    }
    for (const table of ['point_revisions', 'stored_answers'])
      expect(
        await chain.query(`SELECT * FROM tidemark.${table} WHERE transform_version <= ${transformVersion}`),
      ).toEqual([])
  }
  await check()
  // What the keys mean is said anew, too.
  expect(
    await chain.query("SELECT labels['name'] AS name FROM tidemark.series FINAL WHERE key = 'border_AT_BE'"),
  ).toEqual([{ name: 'border_AT_BE, raised by 1' }])
  expect(wouldChange(await dryRun(chain, sourced, all, quiet.progress))).toBe(false)
  // An accepted answer that the store lacks is a difference, though all points are the same.
  await chain.store.command({
    query: 'DELETE FROM tidemark.stored_answers WHERE window_start < toDateTime(1774738800)',
  })
  const lacking = await dryRun(chain, sourced, all, quiet.progress)
  expect(lacking.comparison).toMatchObject({
    rowsAdded: 0,
    rowsChanged: 0,
    rowsGone: 0,
    answers: { added: 2, gone: 0, same: 4 },
  })
  expect(wouldChange(lacking)).toBe(true)
  expect((await replay()).replay.counts).toMatchObject({ answers: 6, points: 2 * (2 * 72 + 3), erased: 0 })
  await check()

  const audit = await chain.query('SELECT state, dataset, counts FROM tidemark.replays FINAL ORDER BY started_at')
  expect(audit).toMatchObject([{ state: 'finished', dataset }, { state: 'finished' }])
  const announced = await readReplays(chain.kafka, chain.registry)
  expect(announced.map(({ state }) => state)).toEqual(['finished', 'finished'])
  // Earlier releases called it told.
  const encode = await chain.registry.encoder('replays', replaySchema)
  const earlier = encode({ ...replayed.replay, id: 'of an earlier release', state: 'told' })
  await chain.producer.send('replays', [{ key: 'of an earlier release', value: earlier }])
  const [, , read] = await readReplays(chain.kafka, chain.registry)
  expect(read?.state).toBe('published')
})

test('rows whose raw record retention has deleted stay as they are, and are told apart', async () => {
  release(2)
  const before = await known('latest')
  const admin = chain.kafka.admin()
  await admin.connect()
  // Which partitions the days are in depends on their keys: the first answer of each that has one goes.
  const filled = (await admin.fetchTopicOffsets('jao.raw')).filter(({ high }) => Number(high) > 0)
  const partitions = filled.map(({ partition }) => ({ partition, offset: '1' }))
  await admin.deleteTopicRecords({ topic: 'jao.raw', partitions })
  await admin.disconnect()
  const low = await chain.query<{ rows: string }>(
    'SELECT toString(count()) AS rows FROM tidemark.point_revisions FINAL WHERE raw_offset < 1',
  )
  const kept = Number(low[0]?.rows)
  const found = await dryRun(chain, sourced, all, quiet.progress)
  expect(kept).toBeGreaterThan(0)
  expect(found.comparison).toMatchObject({ rowsAdded: 0, rowsChanged: 0, rowsGone: 0, rawGoneKept: kept })
  expect((await replay()).replay.counts).toMatchObject({ kept, erased: 0 })
  expect(await known('latest')).toEqual(before)
  const [older] = await chain.query<{ rows: string }>(
    `SELECT toString(count()) AS rows FROM tidemark.point_revisions FINAL WHERE transform_version < ${transformVersion + 2}`,
  )
  expect(Number(older?.rows)).toBe(kept)
})

test('what retention deletes after a replay has begun is not erased either', async () => {
  release(3)
  const before = await known('latest')
  const replay = await newReplay(chain, sourced, all, 'cut meanwhile')
  const admin = chain.kafka.admin()
  await admin.connect()
  const filled = (await admin.fetchTopicOffsets('jao.raw')).filter(({ high }) => Number(high) > 1)
  const partitions = filled.map(({ partition }) => ({ partition, offset: '2' }))
  await admin.deleteTopicRecords({ topic: 'jao.raw', partitions })
  await admin.disconnect()
  const log = await openReplayLog(chain.registry, chain.producer)
  const { counts } = (await runReplay(chain, log, { sourced, replay, ...quiet })).replay
  const [cut] = await chain.query<{ rows: string }>(
    'SELECT toString(count()) AS rows FROM tidemark.point_revisions FINAL WHERE raw_offset < 2',
  )
  expect(counts).toMatchObject({ erased: 0, kept: Number(cut?.rows) })
  expect(await known('latest')).toEqual(before)
})
