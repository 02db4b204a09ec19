// The routes of the API that the console came with: the history of points, the largest changes, lines of sources, the
// report, parts, weeks of votes, and the polls of a window.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { businessDay } from '#core/business-day.ts'
import { type RawResponse, rawResponseSchema } from '#schemas/generated/records.ts'
import { rawResponse } from '../support/raw-responses.ts'
import { type RunningApi, startApi } from './api-parts.ts'
import { type Chain, dataset, startChain } from './whole-chain.ts'

vi.setConfig({ testTimeout: 120_000 })

const key = 'border_AT_BE'
const other = 'border_DE_FR'
const zone = 'Europe/Brussels'
const day = '2025-11-20'
const { startMs, endMs } = businessDay(zone, day).window
const hour = (count: number): string => new Date(startMs + count * 3_600_000).toISOString().replace('.000Z', 'Z')

let chain: Chain
let api: RunningApi

type Values = Record<string, (hour: number) => number | null>

function answer(knownAt: string, values: Values): RawResponse {
  const rows = Array.from({ length: 24 }, (_, count) => ({
    dateTimeUtc: hour(count),
    ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value(count)])),
  }))
  return rawResponse({ startMs, endMs }, Buffer.from(JSON.stringify({ data: rows })), Date.parse(knownAt))
}

beforeAll(async () => {
  chain = await startChain()
  const answers = [
    answer('2025-11-19T10:00:00Z', { [key]: (count) => (count === 3 ? null : 100), [other]: () => 500 }),
    // An hour up by 40, one down by 7, one published late, one taken back; the other border is no longer named.
    answer('2025-11-19T11:00:00Z', { [key]: (count) => among([140, 93, 100, 55, null], count) }),
    answer('2025-11-19T12:00:00Z', { [key]: (count) => among([90, 93, 100, 55, null], count) }),
  ]
  const encode = await chain.registry.encoder('jao.raw', rawResponseSchema)
  for (const raw of answers) await chain.producer.send('jao.raw', [{ key: raw.requestIdentity, value: encode(raw) }])
  await chain.settled()
  api = await startApi(chain)
})
afterAll(() => chain?.stop())

const among = (values: (number | null)[], count: number): number | null => {
  const value = values[count]
  return value === undefined ? 100 : value
}

interface Known {
  ts: string
  known_at: string
  value: number | null
  flags: string[]
}

const told = ({ known_at: at, value, flags }: Known) => [at.slice(11, 13), value, ...flags]
const span = `from=${day}&to=2025-11-21&tz=${zone}`

test('the history of a point is its first publication and each revision, and no repetition', async () => {
  const { data } = await api.json<{ data: Known[] }>(`series/${dataset}/${key}/history?${span}`)
  const of = (count: number) => data.filter(({ ts }) => ts === hour(count)).map(told)
  expect([of(0), of(1), of(2)]).toEqual([
    [
      ['10', 100],
      ['11', 140],
      ['12', 90],
    ],
    [
      ['10', 100],
      ['11', 93],
    ],
    [['10', 100]],
  ])
  // What was published without a value was known to be null.
  expect(of(3)).toEqual([
    ['10', null],
    ['11', 55],
  ])
  expect(of(4)).toEqual([
    ['10', 100],
    ['11', null],
  ])
  const withdrawn = await api.json<{ data: Known[] }>(`series/${dataset}/${other}/history?${span}`)
  expect(withdrawn.data.slice(0, 2).map(told)).toEqual([
    ['10', 500],
    ['11', null, 'withdrawn'],
  ])
  const then = await api.json<{ data: Known[] }>(`series/${dataset}/${key}/history?${span}&at=2025-11-19T11:30:00Z`)
  expect(then.data.filter(({ ts }) => ts === hour(0)).map(told)).toEqual([
    ['10', 100],
    ['11', 140],
  ])
})

