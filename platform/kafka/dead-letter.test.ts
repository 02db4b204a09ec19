import { describe, expect, test } from 'vitest'
import { attemptsOf, deadLetter, headersOfRefused } from './dead-letter.ts'

const service = { name: 'normalizer', version: '1.2.3' }
const bug = { reason: 'bug', message: 'it threw' }

/** Builds the dead letter of a message with these headers. */
const letter = (
  headers: Record<string, string | Buffer>,
  why: { reason: string; message: string; dataset?: string } = bug,
) =>
  deadLetter(
    { topic: 'jao.raw', partition: 1, offset: '17', key: Buffer.from('k'), value: Buffer.from('v'), headers },
    why,
    service,
    Date.parse('2026-11-24T12:00:00Z'),
  )

/** A letter's headers as they are read from Kafka. */
const stored = (headers: Record<string, string | Buffer> | undefined) =>
  Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, Buffer.from(value as string)]))

describe('a dead letter', () => {
  test('keeps key, value and headers, and says where it came from and why', () => {
    expect(letter({ trace: 't1' }, { ...bug, dataset: 'a.b' })).toEqual({
      key: Buffer.from('k'),
      value: Buffer.from('v'),
      headers: {
        trace: 't1',
        'tidemark-topic': 'jao.raw',
        'tidemark-partition': '1',
        'tidemark-offset': '17',
        'tidemark-reason': 'bug',
        'tidemark-message': 'it threw',
        'tidemark-dataset': 'a.b',
        'tidemark-service': 'normalizer',
        'tidemark-version': '1.2.3',
        'tidemark-time': '2026-11-24T12:00:00.000Z',
        'tidemark-attempts': '1',
      },
    })
  })
  test('of a message that came back counts the attempts and says why it was refused before', () => {
    const again = headersOfRefused(stored(letter({ trace: 't1' }).headers))
    expect(Object.fromEntries(Object.entries(again).map(([name, value]) => [name, `${value}`]))).toEqual({
      trace: 't1',
      'tidemark-reason': 'bug',
      'tidemark-attempts': '1',
    })
    expect(letter(again, { reason: 'type', message: 'm' }).headers).toMatchObject({
      trace: Buffer.from('t1'),
      'tidemark-attempts': '2',
      'tidemark-reason': 'type',
      'tidemark-previous-reason': 'bug',
    })
  })
  test('remembers across a parking why it was refused before', () => {
    const parked = letter(headersOfRefused(stored(letter({}).headers)), { reason: 'parked', message: 'm' })
    expect(parked.headers).toMatchObject({ 'tidemark-previous-reason': 'bug' })
    const back = letter(headersOfRefused(stored(parked.headers)))
    expect(back.headers).toMatchObject({ 'tidemark-reason': 'bug', 'tidemark-previous-reason': 'bug' })
    const never = letter(headersOfRefused(stored(letter({}, { reason: 'parked', message: 'm' }).headers)))
    expect(never.headers).not.toHaveProperty('tidemark-previous-reason')
  })
  test('does not take over the tidemark headers of the message', () => {
    const hostile = letter({ 'tidemark-dataset': 'x', 'tidemark-previous-reason': 'y', 'tidemark-topic': 'z' })
    expect(hostile.headers).not.toHaveProperty('tidemark-dataset')
    expect(hostile.headers).not.toHaveProperty('tidemark-previous-reason')
    expect(hostile.headers?.['tidemark-topic']).toBe('jao.raw')
  })
})

test.each([
  ['3', 3],
  ['0', 0],
  ['99999999999999999999', 0],
  ['9007199254740991', 0],
  ['-4', 0],
  ['1.5', 0],
  ['many', 0],
  ['', 0],
])('attempts of %j are %i', (text, attempts) => {
  expect(attemptsOf({ 'tidemark-attempts': text })).toBe(attempts)
})
