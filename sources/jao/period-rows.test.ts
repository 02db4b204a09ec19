import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readRecording } from '../../test/support/recorded-jao.ts'
import type { ExplodeResult, Window } from '../source.ts'
import { coreMaxExchanges } from './core.ts'
import { borders } from './shapes.ts'

const hour = 3_600_000
const day: Window = { startMs: Date.parse('2026-04-20T22:00:00Z'), endMs: Date.parse('2026-04-21T22:00:00Z') }

type Cells = Record<string, unknown>
const at = (hours: number, cells: Cells = { border_AT_BE: 100 + hours }): Cells => ({
  id: 1 + hours,
  dateTimeUtc: `${new Date(day.startMs + hours * hour).toISOString().slice(0, 19)}Z`,
  ...cells,
})
const fullDay = (): Cells[] => Array.from({ length: 24 }, (_, hours) => at(hours))
const answer = (data: unknown, more: Cells = {}): Buffer =>
  Buffer.from(JSON.stringify({ data, rejected: false, messages: null, ...more }))
const explode = (body: Uint8Array, window = day): ExplodeResult =>
  coreMaxExchanges.explode({ body, status: 200, window })
const assess = (body: Uint8Array, window = day) => coreMaxExchanges.asking!.assess(body, { window, selector: null })

describe('a recorded answer', () => {
  const recording = readRecording()
  it('gives exactly its 6,336 points', () => {
    if (!recording) return expect(recording, 'recordings are missing; said above').toBeUndefined()
    const window = { startMs: recording.fromMs, endMs: recording.toMs }
    const { slices, refusal, ignored } = explode(recording.body, window)
    expect({ refusal, ignored }).toEqual({ refusal: undefined, ignored: {} })
    const points = new Map<string, number | null>()
    for (const slice of slices) {
      slice.values.forEach((value, index) => {
        points.set(`${slice.key} ${slice.startMs + index * slice.stepS * 1000}`, value)
      })
    }
    // The expectation comes from the text of the rows, not from the JSON.
    const expected = new Map<string, number>()
    for (const { hourMs, text } of recording.rows) {
      for (const [, key, value] of text.matchAll(/"(border_[^"]+)":(-?[\d.]+)/g)) {
        expected.set(`${key} ${hourMs}`, Number(value))
      }
    }
    expect(expected.size).toBe(6_336)
    expect(points).toEqual(expected)
    expect(assess(recording.body, window)).toBe('complete')
  })
})

