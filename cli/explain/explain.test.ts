import { describe, expect, test } from 'vitest'
import type { Dataset } from '#sources/source.ts'
import { readInstant, readStoreInstant } from '../instant.ts'
import { explanationText } from './explain-report.ts'
import { type ExplainedAnswer, explanationOf } from './explanation.ts'
import type { PointAnswer, ReplacingAnswer } from './point-answers.ts'
import type { FoundRaw } from './raw-answers.ts'
import { placeOf } from './value-place.ts'

describe('an instant', () => {
  const read = (text: string) => new Date(readInstant(text, 'The time')).toISOString()
  test('has Z, an offset, or a zone that agrees', () => {
    expect(read('2026-10-25T00:00Z')).toBe('2026-10-25T00:00:00.000Z')
    expect(read('2026-10-25T02:00+02:00')).toBe('2026-10-25T00:00:00.000Z')
    expect(read('2026-10-25T02:00:00.250+01:00')).toBe('2026-10-25T01:00:00.250Z')
    expect(read('2026-10-25T02:00+02:00[Europe/Brussels]')).toBe('2026-10-25T00:00:00.000Z')
    expect(read('2026-10-25T02:00+01:00[Europe/Brussels]')).toBe('2026-10-25T01:00:00.000Z')
    expect(read('2026-10-24T12:00[Europe/Brussels]')).toBe('2026-10-24T10:00:00.000Z')
  })
  test.each([
    '2026-10-25T02:00',
    '2026-10-25',
    '2026-10-25T02:00[Europe/Brussels]',
    '2026-03-29T02:30[Europe/Brussels]',
    '2026-10-25T02:00+03:00[Europe/Brussels]',
    '2026-10-25T02:00+02:00[Nowhere/City]',
    '2026-13-01T00:00Z',
    "'; DROP TABLE points",
    '',
  ])('%j is refused, and what to write is said', (text) => {
    expect(() => read(text)).toThrow(/^The time .*is no instant.* 2026-10-25T02:00\+02:00, or /)
  })
  test('may be as `query` prints it, which is UTC, where times of the store are meant', () => {
    const times = ['2026-11-26 20:00:00', '2026-10-25 02:00:00.449', '2026-11-26 20:00', '2026-10-25T02:00+02:00']
    expect(times.map((text) => new Date(readStoreInstant(text, 'x')).toISOString())).toEqual([
      '2026-11-26T20:00:00.000Z',
      '2026-10-25T02:00:00.449Z',
      '2026-11-26T20:00:00.000Z',
      '2026-10-25T00:00:00.000Z',
    ])
    for (const none of ['2026-11-31 20:00:00', '2026-11-26T20:00:00'])
      expect(() => readStoreInstant(none, 'x'), none).toThrow('no instant')
    // What a file is a snapshot of may come from anywhere.
    expect(() => read('2026-11-26 20:00:00')).toThrow('no instant')
  })
  test('is one that can be stored', () => {
    for (const text of ['1969-12-31T23:59Z', '2106-02-07T06:28:16Z', '+099999-01-01T00:00Z'])
      expect(() => read(text), text).toThrow('1970 to 2106')
  })
  test('steers no terminal when it is none', () => {
    expect(() => read('\u001b[2J')).toThrow('The time \ufffd[2J is no instant')
  })
})

