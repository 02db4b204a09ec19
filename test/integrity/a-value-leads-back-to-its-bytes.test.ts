// `tidemark explain` on the real chain: from a value in the store to the bytes on Kafka that it was read from.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { findDataset } from '#core/find-dataset.ts'
import type { StackFile } from '#local/stack-file.ts'
import { currentBody, explainValue } from '#operations/explain/explain.ts'
import type { ExplainedAnswer, ExplainedRaw, Explanation } from '#operations/explain/explanation.ts'
import { readRawRecord } from '#operations/explain/raw-records.ts'
import { readRanges } from '#platform/kafka/read-range.ts'
import { type RawResponse, rawResponseSchema, timeseriesSliceSchema } from '#schemas/generated/records.ts'
import { coreMaxExchanges } from '#sources/jao/core.ts'
import { rawResponse } from '../support/raw-responses.ts'
import { readRecording } from '../support/recorded-jao.ts'
import { stackOf } from '../support/stack-of.ts'
import { tidemark } from '../support/tidemark-command.ts'
import { type Chain, dataset, startChain } from './whole-chain.ts'

// Each command is a process of its own, which takes seconds on a machine that is busy.
vi.setConfig({ testTimeout: 120_000 })

const hourMs = 3_600_000
const key = 'border_AT_BE'

let chain: Chain
let stack: StackFile
beforeAll(async () => {
  chain = await startChain()
  stack = await stackOf(chain)
})
afterAll(() => chain?.stop())

const { transformVersion } = coreMaxExchanges

const command = (...args: string[]) =>
  tidemark(['explain', ...args, '--data', stack.dataDir], { ...process.env, NODE_ENV: '' })

async function explain(...args: string[]): Promise<Explanation> {
  const { code, stdout, stderr } = await command(...args, '--json')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}

async function tell(answers: RawResponse[]): Promise<{ partition: number; offset: number }[]> {
  const encode = await chain.registry.encoder('jao.raw', rawResponseSchema)
  const written = []
  for (const answer of answers) {
    const record = { key: answer.requestIdentity, value: encode(answer), headers: { from: 'a test' } }
    const [place] = await chain.producer.send('jao.raw', [record])
    written.push(place!)
  }
  await chain.settled()
  return written
}

/** As retention does it. */
async function deleteBelow(partition: number, offset: number): Promise<void> {
  const admin = chain.kafka.admin()
  await admin.connect()
  // kafkajs deletes only of topics whose metadata it has.
  await admin.fetchTopicOffsets('jao.raw')
  await admin.deleteTopicRecords({ topic: 'jao.raw', partitions: [{ partition, offset: String(offset) }] })
  await admin.disconnect()
}

const here = ({ raw }: ExplainedAnswer): Extract<ExplainedRaw, { state: 'here' }> => {
  if (raw.state !== 'here') throw new Error(`the raw record is ${raw.state}: ${raw.why}`)
  return raw
}

/** A day's answer in upstream's form, with one border. */
const dayBody = (startMs: number, value: (hour: number) => number | null) =>
  Buffer.from(
    JSON.stringify({
      data: Array.from({ length: 24 }, (_, hour) => ({
        dateTimeUtc: new Date(startMs + hour * hourMs).toISOString().replace('.000Z', 'Z'),
        [key]: value(hour),
      })),
    }),
  )