describe('explode', () => {
  it('makes one slice a key over the whole window, in upstream order', () => {
    const { slices } = explode(answer(fullDay().map((row) => ({ ...row, border_AT_CZ: 7 }))))
    expect(slices.map(({ key }) => key)).toEqual(['border_AT_BE', 'border_AT_CZ'])
    expect(slices[0]).toEqual({
      key: 'border_AT_BE',
      startMs: day.startMs,
      stepS: 3600,
      values: Array.from({ length: 24 }, (_, hours) => 100 + hours),
      flags: [],
    })
  })

  it('takes an absent hour, an absent key and a null for a null', () => {
    const rows = [
      at(0, { border_AT_BE: null }),
      at(1, { border_AT_BE: 5, border_BE_AT: 6 }),
      at(4, { border_BE_AT: 9 }),
    ]
    const { slices } = explode(answer(rows))
    const nulls = (length: number) => new Array(length).fill(null)
    expect(slices.map(({ values }) => values)).toEqual([
      [null, 5, ...nulls(22)],
      [null, 6, null, null, 9, ...nulls(19)],
    ])
  })

  it('keeps an unknown border with hub names as a series of its own', () => {
    const { slices } = explode(answer([at(0, { border_DE_DE_DK1_VH: 1 }), at(1, { border_NEW_Zone_9: 2 })]))
    expect(slices.map(({ key }) => key)).toEqual(['border_DE_DE_DK1_VH', 'border_NEW_Zone_9'])
  })

  it('counts columns that are no series, and ignores ids', () => {
    const { slices, ignored } = explode(answer([at(0, { border_AT_BE: 1, hub_AT: 2, lastModifiedOn: 'x' })]))
    expect(slices).toHaveLength(1)
    expect(ignored).toEqual({ 'unknown-column': 1 })
  })

  it('returns no slices for an empty answer, and no refusal', () => {
    expect(explode(answer([]))).toEqual({ slices: [], ignored: {} })
  })

  it('collapses a doubled hour with equal values', () => {
    const { slices, ignored } = explode(answer([at(0), { ...at(0), id: 99 }, at(1)]))
    expect(slices[0]?.values.slice(0, 2)).toEqual([100, 101])
    expect(ignored).toEqual({ 'doubled-row': 1 })
  })

  it('ignores and counts a row at the end of the window', () => {
    const { slices, ignored } = explode(answer([...fullDay(), at(24)]))
    expect(slices[0]?.values).toHaveLength(24)
    expect(ignored).toEqual({ 'row-at-window-end': 1 })
  })

  it('flags an implausible value and stores it as it came', () => {
    const { slices } = explode(answer([at(0, { border_AT_BE: -1, border_BE_AT: 25_001, border_AT_CZ: 25_000 })]))
    expect(slices.map(({ flags, values }) => [flags, values[0]])).toEqual([
      [['implausible'], -1],
      [['implausible'], 25_001],
      [[], 25_000],
    ])
  })

  it('takes a window wholly on a finer step, with a flag', () => {
    const quarters = Array.from({ length: 96 }, (_, quarter) => at(quarter / 4, { border_AT_BE: quarter }))
    const { slices } = explode(answer(quarters))
    expect(slices[0]).toMatchObject({ stepS: 900, flags: ['step-changed'], values: quarters.map((_, index) => index) })
    expect(assess(answer(quarters))).toBe('complete')
  })

  it.each([
    ['2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z', 23],
    ['2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z', 25],
  ])('gives the changeover day from %s its own number of hours', (from, to, hours) => {
    const window = { startMs: Date.parse(from), endMs: Date.parse(to) }
    const rows = Array.from({ length: hours }, (_, index) => ({
      dateTimeUtc: `${new Date(window.startMs + index * hour).toISOString().slice(0, 19)}Z`,
      border_AT_BE: index,
    }))
    expect(explode(answer(rows), window).slices[0]?.values).toEqual(rows.map((_, index) => index))
    expect(assess(answer(rows), window)).toBe('complete')
    expect(assess(answer(rows.slice(1)), window)).toBe('partial')
  })
})

it('reads times that say +00:00 as those that say Z; another offset is refused', () => {
  const z = answer(fullDay(), { lastModifiedOn: '2026-04-20T09:00:00' })
  const offset = Buffer.from(z.toString().replaceAll('00Z"', '00.000+00:00"'))
  expect(offset.equals(z)).toBe(false)
  expect(explode(offset)).toEqual(explode(z))
  expect(assess(offset)).toBe('complete')
  const local = answer([{ dateTimeUtc: '2026-04-20T22:00:00+02:00', border_AT_BE: 1 }])
  expect(explode(local).refusal?.message).toBe(
    'data[0].dateTimeUtc is no UTC time (with Z or +00:00): 2026-04-20T22:00:00+02:00',
  )
})

