import { expect, test } from 'vitest'
import { businessDay } from '#core/business-day.ts'
import { csvRows, recordedFile } from '../../test/support/recorded-file.ts'
import type { ExplodeResult } from '../source.ts'
import { jaoAuctions } from './jao-auctions.ts'

// Runs every recorded answer through its dataset. A script in another language computed the sums.

const absent = 'recordings are missing; said above'
const daily = jaoAuctions.datasets.find(({ name }) => name === 'jao-auctions.daily')!
const window = (day: string) => businessDay('Europe/Brussels', day).window

const explode = (body: Uint8Array, day: string, selector: string, status = 200): ExplodeResult =>
  daily.explode({ body, status, window: window(day), selector })

const sum = ({ slices }: ExplodeResult, key: string): number => {
  const values = slices.find((slice) => slice.key === key)?.values ?? []
  return Math.round(values.reduce<number>((total, value) => total + (value ?? 0), 0) * 100) / 100
}
const at = ({ slices }: ExplodeResult, key: string, time: string) => {
  const slice = slices.find((each) => each.key === key)
  return slice?.values[(Date.parse(time) - slice.startMs) / 3_600_000]
}

// [file, corridor, day, offered, requested, allocated, price, update]; the other market day of the answer is ignored.
test.each([
  ['if1-fr-gb', 'IF1-FR-GB', '2026-07-28', 39_942, 178_743, 39_942, 841.53, '2026-07-27T09:26:03.670Z'],
  ['if1-fr-gb', 'IF1-FR-GB', '2026-07-29', 39_966, 183_596, 39_966, 991.42, '2026-07-28T09:31:47.282Z'],
  ['el1-fr-gb', 'EL1-FR-GB', '2026-07-28', 16_953, 91_751, 16_952, 964.43, '2026-07-27T09:27:45.532Z'],
  ['el1-fr-gb', 'EL1-FR-GB', '2026-07-29', 17_725, 90_192, 17_725, 923.2, '2026-07-28T09:30:06.652Z'],
  ['el1-gb-fr', 'EL1-GB-FR', '2026-07-28', 31_719, 85_774, 31_596, 1.2, '2026-07-27T09:27:21.269Z'],
  ['el1-gb-fr', 'EL1-GB-FR', '2026-07-29', 25_877, 60_579, 25_665, 0.99, '2026-07-28T09:33:53.785Z'],
])('%s, %s of %s', (file, corridor, day, offered, requested, allocated, price, modified) => {
  const body = recordedFile(`jao/auctions_${file}.json`)
  if (!body) return expect(body, absent).toBeUndefined()
  const exploded = explode(body, day, corridor)
  expect([exploded.refusal, exploded.ignored]).toEqual([undefined, { 'outside-window': 1 }])
  const sums = ['offeredCapacity', 'requestedCapacity', 'allocatedCapacity', 'auctionPrice'].map((metric) =>
    sum(exploded, `${corridor}.${metric}`),
  )
  expect(sums).toEqual([offered, requested, allocated, price])
  expect(
    exploded.slices.map(({ values, flags, upstreamModifiedAtMs }) => [values.length, flags, upstreamModifiedAtMs]),
  ).toEqual(new Array(4).fill([24, [], Date.parse(modified)]))
  expect(daily.asking!.assess(body, { window: window(day), selector: corridor })).toBe('complete')
})

test('hours stand where Brussels’ clock says, in whatever order they came', () => {
  const body = recordedFile('jao/auctions_if1-fr-gb.json')
  if (!body) return expect(body, absent).toBeUndefined()
  const exploded = explode(body, '2026-07-28', 'IF1-FR-GB')
  expect(at(exploded, 'IF1-FR-GB.auctionPrice', '2026-07-27T22:00:00Z')).toBe(0.43)
  expect(at(exploded, 'IF1-FR-GB.auctionPrice', '2026-07-28T00:00:00Z')).toBe(1.5)
  expect(at(exploded, 'IF1-FR-GB.auctionPrice', '2026-07-28T15:00:00Z')).toBe(55.44)
  expect(at(exploded, 'IF1-FR-GB.offeredCapacity', '2026-07-28T21:00:00Z')).toBe(1868)
})

