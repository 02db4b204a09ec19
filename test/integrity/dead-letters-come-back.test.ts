// One chain of real parts: what was refused is sent back, and ends as if it had never been refused.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DeadLetter } from '#core/dead-letter.ts'
import { drop, dropLetters } from '#operations/dead-letters/drop.ts'
import { groupLetters, listDeadLetters } from '#operations/dead-letters/list.ts'
import { planRequeue } from '#operations/dead-letters/plan.ts'
import { type LetterProgress, readLetters } from '#operations/dead-letters/read-letters.ts'
import { release } from '#operations/dead-letters/release.ts'
import {
  requeuePlanned,
  requeue as requeueSelected,
  targetsOf,
  watchRefusals,
} from '#operations/dead-letters/requeue.ts'
import { findLetter, readContent } from '#operations/dead-letters/show.ts'
import { forgetGroup } from '#platform/kafka/consumer-lag.ts'
import { deadLetter } from '#platform/kafka/dead-letter.ts'
import { offsetRange, readRanges, type StoredRecord } from '#platform/kafka/read-range.ts'
import { printable } from '#platform/process/printable.ts'
import { parkingSchema, rawResponseSchema, timeseriesSliceSchema } from '#schemas/generated/records.ts'
import { parkingTopic } from '#schemas/topics.ts'
import { stayText } from '../../cli/dlq/report.ts'
import { slice } from '../store/slices.ts'
import { rawResponse } from '../support/raw-responses.ts'
import { windowOf } from './simulator-client.ts'
import { type Chain, eventually, startChain } from './whole-chain.ts'

let chain: Chain
beforeAll(async () => {
  chain = await startChain()
}, 300_000)
afterAll(() => chain?.stop())

const me = { by: 'test', why: 'mended' }
const hourMs = 3_600_000

/** Everything that a topic holds, by partition and offset. */
async function recordsOf(topic: string): Promise<StoredRecord[]> {
  const all: StoredRecord[] = []
  await readRanges(chain.kafka, topic, await offsetRange(chain.kafka, topic), (records) => void all.push(...records))
  return all.sort((one, other) => one.partition - other.partition || one.offset - other.offset)
}

const openLetters = async () =>
  (await readLetters(chain.kafka, ['jao.dlq'])).filter(({ decision }) => decision === undefined)

async function requeue(letters: DeadLetter[], again = false) {
  const targets = await targetsOf(chain.kafka, letters)
  return requeuePlanned(chain.kafka, planRequeue(letters, { targets, parked: new Set(), again }), me)
}

/** A small answer: one border in the first hour of a business day. */
function answer(day: string, mw: number, knownAtMs: number) {
  const dateTimeUtc = new Date(windowOf(day).startMs).toISOString().replace('.000Z', 'Z')
  const body = JSON.stringify({ data: [{ id: 1, dateTimeUtc, border_AT_BE: mw }], rejected: false, messages: null })
  return rawResponse(windowOf(day), Buffer.from(body), knownAtMs)
}

