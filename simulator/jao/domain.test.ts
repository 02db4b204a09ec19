import { afterEach, beforeEach, expect, test } from 'vitest'
import { startSimulator } from '../server.ts'
import { createDomain, domainDatasets } from './domain.ts'
import { domainReply } from './domain-answer.ts'

type Row = Record<string, number | string | boolean | null> & { id: number; ram: number }
type Page = { data: Row[]; totalRows: number; totalRowsWithFilter: number }

const START = '2026-11-20T12:30:00Z'
const HOUR = 'FromUtc=2026-11-20T10:00:00Z&ToUtc=2026-11-20T11:00:00Z'
let simulator: Awaited<ReturnType<typeof startSimulator>>

beforeEach(async () => {
  simulator = await startSimulator({ startMs: Date.parse(START), speed: 0, limitPerMinute: 1_000 })
})
afterEach(() => simulator.stop())

const ask = (query: string, region = 'core') => fetch(`${simulator.url}/${region}/api/data/finalComputation?${query}`)
const page = async (query: string, region?: string) => (await (await ask(query, region)).json()) as Page
const command = async (body: unknown) =>
  (
    await fetch(`${simulator.url}/simulator/command`, { method: 'POST', body: JSON.stringify(body) })
  ).json() as Promise<{
    detail?: string
  }>

test('an hour of Core is about 12,770 rows and 21 to 25 MB, the same however it is cut into pages', async () => {
  const count = await (await ask(`${HOUR}&Take=0`)).text()
  const [, total] =
    /^\{"data":\[\],"rejected":false,"messages":null,"totalRows":(\d+),"totalRowsWithFilter":\1\}$/.exec(count)!
  expect(Number(total)).toBeGreaterThan(12_600)
  expect(Number(total)).toBeLessThan(12_940)
  const whole = await (await ask(HOUR)).text()
  expect(whole.length).toBeGreaterThan(21_000_000)
  expect(whole.length).toBeLessThan(25_000_000)
  const { data, totalRows } = JSON.parse(whole) as Page
  expect([data.length, totalRows]).toEqual([Number(total), Number(total)])
  const pages = []
  for (let skip = 0; skip < totalRows; skip += 5_000) pages.push(await page(`${HOUR}&skip=${skip}&TAKE=5000`))
  expect(pages.map((each) => each.data.length)).toEqual([5_000, 5_000, totalRows - 10_000])
  expect(new Set(pages.map((each) => each.totalRows))).toEqual(new Set([totalRows]))
  expect(pages.flatMap((each) => each.data)).toEqual(data)
  expect(new Set(data.map(({ id }) => id)).size).toBe(totalRows)
  expect((await page(`${HOUR}&Skip=${totalRows}&Take=10`)).data).toEqual([])
})

test('figures hold together, pairs are each other’s negative, few constraints limit the domain', async () => {
  const { data } = await page(`${HOUR}&Take=4000`)
  for (const row of data) {
    const of = (name: string) => row[name] as number
    expect(of('fcore')).toBe(of('fall') + of('fuaf'))
    expect(row.ram).toBe(of('fmax') - of('frm') - of('fcore') - of('fltn') + of('amr') - of('iva'))
  }
  const [direct, opposite] = data as [Row, Row]
  expect([direct.direction, opposite.direction]).toEqual(['DIRECT', 'OPPOSITE'])
  const ptdfs = Object.keys(direct).filter((key) => key.startsWith('ptdf_'))
  expect(ptdfs).toHaveLength(23)
  expect(ptdfs.map((key) => (direct[key] as number) + (opposite[key] as number))).toEqual(Array(23).fill(0))
  const limiting = data.filter(({ presolved }) => presolved === true).length
  expect(limiting).toBeGreaterThan(0)
  expect(limiting).toBeLessThan(60)
})

