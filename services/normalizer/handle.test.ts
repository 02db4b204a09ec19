import { describe, expect, it, vi } from 'vitest'
import { answerEncoder, type BatchEncoder, type SourceOutputs } from '#core/encode-answer.ts'
import type { Verdict } from '#platform/kafka/verdict.ts'
import { startTracing } from '#platform/tracing/trace.ts'
import type { AcceptedAnswer, RawResponse, Series, TimeseriesSlice } from '#schemas/generated/records.ts'
import type { Coverage, Dataset, ExplodeResult, RequestSpec } from '#sources/source.ts'
import { startTraceReceiver } from '../../test/support/trace-receiver.ts'
import { verdictOn } from './handle.ts'

const record: RawResponse = {
  dataset: 'made.up.data',
  requestIdentity: 'made.up.data/x',
  windowStart: 1_000_000,
  windowEnd: 9_000_000,
  url: 'http://127.0.0.1/',
  status: 200,
  headers: {},
  body: Buffer.from('x'),
  contentHash: '',
  sentAt: 1,
  fetchedAt: 42,
  origin: 'file',
  confirms: false,
}

/** The first 53 bits of `printf made.up.data/x | sha256sum`. */
const identity = 1330471135569409

const dataset = (explode: () => ExplodeResult, over: Partial<Dataset> = {}): Dataset => ({
  name: 'made.up.data',
  title: 'Made up',
  schedule: 'auto',
  description: '',
  page: '',
  shape: 'documented',
  steps: [],
  keys: { pattern: '', example: '', labels: {} },
  expectations: [],
  unit: 'EUR',
  transformVersion: 7,
  calendar: { kind: 'files', zone: 'UTC' },
  explode,
  labels: (key) => ({ name: key }),
  view: { name: 'made_up', select: '' },
  ...over,
})

const slice = (key: string, stepS = 60) => ({ key, startMs: 1_000_000, stepS, values: [1, null], flags: ['f'] })
const json = (value: TimeseriesSlice | Series | AcceptedAnswer) => Buffer.from(JSON.stringify(value))
const encodeRaw = (part: RawResponse) => Buffer.from(JSON.stringify({ ...part, body: part.body.toString() }))
const outputs: SourceOutputs = {
  raw: { encode: encodeRaw },
  timeseries: { topic: 'ts', encode: json },
  series: { topic: 'se', encode: json },
  answers: { topic: 'an', encode: json },
  own: new Map(),
}

function verdictOf(
  explode: () => ExplodeResult,
  encoder: BatchEncoder = answerEncoder(outputs).batch(),
  over: Partial<Dataset> = {},
  change: Partial<RawResponse> = {},
) {
  const raw = { record: { ...record, ...change }, partition: 3, offset: '77' }
  return verdictOn(raw, encoder, rulesOf(dataset(explode, over)))
}

const rulesOf = (...datasets: Dataset[]) => ({
  datasets: new Map(datasets.map((each) => [each.name, each])),
  off: new Set<string>(),
  countIgnored: () => {},
  countFlagged: () => {},
})

const topicsAndKeys = (verdict: ReturnType<typeof verdictOf>) =>
  verdict.kind === 'ok' ? verdict.outputs.map(({ topic, key }) => `${topic} ${key}`) : verdict

