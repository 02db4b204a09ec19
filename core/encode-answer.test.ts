import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, expect, test, vi } from 'vitest'
import type { AcceptedAnswer } from '#schemas/generated/records.ts'
import type { Dataset } from '#sources/source.ts'
import { slice } from '../test/store/slices.ts'
import { answerEncoder, type EncodedAnswer } from './encode-answer.ts'
import { explodeRaw } from './explode-raw.ts'

afterEach(() => void vi.useRealTimers())

const dataset = { name: 'test.hourly', labels: () => ({}) } as unknown as Dataset
const outputs = {
  raw: { encode: () => Buffer.from('') },
  timeseries: { topic: 'slices', encode: () => Buffer.from('') },
  series: { topic: 'meanings', encode: () => Buffer.from('') },
  answers: { topic: 'answers', encode: () => Buffer.from('') },
  own: new Map([['own', { topic: 'test.own', encode: (record: object) => Buffer.from(JSON.stringify(record)) }]]),
}
const told = slice({ start: '2026-01-01T00:00:00Z', values: [1], knownAt: '2026-01-01T00:00:00Z' })
const answer = { slices: [told], records: [], refusedParts: [], accepted: null, ignored: {}, flagged: {}, dataset }

/** Returns the outputs. @throws the reason of a refusal */
function encoded(answer: EncodedAnswer) {
  if ('refusal' in answer) throw new Error(answer.refusal.message)
  return answer
}

test('series metadata is published until Kafka has it, and again after an hour, because a deletion may have removed it', () => {
  vi.useFakeTimers({ now: 0 })
  const encoder = answerEncoder(outputs)
  const encode = () => encoded(encoder.batch().encode(answer))
  const topics = () => encode().outputs.map(({ topic }) => topic)
  const taken = () => {
    const { outputs, onAcknowledged } = encode()
    onAcknowledged()
    return outputs.map(({ topic }) => topic)
  }
  // The first two encodings are never acknowledged, as after a failed send.
  expect([topics(), topics()]).toEqual([
    ['meanings', 'slices'],
    ['meanings', 'slices'],
  ])
  expect(taken()).toEqual(['meanings', 'slices'])
  vi.setSystemTime(59 * 60_000)
  expect(taken()).toEqual(['slices'])
  vi.setSystemTime(60 * 60_000)
  expect(taken()).toEqual(['meanings', 'slices'])
  vi.setSystemTime(61 * 60_000)
  expect(taken()).toEqual(['slices'])
})

test('a batch publishes series metadata once, also after a refused answer', () => {
  const batch = answerEncoder(outputs).batch((topic, { value }) => {
    return topic === 'test.own' && `${value}` === '{"a":1}' ? 'too large' : undefined
  })
  const refused = { ...answer, records: [{ topic: 'own', key: 'k', record: { a: 1 } }] }
  expect(() => encoded(batch.encode(refused))).toThrow('too large')
  expect(encoded(batch.encode(answer)).outputs).toHaveLength(2)
  expect(encoded(batch.encode(answer)).outputs).toHaveLength(1)
})

test('what is kept of an answer until it is acknowledged does not hold its slices', async () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const encoder = answerEncoder(outputs)
  const keep = () => {
    const slices = [{ ...told }]
    const { outputs: sent, onAcknowledged } = encoded(encoder.batch().encode({ ...answer, slices }))
    return { kept: { sent, onAcknowledged }, slice: new WeakRef(slices[0] as object) }
  }
  const { kept, slice } = keep()
  // A weak reference holds its object until the current job ends.
  await new Promise(setImmediate)
  collectGarbage()
  expect(slice.deref()).toBeUndefined()
  expect(kept.sent).toHaveLength(2)
  kept.onAcknowledged()
})

test('a record of an own topic goes there under its own key', () => {
  const records = [{ topic: 'own', key: 'k', record: { a: 1 } }]
  const encoder = answerEncoder(outputs).batch()
  expect(encoded(encoder.encode({ ...answer, slices: [], records }, { replay: 'r' })).outputs).toEqual([
    { topic: 'test.own', key: 'k', value: Buffer.from('{"a":1}'), headers: { replay: 'r' } },
  ])
})

test('a record of a topic that the source does not declare is a bug, said with the names', () => {
  const records = [{ topic: 'other', key: 'k', record: {} }]
  const batch = answerEncoder(outputs).batch()
  expect(() => encoded(batch.encode({ ...answer, records }))).toThrow(/test\.hourly .* other/)
})

test('an answer is refused if one of its records is too large for its topic', () => {
  const exploding = {
    ...dataset,
    calendar: { kind: 'days' },
    explode: () => ({ slices: [{ key: 'k', startMs: 0, stepS: 60, values: [1], flags: [] }], ignored: { x: 2 } }),
  }
  const record = { dataset: dataset.name, requestIdentity: 'test.hourly/x', headers: {} }
  const raw = { record, partition: 0, offset: '0' } as unknown as Parameters<typeof explodeRaw>[0]
  const batch = answerEncoder(outputs).batch((topic) => (topic === 'slices' ? 'slices takes less' : undefined))
  const datasets = new Map([[dataset.name, exploding as unknown as Dataset]])
  const refusal = { reason: 'too-large', message: 'slices takes less' }
  expect(batch.encode(explodeRaw(raw, datasets))).toEqual({ refusal, ignored: { x: 2 } })
})

test('the headers of an answer are on all its records, and change neither keys nor values', () => {
  const accepted = { requestIdentity: 'i' } as AcceptedAnswer
  const whole = { ...answer, accepted, records: [{ topic: 'own', key: 'k', record: { a: 1 } }] }
  const plain = encoded(answerEncoder(outputs).batch().encode(whole)).outputs
  const marked = encoded(answerEncoder(outputs).batch().encode(whole, { traceparent: 't' })).outputs
  expect(plain.map(({ topic }) => topic)).toEqual(['meanings', 'slices', 'test.own', 'answers'])
  expect(marked).toEqual(plain.map((output) => ({ ...output, headers: { traceparent: 't' } })))
})
