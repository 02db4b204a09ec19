import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { businessDay, dayAt } from '#core/business-day.ts'
import { windowsOn } from '#core/windows.ts'
import { playUpstream } from '../../test/support/played-upstream.ts'
import { recordedFile } from '../../test/support/recorded-file.ts'
import { readRecording } from '../../test/support/recorded-jao.ts'
import { readPath, requestAt, stored } from '../../test/support/site-request.ts'
import type { SiteAnswer } from '../site.ts'
import type { Window } from '../source.ts'
import { jao } from './jao.ts'

const site = jao.site!
const zone = 'Europe/Brussels'
const dayOf = (day: string): Window => businessDay(zone, day).window
const path = (from: string, to: string, more = '', name = 'core/api/data/maxExchanges') =>
  `/${name}?FromUtc=${encodeURIComponent(from)}&ToUtc=${encodeURIComponent(to)}${more}`
const bodyOf = (asked: string, answers: readonly SiteAnswer[]): string => {
  const { status, body } = requestAt(site, asked).compose(answers)
  expect(status).toBe(200)
  return Buffer.from(body).toString()
}
const iso = (ms: number) => new Date(ms).toISOString()

// Two days of two rows each. The long day of 2025-10-26 begins at 22:00 and ends at 23:00.
const row = (id: number, time: string, rest: string) => `{"id":${id},"dateTimeUtc":"${time}",${rest}}`
const [a, b, c, d] = [
  row(1, '2025-10-24T22:00:00Z', '"border_AT_BE":4346.0000000000,"border_BE_AT":-0.50'),
  row(2, '2025-10-25T21:00:00Z', String.raw`"text":"]}\"[{,\\","nested":{"data":[{"x":[1.0]}]},"border_AT_BE":1E+2`),
  row(3, '2025-10-25T22:00:00Z', '"border_AT_BE":4347.0000000000'),
  row(4, '2025-10-26T22:00:00Z', '"border_AT_BE":null'),
] as const
const end = ',"rejected":false,"messages":null}'
const saturday = stored(dayOf('2025-10-25'), `{"data":[${a},${b}]${end}`)
const sunday = stored(dayOf('2025-10-26'), `{"data":[${c},${d}]${end}`)
const both = [saturday, sunday]

