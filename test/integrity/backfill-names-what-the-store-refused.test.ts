import { afterAll, beforeAll, expect, test } from 'vitest'
import { noMemory } from '#core/poll-memory.ts'
import { refusals, reportOf } from '#operations/backfill/report.ts'
import { deadLetter } from '#platform/kafka/dead-letter.ts'
import { resolutionRecord } from '#platform/kafka/dead-letter-resolution.ts'
import { type Poll, timeseriesSliceSchema } from '#schemas/generated/records.ts'
import { reportText } from '../../cli/backfill/backfill.ts'
import { slice } from '../store/slices.ts'
import { type PollerParts, startPollerParts } from './poller-parts.ts'
import { readRecords } from './read-records.ts'

let parts: PollerParts
beforeAll(async () => {
  parts = await startPollerParts()
})
afterAll(() => parts?.stop())

test('dead letters of the normalizer and of the sink both name the answer that they come from', async () => {
  const told = { key: 'border_AT_BE', start: '2026-04-20T22:00:00Z', values: [1], knownAt: '2026-04-20T09:00:00Z' }
  const encode = await parts.registry.encoder('jao.timeseries', timeseriesSliceSchema)
  const sliceOf = (offset: number) => encode({ ...slice(told), raw: { partition: 1, offset } })
  const letter = (service: string, topic: string, offset: string, value: Buffer, reason: string) =>
    deadLetter(
      { topic, partition: 0, offset, key: null, value, headers: {} },
      { reason, message: 'it says why' },
      { name: service, version: '1' },
      0,
    )
  const send = (letters: ReturnType<typeof letter>[]) => parts.producer.send('jao.dlq', letters)
  await send([letter('sink', 'jao.timeseries', '1', sliceOf(3), 'store-refused')])
  await send([
    letter('normalizer', 'jao.raw', '7', Buffer.from('<html>'), 'not-json'),
    letter('sink', 'jao.timeseries', '50', sliceOf(12), 'store-refused'),
    letter('sink', 'jao.timeseries', '51', sliceOf(12), 'store-refused'),
    letter('sink', 'jao.timeseries', '52', Buffer.from('nobody knows'), 'not-avro'),
    letter('sink', 'jao.series', '12', Buffer.from('a meaning'), 'not-avro'),
  ])
  // What somebody decided on a letter is not a letter.
  const decision = { decision: 'dropped' as const, offset: 1, by: 'test', why: 'no use', atMs: 0 }
  await parts.producer.send('jao.dlq', [resolutionRecord({ key: null, partition: 0 }, decision)])
  // A broker's first consumer group of all is refused for a moment: not by this test.
  expect((await readRecords(parts.kafka, 'jao.dlq')).length).toBe(7)
  const slices = { topic: 'jao.timeseries', registry: parts.registry }
  const found = await refusals(parts.kafka, { dlq: 'jao.dlq', raw: 'jao.raw' }, 1, slices)
  expect(Object.fromEntries(found)).toEqual({
    '0/7': 'not-json: it says why',
    '1/12': 'border_AT_BE: store-refused: it says why',
  })
})

test('what it names steers no terminal', () => {
  const poll = { outcome: 'failed', error: 'HTTP 500 \u001b[2J\u009b1m', memory: noMemory } as Poll
  const changed = { outcome: 'changed', error: null, memory: noMemory } as Poll
  const text = reportText(
    reportOf('a.b.c', { from: '2026-04-01', to: '2026-04-02' }, [
      { day: '2026-04-01', poll },
      { day: '2026-04-02', poll: changed, refusal: 'type: \u0007' },
    ]),
  )
  expect(text.split('\n').slice(1)).toEqual([
    'could not be fetched: 2026-04-01 (HTTP 500 \ufffd[2J\ufffd1m)',
    'could not be fetched: 2026-04-02 (went to the dead letters: type: \ufffd)',
    '',
  ])
})