test('changes come by size, a null that came or went first, and each once whatever the page', async () => {
  const asked = `changes?since=2025-11-19&until=2025-11-20&dataset=${dataset}&key=${key}&sort=size`
  interface Page {
    data: { ts: string; size: number | null; value: number | null }[]
    next: string | null
  }
  const { data } = await api.json<Page>(asked)
  expect(data.map(({ size }) => size)).toEqual([null, 50, 40, 7])
  expect(data[0]).toMatchObject({ ts: hour(4), value: null })
  const paged: Page['data'] = []
  for (let path: string | null = `${asked}&limit=1`; path !== null; ) {
    const page: Page = await api.json<Page>(path)
    paged.push(...page.data)
    path = page.next?.replace('/api/v1/', '') ?? null
  }
  expect(paged).toEqual(data)
  const large = await api.json<Page>(`${asked}&minSize=40`)
  expect(large.data.map(({ size }) => size)).toEqual([null, 50, 40])
})

test('changes are found by a zone, in any case, and by words that are all there', async () => {
  const count = async (q: string): Promise<number> =>
    (await api.json<{ data: unknown[] }>(`changes?since=2025-11-19&until=2025-11-20&q=${q}`)).data.length
  expect([await count('at'), await count('FR'), await count('at+fr'), await count('nowhere')]).toEqual([4, 24, 0, 0])
  // The other border, whose 24 hours are no longer named, was withdrawn; a value that became null was revised.
  const keysOf = async (kind: string): Promise<string[]> => {
    const path = `changes?since=2025-11-19&until=2025-11-20&kind=${kind}`
    return (await api.json<{ data: { key: string }[] }>(path)).data.map((change) => change.key)
  }
  expect(await keysOf('withdrawn')).toEqual(Array.from({ length: 24 }, () => other))
  expect(await keysOf('revised')).toEqual(Array.from({ length: 4 }, () => key))
})

test('datasets are found by words of their declaration, keys and labels; those with all zones come first', async () => {
  const found = async (q: string): Promise<string[]> =>
    (await api.json<{ data: { dataset: string }[] }>(`datasets?q=${q}`)).data.map((each) => each.dataset)
  for (const q of ['capacity+at+be', 'BE-AT+capacity', 'capacity+border_AT_BE'])
    expect((await found(q))[0], q).toBe(dataset)
  expect(await found('capacity+nowhere')).toEqual([])
  expect((await found('')).length).toBeGreaterThan(50)
})

test('sources are lines, and a report is what the command says', async () => {
  const { data } = await api.json<{ data: { source: string; line: string }[] }>('sources')
  for (const { source, line } of data) expect(line).toContain(`${source}: `)
  const report = await api.json<{
    from: string
    to: string
    datasets: { dataset: string; calendar: { day: string }[] }[]
  }>(`report?dataset=${dataset}&from=2025-11-19&to=2025-11-20`)
  expect(report).toMatchObject({ from: '2025-11-19', to: '2025-11-20' })
  expect(report.datasets.map((each) => [each.dataset, each.calendar.map((cell) => cell.day)])).toEqual([
    [dataset, ['2025-11-19', '2025-11-20']],
  ])
  const refused = async (query: string): Promise<[number, string]> => {
    const response = await api.get(`report?${query}`)
    return [response.status, ((await response.json()) as { detail: string }).detail]
  }
  expect(await refused('from=2025-11-20')).toEqual([400, 'Name both days, `from` and `to`, or neither.'])
  expect(await refused('from=2025-11-20&to=2025-11-19')).toEqual([
    400,
    '`to` is before `from`: both days are included.',
  ])
  expect(await refused('from=2025-02-30&to=2025-03-01')).toEqual([400, expect.stringContaining('2025-02-30')])
  expect(await refused('from=2020-01-01&to=2025-03-01')).toEqual([400, expect.stringContaining('100 are the limit')])
  expect(await refused('dataset=votes.votes')).toEqual([400, expect.stringContaining('has no windows')])
  expect(await refused('at=2100-01-01')).toEqual([400, expect.stringContaining('future')])
  expect((await refused('dataset=jao.core.maxExchange'))[0]).toBe(404)
})