describe('rows of days', () => {
  test('are those from FromUtc to before ToUtc, byte for byte, in the order of the days', () => {
    const of = (from: string, to: string) => bodyOf(path(from, to), both)
    expect(of('2025-10-24T22:00:00Z', '2025-10-26T23:00:00Z')).toBe(`{"data":[${a},${b},${c},${d}]${end}`)
    expect(of('2025-10-25T21:00:00Z', '2025-10-25T22:00:00.001Z')).toBe(`{"data":[${b},${c}]${end}`)
    expect(of('2025-10-25T21:00:00Z', '2025-10-25T22:00:00Z')).toBe(`{"data":[${b}]${end}`)
    expect(of('2025-10-24T22:00:01Z', '2025-10-25T20:59:59Z')).toBe(`{"data":[]${end}`)
    expect(of('2025-10-26T22:00:00Z', '2025-11-01T00:00:00Z')).toBe(`{"data":[${d}]${end}`)
  })

  test('of a day that ends at 23:59 are the whole day, and the same bytes as the stored ones', () => {
    const request = requestAt(site, path('2025-10-25T22:00:00.000Z', '2025-10-26T22:59:00.000Z'))
    expect(request.compose([sunday]).body).toBe(sunday.body)
    expect(request.span).toEqual({ startMs: sunday.window.startMs, endMs: sunday.window.endMs - 60_000 })
  })

  test('blanks between rows stay if all rows of an answer are wanted, and only then', () => {
    const spaced = stored(sunday.window, `\n{ "data" : [\n  ${c} ,\n\t${d}\n] , "rejected" : false }\n`)
    const of = (from: string) => bodyOf(path(from, '2025-10-26T22:30:00Z'), [spaced])
    expect(of('2025-10-25T22:00:00Z')).toBe(spaced.body.toString())
    expect(of('2025-10-25T23:00:00Z')).toBe(`\n{ "data" : [${d}] , "rejected" : false }\n`)
  })

  test('a row at the end of a window is of the next window', () => {
    const late = stored(saturday.window, `{"data":[${a},${b},${c.replace('4347', '1')}]${end}`)
    expect(bodyOf(path('2025-10-24T22:00:00Z', '2025-10-26T23:00:00Z'), [late, sunday])).toBe(
      `{"data":[${a},${b},${c},${d}]${end}`,
    )
    // The answer to the very request is served as it came.
    expect(bodyOf(path('2025-10-24T22:00:00Z', '2025-10-25T22:00:00Z'), [late])).toBe(late.body.toString())
  })

  test('empty answers contribute nothing; if all are empty, the answer is that of upstream', () => {
    const empty = (day: string) => stored(dayOf(day), `{"data":[],"rejected":false,"messages":[]}`)
    const of = (answers: SiteAnswer[]) => bodyOf(path('2025-10-24T22:00:00Z', '2025-10-26T23:00:00Z'), answers)
    expect(of([empty('2025-10-25'), sunday])).toBe(sunday.body.toString())
    expect(of([saturday, empty('2025-10-26')])).toBe(saturday.body.toString())
    expect(of([empty('2025-10-25'), empty('2025-10-26')])).toBe(empty('2025-10-25').body.toString())
    expect(of([])).toBe('{"data":[],"rejected":false,"messages":null}')
  })

  test('the counts of the envelope are those of the span, and Skip and Take apply to its rows', () => {
    const counted = both.map(({ window, body }) =>
      stored(window, `${Buffer.from(body).toString().slice(0, -1)},"totalRows":2,"totalRowsWithFilter": 2}`),
    )
    const of = (more: string) => bodyOf(path('2025-10-25T21:00:00Z', '2025-10-26T23:00:00Z', more), counted)
    const counts = (rows: string) => `{"data":[${rows}]${end.slice(0, -1)},"totalRows":3,"totalRowsWithFilter": 3}`
    expect(of('')).toBe(counts(`${b},${c},${d}`))
    expect(of('&skip=0&take=10000')).toBe(counts(`${b},${c},${d}`))
    expect(of('&Skip=1&Take=1')).toBe(counts(c))
    expect(of('&Take=0')).toBe(counts(''))
    expect(of('&Skip=3')).toBe(counts(''))
    const day = (more: string) => bodyOf(path('2025-10-25T22:00:00Z', '2025-10-26T23:00:00Z', more), [sunday])
    expect([day('&Skip=1'), day('&Take=1')]).toEqual([`{"data":[${d}]${end}`, `{"data":[${c}]${end}`])
  })

  test('the newest lastModifiedOn of the envelopes counts', () => {
    const modified = ({ window, body }: SiteAnswer, time: string) =>
      stored(window, `${Buffer.from(body).toString().slice(0, -1)},"lastModifiedOn":"${time}"}`)
    const of = (one: string, other: string) =>
      bodyOf(path('2025-10-24T22:00:00Z', '2025-10-26T23:00:00Z'), [modified(saturday, one), modified(sunday, other)])
    expect(of('2025-10-24T08:00:00.5', '2025-10-25T08:00:00.43')).toMatch(
      /,"lastModifiedOn":"2025-10-25T08:00:00.43"\}$/,
    )
    expect(of('2025-10-26T08:00:00', '2025-10-25T08:00:00.43')).toMatch(/,"lastModifiedOn":"2025-10-26T08:00:00"\}$/)
  })
})

