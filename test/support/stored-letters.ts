import { type DeadLetter, openDeadLetterCollector } from '#core/dead-letter.ts'
import type { PlanOptions } from '#operations/dead-letters/plan.ts'
import { type DeadLetterResolution, resolutionRecord } from '#platform/kafka/dead-letter-resolution.ts'
import type { StoredRecord } from '#platform/kafka/read-range.ts'
import { pollSchema, rawResponseSchema } from '#schemas/generated/records.ts'

export function stored(
  offset: number,
  headers: Record<string, string>,
  over: Partial<StoredRecord> = {},
): StoredRecord {
  const buffers = Object.entries(headers).map(([name, text]) => [`tidemark-${name}`, Buffer.from(text)])
  return {
    ...{ topic: 'jao.dlq', partition: 0, offset, key: Buffer.from(`jao.core.maxExchanges/${offset}`) },
    ...{ value: Buffer.from('bytes'), headers: Object.fromEntries(buffers), writtenAtMs: 5 },
    ...over,
  }
}

/** Returns a dead letter of the normalizer. One with a greater offset refers to an earlier record of jao.raw. */
export const refused = (offset: number, more: Record<string, string> = {}): StoredRecord =>
  stored(offset, {
    topic: 'jao.raw',
    partition: '1',
    offset: `${100 - offset}`,
    reason: 'bug',
    message: 'it threw',
    dataset: 'jao.core.maxExchanges',
    service: 'normalizer',
    time: '2026-11-24T12:00:00.000Z',
    attempts: '1',
    ...more,
  })

export function decided(offset: number, over: Partial<DeadLetterResolution> & { offset: number }): StoredRecord {
  const decision = { decision: 'dropped' as const, by: 'me', why: 'no use', atMs: 1_000, ...over }
  const { headers = {} } = resolutionRecord({ key: null, partition: 0 }, decision)
  const buffers = Object.entries(headers).map(([name, text]) => [name, Buffer.from(text as string)])
  return stored(offset, {}, { key: null, value: null, headers: Object.fromEntries(buffers) })
}

export function lettersOf(...records: StoredRecord[]): DeadLetter[] {
  const box = openDeadLetterCollector()
  for (const record of records) box.add(record)
  return box.letters()
}

export const targets: PlanOptions['targets'] = new Map([
  ['jao.raw', { deadLetters: 'jao.dlq', record: rawResponseSchema, partitions: 2 }],
  ['polls', { deadLetters: 'tidemark.dlq', record: pollSchema, partitions: 4 }],
])
