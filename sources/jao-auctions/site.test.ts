import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addDays, businessDay } from '#core/business-day.ts'
import { windowsOn } from '#core/windows.ts'
import { playUpstream } from '../../test/support/played-upstream.ts'
import { recordedFile } from '../../test/support/recorded-file.ts'
import { readPath, requestAt, stored } from '../../test/support/site-request.ts'
import type { SiteAnswer } from '../site.ts'
import { jaoAuctions } from './jao-auctions.ts'

const site = jaoAuctions.site!
const zone = 'Europe/Brussels'
const dayOf = (day: string) => businessDay(zone, day).window
const path = (fromdate: string, todate: string, more = '&horizon=Daily&corridor=DE-CH') =>
  `/OWSMP/getauctions?fromdate=${fromdate}&todate=${todate}${more}`
const compose = (asked: string, answers: SiteAnswer[]) => {
  const { status, body } = requestAt(site, asked).compose(answers)
  return { status, body: Buffer.from(body).toString() }
}

const auction = (
  day: string,
  offered: string,
  start = new Date(dayOf(day).startMs).toISOString(),
  corridor = 'DE-CH',
) =>
  `{"identification":"${corridor}-D-DAILY--${day}-01","corridorCode":"${corridor}","marketPeriodStart":"${start}",
    "marketPeriodStop":"${new Date(dayOf(day).endMs).toISOString()}","results":[{"offeredCapacity":${offered}, "comment":"]}\\"["}]}`
const noData = '{"status":400,"message":"No Data found"}'

// The answer of a day has the auction of the next day, too: the dates of its request are UTC.
const [first, second, third] = ['2026-04-20', '2026-04-21', '2026-04-22'] as const
const answers = [
  stored(dayOf(first), `[ ${auction(first, '10.00')} , ${auction(second, '0.0')} ]\n`, 'DE-CH'),
  stored(dayOf(second), `[${auction(second, '20.00')},${auction(third, '0.0')}]`, 'DE-CH'),
  stored(dayOf(third), `[${auction(third, '30.00')}]`, 'DE-CH'),
]

describe('answers', () => {
  test('the dates of the own request of a day give its stored answer, with the auction of the next day', () => {
    const request = requestAt(site, path('2026-04-19', '2026-04-20'))
    expect(request).toMatchObject({ dataset: 'jao-auctions.daily', selector: 'DE-CH', span: dayOf(first) })
    expect(request.compose([answers[0]!])).toEqual({ status: 200, body: answers[0]!.body })
    expect(request.compose([answers[0]!]).body).toBe(answers[0]!.body)
  })

  test('other dates give the auctions whose market period begins on them, each out of the answer of its day', () => {
    expect(requestAt(site, path('2026-04-19', '2026-04-21')).span).toEqual({
      ...{ startMs: Date.UTC(2026, 3, 19), endMs: Date.UTC(2026, 3, 22) },
    })
    expect(compose(path('2026-04-19', '2026-04-21'), answers)).toEqual({
      ...{ status: 200, body: `[${auction(first, '10.00')},${auction(second, '20.00')},${auction(third, '30.00')}]\n` },
    })
    expect(compose(path('2026-04-20', '2026-04-20'), answers.slice(0, 2))).toEqual({
      ...{ status: 200, body: `[${auction(second, '20.00')}]` },
    })
    expect(compose(path('2026-04-21', '2026-04-21'), answers.slice(1))).toEqual({
      ...{ status: 200, body: answers[2]!.body.toString() },
    })
  })

  test('a time cuts at that instant, and before it', () => {
    const of = (from: string, to: string) => compose(path(from, to), answers.slice(0, 2))
    expect(of('2026-04-20-22:00:00', '2026-04-20-23:59:59').body).toBe(`[${auction(second, '20.00')}]`)
    expect(of('2026-04-20-22:00:01', '2026-04-20-23:59:59').body).toBe(noData)
    expect(of('2026-04-20-00:00:00', '2026-04-20-22:00:00').body).toBe(noData)
    expect(of('2026-04-19-00:00:00', '2026-04-20').body).toBe(
      `[${auction(first, '10.00')},${auction(second, '20.00')}]\n`,
    )
  })

  test('without an auction the answer is upstream’s, with status 400', () => {
    const empty = stored(dayOf(first), `{\n "status": 400,\n "message": "No Data found"\n}\n`, 'DE-CH')
    expect(compose(path('2026-04-19', '2026-04-20'), [empty])).toEqual({ status: 400, body: empty.body.toString() })
    expect(compose(path('2026-04-19', '2026-04-19'), [empty])).toEqual({ status: 400, body: empty.body.toString() })
    expect(compose(path('2026-04-01', '2026-04-01'), [])).toEqual({ status: 400, body: noData })
    expect(compose(path('2026-04-19', '2026-04-21'), [empty, answers[1]!])).toEqual({
      ...{ status: 200, body: `[${auction(second, '20.00')}]` },
    })
  })

  test('auctions of another corridor are left out', () => {
    const both = stored(dayOf(first), `[${auction(first, '1', undefined, 'CH-DE')},${auction(first, '2')}]`, 'DE-CH')
    expect(compose(path('2026-04-19', '2026-04-19'), [both]).body).toBe(`[${auction(first, '2')}]`)
  })

  test('what cannot be read is an error that says why', () => {
    const of = (body: string) => () => compose(path('2026-04-19', '2026-04-19'), [stored(dayOf(first), body, 'DE-CH')])
    const start = 'the stored answer of 2026-04-19T22:00:00.000Z to 2026-04-20T22:00:00.000Z cannot be read: '
    expect(of(answers[0]!.body.toString().slice(0, 100))).toThrow(`${start}not-json: `)
    expect(of('{"message":"Bad Request"}')).toThrow(`${start}upstream-rejected: `)
    expect(of('[{}]')).toThrow(`${start}type: auction 0`)
    expect(of(`[${'['.repeat(100_000)}${']'.repeat(100_000)}]`)).toThrow(`${start}type: auction 0`)
  })
})

