import { afterEach, beforeEach, expect, test } from 'vitest'
import { recordedFile } from '../../test/support/recorded-file.ts'
import { startSimulator } from '../server.ts'

type Result = Record<string, unknown> & { productHour: string; productIdentification: string; auctionPrice: number }
type Auction = Record<string, unknown> & { marketPeriodStart: string; results: Result[]; products: Result[] }

let simulator: Awaited<ReturnType<typeof startSimulator>>
beforeEach(async () => {
  simulator = await startSimulator({ startMs: Date.parse('2026-11-20T12:30:00Z'), speed: 0 })
})
afterEach(() => simulator.stop())

const NO_DATA = '{"status":400,"message":"No Data found"}'
const ask = (corridor: string, from: string, to: string, horizon = 'Daily', key = 'any') =>
  fetch(
    `${simulator.urls['jao-auctions']}/OWSMP/getauctions?corridor=${corridor}&fromdate=${from}&todate=${to}&horizon=${horizon}`,
    { headers: key === '' ? {} : { AUTH_API_KEY: key } },
  )
const auctionsOf = async (...asked: Parameters<typeof ask>) => (await (await ask(...asked)).json()) as Auction[]

test('an auction has the fields of the recorded ones, in their order, and is printed like them', async () => {
  const response = await ask('IF1-FR-GB', '2026-10-24', '2026-10-24')
  const text = await response.text()
  expect(text).toMatch(
    /^\[\{"identification":"IF1-FR-GB-D-DAILY--261025-01","horizonName":"Daily","corridorCode":"IF1-FR-GB","cancelled":false,"lastDataUpdate":"2026-10-24T\d\d:\d\d:\d\d\.\d{3}\+00:00","marketPeriodStart":"2026-10-24T22:00:00\.000\+00:00","marketPeriodStop":"2026-10-25T23:00:00\.000\+00:00",/,
  )
  expect(text).toMatch(/"offeredCapacity":\d+\.0,"requestedCapacity":\d+\.0,"allocatedCapacity":\d+\.0,/)
  expect(text).toMatch(/"auctionPrice":\d+\.\d{1,2},/)
  const recorded = recordedFile('jao/auctions_dst-long-if1-fr-gb.json')?.toString()
  if (recorded === undefined) return
  const [theirs] = JSON.parse(recorded) as [Auction]
  const [ours] = JSON.parse(text) as [Auction]
  expect(Object.keys(ours)).toEqual(Object.keys(theirs))
  expect(Object.keys(ours.results[0]!)).toEqual(Object.keys(theirs.results[0]!))
  expect(Object.keys(ours.products[0]!)).toEqual(Object.keys(theirs.products[0]!))
  const named = ({ results }: Auction) =>
    results.map(({ productHour, productIdentification }) => `${productHour} ${productIdentification}`).sort()
  expect(named(ours)).toEqual(named(theirs))
})

test('results and products come unordered, but all of them: 24, 25 with a star, or 23', async () => {
  const hours = async (from: string) =>
    (await auctionsOf('EL1-GB-FR', from, from))[0]!.results.map((each) => each.productHour)
  const plain = await hours('2026-07-27')
  const ascending = Array.from({ length: 24 }, (_, hour) => {
    const of = (number: number) => String(number).padStart(2, '0')
    return `${of(hour)}:00-${of(hour + 1)}:00`
  })
  expect(plain).not.toEqual(ascending)
  expect(plain.toSorted()).toEqual(ascending)
  const long = await hours('2026-10-24')
  expect(long).toHaveLength(25)
  expect(long.filter((hour) => !ascending.includes(hour))).toEqual(['02:00-03:00*'])
  const short = await hours('2026-03-28')
  expect(short).toHaveLength(23)
  expect(ascending.filter((hour) => !short.includes(hour))).toEqual(['02:00-03:00'])
  const [{ products }] = (await auctionsOf('EL1-GB-FR', '2026-07-27', '2026-07-27')) as [Auction]
  expect(products.map((each) => each.productHour)).not.toEqual(plain)
})

test('a key must be given and any is good; nothing found, no dates and more than 31 days are 400', async () => {
  expect((await ask('IF1-FR-GB', '2026-07-27', '2026-07-28', 'Daily', '')).status).toBe(401)
  for (const [corridor, from, to, horizon] of [
    ['XX-YY', '2026-07-27', '2026-07-28', 'Daily'],
    ['IF1-FR-GB', '2018-01-01', '2018-01-02', 'Daily'],
    ['IF1-FR-GB', '2026-11-23', '2026-11-25', 'Daily'],
    ['IF1-FR-GB', '2026-07-27', '2026-07-28', 'Yearly'],
  ] as const) {
    const nothing = await ask(corridor, from, to, horizon)
    expect([nothing.status, await nothing.text()]).toEqual([400, NO_DATA])
  }
  expect((await ask('IF1-FR-GB', '2026-07-01', '2026-08-01')).status).toBe(200)
  expect((await ask('IF1-FR-GB', '2026-07-01', '2026-08-02')).status).toBe(400)
  expect((await ask('IF1-FR-GB', 'soon', '2026-08-02')).status).toBe(400)
  expect((await ask('IF1-FR-GB', '2026-07-27-00:00:00', '2026-07-28-00:00:00')).status).toBe(200)
})

test('windows that share a date share an auction', async () => {
  const starts = async (from: string, to: string) =>
    (await auctionsOf('DE-CH', from, to)).map(({ marketPeriodStart }) => marketPeriodStart.slice(0, 16))
  expect(await starts('2026-07-27', '2026-07-28')).toEqual(['2026-07-27T22:00', '2026-07-28T22:00'])
  expect(await starts('2026-07-28', '2026-07-29')).toEqual(['2026-07-28T22:00', '2026-07-29T22:00'])
})

test('between the gate of the ATC and the results an auction has products and no results', async () => {
  const at = (instant: string) =>
    fetch(`${simulator.url}/simulator/clock`, { method: 'POST', body: JSON.stringify({ set: instant }) })
  const tomorrow = () => auctionsOf('IF1-FR-GB', '2026-11-21', '2026-11-21')
  await at('2026-11-21T08:24:59Z')
  expect(await tomorrow()).toMatchObject({ status: 400 })
  await at('2026-11-21T08:25:00Z')
  expect((await tomorrow())[0]).toMatchObject({ results: [], products: { length: 24 } })
  await at('2026-11-21T08:55:00Z')
  expect((await tomorrow())[0]).toMatchObject({ results: { length: 24 }, products: { length: 24 } })
})

test('a month, a season and a year are one product over the whole', async () => {
  const one = async (horizon: string, from: string) => {
    const [{ marketPeriodStart, marketPeriodStop, horizonName, results }] = (await auctionsOf(
      'DE-CH',
      from,
      from,
      horizon,
    )) as [Auction]
    return [horizonName, marketPeriodStart, marketPeriodStop, results.map(({ productHour }) => productHour)]
  }
  const whole = ['00:00-24:00']
  expect(await one('Monthly', '2026-10-31')).toEqual([
    'Monthly',
    '2026-10-31T23:00:00.000+00:00',
    '2026-11-30T23:00:00.000+00:00',
    whole,
  ])
  expect(await one('Seasonal', '2026-03-31')).toEqual([
    'Seasonal',
    '2026-03-31T22:00:00.000+00:00',
    '2026-09-30T22:00:00.000+00:00',
    whole,
  ])
  expect(await one('yearly', '2025-12-31')).toEqual([
    'Yearly',
    '2025-12-31T23:00:00.000+00:00',
    '2026-12-31T23:00:00.000+00:00',
    whole,
  ])
  expect((await auctionsOf('DE-CH', '2026-07-27', '2026-07-27', 'Intraday'))[0]!.results).toHaveLength(24)
})

test('the truth is in UTC and ascending, and says what was answered', async () => {
  const truth = (await (
    await fetch(`${simulator.url}/simulator/truth?host=jao-auctions&corridor=IF1-FR-GB&day=2026-10-25`)
  ).json()) as { rows: { hour: string; product: string; key: string; value: number }[]; publishedAt: string }
  const [{ results }] = (await auctionsOf('IF1-FR-GB', '2026-10-24', '2026-10-24')) as [Auction]
  const answered = results.flatMap((result) =>
    ['offeredCapacity', 'requestedCapacity', 'allocatedCapacity', 'auctionPrice'].map(
      (key) => `${result.productHour} ${key} ${result[key]}`,
    ),
  )
  expect(truth.rows.map(({ product, key, value }) => `${product} ${key} ${value}`).sort()).toEqual(answered.sort())
  const second = truth.rows.find(({ product }) => product === '02:00-03:00*')
  expect(second?.hour).toBe('2026-10-25T01:00:00.000Z')
  expect(truth.rows.at(-1)?.hour).toBe('2026-10-25T22:00:00.000Z')
  expect(truth.publishedAt).toBe('2026-10-24T07:55:00.000Z')
})