test('a letter goes back byte for byte, with its key and headers, to its partition; each refusal is counted', async () => {
  const key = Buffer.from([0xff, 0x00, 0xfe])
  const value = Buffer.from([1, 2, 3, 0xff, 0xfe, 0])
  const headers = { trace: Buffer.from([0x80, 0x81]), empty: Buffer.alloc(0) }
  await chain.producer.send('jao.raw', [{ key, value, headers, partition: 1 }])
  await chain.settled()
  const [first] = await openLetters()
  expect(first).toMatchObject({
    reason: 'not-avro',
    attempts: 1,
    source: { topic: 'jao.raw', partition: 1, offset: 0 },
  })
  expect((await findLetter(chain.kafka, first!)).record.value).toEqual(value)

  expect(await requeue([first!])).toMatchObject({ done: [{ id: first!.id }], skipped: [] })
  const raw = await recordsOf('jao.raw')
  expect(raw.map(({ partition, offset }) => [partition, offset])).toEqual([
    [1, 0],
    [1, 1],
  ])
  expect(raw[1]).toMatchObject({ key, value, headers })
  const added = Object.entries(raw[1]!.headers).filter(([name]) => name.startsWith('tidemark-'))
  expect(added.map(([name, text]) => [name, `${text}`]).sort()).toEqual([
    ['tidemark-attempts', '1'],
    ['tidemark-letter', first!.id],
    ['tidemark-reason', 'not-avro'],
  ])

  await chain.settled()
  const [second] = await openLetters()
  expect(second).toMatchObject({ attempts: 2, previousReason: 'not-avro', source: { partition: 1, offset: 1 } })
  const stopped = await requeue([second!])
  expect(stopped.skipped.map(({ why }) => stayText(why))).toEqual([
    'came back for the same reason (not-avro, 2 attempts): --again when that is mended',
  ])
  expect(await recordsOf('jao.raw')).toHaveLength(2)
  const watch = await watchRefusals(chain.kafka, [second!], () => {})
  expect((await requeue([second!], true)).done).toHaveLength(1)
  const again = await watch.refusedAgain([second!])
  const [third] = await openLetters()
  expect(again).toEqual([third])
  expect(third).toMatchObject({ returnOf: second!.id })
  expect(third).toMatchObject({ attempts: 3, previousReason: 'not-avro' })

  await dropLetters(chain.kafka, [third!], { by: 'test', why: 'no use' })
  expect(await openLetters()).toEqual([])
  const { record, letter } = await findLetter(chain.kafka, third!)
  expect(record).toMatchObject({ key, value })
  expect(letter.decision).toMatchObject({ decision: 'dropped', by: 'test', why: 'no use' })
})

test('an answer requeued after a fix ends as if it had never been refused', async () => {
  const encode = await chain.registry.encoder('jao.raw', rawResponseSchema)
  const oldMs = Date.parse('2026-05-01T08:00:00Z')
  const newMs = Date.parse('2026-05-01T09:00:00Z')
  const send = async (day: string, mw: number, atMs: number) => {
    const raw = answer(day, mw, atMs)
    await chain.producer.send('jao.raw', [{ key: raw.requestIdentity, value: encode(raw) }])
    await chain.settled()
  }
  // Of one day the older answer was refused by code with a bug; of the other day nothing was.
  const refused = answer('2026-05-04', 10, oldMs)
  const offset = { topic: 'jao.raw', partition: 0, offset: '0', headers: {} }
  const letter = deadLetter(
    { ...offset, key: Buffer.from(refused.requestIdentity), value: encode(refused) },
    { reason: 'bug', message: 'explode threw', dataset: refused.dataset },
    { name: 'normalizer', version: '0.0.9' },
    oldMs,
  )
  await chain.producer.send('jao.dlq', [letter])
  await send('2026-05-04', 20, newMs)
  await send('2026-05-05', 10, oldMs)
  await send('2026-05-05', 20, newMs)
  const stored = async (day: string) => {
    const { startMs } = windowOf(day)
    const at = `dataset = '${refused.dataset}' AND key = 'border_AT_BE' AND ts = toDateTime(${startMs / 1000}, 'UTC')`
    const ask = (columns: string, from: string) =>
      chain.query(`SELECT ${columns} FROM tidemark.${from} WHERE ${at} ORDER BY known_at`)
    return {
      latest: await ask('value, known_at, step_s, flags', 'latest'),
      between: await ask('value, known_at', "as_of(at = '2026-05-01 08:30:00')"),
      revisions: await ask('previous_value, value, known_at', 'revisions'),
      all: await ask('value, known_at, transform_version, step_s, flags, origin', 'point_revisions FINAL'),
    }
  }
  expect((await stored('2026-05-04')).between).toEqual([])
  expect((await requeue(await openLetters())).done).toHaveLength(1)
  await chain.settled()
  const mended = await stored('2026-05-04')
  expect(mended).toEqual(await stored('2026-05-05'))
  expect(mended).toMatchObject({
    latest: [{ value: 20, known_at: '2026-05-01 09:00:00.000' }],
    between: [{ value: 10, known_at: '2026-05-01 08:00:00.000' }],
    revisions: [{ previous_value: 10, value: 20, known_at: '2026-05-01 09:00:00.000' }],
  })
  expect(mended.all).toHaveLength(2)
})