describe('the place of a value', () => {
  const json = `{"é€😀":1,\n "data":[{"a":-1.50e1},{"b":null,"long":"${'x'.repeat(300)}"}]}`
  const bytesAt = (body: Buffer, path: (string | number)[]) => {
    const place = placeOf(body, path)
    return place && body.subarray(place.fromByte, place.toByte).toString()
  }
  test('is counted in bytes, whatever letters come before', () => {
    const body = Buffer.from(json)
    expect(bytesAt(body, ['data', 0, 'a'])).toBe('-1.50e1')
    expect(bytesAt(body, ['data', 1, 'b'])).toBe('null')
    expect(placeOf(body, ['data', 0, 'a'])).toEqual({
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
    const place = placeOf(Buffer.from(json), ['data', 1, 'long'])!
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
    expect(placeOf(body, ['data', 0, 'a'])).toBeUndefined()
  })
})

const at = (text: string) => Date.parse(`2026-11-${text}Z`)
const dataset = { name: 'a.b.c', unit: 'MW', transformVersion: 2, calendar: { kind: 'days' } } as Dataset

const answer = (value: number | null, known: string, over: Partial<PointAnswer> = {}): PointAnswer => ({
  ...{ value, knownAtMs: at(known), transformVersion: 2, stepS: 3600, flags: [], origin: 'simulated' },
  ...{ windowStartMs: at('20T23:00'), windowEndMs: at('21T23:00'), upstreamModifiedAtMs: null },
  ...{ rawPartition: 1, rawOffset: 5, identity: 7, ...over },
})
const gone: FoundRaw = { state: 'deleted', why: 'deleted: it begins at 7' }
const asked = {
  ...{ dataset, key: 'k', atMs: at('21T00:10'), knownByMs: undefined as number | undefined },
  ...{ topic: 'a.raw', withBody: false },
}
const explain = (
  answers: PointAnswer[],
  raws: FoundRaw[] = answers.map(() => gone),
  over: Partial<typeof asked> = {},
  replacing: ReplacingAnswer[] = [],
) => explanationOf({ ...asked, ...over }, { tsMs: at('21T00:00'), answers, replacing }, raws)

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
  const named = [answer(10, '20T01:00'), answer(10, '20T04:00'), answer(20, '20T05:00', { identity: 8 })]
  const others: ReplacingAnswer[] = [
    ['20T01:00', 7, 3],
    ['20T02:00', 7, 4],
    ['20T03:00', 7, 5],
    ['20T04:00', 7, 6],
    ['20T05:00', 8, 7],
    ['20T06:00', 7, 8],
  ].map(([known, identity, rawOffset]) => {
    const place = { rawPartition: 1, rawOffset: Number(rawOffset) }
    return { identity: Number(identity), knownAtMs: at(`${known}`), transformVersion: 2, ...place }
  })
  const then = (knownByMs: number | undefined) => explain(named, undefined, { knownByMs }, others)

  test('until it is named again; the first of them is told, and when the newest became known', () => {
    const by = { knownAt: '2026-11-20T02:00:00.000Z', raw: { topic: 'a.raw', partition: 1, offset: 4 } }
    const gone = { known: true, value: null, withdrawnBy: by }
    expect(then(at('20T01:59'))).toMatchObject({ value: 10, withdrawnBy: null })
    expect(then(at('20T02:59'))).toMatchObject({ ...gone, knownAt: '2026-11-20T02:00:00.000Z' })
    expect(then(at('20T03:59'))).toMatchObject({ ...gone, knownAt: '2026-11-20T03:00:00.000Z' })
    // Named again; then by another identity, of which a later answer of the first says nothing.
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

  test('in words', () => {
    const text = explanationText(then(at('20T03:59')), 'Europe/Brussels', (inner) => inner)
    const by = 'the answer of 2026-11-20T02:00:00.000Z, which does not name it: a.raw partition 1 offset 4'
    expect(text).toContain(`: null, known at 2026-11-20T03:00:00.000Z; withdrawn by ${by}`)
    expect(text).toContain(`   withdrawn by  ${by}`)
  })
})

describe('the text', () => {
  const evil = '\u001b[2J\u009b1m'
  const body = Buffer.from(`{"data":[{"k":\t12.0,"e":"${evil}"}]}`)
  const here = (bytes: Buffer, problems: string[] = []): FoundRaw => ({
    state: 'here',
    problems,
    stored: {
      ...{ topic: 'a.raw', partition: 1, offset: 5, key: Buffer.from(evil), value: null },
      ...{ headers: { replay: Buffer.from(evil) }, writtenAtMs: at('20T02:00') },
    },
    record: {
      ...{ dataset: 'a.b.c', requestIdentity: 'i', windowStart: 0, windowEnd: 1, url: `http://x/${evil}`, status: 200 },
      ...{ headers: { etag: evil }, body: bytes, contentHash: evil, sentAt: at('20T01:59'), fetchedAt: at('20T02:00') },
      origin: 'live',
      confirms: false,
    },
  })
  const placed = { ...dataset, place: () => ['data', 0, 'k'] } as Dataset
  const text = (raw: FoundRaw, value: number | null, version = 2, over: Partial<typeof asked> = {}) => {
    const told = answer(value, '20T02:00', { transformVersion: version })
    const explanation = explain([told], [raw], { dataset: placed, withBody: true, ...over })
    return explanationText(explanation, 'Europe/Brussels', (inner) => `<${inner}>`)
  }
  test('says what is explained, also inside a step, and underlines the value', () => {
    const lines = text(here(body), 12).split('\n')
    expect(lines.slice(0, 3)).toEqual([
      'a.b.c k at 2026-11-21T00:00:00.000Z (2026-11-21T01:00+01:00[Europe/Brussels])',
      '2026-11-21T00:10:00.000Z lies inside a step of 3600 s: its point, at 2026-11-21T00:00:00.000Z, is explained.',
      'now: 12 MW, known at 2026-11-20T02:00:00.000Z',
    ])
    const underlined = lines.findIndex((line) => line.includes('^'))
    expect(lines.slice(underlined - 2, underlined + 1)).toEqual([
      '   value         data[0].k, bytes 15 to 18 of the body',
      '    {"data":[{"k": <12.0>,"e":"\ufffd[2J\ufffd1m"}]}',
      '                   ^^^^',
    ])
    expect(body.subarray(15, 19).toString()).toBe('12.0')
  })
  test('does not blame the body where nobody has declared where values stand', () => {
    const { place: _, ...unplaced } = placed
    expect(text(here(body), 12)).not.toContain('declared')
    expect(text(here(Buffer.from('{}')), 12)).toContain('value         the body names none at that time')
    expect(text(here(body), 12, 2, { dataset: unplaced })).toContain(
      `value         where values of this dataset stand in a body is not declared (\`place\` of its source); the body begins
    {"data":[{"k": 12.0`,
    )
  })
  test('steers no terminal', () => {
    expect(text(here(body, [evil]), 12, 2, { key: evil })).not.toMatch(/(?!\n)\p{Cc}/u)
    expect(text(here(Buffer.from(`<html>${evil}`)), 12)).not.toMatch(/(?!\n)\p{Cc}/u)
  })
  test('says when today’s code reads something else there, but not of what an older version read', () => {
    expect(text(here(body), 12)).not.toContain('WRONG')
    expect(text(here(body), 13)).toContain('WRONG         at its place in the body stands 12.0, and stored is 13')
    expect(text(here(body), null)).toContain('WRONG')
    expect(text(here(body), 13, 1)).not.toContain('WRONG')
    expect(text(here(body), 13, 1)).toContain("version 1 (today's is 2)")
  })
  test('takes a number that upstream writes as a text for that number, and an empty text for nothing', () => {
    const found = (json: string) => here(Buffer.from(`{"data":[{"k":${json}}]}`))
    expect(text(found('"84496.90000"'), 84_496.9)).not.toContain('WRONG')
    expect(text(found('"-1E-05"'), -0.00001)).not.toContain('WRONG')
    expect(text(found('""'), null)).not.toContain('WRONG')
    expect(text(found('"84496.91"'), 84_496.9)).toContain('stands "84496.91", and stored is 84496.9')
    expect(text(found('""'), 0)).toContain('WRONG')
  })
  test('calls what is first seen after delivery began a backfill, but for ticks, which are known after their instant', () => {
    const late = [answer(12, '21T01:00')]
    const words = (kind: string) =>
      explanationText(
        explain(late, undefined, { dataset: { ...dataset, calendar: { kind } } as Dataset }),
        'UTC',
        (inner) => inner,
      )
    expect(words('days')).toContain('first seen by a backfill')
    expect(words('ticks')).toContain('12 MW, first published')
  })
  test('says what was not known yet, and what became known later', () => {
    const early = text(here(body), 12, 2, { knownByMs: at('20T01:00') })
    expect(early).toContain('as of 2026-11-20T01:00:00.000Z: not known yet, first known at 2026-11-20T02:00:00.000Z')
    expect(early).toContain('first published (later than asked for)')
  })
  test('says that the raw record is deleted', () => {
    expect(text(gone, 12)).toContain('raw record    a.raw partition 1 offset 5: deleted: it begins at 7')
  })
})