describe('requests', () => {
  const from = '2025-10-25T22:00:00Z'
  const to = '2025-10-26T23:00:00Z'

  test('the case of paths and parameters does not matter, nor how a time is written', () => {
    const window = sunday.window
    for (const asked of [
      path(from, to),
      '/CORE/API/data/maxexchanges?fromutc=2025-10-25T22:00:00.000000Z&TOUTC=2025-10-26T23:00:00',
      '/core/api/data/maxExchanges?FromUTC=2025-10-25T22%3A00%3A00.000Z&ToUTC=2025-10-27T00:00:00%2B01:00',
    ]) {
      expect(requestAt(site, asked), asked).toMatchObject({
        dataset: 'jao.core.maxExchanges',
        selector: null,
        span: window,
      })
    }
    expect(requestAt(site, path(from, to, '', 'coreID/api/data/IDCCa_netPos')).dataset).toBe('jao.coreID.IDCCA_netPos')
    expect(requestAt(site, path(from, to)).needs(null)).toBe(true)
  })

  test.each([
    '/',
    '/core/api/data/',
    '/core/api/data/none',
    '/core/api/system/monitoring',
    '/core/api/data/maxExchanges/',
    '/nordic/api/data/lta',
  ])('%s is no path of a dataset', (asked) =>
    expect(readPath(site, `${asked}?FromUtc=${from}&ToUtc=${to}`)).toBeUndefined(),
  )

  test.each<[string, string]>([
    [`?FromUtc=${from}`, 'The parameter ToUtc is missing: give both FromUtc and ToUtc.'],
    ['', 'The parameter FromUtc is missing: give both FromUtc and ToUtc.'],
    [`?FromUtc=soon&ToUtc=${to}`, 'FromUtc="soon" is not a time such as 2026-04-20T22:00:00Z (in a URL, + is %2B).'],
    [`?FromUtc=${from}&ToUtc=`, 'ToUtc="" is not a time such as 2026-04-20T22:00:00Z (in a URL, + is %2B).'],
    [
      `?FromUtc=${from}&ToUtc=2025-10-26T00:00:00+01:00`,
      'ToUtc="2025-10-26T00:00:00 01:00" is not a time such as 2026-04-20T22:00:00Z (in a URL, + is %2B).',
    ],
    [`?FromUtc=${from}&ToUtc=${from}`, 'ToUtc is not after FromUtc: no row can be between them.'],
    [`?FromUtc=${to}&ToUtc=${from}`, 'ToUtc is not after FromUtc: no row can be between them.'],
    [
      '?FromUtc=2025-10-01&ToUtc=2025-11-01T00:00:01',
      'FromUtc and ToUtc are more than 31 days apart: ask for at most 31 days at once.',
    ],
    [`?FromUtc=${from}&fromUTC=${from}&ToUtc=${to}`, 'The parameter FromUtc is given twice: give it once.'],
    [
      `?FromUtc=${from}&ToUtc=${to}&border=AT_BE`,
      'The parameter "border" cannot be applied to stored answers: only FromUtc, ToUtc, Skip, Take, Filter can be applied.',
    ],
    [`?FromUtc=${from}&ToUtc=${to}&Skip=-1`, 'Skip="-1" is not a whole number from 0 on.'],
    [`?FromUtc=${from}&ToUtc=${to}&Take=1.5`, 'Take="1.5" is not a whole number from 0 on.'],
    [`?FromUtc=${from}&ToUtc=${to}&Take=`, 'Take="" is not a whole number from 0 on.'],
    [
      `?FromUtc=${from}&ToUtc=${to}&Filter={"Presolved":true}`,
      'The parameter Filter cannot be applied to stored answers: leave it out, and filter the rows.',
    ],
    [
      `?FromUtc=${from}&ToUtc=${to}&Filter=null`,
      'The parameter Filter cannot be applied to stored answers: leave it out, and filter the rows.',
    ],
  ])('%s: %s', (query, message) => {
    expect(readPath(site, `/core/api/data/maxExchanges${query}`)).toEqual({ status: 400, message })
  })

  test('31 days of rows may be asked for at once, and 6 hours of a domain', () => {
    expect(requestAt(site, path('2025-10-01', '2025-11-01')).span).toEqual({
      ...{ startMs: Date.UTC(2025, 9, 1), endMs: Date.UTC(2025, 10, 1) },
    })
    const domain = 'core/api/data/finalComputation'
    expect(requestAt(site, path('2025-10-01', '2025-10-01T06:00', '&Filter=%7B%7D', domain)).dataset).toBe(
      'jao.core.finalComputation',
    )
    expect(readPath(site, path('2025-10-01', '2025-10-01T06:01', '', domain))).toEqual({
      ...{ status: 400, message: 'FromUtc and ToUtc are more than 6 hours apart: ask for at most 6 hours at once.' },
    })
  })
})

