import { describe, expect, test } from 'vitest'
import { businessDay } from '#core/business-day.ts'
import type { Window } from '../source.ts'
import { jaoAuctions } from './jao-auctions.ts'

const named = (name: string) => jaoAuctions.datasets.find((dataset) => dataset.name === `jao-auctions.${name}`)!
const daily = named('daily')
const day = '2026-04-21'
const windowOf = (of: string): Window => businessDay('Europe/Brussels', of).window
const window = windowOf(day)
const selector = 'DE-CH'

const result = (hours: string, over: Record<string, unknown> = {}) => ({
  ...{ productHour: hours, productIdentification: 'B01-------', corridorCode: selector, comment: null },
  ...{ offeredCapacity: 100, requestedCapacity: 300, allocatedCapacity: 90, auctionPrice: 1.5 },
  ...over,
})
const auction = (results: unknown, over: Record<string, unknown> = {}, of = window) => ({
  ...{ identification: `${selector}-D-DAILY--260421-01`, corridorCode: selector, cancelled: false, results },
  ...{ marketPeriodStart: new Date(of.startMs).toISOString(), marketPeriodStop: new Date(of.endMs).toISOString() },
  ...{ lastDataUpdate: '2026-04-20T09:00:00.000+00:00' },
  ...over,
})
const body = (...auctions: unknown[]) => Buffer.from(JSON.stringify(auctions))
const explode = (bytes: Buffer, of = window, dataset = daily) =>
  dataset.explode({ body: bytes, status: 200, window: of, selector })
const assess = (bytes: Buffer, dataset = daily, of = window) => dataset.asking!.assess(bytes, { window: of, selector })
const prices = (exploded: ReturnType<typeof explode>, corridor = selector) =>
  exploded.slices.find(({ key }) => key === `${corridor}.auctionPrice`)?.values

/** One result per hour of a day; the price is the number of hours since its start. */
function hours(of: string): ReturnType<typeof result>[] {
  const { startMs, endMs } = windowOf(of)
  const names = new Set<string>()
  return Array.from({ length: (endMs - startMs) / 3_600_000 }, (_, index) => {
    const clock = new Date(startMs + index * 3_600_000).toLocaleTimeString('en-GB', {
      timeZone: 'Europe/Brussels',
      hour: '2-digit',
    })
    const name = `${clock}:00-${String(Number(clock) + 1).padStart(2, '0')}:00`
    const star = names.has(name) ? '*' : ''
    names.add(name)
    return result(`${name}${star}`, { auctionPrice: index })
  })
}

test('times are read with any offset, however UTC is spelled', () => {
  for (const [start, update] of [
    ['2026-04-20T22:00:00+0000', '2026-04-20T09:00:00.67+00'],
    ['2026-04-21T00:00:00.000+02:00', '2026-04-20T11:00:00.670+02:00'],
    ['2026-04-20T22:00:00z', '2026-04-20t09:00:00.670-00:00'],
  ]) {
    const { slices, ignored } = explode(body(auction(hours(day), { marketPeriodStart: start, lastDataUpdate: update })))
    expect([slices.length, ignored], start).toEqual([4, {}])
    expect(slices[0]?.upstreamModifiedAtMs).toBe(Date.parse('2026-04-20T09:00:00.670Z'))
  }
  for (const start of ['2026-04-20T22:00:00', '2026-04-20T22:00:00+24:00', '2026-02-30T22:00:00Z']) {
    expect(explode(body(auction(hours(day), { marketPeriodStart: start }))).refusal?.message).toBe(
      'auction 0.marketPeriodStart: not a time with an offset, such as 2026-04-20T22:00:00Z',
    )
  }
})