test('the long day has its second 02:00', () => {
  const body = recordedFile('jao/auctions_dst-long-if1-fr-gb.json')
  if (!body) return expect(body, absent).toBeUndefined()
  const exploded = explode(body, '2025-10-26', 'IF1-FR-GB')
  expect([exploded.refusal, exploded.ignored]).toEqual([undefined, {}])
  const metrics = ['offeredCapacity', 'requestedCapacity', 'allocatedCapacity', 'auctionPrice']
  expect(metrics.map((metric) => sum(exploded, `IF1-FR-GB.${metric}`))).toEqual([13_900, 66_609, 13_899, 376.24])
  expect(exploded.slices.map(({ values }) => values.length)).toEqual([25, 25, 25, 25])
  expect(exploded.slices.every(({ values }) => values.every((value) => value !== null))).toBe(true)
  expect(at(exploded, 'IF1-FR-GB.auctionPrice', '2025-10-26T22:00:00Z')).toBe(2.11)
  expect(daily.asking!.assess(body, { window: window('2025-10-26'), selector: 'IF1-FR-GB' })).toBe('complete')
})

test('status 400 with "No Data found" is empty', () => {
  const body = recordedFile('jao/auctions_no-data.json')
  if (!body) return expect(body, absent).toBeUndefined()
  expect(explode(body, '2026-07-28', 'IF1-FR-GB', 400)).toEqual({ slices: [], ignored: {} })
  expect(daily.asking!.assess(body, { window: window('2026-07-28'), selector: 'IF1-FR-GB' })).toBe('empty')
})

test('five years of DE-CH: doubles of overlapping windows are counted, changeover days have 23 and 25 hours', () => {
  const file = recordedFile('jao/auctions_daily_DE-CH_2019_2024.csv')
  if (!file) return expect(file, absent).toBeUndefined()
  const byDay = Map.groupBy(csvRows(file), ({ date }) => date!)
  expect(byDay.size).toBe(1858)
  const totals = { values: 0, price: 0, offered: 0, allocated: 0, doubled: 0 }
  const lengths = new Map<string, number>()
  for (const [day, rows] of byDay) {
    const { startMs, endMs } = window(day)
    const results = rows.map(({ hour, price, allocatedCapacity, ATC }) => ({
      ...{ productHour: hour, auctionPrice: Number(price), allocatedCapacity: Number(allocatedCapacity) },
      offeredCapacity: Number(ATC),
    }))
    const auction = {
      ...{ identification: `DE-CH-D-DAILY--${day}-01`, corridorCode: 'DE-CH', cancelled: false, results },
      ...{ marketPeriodStart: new Date(startMs).toISOString(), marketPeriodStop: new Date(endMs).toISOString() },
    }
    const exploded = explode(Buffer.from(JSON.stringify([auction])), day, 'DE-CH')
    expect(exploded.refusal, day).toBeUndefined()
    const prices = exploded.slices.find(({ key }) => key === 'DE-CH.auctionPrice')!.values
    expect(
      prices.every((value) => value !== null),
      day,
    ).toBe(true)
    if (prices.length !== 24) lengths.set(day, prices.length)
    totals.values += prices.length
    totals.price += sum(exploded, 'DE-CH.auctionPrice')
    totals.offered += sum(exploded, 'DE-CH.offeredCapacity')
    totals.allocated += sum(exploded, 'DE-CH.allocatedCapacity')
    totals.doubled += exploded.ignored['doubled-result'] ?? 0
  }
  expect({ ...totals, price: Math.round(totals.price * 100) / 100 }).toEqual({
    ...{ values: 44_592, price: 743_834.29, offered: 51_268_843, allocated: 51_245_008, doubled: 696 },
  })
  expect([...lengths].sort()).toEqual([
    ...[
      ['2019-03-31', 23],
      ['2019-10-27', 25],
      ['2020-03-29', 23],
      ['2020-10-25', 25],
      ['2021-03-28', 23],
    ],
    ...[
      ['2021-10-31', 25],
      ['2022-03-27', 23],
      ['2022-10-30', 25],
      ['2023-03-26', 23],
      ['2023-10-29', 25],
    ],
  ])
})