describe('stored answers that cannot be read', () => {
  const of = (body: string) => () =>
    bodyOf(path('2025-10-25T22:00:00Z', '2025-10-25T23:00:00Z'), [stored(sunday.window, body)])
  const start = 'the stored answer of 2025-10-25T22:00:00.000Z to 2025-10-26T23:00:00.000Z cannot be read: '

  test.each<[string, string]>([
    [sunday.body.toString().slice(0, -60), 'not-json: '],
    ['', 'not-json: '],
    ['<html>', 'not-json: '],
    ['{"data":{}}', 'schema: not an answer with rows'],
    ['[]', 'schema: not an answer with rows'],
    ['{"data":[7]}', 'schema: data[0] is no row'],
    ['{"data":[],"data":[]}', 'schema: an object of the answer has the key "data" twice'],
    [saturday.body.toString(), 'outside-window: data[0] is of 2025-10-24T22:00:00Z'],
    ['{"data":[],"rejected":true}', 'upstream-rejected: '],
  ])('%s', (body, why) => expect(of(body)).toThrow(start + why))

  test('deep nesting does not overflow the stack', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    const kept = c.replace('"border', `"deep":${deep},"border`)
    expect(of(`{"data":[${kept},${d}],"rejected":false}`)()).toBe(`{"data":[${kept}],"rejected":false}`)
  })
})