describe('hours', () => {
  test.each([
    ['2026-03-29', 23, '03:00-04:00', 2],
    ['2026-10-25', 25, '02:00-03:00*', 3],
    ['2026-04-21', 24, '02:00-03:00', 2],
  ])('of %s are %i, each at its UTC time, in whatever order', (of, count, name, place) => {
    const results = hours(of)
    expect(results[place]?.productHour).toBe(name)
    const bytes = body(auction(results.toReversed(), {}, windowOf(of)))
    const exploded = explode(bytes, windowOf(of))
    expect(exploded.refusal).toBeUndefined()
    expect(prices(exploded)).toEqual(Array.from({ length: count }, (_, index) => index))
    expect(assess(bytes, daily, windowOf(of))).toBe('complete')
    expect(assess(body(auction(results.slice(1), {}, windowOf(of))), daily, windowOf(of))).toBe('partial')
  })

  test.each([
    ['2026-03-29', '02:00-03:00', 'an hour that the short day lacks'],
    ['2026-04-21', '02:00-03:00*', 'a second 02:00 on a plain day'],
    ['2026-10-25', '03:00-04:00*', 'a star at another hour of the long day'],
    ['2026-04-21', '24:00-25:00', 'a time that is none'],
    ['2026-04-21', '05:00-04:00', 'an end before its begin'],
    ['2026-04-21', 'BASE', 'no time'],
  ])('on %s, %s is refused: %s', (of, name) => {
    const { refusal } = explode(body(auction([result(name)], {}, windowOf(of))), windowOf(of))
    expect(refusal).toMatchObject({ reason: 'type', message: expect.stringContaining(JSON.stringify(name)) })
  })

  test('of two lengths, or off the step, are refused', () => {
    expect(explode(body(auction([result('00:00-01:00'), result('01:00-01:30')]))).refusal?.reason).toBe('step')
    expect(explode(body(auction([result('00:30-01:30')]))).refusal?.reason).toBe('step')
    const halves = explode(body(auction([result('00:00-00:30'), result('23:30-24:00', { auctionPrice: 9 })])))
    expect([halves.slices[0]?.stepS, prices(halves)?.length, prices(halves)?.[47]]).toEqual([1800, 48, 9])
  })
})

describe('doubles', () => {
  test('that say the same are counted, of one auction or of two', () => {
    const same = auction([result('00:00-01:00'), result('00:00-01:00')])
    const exploded = explode(body(same, auction([result('00:00-01:00')])))
    expect(exploded.ignored).toEqual({ 'doubled-result': 2 })
    expect(prices(exploded)?.slice(0, 2)).toEqual([1.5, null])
  })

  test('that differ are refused, a null included', () => {
    for (const auctionPrice of [2, null]) {
      const { refusal, slices } = explode(
        body(auction([result('00:00-01:00'), result('00:00-01:00', { auctionPrice })])),
      )
      expect([refusal?.reason, slices]).toEqual(['conflicting-rows', []])
      expect(refusal?.message).toContain('DE-CH.auctionPrice of 2026-04-20T22:00:00.000Z')
    }
  })

  test('a second auction of the same hours has keys of its own', () => {
    const second = auction([result('00:00-01:00', { auctionPrice: 7 })], { identification: 'DE-CH-D-DAILY--260421-02' })
    const exploded = explode(body(auction([result('00:00-01:00')]), second))
    expect([prices(exploded)?.[0], prices(exploded, 'DE-CH#02')?.[0]]).toEqual([1.5, 7])
    expect(daily.labels('DE-CH#02.auctionPrice')).toMatchObject({ corridor: 'DE-CH', auction: '02' })
  })
})

describe('what is asked for', () => {
  const other = auction([result('00:00-01:00')], { corridorCode: 'CH-DE' })
  const tomorrow = auction([result('00:00-01:00')], {}, windowOf('2026-04-22'))

  test('other corridors are omitted and counted; the name may be in lower case', () => {
    const exploded = explode(body(other, tomorrow, auction([result('00:00-01:00')], { corridorCode: 'de-ch' })))
    expect(exploded.ignored).toEqual({ 'another-corridor': 1, 'outside-window': 1 })
    expect(exploded.slices.map(({ key }) => key)).toContain('de-ch.auctionPrice')
  })

  test('these answers are empty: no auction, only others, none held yet, and "No Data found"', () => {
    const announced = auction([])
    for (const bytes of [
      body(),
      body(other),
      body(announced),
      Buffer.from('{"status":400,"message":"No Data found"}'),
    ]) {
      expect(explode(bytes).slices).toEqual([])
      expect(assess(bytes)).toBe('empty')
    }
    expect(assess(body(auction(hours(day)), announced))).toBe('partial')
  })

  test('another status 400 is refused with what it says', () => {
    const bytes = Buffer.from('{"status":400,"message":"fromdate is \\u001b[2Jrequired"}')
    expect(explode(bytes).refusal).toEqual({
      reason: 'upstream-rejected',
      message: 'upstream rejected the request: "fromdate is \\u001b[2Jrequired"',
    })
    expect(assess(bytes)).toEqual(explode(bytes).refusal)
  })
})

describe('an auction that is cancelled', () => {
  test('is a flag on what it says', () => {
    const { slices } = explode(body(auction([result('00:00-01:00')], { cancelled: true })))
    expect(slices.map(({ flags }) => flags)).toEqual(new Array(4).fill(['cancelled']))
  })

  test('before it was held has no value in any hour, and is complete', () => {
    const bytes = body(auction([], { cancelled: true }))
    const { slices } = explode(bytes)
    expect(slices.map(({ key }) => key)).toEqual([
      ...['DE-CH.offeredCapacity', 'DE-CH.requestedCapacity', 'DE-CH.allocatedCapacity', 'DE-CH.auctionPrice'],
    ])
    for (const { values, flags } of slices) expect([values, flags]).toEqual([new Array(24).fill(null), ['cancelled']])
    expect(assess(bytes)).toBe('complete')
  })
})