describe('a recorded answer, told three times', () => {
  test('gives value, revisions, raw record and place', async () => {
    const recording = readRecording()
    if (recording === undefined) return
    const { body, rows, fromMs, toMs } = recording
    const window = { startMs: fromMs, endMs: toMs }
    const row = rows[17]!
    const recorded = /"border_AT_BE":([-\d.]+)/.exec(row.text)![1]!
    const revised = Buffer.from(body.toString().replace(row.text, row.text.replace(recorded, '17.25')))
    const [first, second, third] = ['07', '08', '09'].map((hour) => Date.parse(`2026-04-22T${hour}:00:00Z`)) as [
      number,
      number,
      number,
    ]
    const answers = [
      rawResponse(window, body, first),
      rawResponse(window, body, second, { headers: { etag: '"two"' } }),
      rawResponse(window, revised, third, { url: 'http://127.0.0.1/third?a=b' }),
    ]
    const places = await tell(answers)
    const time = new Date(row.hourMs).toISOString()

    const now = await explain(dataset, key, time, '--body')
    expect(now).toMatchObject({ dataset, key, ts: time, asked: time, unit: 'MW', at: null, known: true, value: 17.25 })
    expect(now.answers.map(({ value, change, previousValue }) => [value, change, previousValue])).toEqual([
      [Number(recorded), 'published', null],
      [Number(recorded), 'repeated', Number(recorded)],
      [17.25, 'changed', Number(recorded)],
    ])
    for (const [index, told] of now.answers.entries()) {
      const answer = answers[index]!
      const raw = here(told)
      const text = index === 2 ? '17.25' : recorded
      expect(raw).toMatchObject({
        ...{ topic: 'jao.raw', ...places[index], key: answer.requestIdentity, recordHeaders: { from: 'a test' } },
        ...{ url: answer.url, status: 200, headers: answer.headers, contentHash: answer.contentHash, problems: [] },
        ...{ fetchedAt: new Date(answer.fetchedAt).toISOString(), sentAt: new Date(answer.sentAt).toISOString() },
        body: { place: { path: 'data[17].border_AT_BE', text } },
      })
      expect(told).toMatchObject({ transformVersion, stepS: 3600, origin: 'simulated', current: index === 2 })
      const bytes = Buffer.from(raw.body!.base64, 'base64')
      expect(bytes.equals(answer.body)).toBe(true)
      // The recorded text, found without any of our parsers: the row's text, and in it the cell.
      const rowText = index === 2 ? row.text.replace(recorded, '17.25') : row.text
      const expected = bytes.indexOf(rowText) + rowText.indexOf('"border_AT_BE":') + '"border_AT_BE":'.length
      expect(raw.body!.place).toMatchObject({ fromByte: expected, toByte: expected + text.length })
    }

    const then = await explain(dataset, key, time, '--at', '2026-04-22T08:59:59.999Z')
    expect(then).toMatchObject({ value: Number(recorded), knownAt: '2026-04-22T08:00:00.000Z', known: true })
    expect(then.answers.map(({ current, later }) => [current, later])).toEqual([
      [false, false],
      [true, false],
      [false, true],
    ])
    expect(here(then.answers[0]!).body).toBeUndefined()
    expect(await explain(dataset, key, time, '--at', '2026-04-22T06:00Z')).toMatchObject({ known: false, value: null })

    const file = join(stack.dataDir, 'body')
    await explain(dataset, key, time, '--body-to', file, '--at', '2026-04-22T08:59Z')
    expect(readFileSync(file).equals(body)).toBe(true)

    const changes = await chain.query<{ previous: number; value: number }>(
      `SELECT previous_value AS previous, value FROM tidemark.revisions WHERE key = '${key}'
       AND ts = fromUnixTimestamp(${row.hourMs / 1_000}) ORDER BY known_at`,
    )
    expect(changes).toEqual([{ previous: Number(recorded), value: 17.25 }])
  })
})

