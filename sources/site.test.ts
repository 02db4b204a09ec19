import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type WindowKind, windowsOn } from '#core/windows.ts'
import { allAnswers } from '../test/explode/answers.ts'
import { playUpstream } from '../test/support/played-upstream.ts'
import { requestAt, stored } from '../test/support/site-request.ts'
import { sources } from './index.ts'
import type { Site } from './site.ts'
import type { Dataset, RequestSpec, Window } from './source.ts'

// Every request that a source makes by itself is read back as what it is, and answered with the bytes that came.

interface Requested {
  name: string
  source: string
  dataset: Dataset
  site: Site
  asking: RequestSpec
}

const requested = sources.flatMap(({ name: source, site, datasets }) =>
  datasets.flatMap((dataset): Requested[] => {
    const { name, asking } = dataset
    return asking && site ? [{ name, source, dataset, site, asking }] : []
  }),
)

test('the sources with a site are these, and it covers each of their datasets that is requested', () => {
  const withSite = sources.filter(({ site }) => site).map(({ name }) => name)
  expect(withSite).toEqual(expect.arrayContaining(['jao', 'jao-auctions', 'kraken', 'binance', 'coinbase']))
  expect(requested.length).toBeGreaterThanOrEqual(84)
})

const changeovers = ['2025-10-26', '2026-03-29']
const days = fc.oneof(
  fc.constantFrom(...changeovers),
  fc.integer({ min: 0, max: 2_000 }).map((day) => new Date(Date.UTC(2022, 6, 1 + day)).toISOString().slice(0, 10)),
)

/** Windows of a dataset, among them those of both changeovers. A tick begins at a multiple of ten seconds. */
function windowsOf({ calendar }: Dataset): fc.Arbitrary<Window> {
  if (calendar.kind !== 'days') {
    return fc
      .integer({ min: 0, max: 200_000_000 })
      .map((tick) => ({ startMs: tick * 10_000, endMs: tick * 10_000 + 10_000 }))
  }
  return days.chain((day) => fc.constantFrom(...windowsOfDay(calendar, day)))
}

const windowsOfDay = ({ window, zone }: WindowKind, day: string): Window[] =>
  windowsOn({ window, zone }, window === 'month' ? `${day.slice(0, 8)}01` : day)

function selectorsOf({ selectors, pages }: RequestSpec): fc.Arbitrary<string | null> {
  if (pages) return fc.integer({ min: 0, max: 9 }).map((page) => `rows-${page * pages.take}`)
  if (selectors === undefined) return fc.constant(null)
  const every = selectors.pattern.test('*') ? [...selectors.default, '*'] : selectors.default
  const maxLength = Math.min(selectors.perRequest, every.length)
  return fc.shuffledSubarray(every, { minLength: 1, maxLength }).map((symbols) => symbols.join(','))
}

const { answers } = allAnswers()
const upstream = playUpstream()
const atMs = Date.parse('2026-11-20T12:30:00Z')

describe.each(requested)('$name', ({ name, dataset, site, asking }) => {
  test('its own requests are read as its own, with selector and window', () => {
    fc.assert(
      fc.property(windowsOf(dataset), selectorsOf(asking), (window, selector) => {
        const request = requestAt(site, asking.requestPath({ window, selector }))
        const span = dataset.calendar.kind === 'ticks' ? null : window
        expect([request.dataset, request.span]).toEqual([name, span])
        expect(request.needs(selector)).toBe(true)
        if (asking.selectors)
          expect([request.needs('NOSUCH'), request.needs(null)]).toEqual([false, selector?.includes('*') ?? false])
        if (!asking.pages) return
        const counted = requestAt(site, asking.pages.countPath({ window, selector: null }))
        expect([counted.dataset, counted.span, counted.needs(null)]).toEqual([name, span, true])
        expect(request.needs(null)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  test('its stored answers are served byte for byte', () => {
    const accepted = answers.filter((each) => each.dataset === name && isAccepted(dataset, each.answer))
    expect(accepted.length).toBeGreaterThan(0)
    for (const { name: what, answer } of accepted) {
      const { window, selector = null, body, status } = answer
      const path = asking.requestPath({ window, selector })
      const request = requestAt(site, path)
      const reply = request.compose([stored(window, body, selector)])
      expect([Buffer.from(reply.body).toString(), reply.status], what).toEqual([Buffer.from(body).toString(), status])
    }
  })
})

/** Pages are compared with the simulated upstream in sources/jao/site.test.ts. */
const played = requested.filter(({ asking }) => !asking.pages)

test.each(played)('what the simulated upstream answers for a window of $name is served as it came', (about) => {
  const { source, dataset, site, asking } = about
  const { calendar } = dataset
  const windows =
    calendar.kind === 'days'
      ? [...changeovers, '2026-05-01', '2027-01-01'].flatMap((day) => windowsOfDay(calendar, day))
      : [{ startMs: atMs - 10_000, endMs: atMs }]
  const selector = asking.selectors?.default.slice(0, asking.selectors.perRequest).join(',') ?? null
  for (const window of windows) {
    const path = asking.requestPath({ window, selector })
    const { status, body } = upstream.answer(source, path, atMs)
    const answer = stored(window, body, selector)
    const reply = requestAt(site, path).compose([answer])
    expect(reply.status).toBe(status)
    expect(reply.body).toBe(answer.body)
  }
})

function isAccepted(dataset: Dataset, answer: Parameters<Dataset['explode']>[0]): boolean {
  return dataset.explode(answer).refusal === undefined
}