test('a slice that the sink refused goes to the sink again', async () => {
  const told = { dataset: 'test.letters', key: 'k', start: '2026-05-04T00:00:00Z', knownAt: '2026-05-01T08:00:00Z' }
  const encode = await chain.registry.encoder('jao.timeseries', timeseriesSliceSchema)
  const value = encode(slice({ ...told, values: [7] }))
  const letter = deadLetter(
    { topic: 'jao.timeseries', partition: 0, offset: '0', key: Buffer.from('test.letters/k'), value, headers: {} },
    { reason: 'store-refused', message: 'a table was missing' },
    { name: 'sink', version: '1' },
    0,
  )
  await chain.producer.send('jao.dlq', [letter])
  expect((await requeue(await openLetters())).done).toHaveLength(1)
  await chain.settled()
  expect(await chain.query("SELECT value, known_at FROM tidemark.latest WHERE dataset = 'test.letters'")).toEqual([
    { value: 7, known_at: '2026-05-01 08:00:00.000' },
  ])
})

test('a caller lists, tries, requeues and drops letters by typed requests, and is told what came of it', async () => {
  await chain.producer.send('jao.raw', [{ key: 'typed', value: Buffer.from('no Avro'), partition: 0 }])
  await chain.settled()
  const all = { selection: { ids: [], key: 'typed' }, withSettled: false }
  const [letter, ...others] = await listDeadLetters(chain.kafka, all)
  expect(others).toEqual([])
  expect(groupLetters([letter!])).toMatchObject([{ reason: 'not-avro', topic: 'jao.raw', letters: 1 }])
  const { record } = await findLetter(chain.kafka, letter!)
  expect(await readContent(record, 'jao.raw', chain.registry)).toMatchObject({ kind: 'bytes', bytes: record.value })

  const steps = new Set<LetterProgress['step']>()
  const request = { again: false, dryRun: false, decider: me, parkedDatasets: async () => new Set<string>() }
  const send = (ids: string[], over = {}) =>
    requeueSelected(chain.kafka, { ...request, selection: { ids }, ...over }, ({ step }) => steps.add(step))
  expect(await send([letter!.id], { dryRun: true })).toEqual({ done: [letter], skipped: [], unknown: [] })
  expect(await listDeadLetters(chain.kafka, all)).toEqual([letter])
  expect([...steps]).toEqual(['reading'])
  const result = await send([letter!.id, 'jao.dlq/0/999999'])
  expect(result).toMatchObject({ done: [{ id: letter!.id }], skipped: [], unknown: ['jao.dlq/0/999999'] })
  expect([...steps].sort()).toEqual(expect.arrayContaining(['reading', 'requeuing']))
  const [back] = await listDeadLetters(chain.kafka, all)
  expect(result.refusedAgain).toEqual([back])
  expect(back).toMatchObject({ returnOf: letter!.id, attempts: 2 })
  const skipped = [
    { letter: { id: letter!.id }, why: { kind: 'settled', decision: 'requeued' } },
    { letter: { id: back!.id }, why: { kind: 'same-reason', reason: 'not-avro', attempts: 2 } },
  ]
  expect(await send([letter!.id, back!.id])).toMatchObject({ done: [], skipped, refusedAgain: [] })

  const dropping = { selection: { ids: [letter!.id, back!.id] }, decider: me }
  expect((await drop(chain.kafka, { ...dropping, dryRun: true })).done).toEqual([back])
  expect(await drop(chain.kafka, { ...dropping, dryRun: false })).toMatchObject({
    ...{ done: [{ id: back!.id }], unknown: [] },
    skipped: [{ letter: { id: letter!.id }, why: { kind: 'settled', decision: 'requeued' } }],
  })
  expect(await listDeadLetters(chain.kafka, all)).toEqual([])
})