describe('a domain', () => {
  const at = Date.parse('2026-04-20T22:00:00Z')
  const hour = (number = 0): Window => ({ startMs: at + number * 3_600_000, endMs: at + (number + 1) * 3_600_000 })
  const domain = (from: number, to: number, more: string) =>
    path(iso(from), iso(to), more, 'core/api/data/finalComputation')
  const constraint = (id: number, window = hour()) =>
    `{"id":${id},"dateTimeUtc":"${iso(window.startMs).slice(0, 19)}Z","ram":${id}.50,"contingencies":[{"a":"]"}]}`
  const constraints = (from: number, to: number, window = hour()) =>
    Array.from({ length: to - from }, (_, index) => constraint(from + index, window)).join(',')
  const answer = (rows: string, total: number, skip = 0) =>
    `{"data":[${rows}],"rejected":false,"messages":null,"totalRows":${total},"totalRowsWithFilter":${total},"skip":${skip}}`
  const count = (total: number, knownAtMs = 1, window = hour()) => stored(window, answer('', total), null, knownAtMs)
  const page = (skip: number, to: number, total: number, knownAtMs = 2, window = hour()) =>
    stored(window, answer(constraints(skip, to, window), total, skip), `rows-${skip}`, knownAtMs)
  const whole = [count(4_500), page(0, 2_000, 4_500), page(2_000, 4_000, 4_500), page(4_000, 4_500, 4_500)]
  const one = (more: string) => domain(at, at + 3_600_000, more)
  /** Composes from the answers that the request says it needs, as a service does. */
  const composed = (asked: string, answers: readonly SiteAnswer[]) => {
    const { needs } = requestAt(site, asked)
    return bodyOf(
      asked,
      answers.filter(({ selector }) => needs(selector)),
    )
  }

  test('the count is asked for first, as Take=0 or as Take=1 with an empty filter', () => {
    expect(composed(one('&Skip=0&Take=0'), whole)).toBe(answer('', 4_500))
    expect(composed(one('&Skip=0&Take=1&Filter=%7B%7D'), whole)).toBe(answer(constraint(0), 4_500))
    expect(composed(one('&Take=0&Filter='), [page(0, 2_000, 4_500)])).toBe(answer('', 4_500))
  })

  test('rows are skipped and taken over the pages, in their order', () => {
    const reversed = whole.toReversed()
    expect(composed(one('&Skip=1999&Take=2'), reversed)).toBe(answer(constraints(1_999, 2_001), 4_500, 1_999))
    expect(composed(one('&Skip=0&Take=5000'), reversed)).toBe(answer(constraints(0, 4_500), 4_500))
    expect(composed(one(''), reversed)).toBe(answer(constraints(0, 4_500), 4_500))
    expect(composed(one('&Skip=4499&Take=5000'), whole)).toBe(answer(constraint(4_499), 4_500, 4_499))
    expect(composed(one('&Skip=4500&Take=5000'), whole)).toBe(answer('', 4_500, 4_500))
  })

  test('a page of its own size is served as it came, with counts that are its own', () => {
    const odd = stored(
      hour(),
      page(2_000, 4_000, 4_500).body.toString().replace('"totalRows":4500', '"totalRows":99999'),
      'rows-2000',
      2,
    )
    const request = requestAt(site, one('&Skip=2000&Take=2000'))
    expect(request.compose([whole[0]!, whole[1]!, odd]).body).toBe(odd.body)
    expect(requestAt(site, one('&Take=0')).compose(whole).body).toBe(whole[0]!.body)
  })

  test('only pages with wanted rows are needed, the count, and the first page for its count', () => {
    const needed = (asked: string) => {
      const { needs } = requestAt(site, asked)
      return [null, 'rows-0', 'rows-2000', 'rows-4000', 'rows-6000'].filter(needs)
    }
    expect(needed(one('&Take=0'))).toEqual([null, 'rows-0'])
    expect(needed(one('&Skip=2000&Take=2000'))).toEqual([null, 'rows-0', 'rows-2000'])
    expect(needed(one('&Skip=3999&Take=2'))).toEqual([null, 'rows-0', 'rows-2000', 'rows-4000'])
    expect(needed(one('&Skip=4001'))).toEqual([null, 'rows-0', 'rows-4000', 'rows-6000'])
    for (const asked of [domain(at, at + 7_200_000, '&Take=1'), domain(at + 1, at + 3_600_001, '&Take=1'), one('')]) {
      expect(needed(asked), asked).toHaveLength(5)
    }
  })

  test('the newest answer says how many rows there are', () => {
    const shrunk = [...whole.slice(0, 3), page(4_000, 4_500, 4_500), count(3, 5), page(0, 3, 3, 6)]
    const newest = shrunk.filter(
      ({ selector }, index) => shrunk.findLastIndex((each) => each.selector === selector) === index,
    )
    expect(composed(one('&Skip=1'), newest)).toBe(answer(constraints(1, 3), 3, 1))
    expect(composed(one('&Skip=2000&Take=2000'), newest)).toBe(answer('', 3, 2_000))
    expect(composed(one('&Skip=0&Take=1'), [count(5, 1), page(0, 2_000, 4_500, 2)])).toBe(answer(constraint(0), 4_500))
    expect(composed(one('&Skip=0&Take=1'), [page(0, 2_000, 4_500, 2), count(5, 2)])).toBe(answer(constraint(0), 4_500))
  })

  test('a counted row that is in no page of this publication is an error, never left out', () => {
    const lost =
      'is in no stored page of 2026-04-20T22:00:00.000Z to 2026-04-20T23:00:00.000Z: the hour was not stored as a whole'
    expect(() => composed(one(''), [whole[0]!, whole[1]!, whole[3]!])).toThrow(`row 2000 of 4500 ${lost}`)
    expect(composed(one('&Take=2000'), [whole[0]!, whole[1]!, whole[3]!])).toBe(page(0, 2_000, 4_500).body.toString())
    expect(() => composed(one(''), [count(4_500)])).toThrow(`row 0 of 4500 ${lost}`)
    expect(() => composed(one(''), [count(2_001, 9), ...whole.slice(1)])).toThrow(`row 0 of 2001 ${lost}`)
    expect(() => composed(one(''), [stored(hour(), '{"data":[]}')])).toThrow('does not say how many rows there are')
  })

  test('hours follow each other, and a cut hour counts the rows that are left', () => {
    const two = [count(2), page(0, 2, 2), count(3, 1, hour(1)), page(0, 3, 3, 2, hour(1))]
    const of = (from: number, to: number, more = '') => composed(domain(at + from, at + to, more), two)
    const next = (from: number, to: number) => constraints(from, to, hour(1))
    expect(of(0, 7_200_000)).toBe(answer(`${constraints(0, 2)},${next(0, 3)}`, 5))
    expect(of(0, 7_200_000, '&Skip=1&Take=2')).toBe(answer(`${constraint(1)},${next(0, 1)}`, 5, 1))
    expect(of(0, 7_200_000, '&Skip=2&Take=2')).toBe(answer(next(0, 2), 5, 2))
    expect(of(1, 7_200_000, '&Take=1')).toBe(answer(next(0, 1), 3))
    expect(of(0, 3_600_001)).toBe(answer(`${constraints(0, 2)},${next(0, 3)}`, 5))
    expect(of(0, 1_800_000)).toBe(answer(constraints(0, 2), 2))
    expect(of(1, 3_600_000)).toBe(answer('', 0))
  })

  test('without an answer, or with empty ones, there are no rows', () => {
    expect(composed(one(''), [])).toBe(
      '{"data":[],"rejected":false,"messages":null,"totalRows":0,"totalRowsWithFilter":0}',
    )
    expect(composed(one('&Skip=0&Take=5000'), [count(0)])).toBe(answer('', 0))
  })

  test('a row at the end of an hour is of the next hour, except in the answer to the very request', () => {
    const late = stored(hour(), answer(`${constraint(0)},${constraint(7, hour(1))}`, 2), 'rows-0', 2)
    const next = page(0, 1, 1, 2, hour(1))
    expect(composed(domain(at, at + 7_200_000, ''), [late, next])).toBe(
      answer(`${constraint(0)},${constraint(0, hour(1))}`, 2),
    )
    expect(composed(one('&Skip=0&Take=5000'), [late])).toBe(late.body.toString())
  })
})