describe('requests', () => {
  test('names, corridors and horizons ignore case', () => {
    const request = requestAt(
      site,
      '/owsmp/getAuctions?CORRIDOR=de-ch&FromDate=2026-04-19&toDate=2026-04-20&horizon=DAILY&shadow=0',
    )
    expect(request).toMatchObject({ dataset: 'jao-auctions.daily', selector: 'de-ch', span: dayOf(first) })
    expect(['DE-CH', 'de-ch', 'CH-DE', null].map(request.needs)).toEqual([true, true, false, false])
  })

  test('the dates of a month are those of jao-py: from the last day of the month before', () => {
    const [march] = windowsOn({ window: 'month', zone }, '2026-03-01')
    const of = (from: string, to: string) => requestAt(site, path(from, to, '&horizon=Monthly&corridor=DE-CH'))
    expect(of('2026-02-28', '2026-03-31')).toMatchObject({ dataset: 'jao-auctions.monthly', span: march })
    expect(of('2026-02-28', '2026-03-30').span).toEqual({
      startMs: Date.UTC(2026, 1, 28),
      endMs: Date.UTC(2026, 2, 31),
    })
    expect(of('2026-04-09', '2026-05-09').span).toEqual({ startMs: Date.UTC(2026, 3, 9), endMs: Date.UTC(2026, 4, 10) })
    expect(of('2026-03-01', '2026-03-31').span).toEqual({ startMs: Date.UTC(2026, 2, 1), endMs: Date.UTC(2026, 3, 1) })
  })

  test.each(['/OWSMP/getbids', '/OWSMP/getcorridors', '/OWSMP/getauctions/', '/'])(
    '%s is no path of a dataset',
    (asked) => expect(readPath(site, asked)).toBeUndefined(),
  )

  const rest = '&horizon=Daily&corridor=DE-CH'
  test.each<[string, string]>([
    [`fromdate=2026-04-19${rest}`, 'The parameter todate is missing: give both fromdate and todate.'],
    [`todate=2026-04-19${rest}`, 'The parameter fromdate is missing: give both fromdate and todate.'],
    [
      `fromdate=soon&todate=2026-04-19${rest}`,
      'fromdate="soon" is not a date such as 2026-04-20 or 2026-04-20-22:00:00, in UTC.',
    ],
    [
      `fromdate=2026-02-30&todate=2026-04-19${rest}`,
      'fromdate="2026-02-30" is not a date such as 2026-04-20 or 2026-04-20-22:00:00, in UTC.',
    ],
    [`fromdate=2026-04-19&todate=2026-04-18${rest}`, 'todate is before fromdate: no auction can be between them.'],
    [
      `fromdate=2026-04-19-10:00:00&todate=2026-04-19-10:00:00${rest}`,
      'todate is before fromdate: no auction can be between them.',
    ],
    [`fromdate=2026-03-01&todate=2026-04-02${rest}`, 'fromdate and todate are more than 31 days apart.'],
    [
      'fromdate=2026-04-19&todate=2026-04-20&corridor=DE-CH',
      'The parameter horizon must be one of Daily, Intraday, Monthly, Seasonal, Yearly.',
    ],
    [
      'fromdate=2026-04-19&todate=2026-04-20&corridor=DE-CH&horizon=Weekly',
      'The parameter horizon must be one of Daily, Intraday, Monthly, Seasonal, Yearly.',
    ],
    [
      'fromdate=2026-04-19&todate=2026-04-20&horizon=Daily',
      'The parameter corridor must name one corridor, such as DE-CH.',
    ],
    [
      'fromdate=2026-04-19&todate=2026-04-20&horizon=Daily&corridor=a,b',
      'The parameter corridor must name one corridor, such as DE-CH.',
    ],
    [
      `fromdate=2026-04-19&todate=2026-04-20&shadow=1${rest}`,
      'The parameter shadow must be 0: shadow auctions are not collected.',
    ],
    [
      `fromdate=2026-04-19&todate=2026-04-20&Corridor=CH-DE${rest}`,
      'The parameter corridor is given twice: give it once.',
    ],
    [
      `fromdate=2026-04-19&todate=2026-04-20&auctionid=7${rest}`,
      'The parameter "auctionid" cannot be applied to stored answers: only corridor, fromdate, todate, horizon, shadow can be applied.',
    ],
  ])('%s: %s', (query, message) => {
    expect(readPath(site, `/OWSMP/getauctions?${query}`)).toEqual({ status: 400, message })
  })
})