test('a caller releases a parked dataset, and is told which letters would be refused again', async () => {
  const dataset = 'jao.core.maxExchanges'
  const parkedNow = async () =>
    (
      (await (await fetch(`${chain.normalizer.url}/status`)).json()) as {
        parked: { dataset: string; message: string }[]
      }
    ).parked
  const encodeParking = await chain.registry.encoder(parkingTopic.name, parkingSchema)
  const parking = { dataset, parked: true, reason: 'type', message: 'by hand', by: 'test', at: Date.now() }
  await chain.producer.send(parkingTopic.name, [{ key: dataset, value: encodeParking(parking) }])
  await eventually('the dataset is parked', async () => (await parkedNow()).some((one) => one.dataset === dataset))
  const encode = await chain.registry.encoder('jao.raw', rawResponseSchema)
  const knownAtMs = Date.parse('2026-06-01T08:00:00Z')
  // The newest letter of a kind is the one with the highest offset: the bad answer comes last.
  for (const [day, mw] of [
    ['2026-06-02', 30],
    ['2026-06-03', 'abc' as unknown as number],
  ] as const) {
    const raw = answer(day, mw, knownAtMs)
    await chain.producer.send('jao.raw', [{ key: raw.requestIdentity, value: encode(raw), partition: 0 }])
  }
  await chain.settled()
  const [good, bad] = await openLetters()
  expect([good, bad]).toMatchObject([{ reason: 'parked' }, { reason: 'parked' }])

  const parts = { kafka: chain.kafka, registry: chain.registry, parkedNow }
  const request = { source: 'jao', dataset, anyway: false, decider: me }
  expect(await release(parts, request)).toMatchObject({
    state: 'stays-parked',
    newest: [{ letter: { id: bad!.id }, why: { reason: 'type' } }],
    skipped: [
      { letter: { id: good!.id }, why: { kind: 'newer-would-be-refused' } },
      { letter: { id: bad!.id }, why: { kind: 'would-be-refused', reason: 'type' } },
    ],
  })
  const steps: LetterProgress['step'][] = []
  expect(await release(parts, { ...request, anyway: true }, ({ step }) => void steps.push(step))).toMatchObject({
    ...{ state: 'released', wasParked: true, refused: 1, after: { parked: null } },
    done: [{ id: good!.id }],
    skipped: [{ letter: { id: bad!.id }, why: { kind: 'would-be-refused', reason: 'type' } }],
  })
  expect([...new Set(steps)].sort()).toEqual(['reading', 'requeuing', 'trying', 'waiting'])
  await chain.settled()
  const { startMs } = windowOf('2026-06-02')
  const at = `dataset = '${dataset}' AND ts = toDateTime(${startMs / 1000}, 'UTC')`
  expect(await chain.query(`SELECT value FROM tidemark.latest WHERE ${at}`)).toEqual([{ value: 30 }])
  await dropLetters(chain.kafka, [bad!], me)
  expect(await release(parts, request)).toMatchObject({ state: 'released', wasParked: false, done: [], skipped: [] })
})