describe('an answer that is refused as a whole', () => {
  const everyOtherHour = fullDay().filter((_, index) => index % 2 === 0)
  const mixed = [...fullDay(), at(3.25), at(3.5), at(3.75)]
  const manyKeys = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`border_A_${index}`, 1]))
  const cases: [string, Buffer, string][] = [
    ['HTML with status 200', Buffer.from('<html>maintenance</html>'), 'not-json'],
    ['cut-off JSON', answer(fullDay()).subarray(0, 700), 'not-json'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), 'not-json'],
    ['nothing at all', Buffer.alloc(0), 'not-json'],
    ['a rejection', answer([], { rejected: true, messages: ['no'] }), 'upstream-rejected'],
    ['a rejection without data', Buffer.from('{"rejected":true,"messages":["no"]}'), 'upstream-rejected'],
    ['no data', Buffer.from('{"rejected":false}'), 'schema'],
    ['null', Buffer.from('null'), 'schema'],
    ['rows that are no objects', answer([1, 2]), 'schema'],
    ['a row without a time', answer([{ border_AT_BE: 1 }]), 'schema'],
    ['a time that is none', answer([{ dateTimeUtc: '2026-02-30T00:00:00Z', border_AT_BE: 1 }]), 'type'],
    ['a local time', answer([{ dateTimeUtc: '2026-04-20T22:00:00+02:00', border_AT_BE: 1 }]), 'type'],
    [
      'a row with the same key twice',
      Buffer.from(answer(fullDay()).toString().replace('"id"', '"border_AT_BE":7,"id"')),
      'schema',
    ],
    ['a value that is text', answer([at(0, { border_AT_BE: '100' })]), 'type'],
    [
      'a value beyond all numbers',
      Buffer.from(
        answer([at(0, { border_AT_BE: 1 })])
          .toString()
          .replace(':1}', ':1e999}'),
      ),
      'type',
    ],
    ['a row of another day', answer([...fullDay(), at(25)]), 'outside-window'],
    ['a row before the window', answer([at(-1), ...fullDay()]), 'outside-window'],
    ['a doubled hour that says two things', answer([at(0), at(0, { border_AT_BE: 7 })]), 'conflicting-rows'],
    ['a coarser step', answer(everyOtherHour), 'step'],
    ['two steps mixed', answer(mixed), 'step'],
    ['rows on no step', answer([at(0), at(0.01)]), 'step'],
    ['10,000 keys', answer([at(0, manyKeys)]), 'too-many-keys'],
  ]
  it.each(cases)('%s', (_name, body, reason) => {
    const { slices, refusal } = explode(body)
    expect(slices).toEqual([])
    expect(refusal?.reason).toBe(reason)
    expect(refusal?.message.length).toBeGreaterThan(10)
  })

  it('assess says refused for a rejection and throws for what it cannot read', () => {
    expect(assess(answer([], { rejected: true, messages: ['no'] }))).toEqual({
      reason: 'upstream-rejected',
      message: 'upstream rejected the request: ["no"]',
    })
    for (const body of ['<html>', '{"data":', '{"rejected":false}', 'null']) {
      expect(() => assess(Buffer.from(body)), body).toThrow()
    }
  })

  it.each(cases.filter(([, , reason]) => reason !== 'upstream-rejected'))(
    'assess cannot read %s',
    (_name, body, reason) => {
      expect(() => assess(body)).toThrow(`${reason}: `)
    },
  )

  it('one bad cell in a full day is enough: the day is not complete', () => {
    const day = (hour: number, row: Cells) =>
      fullDay().map((good, index) => (index === hour ? { ...good, ...row } : good))
    const text = answer(day(7, { border_AT_BE: 12_345 })).toString()
    expect(() => assess(answer(day(7, { border_AT_BE: 'NaN' })))).toThrow(
      'type: border_AT_BE of 2026-04-21T05:00:00.000Z',
    )
    expect(() => assess(Buffer.from(text.replace('12345', '1e309')))).toThrow('type: ')
    expect(() => assess(answer([...fullDay(), at(7, { border_AT_BE: 0 })]))).toThrow('conflicting-rows: ')
  })
})

describe('rows of other columns, of which nothing could be stored', () => {
  const renamed = (count: number) => Array.from({ length: 24 }, (_, hours) => at(hours, columns(count)))
  const columns = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`Border_A_${n}`, n]))
  it.each([
    ['renamed', renamed(2), 'the rows have the columns Border_A_0, Border_A_1 instead of border_<from>_<to>'],
    ['many', renamed(150), '… (150 in all) instead of border_<from>_<to>'],
    ['none', renamed(0), 'the rows have the columns (none) instead of border_<from>_<to>'],
    ['one row', [at(0, { hub_AT: 7, lastModifiedOn: 'x' })], 'the rows have the columns hub_AT instead of'],
  ])('%s: are refused with what they have, and do not end the search', (_name, rows, words) => {
    const { slices, refusal } = explode(answer(rows))
    expect([slices, refusal?.reason]).toEqual([[], 'schema'])
    expect(refusal?.message).toContain(words)
    expect(refusal?.message).not.toContain('lastModifiedOn')
    expect(() => assess(answer(rows))).toThrow(`schema: ${refusal?.message}`)
  })

  it('beside known ones are counted, and these are stored', () => {
    const body = answer(fullDay().map((row) => ({ ...row, Border_BE_AT: 1 })))
    expect(explode(body)).toMatchObject({ slices: [{ key: 'border_AT_BE' }], ignored: { 'unknown-column': 24 } })
    expect(assess(body)).toBe('complete')
  })
})

