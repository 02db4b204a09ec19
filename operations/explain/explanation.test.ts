import { describe, expect, test } from 'vitest'
import { allAnswers, answer, at, explain, gone, named } from '../../test/support/explanations.ts'
import { currentBody } from './explain.ts'
import type { ExplainedAnswer } from './explanation.ts'
import { locateValue } from './value-place.ts'

describe('the place of a value', () => {
  const json = `{"é€😀":1,\n "data":[{"a":-1.50e1},{"b":null,"long":"${'x'.repeat(300)}"}]}`
  const bytesAt = (body: Buffer, path: (string | number)[]) => {
    const place = locateValue(body, path)
    return place && body.subarray(place.fromByte, place.toByte).toString()
  }
  test('is counted in bytes, whatever letters come before', () => {
    const body = Buffer.from(json)
    expect(bytesAt(body, ['data', 0, 'a'])).toBe('-1.50e1')
    expect(bytesAt(body, ['data', 1, 'b'])).toBe('null')
    expect(locateValue(body, ['data', 0, 'a'])).toEqual({
      path: 'data[0].a',
      // {"é€😀":1,\n "data":[{"a": are 2 + 2 + 3 + 4 + 5 bytes with the line break, and 14 after it
      fromByte: 30,
      toByte: 37,
      text: '-1.50e1',
      before: '{"é€😀":1,\n "data":[{"a":',
      after: '},{"b":null,"long":"xxxxxxxxxxxxxxxxxxxx…',
    })
  })
  test('counts a byte order mark', () => {
    const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(json)])
    expect(bytesAt(marked, ['data', 0, 'a'])).toBe('-1.50e1')
  })
  test('is shown with no more than some letters', () => {
    const place = locateValue(Buffer.from(json), ['data', 1, 'long'])!
    expect(place.toByte - place.fromByte).toBe(302)
    expect(place.text.length).toBe(81)
  })
  test.each([
    ['nothing', Buffer.alloc(0)],
    ['HTML', Buffer.from('<html>')],
    ['no UTF-8', Buffer.from([0x7b, 0xff])],
    ['another shape', Buffer.from('{"data":{"0":1}}')],
    ['a tower', Buffer.from('['.repeat(200_000))],
  ])('is not in %s', (_name, body) => {
    expect(locateValue(body, ['data', 0, 'a'])).toBeUndefined()
  })
})

describe('what an answer changed', () => {
  const answers = [
    answer(null, '20T01:00'),
    answer(10, '20T02:00'),
    answer(10, '20T03:00'),
    answer(null, '20T04:00'),
    answer(null, '20T05:00'),
    answer(10, '20T06:00'),
  ]
  const shortly = ({ change, previousValue, value }: ExplainedAnswer) => `${previousValue} ${value} ${change}`
  test('is told of each, to and from null too', () => {
    expect(explain(answers).answers.map(shortly)).toEqual([
      'null null nothing-yet',
      'null 10 published',
      '10 10 repeated',
      '10 null changed',
      'null null repeated',
      'null 10 changed',
    ])
  })
  test('counts up to the time of knowledge, that instant included', () => {
    const then = (knownByMs: number | undefined) => {
      const { known, value, knownAt, answers: each } = explain(answers, undefined, { knownByMs })
      const marks = each.map(({ current, later }) => (current ? 'C' : later ? 'L' : '-')).join('')
      return [known, value, knownAt, marks]
    }
    expect(then(undefined)).toEqual([true, 10, '2026-11-20T06:00:00.000Z', '-----C'])
    expect(then(at('20T03:00'))).toEqual([true, 10, '2026-11-20T03:00:00.000Z', '--CLLL'])
    expect(then(at('20T02:59'))).toEqual([true, 10, '2026-11-20T02:00:00.000Z', '-CLLLL'])
    expect(then(at('20T00:59'))).toEqual([false, null, null, 'LLLLLL'])
  })
})

describe('an answer of the window that does not name the point withdraws it', () => {
  const then = (knownByMs: number | undefined) => explain(named, undefined, { knownByMs }, allAnswers)

  test('until it is named again; the first of them is told, and when the newest became known', () => {
    const by = { knownAt: '2026-11-20T02:00:00.000Z', raw: { topic: 'a.raw', partition: 1, offset: 4 } }
    const gone = { known: true, value: null, withdrawnBy: by }
    expect(then(at('20T01:59'))).toMatchObject({ value: 10, withdrawnBy: null })
    expect(then(at('20T02:59'))).toMatchObject({ ...gone, knownAt: '2026-11-20T02:00:00.000Z' })
    expect(then(at('20T03:59'))).toMatchObject({ ...gone, knownAt: '2026-11-20T03:00:00.000Z' })
    // The point is named again, at last by another identity. Later answers of the first identity do not withdraw it.
    expect(then(at('20T04:00'))).toMatchObject({ value: 10, withdrawnBy: null })
    expect(then(undefined)).toMatchObject({ value: 20, withdrawnBy: null })
  })

  test('and what comes after it is a change from null', () => {
    expect(then(undefined).answers.map(({ change, previousValue }) => [change, previousValue])).toEqual([
      ['published', null],
      ['changed', null],
      ['changed', 10],
    ])
    expect(then(undefined).answers.map(({ withdrawnBy }) => withdrawnBy?.raw.offset)).toEqual([4, undefined, undefined])
  })
})

test('there is no body where nothing was known, nor where the raw record is gone', () => {
  const answers = [answer(10, '20T02:00')]
  const early = explain(answers, undefined, { knownByMs: at('20T01:00') })
  expect(() => currentBody(early)).toThrow('Nothing was known at 2026-11-20T01:00:00.000Z: there is no body to write.')
  expect(() => currentBody(explain(answers, [gone]))).toThrow('the raw record is deleted: it begins at 7.')
})