test('the store says what `dlq list` says, since when, and when a dataset was parked, also when all is read again', async () => {
  const told = async () => ({
    letters: await chain.query<Record<string, unknown>>(
      `SELECT toUInt32(offset) AS offset, reason, previous_reason AS previousReason, attempts, dataset, decision,
         request_identity AS key, toUInt32(raw_partition) AS partition, toUInt32(raw_offset) AS raw,
         toUnixTimestamp64Milli(at) + 0.0 AS atMs, toUnixTimestamp64Milli(resolved_at) + 0.0 AS resolvedAtMs
       FROM tidemark.dead_letters WHERE topic = 'jao.dlq' AND original_topic = 'jao.raw' ORDER BY offset`,
    ),
    parking: await chain.query(
      'SELECT dataset, state, reason, message, by FROM tidemark.parking_log FINAL ORDER BY offset',
    ),
  })
  await chain.settled()
  const once = await told()
  const letters = (await readLetters(chain.kafka, ['jao.dlq'])).filter(({ source }) => source?.topic === 'jao.raw')
  expect(letters.length).toBeGreaterThan(5)
  expect(once.letters).toEqual(
    letters.map(({ offset, reason, previousReason, attempts, dataset, key, atMs, source, decision }) => ({
      ...{ offset, reason, previousReason, attempts, dataset, key: printable(key), atMs, partition: source?.partition },
      ...{ raw: source?.offset, decision: decision?.decision ?? null, resolvedAtMs: decision?.atMs ?? null },
    })),
  )
  const dataset = 'jao.core.maxExchanges'
  expect(once.parking).toEqual([
    { dataset, state: 'parked', reason: 'type', message: 'by hand', by: 'test' },
    { dataset, state: 'released', reason: 'released', message: 'mended', by: 'test' },
  ])

  await chain.sink.kill('SIGTERM')
  for (const group of ['sink', 'sink-dead-letters']) await forgetGroup(chain.kafka, group)
  chain.sink = await chain.start('sink')
  await chain.settled()
  expect(await told()).toEqual(once)
})

test('thousands go back in the order in which they lay there; what is gone by then stays and is named', async () => {
  const count = 2_500
  const hostile = [
    { key: null, value: null },
    { key: 'k', value: Buffer.from('v'), headers: { 'tidemark-topic': '__consumer_offsets' } },
  ]
  // Written the wrong way round: a normalizer that was killed writes some letters again, behind others.
  const letters = Array.from({ length: count }, (_, index) =>
    deadLetter(
      {
        ...{ topic: 'jao.raw', partition: index % 2, offset: `${50_000 - index}`, key: null, headers: {} },
        value: Buffer.from(`letter ${50_000 - index}`),
      },
      { reason: 'bug', message: 'm' },
      { name: 'normalizer', version: '1' },
      hourMs,
    ),
  )
  const end = (await offsetRange(chain.kafka, 'jao.raw')).get(1)?.to ?? 0
  await chain.producer.send('jao.dlq', [...hostile, ...letters])
  const open = await openLetters()
  expect(open).toHaveLength(count + 2)
  const { done, skipped } = await requeue(open)
  expect(done).toHaveLength(count)
  expect(skipped.map(({ why }) => stayText(why))).toEqual(
    new Array(2).fill('its headers do not say where it came from'),
  )
  const returned = (await recordsOf('jao.raw')).filter(({ partition, offset }) => partition === 1 && offset >= end)
  const texts = returned.map(({ value }) => `${value}`)
  expect(texts).toHaveLength(count / 2)
  expect(texts).toEqual(texts.toSorted())
  await chain.settled(60_000)

  const back = (await openLetters()).filter(({ reason }) => reason === 'not-avro')
  expect(back).toHaveLength(count)
  const admin = chain.kafka.admin()
  await admin.connect()
  await admin.fetchTopicMetadata({ topics: ['jao.dlq'] })
  await admin.deleteTopicRecords({ topic: 'jao.dlq', partitions: [{ partition: 0, offset: `${back[10]!.offset}` }] })
  await admin.disconnect()
  const gone = await requeue(back.slice(0, 20), true)
  expect(gone.done.map(({ id }) => id).sort()).toEqual(
    back
      .slice(10, 20)
      .map(({ id }) => id)
      .sort(),
  )
  expect(new Set(gone.skipped.map(({ why }) => stayText(why)))).toEqual(new Set(['retention has deleted it']))
})