test('before June 2026 the new hubs are null; the Nordics have 904 rows, about, with stamps and other hubs', async () => {
  const old = await page('FromUtc=2025-01-10T10:00:00Z&ToUtc=2025-01-10T11:00:00Z&Take=3')
  expect(old.data.map((row) => [row.ptdf_DE_DK1_VH, row.ptdf_RO_BG_VH, typeof row.ptdf_AT])).toEqual(
    Array(3).fill([null, null, 'number']),
  )
  const { data } = await page(HOUR, 'nordic')
  expect(data.length).toBeGreaterThan(890)
  expect(data.length).toBeLessThan(920)
  expect(data[0]).toMatchObject({ nonRedundant: expect.any(Boolean), ptdf_DK1_CO: expect.any(Number) })
  expect(data[0]!.lastModifiedOn).toMatch(/^2026-11-19T\d\d:\d\d:\d\d/)
  expect((await page('FromUtc=2024-10-28T10:00:00Z&ToUtc=2024-10-28T11:00:00Z', 'nordic')).totalRows).toBe(0)
})

test('two hours are one after the other; more than two days, a filter and odd numbers are refused', async () => {
  const { totalRows: first } = await page(`${HOUR}&Take=0`)
  const both = 'FromUtc=2026-11-20T10:00:00Z&ToUtc=2026-11-20T12:00:00Z'
  const { data, totalRows } = await page(`${both}&Skip=${first - 1}&Take=2`)
  expect(totalRows).toBeGreaterThan(first)
  expect(data.map(({ dateTimeUtc }) => dateTimeUtc)).toEqual(['2026-11-20T10:00:00Z', '2026-11-20T11:00:00Z'])
  for (const wrong of ['Filter=', 'filter={"Presolved":true}', 'Take=-1', 'Skip=x']) {
    expect([wrong, (await ask(`${HOUR}&${wrong}`)).status]).toEqual([wrong, 400])
  }
  expect((await ask('FromUtc=2026-11-18T10:00:00Z&ToUtc=2026-11-20T11:00:00Z')).status).toBe(400)
})

test('a revision gives all rows new ids and some another margin; single rows are not commanded', async () => {
  const day = '2026-11-20'
  const before = (await page(`${HOUR}&Take=2000`)).data
  expect((await command({ revise: { dataset: 'core.finalComputation', day, key: 'ram' } })).detail).toContain(
    'is revised as a whole',
  )
  expect(await command({ revise: { dataset: 'core.finalComputation', day } })).not.toHaveProperty('detail')
  const after = (await page(`${HOUR}&Take=2000`)).data
  const changed = after.filter((row, at) => row.ram !== before[at]!.ram).length
  expect(changed).toBeGreaterThan(140)
  expect(changed).toBeLessThan(260)
  expect(after.filter(({ id }, at) => id === before[at]!.id)).toEqual([])
  const truth = (await (
    await fetch(`${simulator.url}/simulator/truth?dataset=core.finalComputation&day=${day}&hour=11&skip=7&take=5`)
  ).json()) as { rows: Row[]; totalRows: number; revision: number }
  expect(truth.rows).toEqual(after.slice(7, 12))
  expect(truth.revision).toBeGreaterThan(0)
})

test('an hour is sent in parts of some 64 KiB and never built as a whole', () => {
  const domain = createDomain(1, [], domainDatasets[0]!)
  const [fromMs, toMs] = [Date.parse('2026-11-20T10:00:00Z'), Date.parse('2026-11-20T11:00:00Z')]
  const { body, parts } = domainReply(domain, { fromMs, toMs }, new Map(), Date.parse(START))
  expect(body.byteLength).toBe(0)
  const sizes = [...parts!()].map((part) => part.length)
  expect(sizes.length).toBeGreaterThan(300)
  expect(Math.max(...sizes)).toBeLessThan(70_000)
})

test('a streamed answer is cut off, shortened and slowed like any other', async () => {
  await command({ fault: 'cut-off', count: 1 })
  await expect((await ask(HOUR)).text()).rejects.toThrow()
  await command({ fault: 'cut-off-json', count: 1 })
  const short = await (await ask(HOUR)).text()
  expect(() => JSON.parse(short)).toThrow(SyntaxError)
  await command({ fault: 'slow', ms: 20, part: 'body', count: 1 })
  expect((await page(`${HOUR}&Take=2`)).data).toHaveLength(2)
})