describe('the verdict on an answer', () => {
  it('writes a slice with all that the raw record and the dataset know', () => {
    const verdict = verdictOf(() => ({ slices: [slice('a')], ignored: {} }))
    if (verdict.kind !== 'ok') throw new Error(verdict.kind)
    expect(JSON.parse(`${verdict.outputs[1]?.value}`)).toEqual({
      dataset: 'made.up.data',
      key: 'a',
      windowStart: 1_000_000,
      windowEnd: 9_000_000,
      start: 1_000_000,
      step: 60,
      values: [1, null],
      knownAt: 42,
      upstreamModifiedAt: null,
      transformVersion: 7,
      unit: 'EUR',
      flags: ['f'],
      origin: 'file',
      raw: { partition: 3, offset: 77 },
      identity,
    })
  })

  it('counts what has the flag of a check or a common flag, points and rows of own records, and no other words', () => {
    const flags = (...words: string[]) => ({ ...slice('a'), flags: words })
    const slices = [flags('odd', 'x'), flags('odd', 'implausible'), flags()]
    const made = dataset(() => ({ slices, ignored: {}, flaggedRows: { odd: 3, other: 1 } }), {
      checks: [{ flag: 'odd', text: 'It is odd.', find: () => {} }],
    })
    const counted: unknown[] = []
    const rules = { ...rulesOf(made), countFlagged: (...told: unknown[]) => counted.push(told) }
    verdictOn({ record, partition: 3, offset: '77' }, answerEncoder(outputs).batch(), rules)
    expect(counted).toEqual([[{ odd: 7, implausible: 2 }, 'made.up.data']])
  })

  it('sends the accepted answer last, with its numbers of points and keys', () => {
    const records = [{ topic: 'own', key: 'a', fields: {} }]
    const own: SourceOutputs = { ...outputs, own: new Map([['own', { topic: 'made.own', encode: json as never }]]) }
    const accepted = (of: ExplodeResult, over: Partial<Dataset> = {}, raw: Partial<RawResponse> = {}) => {
      const verdict = verdictOf(() => of, answerEncoder(own).batch(), over, raw)
      if (verdict.kind !== 'ok') throw new Error(verdict.kind)
      const last = verdict.outputs.at(-1)
      if (last?.topic !== 'an') return
      expect(last).toMatchObject({ key: 'made.up.data/x', isLast: true })
      return JSON.parse(`${last.value}`)
    }
    const days = { calendar: { kind: 'days', zone: 'UTC' } } as Partial<Dataset>
    const three = { slices: [slice('a'), slice('b'), slice('a')], records, ignored: {} }
    expect(accepted(three, days, { contentHash: 'abc' })).toEqual({
      dataset: 'made.up.data',
      requestIdentity: 'made.up.data/x',
      identity,
      selector: 'x',
      windowStart: 1_000_000,
      windowEnd: 9_000_000,
      knownAt: 42,
      transformVersion: 7,
      // Two points of each key, because the third slice names the points of the first again; and a record.
      points: 5,
      keys: 2,
      contentHash: 'abc',
      replaces: true,
      raw: { partition: 3, offset: 77 },
    })
    // The third slice shares one point with the first, at another step.
    const overlapping = { ...slice('a', 30), startMs: 1_060_000 }
    expect(accepted({ ...three, slices: [slice('a'), slice('b'), overlapping] })).toMatchObject({ points: 6 })
    // Files, ticks and requeued parts replace no earlier answer.
    expect(accepted(three)).toMatchObject({ replaces: false })
    expect(accepted(three, days, { headers: { 'tidemark-part': 'true' } })).toMatchObject({ replaces: false })
    const empty = { ...days, asking: { assess: () => 'empty' } as unknown as RequestSpec }
    const nothing = { slices: [], ignored: {} }
    expect(accepted(nothing, empty)).toBeUndefined()
    expect(accepted(nothing, empty, { confirms: true })).toMatchObject({ points: 0, keys: 0, replaces: true })
    // An answer that counts rows is accepted whatever assess() returns: assess() judges pages.
    const pages = { ...days, asking: { assess: () => 'partial' } as unknown as RequestSpec }
    const counted = (rows: number) => ({ slices: [], ignored: {}, counted: rows })
    expect(accepted(counted(25), pages)).toMatchObject({ points: 25, keys: 0 })
    expect(accepted(counted(0), pages)).toBeUndefined()
    expect(accepted(counted(0), pages, { confirms: true })).toMatchObject({ points: 0, keys: 0 })
  })

  it('publishes the metadata of a key before its first slice, once, and again when it changes', () => {
    const an = 'an made.up.data/x'
    const encode = answerEncoder(outputs).batch()
    const explode = () => ({ slices: [slice('a')], ignored: {} })
    expect(topicsAndKeys(verdictOf(explode, encode))).toEqual(['se made.up.data/a', 'ts made.up.data/a', an])
    expect(topicsAndKeys(verdictOf(explode, encode))).toEqual(['ts made.up.data/a', an])
    const finer = () => ({ slices: [slice('a', 15)], ignored: {} })
    expect(topicsAndKeys(verdictOf(finer, encode))).toEqual(['se made.up.data/a', 'ts made.up.data/a', an])
    expect(topicsAndKeys(verdictOf(finer, encode, { transformVersion: 8 }))).toHaveLength(3)
  })

  it('passes on a refusal as a dead letter with its reason', () => {
    const refusal = { reason: 'step' as const, message: 'two steps' }
    expect(verdictOf(() => ({ slices: [], refusal, ignored: {} }))).toEqual({
      kind: 'dead',
      ...refusal,
      dataset: 'made.up.data',
    })
  })

  it('refuses an answer that yields no record, unless assess() returns empty', () => {
    const nothing = () => ({ slices: [], ignored: { 'unknown-column': 3 } })
    const withAssess = (assess: () => Coverage) =>
      verdictOf(nothing, undefined, { asking: { assess } as unknown as RequestSpec })
    const refused = (reason: string, message: string) => ({ kind: 'dead', reason, message, dataset: 'made.up.data' })
    const words = 'the answer is not empty, and nothing of it can be stored; it starts "x"'
    expect(verdictOf(nothing)).toEqual(refused('schema', words))
    expect(withAssess(() => 'complete')).toEqual(refused('schema', words))
    expect(withAssess(() => 'partial')).toEqual(refused('schema', words))
    expect(withAssess(() => 'refused')).toEqual(refused('upstream-rejected', 'upstream refused the request'))
    const unreadable = withAssess(() => {
      throw new Error('type: no number')
    })
    expect(unreadable).toEqual(refused('schema', 'nothing of the answer can be stored: type: no number'))
    expect(withAssess(() => 'empty')).toMatchObject({ kind: 'ok', outputs: [] })
    expect(verdictOf(() => ({ slices: [{ ...slice('a'), values: [] }], ignored: {} }))).toMatchObject({
      reason: 'schema',
    })
  })

  it('takes an exception of explode for a bug that concerns this message alone', () => {
    const verdict = verdictOf(() => {
      throw new RangeError('oops')
    })
    expect(verdict).toMatchObject({ kind: 'dead', reason: 'bug', message: expect.stringContaining('oops') })
  })

  it('refuses a dataset that no source declares', () => {
    const raw = { record: { ...record, dataset: 'nobody.knows' }, partition: 0, offset: '0' }
    expect(verdictOn(raw, answerEncoder(outputs).batch(), rulesOf())).toMatchObject({
      reason: 'unknown-dataset',
    })
  })

  it('fills in where a record of an own topic comes from, and the unit of each key', () => {
    const own: SourceOutputs = { ...outputs, own: new Map([['own', { topic: 'made.own', encode: json as never }]]) }
    const records = [{ topic: 'own', key: 'k', fields: { ram: 7 } }]
    const explode = () => ({ slices: [slice('a')], records, ignored: {} })
    const unitOf = (key: string) => `unit of ${key}`
    const verdict = verdictOf(explode, answerEncoder(own).batch(), { unitOf })
    const sent = verdict.kind === 'ok' ? verdict.outputs.map(({ topic, value }) => [topic, JSON.parse(`${value}`)]) : []
    expect(sent.map(([topic]) => topic)).toEqual(['se', 'ts', 'made.own', 'an'])
    expect(sent[1]?.[1].unit).toBe('unit of a')
    expect(sent[2]?.[1]).toEqual({
      ram: 7,
      dataset: 'made.up.data',
      windowStart: 1_000_000,
      windowEnd: 9_000_000,
      knownAt: 42,
      transformVersion: 7,
      origin: 'file',
      raw: { partition: 3, offset: 77 },
    })
  })

  it('lets the good parts through, and makes of each refused part an answer that holds nothing else', () => {
    const refusal = { reason: 'line' as const, message: 'line 3: no Id' }
    const part = { refusal, body: Buffer.from('{"a'), headers: { 'first-line': '3' } }
    const verdict = verdictOf(() => ({ slices: [slice('a')], refusedParts: [part], ignored: {} }))
    if (verdict.kind !== 'ok') throw new Error('refused as a whole')
    expect(verdict.outputs.map(({ topic }) => topic)).toEqual(['se', 'ts', 'an'])
    const [{ value, ...why } = { value: '' }, ...more] = verdict.deadParts ?? []
    expect([why, more]).toEqual([{ ...refusal, dataset: 'made.up.data' }, []])
    // sha256sum of the three bytes
    const contentHash = '55505b6f8c3dc34a3b804086a88d4beae35b69af0dbc471d8cd780d37569a50b'
    expect(JSON.parse(`${value}`)).toEqual({
      ...{ ...record, body: '{"a', contentHash },
      headers: { 'first-line': '3', 'tidemark-part': 'true' },
    })
  })

  it('treats a value that no record can hold as a bug of this answer alone', () => {
    const encode = () => {
      throw new Error('invalid "long"')
    }
    const unencodable = { ...outputs, timeseries: { topic: 'ts', encode } }
    const encoder = answerEncoder(unencodable).batch()
    expect(verdictOf(() => ({ slices: [slice('a')], ignored: {} }), encoder)).toMatchObject({
      kind: 'dead',
      reason: 'bug',
      message: expect.stringContaining('made.up.data version 7 yields makes no record: Error: invalid "long"'),
    })
  })

  it('makes a dead letter of each of 100 refused parts, and one of the whole answer for all further parts', () => {
    const refusedParts = Array.from({ length: 250 }, (_, index) => ({
      refusal: { reason: 'line' as const, message: `line ${index + 1}` },
      body: Buffer.from(`${index + 1}`),
    }))
    const verdict = verdictOf(() => ({ slices: [], refusedParts, ignored: {} }))
    if (verdict.kind !== 'ok') throw new Error('refused as a whole')
    const letters = verdict.deadParts ?? []
    expect(letters.length).toBe(101)
    expect(JSON.parse(`${letters[99]?.value}`).body).toBe('100')
    expect(letters[100]?.message).toBe('150 parts more were refused, this is the whole answer; the next: line 101')
    expect(JSON.parse(`${letters[100]?.value}`).body).toBe(record.body.toString())
  })
})

