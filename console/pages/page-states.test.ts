import fc from 'fast-check'
import { expect, test } from 'vitest'
import { alertsState, catalogueState, changesState, completenessState, seriesState } from './page-states.ts'

const text = fc.string({ maxLength: 40 }).map((value) => value.trim())
const instant = fc.option(fc.integer({ min: 0, max: 4_102_444_800_000 }))
const day = fc.option(
  fc.integer({ min: 0, max: 40_000 }).map((days) => new Date(days * 86_400_000).toISOString().slice(0, 10)),
)
const zone = fc.constantFrom('Europe/Brussels', 'UTC', 'America/New_York', 'Asia/Kolkata')
const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 40, unit: fc.constantFrom(...'aZ0_ %,/&=+#?ö日') }), {
  maxLength: 6,
})
const days = { from: day, to: day, tz: zone }

const states = [
  {
    state: seriesState,
    of: fc.record({
      ...{ s: names, ...days, at: instant, point: instant, known: instant },
      ...{ view: fc.constantFrom('chart', 'table'), hide: names },
    }),
  },
  {
    state: completenessState,
    of: fc.record({ source: text, all: fc.boolean(), ...days, at: instant, dataset: text, day }),
  },
  {
    state: changesState,
    of: fc.record({
      ...{ since: instant, until: instant, dataset: text, q: text, tz: zone, ahead: fc.boolean() },
      ...{ minSize: fc.option(fc.double({ min: 0, max: 1e9, noNaN: true })), sort: fc.constantFrom('known', 'size') },
      kind: fc.constantFrom('all', 'revised', 'withdrawn'),
    }),
  },
  {
    state: alertsState,
    of: fc.record({ rule: text, event: text, test: fc.constantFrom('none', 'now', 'then'), tz: zone }),
  },
  {
    state: catalogueState,
    of: fc.record({
      ...{ q: text, source: text, dataset: text, tz: zone },
      schedule: fc.constantFrom('', 'auto', 'on-demand', 'off'),
    }),
  },
]

test.for(states)('200 states of each page come back from their URL', ({ state, of }) => {
  fc.assert(
    fc.property(of as fc.Arbitrary<never>, (value) => {
      const url = new URL(`http://127.0.0.1/?${state.format(value)}`)
      expect(state.parse(url.searchParams)).toEqual(value)
    }),
    { numRuns: 200 },
  )
})

test('what makes no sense in a URL is the default', () => {
  const parse = (query: string) => seriesState.parse(new URLSearchParams(query))
  expect(parse('at=yesterday&from=2026-02-30&tz=%2B05:00&view=pie&s=,,a/b,a/b')).toEqual({
    ...parse(''),
    s: ['a/b'],
  })
  expect(parse('').tz).toBe('Europe/Brussels')
})