describe('control characters of upstream’s', () => {
  const evil = '\u001b[2J\u009b1m\u007f'
  const cases: [string, Buffer][] = [
    ['no JSON', Buffer.from(`${evil}<html>`)],
    ['a rejection', Buffer.from(JSON.stringify({ rejected: true, messages: [evil] }))],
    ['a time', answer([{ dateTimeUtc: evil }])],
    ['a value', answer([at(0, { border_AT_BE: evil })])],
    ['two values', answer([at(0), at(0, { border_AT_BE: evil })])],
  ]
  it.each(cases)('are not in the message about %s', (_name, body) => {
    const message = explode(body).refusal?.message
    expect(message).toContain('[2J\ufffd1m')
    expect(message).not.toMatch(/\p{Cc}/u)
  })
})

describe('assess', () => {
  it('needs neither messages nor rejected', () => {
    expect(assess(Buffer.from(JSON.stringify({ data: fullDay() })))).toBe('complete')
    expect(explode(Buffer.from(JSON.stringify({ data: fullDay() }))).slices).toHaveLength(1)
    expect(assess(Buffer.from('{"rejected":true}'))).toMatchObject({ reason: 'upstream-rejected' })
  })

  it('says empty, partial, complete by steps, whatever the keys', () => {
    expect(assess(answer([]))).toBe('empty')
    expect(assess(answer(fullDay().slice(0, 23)))).toBe('partial')
    expect(assess(answer(fullDay()))).toBe('complete')
    expect(assess(answer([...fullDay(), at(7), at(24)]))).toBe('complete')
    expect(assess(answer([...fullDay().slice(1), at(7)]))).toBe('partial')
  })

  it('says partial of rows that are there before their values are', () => {
    const nulls = fullDay().map((row) => ({ ...row, border_AT_BE: null }))
    expect(assess(answer(nulls))).toBe('partial')
    expect(explode(answer(nulls)).slices[0]?.values).toEqual(new Array(24).fill(null))
    // An hour without any value is missing; a key without any value is not.
    expect(assess(answer([...fullDay().slice(0, 23), nulls[23]]))).toBe('partial')
    expect(assess(answer(fullDay().map((row) => ({ ...row, border_FR_IT: null }))))).toBe('complete')
    expect(assess(answer(nulls.map((row, hours) => ({ ...row, border_BE_AT: hours }))))).toBe('complete')
    // The columns of one row are renamed, so its hour has no value.
    expect(assess(answer([...fullDay().slice(0, 23), at(23, { Border_AT_BE: 7 })]))).toBe('partial')
  })
})

describe('explode on mutated answers', () => {
  const original = answer(fullDay())
  const mutation = fc.record({
    at: fc.nat({ max: original.length - 1 }),
    cut: fc.nat({ max: 40 }),
    put: fc.oneof(fc.string(), fc.json(), fc.constantFrom('null', '-1e400', '"', '{', '[]', '2026-04-22T00:00:00Z')),
  })
  it('never throws, and yields either slices on the window or a refusal', () => {
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        let text = original.toString()
        for (const { at: place, cut, put } of mutations) text = text.slice(0, place) + put + text.slice(place + cut)
        const { slices, refusal } = explode(Buffer.from(text))
        if (refusal) expect(slices).toEqual([])
        for (const slice of slices) {
          expect(slice.startMs).toBe(day.startMs)
          expect(slice.values.length * slice.stepS).toBe(86_400)
          expect(slice.values.every((value) => value === null || Number.isFinite(value))).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('labels', () => {
  it.each([
    ['border_AT_BE', { from: 'AT', to: 'BE' }],
    ['border_DE_DE_DK1_VH', { from: 'DE', to: 'DE_DK1_VH' }],
    ['border_DE_DK2_BigHub_DE', { from: 'DE_DK2_BigHub', to: 'DE' }],
    ['border_NL_DK1_COBRA', { from: 'NL', to: 'DK1_COBRA' }],
    ['border_RO_BG_VH_PL_SE4_SwePol', { from: 'RO_BG_VH', to: 'PL_SE4_SwePol' }],
    ['border_XX_YY', {}],
    ['border_AT', {}],
    ['hub_AT_BE', {}],
  ])('%s', (key, labels) => expect(borders.labels(key)).toEqual(labels))
})