test('series are found by whole words of their name first, in the order of the words', async () => {
  const first = async (q: string) => {
    const { data } = await api.json<{ data: { key: string; rank: number }[] }>(`series?q=${q}`)
    return data.map((series) => series.key)
  }
  expect((await first('fr+de'))[0]).toBe(other)
  for (const q of ['AT-BE', 'AT%3EBE', 'AT%E2%86%92BE', 'Austria+Belgium']) expect((await first(q))[0], q).toBe(key)
  // Both have a part of the word in their dataset, one has it whole in its key.
  expect((await first('be'))[0]).toBe(key)
})

test('a span of windows that is none is refused', async () => {
  const response = await api.get('polls?windowFrom=2025-11-21&windowTo=2025-11-20')
  expect([response.status, ((await response.json()) as { detail: string }).detail]).toEqual([
    400,
    '`windowTo` must be after `windowFrom`: the span is [windowFrom, windowTo).',
  ])
  expect((await api.get('changes?minSize=')).status).toBe(400)
  expect((await api.get('changes?minSize=0x10')).status).toBe(400)
})

test('parts say what runs, and what the API does not know', async () => {
  const { data } = await api.json<{ data: { part: string; state: string }[] }>('parts')
  const states = Object.fromEntries(data.map(({ part, state }) => [part, state]))
  expect(states).toMatchObject({ kafka: 'ready', clickhouse: 'ready', poller: 'unknown' })
  const more = { NORMALIZER_URL: chain.normalizer.url, SINK_URL: 'http://127.0.0.1:1' }
  const informed = await startApi(chain, more)
  const known = await informed.json<{ data: { part: string; state: string }[] }>('parts')
  expect(known.data.filter(({ part }) => ['normalizer', 'sink'].includes(part))).toMatchObject([
    { part: 'normalizer', state: 'ready' },
    { part: 'sink', state: 'away' },
  ])
})

test('weeks of votes say which of them are outliers', async () => {
  // Weeks 10, 11 and 12 of 2022 have 8, 12 and 25 votes. Their mean is 15.
  const votes = [
    ...[8, 12, 25].flatMap((count, week) =>
      Array.from({ length: count }, (_, index) => ({ id: week * 100 + index, date: `2022-03-${7 * (week + 1) + 0}` })),
    ),
  ]
  const rows = votes.map(({ id, date }) => `(${id}, '${date.replace(/-(\d)$/, '-0$1')}', 1)`).join(', ')
  await chain.store.command({
    query: `INSERT INTO blog_analysis.vote_versions (Id, CreationDate, version) VALUES ${rows}`,
  })
  const { data } = await api.json<{ data: { WeekNumber: number; VoteCount: number; IsOutlier: unknown }[] }>(
    'votes/weeks',
  )
  expect(data.map((week) => [week.WeekNumber, week.VoteCount, Number(week.IsOutlier)])).toEqual([
    [10, 8, 1],
    [11, 12, 0],
    [12, 25, 1],
  ])
})

test('polls are found by the windows that they asked for', async () => {
  const insert = (identity: string, window: string) =>
    `('${dataset}', '${identity}', 'h', '${window}', '${window}', 'live', '2025-11-19 10:00:00', '2025-11-19 10:00:01', 'changed', 'p')`
  await chain.store.command({
    query: `INSERT INTO tidemark.polls
      (dataset, request_identity, host, window_start, window_end, lane, sent_at, fetched_at, outcome, poller)
      VALUES ${insert('a', '2025-11-19 23:00:00')}, ${insert('b', '2025-11-20 23:00:00')}, ${insert('c', '2025-11-21 23:00:00')}`,
  })
  const found = await api.json<{ data: { request_identity: string }[] }>(
    'polls?windowFrom=2025-11-20T23:00:00Z&windowTo=2025-11-21T23:00:00Z',
  )
  expect(found.data.map((poll) => poll.request_identity)).toEqual(['b'])
})
