import { expect, test } from 'vitest'
import { type DeadLetterResolution, resolutionOf, resolutionRecord } from './dead-letter-resolution.ts'

const decision: DeadLetterResolution = { decision: 'dropped', offset: 17, by: 'somebody', why: 'no use', atMs: 1_000 }
const { headers = {}, ...record } = resolutionRecord({ key: Buffer.from('k'), partition: 2 }, decision)
const stored = Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text as string)]))

test('a decision is read as it was written: no value, all in the headers', () => {
  expect(record).toEqual({ key: Buffer.from('k'), value: null, partition: 2 })
  expect(resolutionOf({ partition: 2, value: null, headers: stored })).toEqual(decision)
})

test.each([
  ['a value', { value: Buffer.from('v') }],
  [
    'a reason: a refused message may have any header',
    { headers: { ...stored, 'tidemark-reason': Buffer.from('bug') } },
  ],
  ['no headers', { headers: {} }],
  ['another decision', { headers: { ...stored, 'tidemark-decision': Buffer.from('burnt') } }],
  ['a letter of another partition', { partition: 0 }],
  ['no offset', { headers: { ...stored, 'tidemark-letter': Buffer.from('2/x') } }],
])('a record with %s is no decision', (_what, over) => {
  expect(resolutionOf({ partition: 2, value: null, headers: stored, ...over })).toBeUndefined()
})