describe('a day that was told twice, its first raw record deleted', () => {
  const startMs = Date.parse('2026-02-09T23:00:00Z')
  const window = { startMs, endMs: startMs + 24 * hourMs }
  const knownAtMs = Date.parse('2026-02-09T10:00:00Z')

  test('is explained from the store, and says what is gone', async () => {
    const bodies = [dayBody(startMs, (hour) => hour), dayBody(startMs, (hour) => (hour === 3 ? null : hour))]
    const [first, second] = await tell([
      rawResponse(window, bodies[0]!, knownAtMs),
      rawResponse(window, bodies[1]!, knownAtMs + hourMs),
    ])
    expect(second!.partition).toBe(first!.partition)
    await deleteBelow(first!.partition, first!.offset + 1)

    // 03:10 of the local day lies in its fourth hour, which begins at 02:00 UTC.
    const { code, stdout } = await command(dataset, key, '2026-02-10T03:10+01:00', '--body')
    expect(code).toBe(0)
    expect(stdout).toContain('lies inside a step of 3600 s: its point, at 2026-02-10T02:00:00.000Z, is explained')
    expect(stdout).toContain('now: null, known at 2026-02-09T11:00:00.000Z')
    expect(stdout).toContain(
      `jao.raw partition ${first!.partition} offset ${first!.offset}: deleted: partition ${first!.partition} of jao.raw begins at offset ${first!.offset + 1} now`,
    )
    expect(stdout).toMatch(/"border_AT_BE":null\}.*\n *\^{4}\n/)

    const refused = await command(dataset, key, '2026-02-10T02:00Z', '--at', '2026-02-09T10:30Z', '--body-to', '-')
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toContain('There is no body to write: the raw record is deleted')
    const bytes = await command(dataset, key, '2026-02-10T02:00Z', '--body-to', '-')
    expect(bytes.stdout).toBe(bodies[1]!.toString())
    expect(bytes.stderr).toContain('now: null')

    // The record at the partition's end goes too: nothing is left to be read, and nothing is waited for.
    await deleteBelow(second!.partition, second!.offset + 1)
    const { answers } = await explain(dataset, key, '2026-02-10T02:00Z')
    expect(answers.map(({ raw }) => raw.state)).toEqual(['deleted', 'deleted'])
    const span = new Map([[first!.partition, { from: first!.offset, to: second!.offset + 1 }]])
    const read: number[] = []
    await readRanges(chain.kafka, 'jao.raw', span, (records) => {
      read.push(...records.map(({ offset }) => offset))
    })
    expect(read).toEqual([])
  })
})

test('a value that the next answer of the window no longer names says which answer withdrew it', async () => {
  const startMs = Date.parse('2026-02-14T23:00:00Z')
  const window = { startMs, endMs: startMs + 24 * hourMs }
  const other = Buffer.from(
    dayBody(startMs, () => 1)
      .toString()
      .replaceAll(key, 'border_BE_AT'),
  )
  const [, second] = await tell([
    rawResponse(
      window,
      dayBody(startMs, (hour) => hour + 1),
      startMs,
    ),
    rawResponse(window, other, startMs + 1),
  ])
  const by = { knownAt: '2026-02-14T23:00:00.001Z', raw: { topic: 'jao.raw', ...second } }
  expect(await explain(dataset, key, '2026-02-15T00:00Z')).toMatchObject({
    ...{ known: true, value: null, knownAt: by.knownAt, withdrawnBy: by },
    answers: [{ value: 2, current: true, withdrawnBy: by }],
  })
  const before = await explain(dataset, key, '2026-02-15T00:00Z', '--at', '2026-02-14T23:00Z')
  expect(before).toMatchObject({ value: 2, withdrawnBy: null })
})

test('a body that does not match its hash is said, and is no success', async () => {
  const startMs = Date.parse('2026-02-11T23:00:00Z')
  const window = { startMs, endMs: startMs + 24 * hourMs }
  const body = dayBody(startMs, (hour) => hour)
  await tell([rawResponse(window, body, startMs, { contentHash: '0'.repeat(64) })])
  const { code, stdout } = await command(dataset, key, '2026-02-12T00:00Z')
  expect(code).toBe(1)
  expect(stdout).toContain(rawResponse(window, body, startMs).contentHash)
  expect(stdout).toMatch(/WRONG {9}the body does not match its hash/)
})