describe('against the simulated upstream', () => {
  const { jao: played, answer } = playUpstream(3)
  const atMs = Date.parse('2026-11-20T12:30:00Z')
  const dayMs = 86_400_000

  test.each(['core.maxExchanges', 'core.netPos', 'core.shadowAuctionATC', 'nordic.maxExchanges'])(
    '%s: days that are put together are what upstream answers for the whole span',
    (name) => {
      const upstream = played.named(name)
      if (upstream === undefined || !('body' in upstream)) throw new Error(`no ${name}`)
      const minutes = fc.integer({ min: 0, max: 3 * 24 * 60 })
      const firsts = fc.constantFrom('2025-09-30', '2025-10-25', '2026-03-28', '2026-06-10', '2026-11-20')
      fc.assert(
        fc.property(firsts, minutes, minutes, (first, one, other) => {
          fc.pre(one !== other)
          const startMs = dayOf(first).startMs
          const [fromMs, toMs] = [Math.min(one, other), Math.max(one, other)].map((minute) => startMs + minute * 60_000)
          const days = [0, 1, 2, 3].map((later) => dayAt(zone, startMs + dayMs / 2 + later * dayMs))
          const stands = days
            .map(dayOf)
            .filter((window) => window.startMs < toMs! && window.endMs > fromMs!)
            .map((window) => stored(window, upstream.body(window.startMs, window.endMs, atMs)))
          const asked = path(iso(fromMs!), iso(toMs!), '', upstream.dataset.path.slice(1))
          expect(bodyOf(asked, stands)).toBe(upstream.body(fromMs!, toMs!, atMs).toString())
        }),
        { numRuns: 40 },
      )
    },
  )

  test.each([
    ['core', 1],
    ['nordic', 2],
  ] as const)('%s: pages of 5,000 rows are cut out of stored pages as upstream answers them', (region, hours) => {
    const { asking, calendar } = jao.datasets.find(({ name }) => name === `jao.${region}.finalComputation`)!
    if (calendar.kind !== 'days') throw new Error('no hours')
    const windows = windowsOn({ window: 'hour', zone }, '2026-10-25').slice(2, 2 + hours)
    const ask = (asked: string) => answer('jao', asked, atMs).body
    const stands = windows.flatMap((window): SiteAnswer[] => {
      const counted = ask(asking!.pages!.countPath({ window, selector: null }))
      const { total } = asking!.pages!.rowsIn(counted)
      const pages = Array.from({ length: Math.ceil(total! / 2_000) }, (_, number) => `rows-${number * 2_000}`)
      return [
        stored(window, counted),
        ...pages.map((selector) => stored(window, ask(asking!.requestPath({ window, selector })), selector, 1)),
      ]
    })
    const [from, to] = [iso(windows[0]!.startMs), iso(windows.at(-1)!.endMs)]
    for (const rows of [
      '&Skip=0&Take=0',
      '&Skip=0&Take=1',
      '&Skip=0&Take=5000',
      '&Skip=5000&Take=5000',
      '&Skip=900&Take=20',
      '&Skip=10000&Take=5000',
    ]) {
      const asked = path(from, to, rows, `${region}/api/data/finalComputation`)
      expect(bodyOf(asked, stands) === ask(asked).toString(), `${region} ${rows}`).toBe(true)
    }
  })
})