describe('results whose figures', () => {
  const offered = Object.fromEntries(Object.keys(result('')).map((name) => [name, name.replace('Capacity', 'MW')]))
  const renamed = (cells: Record<string, unknown>, names: Record<string, string>) =>
    Object.fromEntries(Object.entries(cells).map(([name, value]) => [names[name] ?? name, value]))

  test('have other names are refused with these, and so is an auction without results', () => {
    const all = { ...offered, auctionPrice: 'price' }
    const other = body(auction(hours(day).map((one) => renamed(one, all))))
    const without = body(renamed(auction(hours(day)), { results: 'Results' }))
    for (const [bytes, words] of [
      [
        other,
        'have productHour, productIdentification, corridorCode, comment, offeredMW, requestedMW, allocatedMW, price',
      ],
      [without, 'marketPeriodStop, Results instead of results'],
    ] as const) {
      const { refusal, slices } = explode(bytes)
      expect([slices, refusal?.reason]).toEqual([[], 'schema'])
      expect(refusal?.message).toContain(words)
      expect(() => assess(bytes)).toThrow(`schema: ${refusal?.message}`)
    }
    expect(explode(other).refusal?.message).toContain(' instead of offeredCapacity, ')
  })

  test('have other names in part lack these series: a null would take back what was known', () => {
    const bytes = body(auction(hours(day).map((one) => renamed(one, { auctionPrice: 'price' }))))
    const { slices, ignored } = explode(bytes)
    expect(slices.map(({ key }) => key)).toEqual([
      ...['DE-CH.offeredCapacity', 'DE-CH.requestedCapacity', 'DE-CH.allocatedCapacity'],
    ])
    expect(ignored).toEqual({ 'absent-metric': 1 })
    expect(assess(bytes)).toBe('complete')
  })

  test('are all null are not there yet, in any hour; some of them may be', () => {
    const none = { offeredCapacity: null, requestedCapacity: null, allocatedCapacity: null, auctionPrice: null }
    const [first, ...rest] = hours(day)
    expect(assess(body(auction(hours(day).map((one) => ({ ...one, ...none })))))).toBe('partial')
    expect(assess(body(auction([{ ...first, ...none }, ...rest])))).toBe('partial')
    expect(assess(body(auction([{ ...first, ...none, offeredCapacity: 0 }, ...rest])))).toBe('complete')
    expect(
      assess(
        body(
          auction(
            hours(day).map((one) => ({ ...one, ...none })),
            { cancelled: true },
          ),
        ),
      ),
    ).toBe('complete')
  })
})

describe('long horizons', () => {
  const july = { startMs: Date.parse('2026-06-30T22:00:00Z'), endMs: Date.parse('2026-07-31T22:00:00Z') }
  const monthly = named('monthly')

  test('one value over the whole product, without its name where there is one', () => {
    const bytes = body(auction([result('00:00-24:00', { productIdentification: 'BASE------' })], {}, july))
    const { slices } = explode(bytes, july, monthly)
    expect(slices[0]).toEqual({
      ...{ key: 'DE-CH.offeredCapacity', startMs: july.startMs, stepS: 31 * 86_400, values: [100], flags: [] },
      upstreamModifiedAtMs: Date.parse('2026-04-20T09:00:00Z'),
    })
    expect(slices).toHaveLength(4)
    expect(assess(bytes, monthly, july)).toBe('complete')
  })

  test('a year that begins in the month lasts a year, with the changeover hours in it', () => {
    const year = { startMs: Date.parse('2026-12-31T23:00:00Z'), endMs: Date.parse('2027-12-31T23:00:00Z') }
    const january = { startMs: year.startMs, endMs: Date.parse('2027-01-31T23:00:00Z') }
    const products = ['BASE', 'PEAK'].map((product) => result('', { productIdentification: product }))
    const { slices } = explode(body(auction(products, {}, year)), january, named('yearly'))
    expect(slices.map(({ key, stepS }) => [key, stepS])).toContainEqual(['DE-CH/PEAK.auctionPrice', 365 * 86_400])
    expect(named('yearly').labels('DE-CH/PEAK.auctionPrice')).toEqual({
      ...{ corridor: 'DE-CH', from: 'DE', to: 'CH', product: 'PEAK', metric: 'auctionPrice' },
    })
  })

  test('a month is asked for by days that are at most 31 apart', () => {
    const path = (of: Window) => monthly.asking!.requestPath({ window: of, selector: 'IF1-FR-GB' })
    expect(path(july)).toBe(
      '/OWSMP/getauctions?corridor=IF1-FR-GB&fromdate=2026-06-30&todate=2026-07-31&horizon=Monthly&shadow=0',
    )
    for (let month = 1; month <= 24; month++) {
      const first = Temporal.PlainDate.from('2026-01-01').add({ months: month })
      const at = (date: Temporal.PlainDate) => date.toZonedDateTime('Europe/Brussels').epochMilliseconds
      const query = new URLSearchParams(path({ startMs: at(first), endMs: at(first.add({ months: 1 })) }).split('?')[1])
      const [from, to] = ['fromdate', 'todate'].map((name) => Temporal.PlainDate.from(query.get(name) ?? ''))
      expect(from!.until(to!, { largestUnit: 'day' }).days).toBeLessThanOrEqual(31)
      expect(from!.equals(first.subtract({ days: 1 }))).toBe(true)
    }
  })
})

