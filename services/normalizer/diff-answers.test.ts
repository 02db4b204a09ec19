import { describe, expect, test } from 'vitest'
import type { TimeseriesSlice } from '#schemas/generated/records.ts'
import type { Dataset } from '#sources/source.ts'
import { diffAnswer } from './diff-answers.ts'

const hour = 3_600_000
const slice = (key: string, values: (number | null)[], over: Partial<TimeseriesSlice> = {}): TimeseriesSlice => ({
  dataset: 'made.up.data',
  key,
  windowStart: 0,
  windowEnd: 24 * hour,
  start: 0,
  step: 3600,
  values,
  knownAt: 1,
  upstreamModifiedAt: null,
  transformVersion: 1,
  unit: 'MW',
  flags: [],
  origin: 'live',
  raw: { partition: 0, offset: 0 },
  identity: 0,
  ...over,
})
const compare = (shadow: TimeseriesSlice[], production: TimeseriesSlice[]) =>
  diffAnswer(
    { dataset: {} as Dataset, slices: shadow, records: [], refusedParts: [], accepted: null, ignored: {}, flagged: {} },
    production,
  )
const refusal = { refusal: { reason: 'step' as const, message: 'two steps' }, ignored: {} }
const same = { agreement: 'same', differences: [] }

test('the same slices are the same, in any order and of any version', () => {
  const one = [slice('a', [1, null]), slice('b', [2])]
  const other = [slice('b', [2], { transformVersion: 2 }), slice('a', [1, null], { transformVersion: 2 })]
  expect(compare(one, other)).toEqual(same)
})

test('a slice whose time is not a date is compared like any other', () => {
  const at = '9000000000000000 ms after 1970, which is not a date'
  expect(compare([slice('a', [2], { start: 9e15 })], [slice('a', [1], { start: 9e15 })]).differences).toEqual([
    { key: 'a', ts: at, production: 1, shadow: 2 },
  ])
})

describe('a difference', () => {
  test('of values names each point, nulls and points of one side included', () => {
    const shadow = [slice('a', [1, 20, null, 4]), slice('new', [7])]
    const production = [slice('a', [1, 2, 3]), slice('old', [8])]
    expect(compare(shadow, production)).toEqual({
      agreement: 'differing',
      differences: [
        { key: 'a', ts: '1970-01-01T01:00:00.000Z', production: 2, shadow: 20 },
        { key: 'a', ts: '1970-01-01T02:00:00.000Z', production: 3, shadow: null },
        { key: 'a', ts: '1970-01-01T03:00:00.000Z', production: 'none', shadow: 4 },
        { key: 'old', ts: '1970-01-01T00:00:00.000Z', production: 8, shadow: 'none' },
        { key: 'new', ts: '1970-01-01T00:00:00.000Z', production: 'none', shadow: 7 },
      ],
    })
  })

  test('of flags, step or start shows where the values are the same', () => {
    const ts = '1970-01-01T00:00:00.000Z'
    const plain = `from ${ts} every 3600 s`
    expect(compare([slice('a', [1], { flags: ['x'] })], [slice('a', [1])]).differences).toEqual([
      { key: 'a', ts, production: plain, shadow: `${plain}, x` },
    ])
    expect(compare([slice('a', [1], { step: 900 })], [slice('a', [1])]).differences).toEqual([
      { key: 'a', ts, production: plain, shadow: `from ${ts} every 900 s` },
    ])
    const parts = [slice('a', [1]), slice('a', [2], { start: hour })]
    expect(compare(parts, [slice('a', [1, 2])]).differences).toHaveLength(1)
    expect(compare(parts, parts.toReversed())).toEqual(same)
  })
})

describe('an answer without slices', () => {
  test('on both sides is the same, whatever the reason', () => {
    expect(diffAnswer(refusal, [])).toEqual(same)
    expect(compare([], [])).toEqual(same)
  })

  test('in the shadow alone gives the reason', () => {
    expect(diffAnswer(refusal, [slice('a', [1])])).toEqual({
      agreement: 'refusedHereOnly',
      differences: [],
      refusal: 'step: two steps',
    })
    expect(compare([], [slice('a', [1])])).toMatchObject({ agreement: 'refusedHereOnly' })
  })

  test('in production alone is a case of its own', () => {
    expect(compare([slice('a', [1])], [])).toEqual({ agreement: 'refusedThereOnly', differences: [] })
  })
})