test('the answers of days are put together as the simulated upstream answers the whole span', () => {
  const { answer } = playUpstream(3)
  const atMs = Date.parse('2026-11-20T12:30:00Z')
  const { asking } = jaoAuctions.datasets.find(({ name }) => name === 'jao-auctions.daily')!
  const firsts = fc.constantFrom('2025-10-24', '2026-03-27', '2026-11-18')
  fc.assert(
    fc.property(firsts, fc.integer({ min: 0, max: 9 }), (from, length) => {
      const to = addDays(from, length)
      const asked = path(from, to)
      const { span, compose } = requestAt(site, asked)
      const windows = Array.from({ length: length + 3 }, (_, later) => dayOf(addDays(from, later - 1)))
      const stands = windows
        .filter(({ startMs, endMs }) => startMs < span!.endMs && endMs > span!.startMs)
        .map((window) =>
          stored(
            window,
            answer('jao-auctions', asking!.requestPath({ window, selector: 'DE-CH' }), atMs).body,
            'DE-CH',
          ),
        )
      const expected = answer('jao-auctions', asked, atMs)
      const { status, body } = compose(stands)
      expect([status, Buffer.from(body).toString()]).toEqual([expected.status, expected.body.toString()])
    }),
    { numRuns: 30 },
  )
})

test('an auction of a recorded answer is cut out with the bytes between its braces', () => {
  const body = recordedFile('jao/auctions_if1-fr-gb.json')
  if (!body) return expect(body, 'recordings are missing; said above').toBeUndefined()
  const text = body.toString()
  const second = text.slice(text.indexOf('{', text.indexOf('\n  },') + 1), text.lastIndexOf(']')).trim()
  const asked = path('2026-07-28', '2026-07-28', '&horizon=daily&corridor=if1-fr-gb')
  const { status, body: cut } = compose(asked, [
    stored(dayOf('2026-07-28'), body, 'IF1-FR-GB'),
    stored(dayOf('2026-07-29'), body, 'IF1-FR-GB'),
  ])
  expect([status, cut]).toEqual([200, `[${second}]\n`])
  expect(second).toContain('"marketPeriodStart": "2026-07-28T22:00:00.000+00:00"')
})