test('a day is asked for by the UTC days that it begins and ends in, a strange name is escaped', () => {
  expect(daily.asking!.requestPath({ window, selector: 'DE(TenneT)-CZ' })).toBe(
    '/OWSMP/getauctions?corridor=DE%28TenneT%29-CZ&fromdate=2026-04-20&todate=2026-04-21&horizon=Daily&shadow=0',
  )
  expect(daily.asking!.selectors!.default).toEqual(expect.arrayContaining(['IF1-FR-GB', 'EL1-FR-GB', 'DE-CH']))
  for (const corridor of daily.asking!.selectors!.default) expect(corridor).toMatch(daily.asking!.selectors!.pattern)
  expect('DE CH&x=1').not.toMatch(daily.asking!.selectors!.pattern)
})

test('the source has a host, a key and a budget of its own, below the limit', () => {
  const { budget, credential, baseUrl } = jaoAuctions.upstream!
  expect([baseUrl.default, baseUrl.setting]).toEqual(['https://api.jao.eu', 'JAO_AUCTIONS_BASE_URL'])
  expect(credential).toMatchObject({ header: 'AUTH_API_KEY', setting: 'JAO_AUCTIONS_API_KEY' })
  expect(budget.burst + budget.refillPerMinute).toBeLessThan(budget.perMinute)
})

test.each([
  ['IF1-FR-GB.offeredCapacity', 'MW', { corridor: 'IF1-FR-GB', from: 'FR', to: 'GB', metric: 'offeredCapacity' }],
  ['VKL-D1-GB.auctionPrice', 'EUR/MWh', { corridor: 'VKL-D1-GB', from: 'D1', to: 'GB', metric: 'auctionPrice' }],
  ['DE-CH.requestedCapacity', 'MW', { corridor: 'DE-CH', from: 'DE', to: 'CH', metric: 'requestedCapacity' }],
  [
    'DE(TenneT)-CZ.auctionPrice',
    'EUR/MWh',
    { corridor: 'DE(TenneT)-CZ', from: 'DE(TenneT)', to: 'CZ', metric: 'auctionPrice' },
  ],
  ['nonsense', 'MW', {}],
])('%s is in %s and says what it is about', (key, unit, labels) => {
  expect([daily.unitOf?.(key), daily.labels(key)]).toEqual([unit, labels])
})

test.each([
  ['no list', Buffer.from('{"data":[]}'), 'schema'],
  ['HTML', Buffer.from('<html>'), 'not-json'],
  ['an auction that is none', body(7), 'type'],
  ['a time without its zone', body(auction([], { marketPeriodStart: '2026-04-20T22:00:00' })), 'schema'],
  ['a text for a number', body(auction([result('00:00-01:00', { offeredCapacity: '100' })])), 'type'],
  ['a corridor that is none', body(auction([], { corridorCode: 'a/b.c' })), 'schema'],
  [
    'a period that ends before it begins',
    body(auction([], { marketPeriodStop: '2026-04-19T22:00:00Z' })),
    'outside-window',
  ],
  [
    'a period longer than the window',
    body(auction([], { marketPeriodStop: '2026-04-29T22:00:00Z' })),
    'outside-window',
  ],
  ['the same key twice', Buffer.from('[{"identification":"a","identification":"b"}]'), 'schema'],
])('an answer with %s is refused', (_what, bytes, reason) => {
  const { refusal, slices } = explode(bytes)
  expect([refusal?.reason, slices]).toEqual([reason, []])
  expect(() => assess(bytes)).toThrow(`${reason}: `)
})
