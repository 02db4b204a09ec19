import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { deadLetterHeaders } from '#platform/kafka/dead-letter.ts'
import { resolutionHeaders } from '#platform/kafka/dead-letter-resolution.ts'
import { deadLetterRecordsTable } from '#schemas/dead-letter-record.ts'
import { platformTopics, sourceTopics } from '#schemas/topics.ts'
import { decided, refused, stored } from '../../test/support/stored-letters.ts'
import { deadLetterRecord } from './dead-letter-record.ts'

const jao = sourceTopics('jao')
const noon = Date.parse('2026-11-24T12:00:00Z')
const later = { writtenAtMs: noon + 7 }
const read = (record: ReturnType<typeof refused>, origins = jao) => deadLetterRecord({ ...record, ...later }, origins)

describe('a dead letter', () => {
  it('says what its headers and its key say', () => {
    const headers = { version: '0.1.0', 'previous-reason': 'type', attempts: '2' }
    expect(read(refused(3, headers))).toEqual({
      ...{ topic: 'jao.dlq', partition: 0, offset: 3, decision: '', letterOffset: 3, at: noon },
      ...{ dataset: 'jao.core.maxExchanges', reason: 'bug', previousReason: 'type', message: 'it threw' },
      requestIdentity: 'jao.core.maxExchanges/3',
      raw: { topic: 'jao.raw', partition: 1, offset: 97 },
      original: { topic: 'jao.raw', partition: 1, offset: 97 },
      ...{ service: 'normalizer', version: '0.1.0', attempts: 2, by: '', why: '' },
    })
  })

  it('names a request identity where the refused record has it as its key, and a raw record where it is one', () => {
    const told = (topic: string, origins = jao) => {
      const { requestIdentity, raw, original } = read(refused(3, { topic }), origins)
      return [requestIdentity, raw?.offset, original?.topic]
    }
    const identity = 'jao.core.maxExchanges/3'
    expect(told('jao.answers')).toEqual([identity, undefined, 'jao.answers'])
    expect(told('polls', platformTopics)).toEqual([identity, undefined, 'polls'])
    for (const topic of ['jao.timeseries', 'jao.series', 'kraken.raw', 'polls', 'nobody.knows'])
      expect(told(topic), topic).toEqual([null, undefined, topic])
    const keyless = { ...refused(3), key: null }
    expect(read(keyless)).toMatchObject({ requestIdentity: null, raw: { offset: 97 } })
  })

  it('of hostile headers is a row with what can be believed', () => {
    const hostile = {
      ...{ partition: '-1', offset: '9'.repeat(400), attempts: '1e15', time: '+275760-09-13T00:00:00Z' },
      ...{ reason: 'a\u0000b\u202e', message: `${'x'.repeat(3_998)}\u{1f4a9}y`, service: 'z'.repeat(1_000_000) },
    }
    const row = read(refused(3, hostile))
    expect(row).toMatchObject({ raw: null, original: null, attempts: 4_294_967_295, at: noon + 7, reason: 'a�b�' })
    expect(row.message).toBe(`${'x'.repeat(3_998)}�…`)
    expect(row.service).toBe(`${'z'.repeat(249)}…`)
    expect(read(stored(3, {}, { key: null, value: null }))).toMatchObject({ reason: 'not told', dataset: null })
  })

  test.each([
    ['a time before the record was written is believed', '2026-11-24T11:00:00Z', noon, noon - 3_600_000],
    ['a time after it is not', '2026-11-24T12:00:00.001Z', noon, noon],
    ['no time', 'never', noon, noon],
    ['a time before 1970', '1969-12-31T00:00:00Z', noon, noon],
    ['a record without a time', '2026-11-24T11:00:00Z', -1, noon - 3_600_000],
    ['no time at all', '', -1, 0],
    ['times that the store cannot hold', '2400-01-01T00:00:00Z', Date.parse('2500-01-01'), Date.UTC(2299, 11, 31)],
  ])('%s', (_, time, writtenAtMs, at) => {
    expect(deadLetterRecord({ ...refused(3, { time }), writtenAtMs }, jao).at).toBe(at)
  })
})

describe('a decision', () => {
  it('names its letter, who decided, when and why, and nothing of the refused record', () => {
    expect(read(decided(9, { offset: 3, atMs: noon - 1, decision: 'requeued' }))).toEqual({
      ...{ topic: 'jao.dlq', partition: 0, offset: 9, decision: 'requeued', letterOffset: 3, at: noon - 1 },
      ...{ dataset: null, reason: '', previousReason: null, message: '', requestIdentity: null },
      ...{ raw: null, original: null, service: '', version: '', attempts: 0, by: 'me', why: 'no use' },
    })
  })

  it('on what does not lie before it decides nothing; without a time it was taken when it was written', () => {
    for (const offset of [9, 10, -1]) expect(read(decided(9, { offset }))).toMatchObject({ letterOffset: 9 })
    const { [resolutionHeaders.time]: _, ...headers } = decided(9, { offset: 3 }).headers
    expect(read({ ...decided(9, { offset: 3 }), headers })).toMatchObject({ letterOffset: 3, at: noon + 7 })
  })
})

const names = [...Object.values(deadLetterHeaders), ...Object.values(resolutionHeaders), 'trace', '']
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((some) => Buffer.from(some)),
  fc.string({ unit: 'binary', maxLength: 5_000 }).map((text) => Buffer.from(text)),
  fc.oneof(fc.maxSafeInteger(), fc.double()).map((number) => Buffer.from(`${number}`)),
  fc.date({ noInvalidDate: true }).map((date) => Buffer.from(date.toISOString())),
  fc.constantFrom('jao.raw', 'requeued', 'dropped', '0/3', '0/-3', '0/1e9').map((text) => Buffer.from(text)),
)
const records = fc.record({
  topic: fc.constant('jao.dlq'),
  partition: fc.constant(0),
  offset: fc.nat(),
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.dictionary(fc.constantFrom(...names), bytes),
  writtenAtMs: fc.oneof(fc.maxSafeInteger(), fc.constant(-1)),
})

test('any record makes a row that fits its columns, and holds nothing that a terminal obeys', () => {
  const isCount = (value: unknown, max: number) =>
    Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= max
  fc.assert(
    fc.property(records, (record) => {
      const row = deadLetterRecord(record, jao)
      for (const place of [row.raw, row.original]) {
        if (place) expect([isCount(place.partition, 2 ** 32 - 1), isCount(place.offset, 2 ** 53)]).toEqual([true, true])
      }
      expect([isCount(row.attempts, 2 ** 32 - 1), isCount(row.letterOffset, row.offset)]).toEqual([true, true])
      expect(row.at).toBeGreaterThanOrEqual(0)
      expect(row.at).toBeLessThan(Date.UTC(2300, 0, 1))
      const values = deadLetterRecordsTable.row(row)
      expect(values).toHaveLength(deadLetterRecordsTable.columns.length)
      for (const text of values) {
        if (typeof text !== 'string') continue
        expect(text.length).toBeLessThanOrEqual(4_000)
        expect(text).not.toMatch(/[\p{Cc}\p{Surrogate}\u202a-\u202e]/u)
      }
    }),
  )
})