describe('recorded answers', () => {
  test('the recorded days of maxExchanges are put together again as they came', () => {
    const recording = readRecording()
    if (recording === undefined) return expect(recording, 'recordings are missing; said above').toBeUndefined()
    const { body, rows, fromMs, toMs } = recording
    const days = ['2026-04-20', '2026-04-21', '2026-04-22'].map((day) => {
      const window = dayOf(day)
      const texts = rows.filter(({ hourMs }) => hourMs >= window.startMs && hourMs < window.endMs)
      return stored(window, `{"data":[${texts.map(({ text }) => text).join(',')}]${end}`)
    })
    expect(bodyOf(path(iso(fromMs), iso(toMs)), days)).toBe(body.toString())
  })

  test('an hour of each is cut out with the bytes between its braces', () => {
    for (const [file, name] of [
      ['core_external_atc.json', 'core/api/data/atc'],
      ['nordic_max_border_flow.json', 'nordic/api/data/maxBorderFlow'],
    ]) {
      const body = recordedFile(`jao/${file}`)
      if (!body) return expect(body, 'recordings are missing; said above').toBeUndefined()
      const window = { startMs: Date.parse('2026-04-20T00:00:00Z'), endMs: Date.parse('2026-04-22T00:00:00Z') }
      const [first, second] = body.toString().match(/\{\s*"id"[^{}]*"2026-04-20T05:(?:15|30)[^{}]*\}/g)!
      const asked = path('2026-04-20T05:15:00Z', '2026-04-20T05:45:00Z', '', name)
      const rest = body.toString().slice(body.toString().lastIndexOf(']') + 1)
      expect(bodyOf(asked, [stored(window, body)])).toBe(
        `${body.toString().slice(0, body.indexOf('['))}[${first},${second}]${rest}`,
      )
    }
  })
})