test('a raw record that is another answer than the store names is said, and is no success', async () => {
  const startMs = Date.parse('2026-02-12T23:00:00Z')
  const window = { startMs, endMs: startMs + 24 * hourMs }
  const answers = [
    rawResponse(
      window,
      dayBody(startMs, () => 1),
      startMs,
    ),
  ]
  const [place] = await tell(answers)
  const encode = await chain.registry.encoder('jao.timeseries', timeseriesSliceSchema)
  const slice = (knownAt: number, offset: number) =>
    encode({
      ...{ dataset, key, windowStart: startMs, windowEnd: window.endMs, start: startMs, step: 3600, values: [1] },
      ...{ knownAt, upstreamModifiedAt: null, transformVersion, unit: 'MW', flags: [], origin: 'simulated' },
      raw: { partition: place!.partition, offset },
      identity: 0,
    })
  const values = [slice(startMs + 1, place!.offset), slice(startMs + 2, place!.offset + 1_000)]
  await chain.producer.send(
    'jao.timeseries',
    values.map((value) => ({ key: `${dataset}/${key}`, value })),
  )
  await chain.settled()
  const { code, stdout } = await command(dataset, key, '2026-02-12T23:00Z', '--json')
  expect(code).toBe(1)
  const whys = (JSON.parse(stdout) as Explanation).answers.map(({ raw }) => (raw.state === 'here' ? 'here' : raw.why))
  expect(whys[0]).toBe('here')
  expect(whys[1]).toContain('another answer lies there (jao.core.maxExchanges, fetched at 2026-02-12T23:00:00.000Z)')
  expect(whys[2]).toContain(`ends before it, at offset ${place!.offset + 1}`)
})

test('a caller is told by typed values where a value comes from, and reads the bytes of a raw record', async () => {
  const startMs = Date.parse('2026-02-15T23:00:00Z')
  const body = dayBody(startMs, (hour) => hour + 7)
  const [place] = await tell([rawResponse({ startMs, endMs: startMs + 24 * hourMs }, body, startMs)])
  const told: [number, number][] = []
  const request = { ...findDataset(dataset), key, atMs: startMs + hourMs, knownByMs: undefined, withBody: true }
  const explanation = await explainValue(chain, request, (done, total) => void told.push([done, total]))
  expect(explanation).toMatchObject({ value: 8, answers: [{ current: true, raw: { state: 'here', ...place } }] })
  expect(currentBody(explanation).equals(body)).toBe(true)
  expect(told).toEqual([[1, 1]])

  const raw = await readRawRecord(chain, 'jao.raw', place!)
  if (raw.state !== 'here') throw new Error(raw.why)
  expect(raw.problems).toEqual([])
  expect(Buffer.from(raw.record.body).equals(body)).toBe(true)
  const behind = await readRawRecord(chain, 'jao.raw', { ...place!, offset: place!.offset + 1_000 })
  expect(behind).toMatchObject({ state: 'broken', why: expect.stringContaining('ends before it') })
  expect(await readRawRecord(chain, 'jao.raw', { partition: 99, offset: 0 })).toMatchObject({ state: 'broken' })
})

test('what nobody told of is one sentence that helps, and exit code 1', async () => {
  const startMs = Date.parse('2026-02-13T23:00:00Z')
  await tell([
    rawResponse(
      { startMs, endMs: startMs + 24 * hourMs },
      dayBody(startMs, () => 1),
      startMs,
    ),
  ])
  const said = async (...args: string[]) => {
    const { code, stdout, stderr } = await command(...args)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^tidemark: [^\n]+\n$/)
    return stderr
  }
  expect(await said('jao.core.maxExchange', key, '2026-02-14T00:00Z')).toContain('there is: jao.core.maxExchanges')
  expect(await said(dataset, 'border_at_bee', '2026-02-14T00:00Z')).toContain('the most alike are border_AT_BE')
  expect(await said(dataset, key, '2026-02-14T00:00')).toContain('Write it with its offset: 2026-10-25T02:00+02:00')
  expect(await said(dataset, key, '2026-02-14T00:00Z', '--at', 'today')).toContain('--at today is not an instant')
  const span = await said(dataset, key, '2027-01-01T00:00Z')
  expect(span).toContain('has no value at 2027-01-01T00:00:00Z')
  expect(span).toMatch(/nearest (?:is|are) 2026-\d\d-\d\dT\d\d:00:00Z\.\n$/)
  const point = { ...findDataset(dataset), atMs: startMs, knownByMs: undefined, withBody: false }
  for (const hostile of ["' OR 1=1 --", "\\' OR 1=1 --", 'x\ny\t\\', 'k'.repeat(100_000)])
    await expect(explainValue(chain, { ...point, key: hostile })).rejects.toThrow('has no key ')
  expect(await said(dataset, `${key}\u001b[2J`, '2026-02-14T00:00Z')).toContain('has no key border_AT_BE\ufffd[2J;')
})