describe('a trace', () => {
  const raw = (flags: string) => ({
    ...{ record, partition: 3, offset: '77' },
    headers: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-${flags}` },
  })
  const taken = () => ({ slices: [slice('a')], ignored: {} })
  const refused = (): ExplodeResult => ({ ...taken(), refusal: { reason: 'type', message: 'not a number' } })
  const verdictIn = (flags: string, explode: () => ExplodeResult) =>
    verdictOn(raw(flags), answerEncoder(outputs).batch(), rulesOf(dataset(explode)))
  const headersOf = (verdict: Verdict) => (verdict.kind === 'ok' ? verdict.outputs.map(({ headers }) => headers) : [])

  it('is on all records of a sampled answer, and on no other; a refusal and a failed send are sent in any case', async () => {
    expect(headersOf(verdictIn('01', taken))).toEqual([undefined, undefined, undefined])
    const receiver = await startTraceReceiver()
    const setting = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_TRACES_SAMPLER_ARG: 0 }
    const stop = await startTracing('normalizer', setting, { warn: () => {}, info: () => {} })
    const [sampled, plain, dead] = [verdictIn('01', taken), verdictIn('00', taken), verdictIn('00', refused)]
    for (const verdict of [sampled, plain]) if (verdict.kind === 'ok') verdict.sending?.end('no broker')
    await stop()
    await vi.waitUntil(() => receiver.spans().length >= 4, { timeout: 60_000 })
    await receiver.stop()
    expect(dead.kind).toBe('dead')
    expect(headersOf(plain)).toEqual([undefined, undefined, undefined])
    expect(receiver.spans().map(({ name, failure }) => [name, failure])).toEqual([
      ['explode', undefined],
      ['explode', 'type: not a number'],
      ['slices', 'no broker'],
      ['slices', 'no broker'],
    ])
    const [explode, , slices] = receiver.spans()
    for (const span of receiver.spans()) expect(span.traceId).toBe('a'.repeat(32))
    expect([explode?.parentId, slices?.parentId]).toEqual(['b'.repeat(16), explode?.spanId])
    const header = { traceparent: `00-${'a'.repeat(32)}-${slices?.spanId}-01` }
    expect(headersOf(sampled)).toEqual([header, header, header])
  })
})
