import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { applySourceStatements } from '#infra/provision/source-statements.ts'
import { storeDeletion } from '#platform/clickhouse/deletions.ts'
import { applyViews, migrate } from '#platform/clickhouse/migrate.ts'
import { sources } from '#sources/index.ts'
import { type RunningStore, startStore } from './running-store.ts'
import { insertSlices, lines, slice } from './slices.ts'

// market_24h, market_rank and market_series against sums of this test's own over the samples that it sent. The window
// moves with the store's clock, so the same is summed up over the window that the store says it took.

// Some forty refreshes, one after the other: seconds, but not on a machine that has much else to do.
vi.setConfig({ testTimeout: 300_000 })

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
  const { store } = running
  await applySourceStatements(store, sources)
  // As at every start.
  await applySourceStatements(store, sources)
  await applyViews(
    store,
    sources.flatMap(({ datasets }) => datasets.flatMap(({ view }) => view ?? [])),
  )
})
afterAll(() => running?.stop())

const tables = ['points', 'market_samples', 'market_touched', 'market_buckets', 'market_hours', 'deletions']
const empty = async () => {
  for (const table of tables) await running.store.command({ query: `TRUNCATE TABLE tidemark.${table}` })
}
beforeEach(empty)

interface Sample {
  dataset: string
  key: string
  atS: number
  value: number | null
  version?: number
  flags?: string[]
}

const nowS = () => Math.floor(Date.now() / 1000)
const kraken = 'kraken.ticker'

async function send(samples: Sample[]): Promise<void> {
  const slices = samples.map(({ dataset, key, atS, value, version = 1, flags = [] }) =>
    slice({
      dataset,
      key,
      start: new Date(atS * 1000).toISOString(),
      stepS: 10,
      values: [value],
      flags,
      knownAt: new Date(atS * 1000 + version).toISOString(),
    }),
  )
  await insertSlices(running.store, slices)
}

/** Repeats make the series of a market, a value at each time, with what a revision says instead. */
const every = (stepS: number, fromS: number, untilS: number, valueAt: (atS: number, nth: number) => number | null) =>
  Array.from({ length: Math.ceil((untilS - fromS) / stepS) }, (_, nth) => ({
    atS: fromS + nth * stepS,
    value: valueAt(fromS + nth * stepS, nth),
  }))

/** A refresh that begins now; one that is at work has begun before what was sent. */
async function refresh(view: string): Promise<void> {
  for (const verb of ['WAIT', 'REFRESH', 'WAIT']) {
    await running.store.command({ query: `SYSTEM ${verb} VIEW tidemark.${view}` })
  }
}

type Row = Record<string, number | string | null>

async function ask(query: string): Promise<Row[]> {
  const result = await running.reader.query({ query, format: 'JSONEachRow' })
  const rows = (await result.json()) as Row[]
  return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, numeric(name, value)])))
}
/** 64-bit numbers come as text. */
const numeric = (name: string, value: string | number | null) =>
  ['samples', 'rank', 'relative_rank'].includes(name) ? Number(value) : value

/** The summary that the store makes now, and what the test adds up over the same window. */
async function compare(sent: Sample[]): Promise<Row[]> {
  await refresh('fill_market_turns')
  const got = await ask(`SELECT *, toUnixTimestamp(at) AS at_s, toUnixTimestamp(last_at) AS last_s,
    toUnixTimestamp(first_at) AS first_s FROM tidemark.market_24h ORDER BY dataset, market, metric`)
  const atS = Number(got[0]?.at_s ?? nowS())
  expect(Math.abs(atS - nowS())).toBeLessThan(60)
  const expected = summed(sent, atS)
  expect(got.map(({ dataset, market, metric }) => `${dataset} ${market} ${metric}`)).toEqual(
    expected.map(({ dataset, market, metric }) => `${dataset} ${market} ${metric}`),
  )
  for (const [index, want] of expected.entries()) {
    const row = got[index]!
    const exact = ['samples', 'last', 'last_s', 'min', 'max', 'first', 'first_s', 'change', 'source']
    for (const name of exact) expect(row[name], `${want.market} ${name}`).toBe(want[name])
    for (const name of ['mean', 'standard_deviation', 'relative_deviation', 'change_fraction']) {
      const [a, b] = [row[name], want[name]]
      if (b === null) expect(a, name).toBeNull()
      else
        expect(Math.abs(Number(a) - Number(b)), `${want.market} ${name}: ${a} and ${b}`).toBeLessThanOrEqual(
          1e-9 * Math.max(1e-6, Math.abs(Number(want.mean))),
        )
    }
  }
  return got
}

/** What market_24h promises, in plain loops: of equal samples one, of versions the newest, nulls left out, two passes. */
function summed(sent: Sample[], atS: number): Row[] {
  const newest = new Map<string, Sample>()
  for (const sample of sent) {
    const id = `${sample.dataset} ${sample.key} ${sample.atS}`
    const before = newest.get(id)
    if (!before || (sample.version ?? 1) >= (before.version ?? 1)) newest.set(id, sample)
  }
  const bySeries = new Map<string, Sample[]>()
  for (const sample of newest.values()) {
    if (
      sample.value === null ||
      sample.flags?.includes('implausible') ||
      sample.atS <= atS - 86_400 ||
      sample.atS > atS
    )
      continue
    const id = `${sample.dataset} ${sample.key}`
    bySeries.set(id, [...(bySeries.get(id) ?? []), sample])
  }
  return [...bySeries.values()].map(summedSeries).sort((a, b) => (id(a) < id(b) ? -1 : 1))
}
const id = ({ dataset, market, metric }: Row) => [dataset, market, metric].join('\u0000')

function summedSeries(samples: Sample[]): Row {
  const ordered = samples.toSorted((a, b) => a.atS - b.atS)
  const values = ordered.map(({ value }) => value!)
  const [first, last] = [ordered[0]!, ordered.at(-1)!]
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  const dot = first.key.lastIndexOf('.')
  const change = last.value! - first.value!
  return {
    source: first.dataset.split('.')[0]!,
    dataset: first.dataset,
    market: first.key.slice(0, dot),
    metric: first.key.slice(dot + 1),
    samples: values.length,
    last: last.value,
    last_s: last.atS,
    first: first.value,
    first_s: first.atS,
    min: Math.min(...values),
    max: Math.max(...values),
    mean,
    standard_deviation: Math.sqrt(variance),
    relative_deviation: mean === 0 ? null : Math.sqrt(variance) / Math.abs(mean),
    change,
    change_fraction: first.value === 0 ? null : change / Math.abs(first.value!),
  }
}

/** Has all buckets and hours added up as in an hour from now, when nothing has come into them for long. */
async function settle(): Promise<void> {
  for (const query of [
    'TRUNCATE TABLE tidemark.market_touched',
    `INSERT INTO tidemark.market_buckets SELECT * REPLACE (computed_at - INTERVAL 1 HOUR AS computed_at)
      FROM tidemark.market_buckets`,
    'DELETE FROM tidemark.market_buckets WHERE computed_at > now() - INTERVAL 30 MINUTE',
    `INSERT INTO tidemark.market_touched SELECT DISTINCT toStartOfTenMinutes(ts), now() - INTERVAL 10 MINUTE
      FROM tidemark.market_samples`,
  ]) {
    await running.store.command({ query })
  }
  // 24 in a turn.
  for (let turn = 0; turn < 7; turn++) await refresh('fill_market_buckets')
  // Up to 24 hours in a turn, and the hour before them.
  for (let turn = 0; turn < 2; turn++) await refresh('fill_market_hours')
}
const bucketsAddedUp = async () =>
  Number((await ask('SELECT uniq(bucket) + 0.0 AS n FROM tidemark.market_buckets'))[0]!.n)

/** Walks of a handful of markets over more than the window, some odd ones among them. */
function markets(): Sample[] {
  const untilS = nowS()
  const fromS = untilS - 26 * 3600
  const of = (key: string, dataset: string, samples: { atS: number; value: number | null }[]): Sample[] =>
    samples.map((sample) => ({ dataset, key, ...sample }))
  let seed = 7
  const random = () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return seed / 2 ** 32 - 0.5
  }
  let walk = 27_000
  const walking = every(30, fromS, untilS, () => (walk += random() * 10))
  return [
    ...of('XXBTZUSD.last', kraken, walking),
    ...of(
      'XXBTZUSD.volume',
      kraken,
      walking.map(({ atS }, nth) => ({ atS, value: nth % 40 === 3 ? null : 6e11 + nth })),
    ),
    ...of(
      'QUIETUSD.last',
      kraken,
      every(60, fromS, untilS, () => 0.1),
    ),
    ...of(
      'QUIETUSD.volume',
      kraken,
      every(60, fromS, untilS, () => 621_432_087_719.37),
    ),
    ...of(
      'STOPPED.d.last',
      kraken,
      every(60, fromS, untilS - 12 * 3600, (_, nth) => 5 + (nth % 3)),
    ),
    ...of(
      'GONEUSD.last',
      kraken,
      every(60, fromS, untilS - 25 * 3600, () => 9),
    ),
    ...of('ONCEUSD.last', kraken, [{ atS: untilS - 3600, value: 42 }]),
    ...of(
      'NEVERUSD.last',
      kraken,
      every(600, fromS, untilS, () => null),
    ),
    ...of(
      'ZEROUSD.change',
      kraken,
      every(300, fromS, untilS, (_, nth) => (nth % 2 === 0 ? 0 : 1)),
    ),
    ...of(
      'BTC-USD.last',
      'coinbase.ticker',
      every(120, fromS, untilS, (_, nth) => 100 - nth / 100),
    ),
    ...of(
      'BTC-USD.last',
      'coinbase.stats',
      every(120, fromS, untilS, (_, nth) => 100 + nth / 100),
    ),
    // In the future: not yet in the window.
    ...of('ONCEUSD.last', kraken, [{ atS: untilS + 3600, value: 1e6 }]),
  ]
}

describe('market_24h', () => {
  it('is the sum of the last 24 hours, read from samples', async () => {
    const sent = markets()
    await send(sent)
    const rows = await compare(sent)
    expect(rows.map(({ market }) => market)).not.toContain('GONEUSD')
    expect(rows.map(({ market }) => market)).not.toContain('NEVERUSD')
    expect(rows.find(({ market }) => market === 'ONCEUSD')).toMatchObject({
      samples: 1,
      standard_deviation: 0,
      change: 0,
    })
    for (const row of rows.filter(({ market }) => market === 'QUIETUSD')) expect(row.standard_deviation).toBe(0)
    expect(await bucketsAddedUp()).toBe(0)
  })

  it('is the same from buckets that were added up', async () => {
    const sent = markets()
    await send(sent)
    await settle()
    expect(await bucketsAddedUp()).toBeGreaterThan(143)
    await compare(sent)
    // And really from these: without their samples only the edges differ.
    await running.store.command({ query: 'TRUNCATE TABLE tidemark.market_samples' })
    await refresh('fill_market_turns')
    const [row] = await ask("SELECT samples FROM tidemark.market_24h WHERE market = 'XXBTZUSD' AND metric = 'last'")
    expect(row!.samples).toBeGreaterThan(2_800)
  })

  it('adds up hours in place of their buckets, until a bucket of an hour is computed again', async () => {
    const sent = markets()
    await send(sent)
    await settle()
    const [made] = await ask('SELECT uniq(hour) + 0.0 AS hours FROM tidemark.market_hours')
    expect(made!.hours).toBeGreaterThanOrEqual(23)
    // Hours that say something else are read: the newest sums of an hour count.
    await running.store.command({
      query: `INSERT INTO tidemark.market_hours
        SELECT * REPLACE (made_at + INTERVAL 1 SECOND AS made_at, high + 1e9 AS high) FROM tidemark.market_hours`,
    })
    const highest = async (): Promise<number> => {
      await refresh('fill_market_turns')
      const [row] = await ask("SELECT max FROM tidemark.market_24h WHERE market = 'XXBTZUSD' AND metric = 'last'")
      return Number(row!.max)
    }
    expect(await highest()).toBeGreaterThan(1e9)
    // All buckets are computed again, and are newer than the hours.
    await running.store.command({
      query: `INSERT INTO tidemark.market_buckets
        SELECT * REPLACE (computed_at + INTERVAL 1 SECOND AS computed_at) FROM tidemark.market_buckets FINAL`,
    })
    expect(await highest()).toBeLessThan(1e6)
    await refresh('fill_market_hours')
    await compare(sent)
  })

  it('counts a delivery that is repeated once, before and after buckets are added up', async () => {
    const sent = markets()
    await send(sent)
    await send(sent)
    await compare(sent)
    await settle()
    await compare(sent)
    await send(sent)
    await compare(sent)
  })

  it('takes revised, late and withdrawn samples in at once, also into buckets that were added up', async () => {
    const sent = markets()
    await send(sent)
    await settle()
    const last = sent.filter(({ dataset, key }) => dataset === kraken && key === 'XXBTZUSD.last')
    const changed: Sample[] = [
      { ...last[900]!, value: 99_999, version: 2 },
      { ...last[1_500]!, value: null, version: 2 },
      // An old version that comes late changes nothing.
      { ...last[2_000]!, value: -5, version: 0 },
      { dataset: kraken, key: 'LATEUSD.last', atS: nowS() - 5 * 3600, value: 3 },
    ]
    await send(changed)
    await compare([...sent, ...changed])
  })

  it('leaves out what is implausible: a price of nothing is no last, minimum or mean', async () => {
    const prices = every(600, nowS() - 7_200, nowS(), (_, nth) => 100 + nth).map((sample) => {
      return { dataset: 'binance.ticker24hr', key: 'IDLEUSD.last', ...sample }
    })
    const none: Sample[] = prices
      .slice(5)
      .map((sample) => ({ ...sample, value: 0, version: 2, flags: ['implausible'] }))
    const never: Sample[] = prices.map((sample) => ({
      ...sample,
      key: 'NEVERUSD.last',
      value: 0,
      flags: ['odd', 'implausible'],
    }))
    const others: Sample[] = prices.map((sample) => ({ ...sample, key: 'IDLEUSD.trades', value: 0, flags: ['odd'] }))
    const sent = [...prices, ...none, ...never, ...others]
    await send(sent)
    const rows = await compare(sent)
    expect(
      rows.map(({ market, metric, samples, last, min, mean }) => [market, metric, samples, last, min, mean]),
    ).toEqual([
      ['IDLEUSD', 'last', 5, 104, 100, 102],
      ['IDLEUSD', 'trades', 12, 0, 0, 0],
    ])
    await settle()
    await compare(sent)
    const series = await ask(`SELECT min(min) AS min, sum(samples) AS samples
      FROM tidemark.market_series(market = 'IDLEUSD', metric = 'last', step_s = 60)`)
    expect(series).toEqual([{ min: 100, samples: 5 }])
  })

  it('takes in what changed in many buckets when they are added up anew', async () => {
    const sent = markets()
    await send(sent)
    await settle()
    const replayed = sent.map((sample) => ({
      ...sample,
      value: sample.value === null ? null : sample.value + 1,
      version: 2,
    }))
    await send(replayed)
    await settle()
    await compare([...sent, ...replayed])
  })

  it('knows nothing of other datasets, and holds nothing where no markets are collected', async () => {
    await send([{ dataset: 'jao.core.maxExchanges', key: 'border_AT_BE.last', atS: nowS() - 60, value: 1 }])
    for (const view of ['fill_market_buckets', 'fill_market_turns']) await refresh(view)
    for (const table of ['market_samples', 'market_touched', 'market_buckets', 'market_24h']) {
      expect(await lines(running.reader, `SELECT * FROM tidemark.${table}`), table).toEqual([])
    }
  })

  it('forgets what was deleted', async () => {
    const sent = markets()
    await send(sent)
    await settle()
    const beforeS = Math.floor((nowS() - 6 * 3600) / 86_400) * 86_400
    await storeDeletion(running.store, {
      dataset: kraken,
      before: beforeS * 1000,
      at: Date.now(),
      by: 'a',
      why: 'b',
    } as never)
    await compare(sent.filter(({ dataset, atS }) => dataset !== kraken || atS >= beforeS))
  })

  it('is empty again when its last sample is gone', async () => {
    await send([{ dataset: kraken, key: 'XXBTZUSD.last', atS: nowS() - 60, value: 1 }])
    await refresh('fill_market_turns')
    expect(await lines(running.reader, 'SELECT market, samples FROM tidemark.market_24h')).toEqual(['XXBTZUSD\t1'])
    await empty()
    await refresh('fill_market_turns')
    expect(await lines(running.reader, 'SELECT market FROM tidemark.market_24h')).toEqual([])
  })

  it('is made anew by itself, every five seconds', async () => {
    const at = async () => (await ask('SELECT max(toUnixTimestamp(at)) + 0.0 AS at FROM tidemark.market_24h'))[0]!.at
    await send([{ dataset: kraken, key: 'XXBTZUSD.last', atS: nowS() - 60, value: 1 }])
    await refresh('fill_market_turns')
    const before = await at()
    await expect.poll(at, { timeout: 120_000, interval: 500 }).not.toBe(before)
  })
})

describe('market_rank', () => {
  it('ranks by the standard deviation of the chosen metric, beside it by the relative one', async () => {
    const atS = nowS() - 600
    const around = (key: string, mean: number, by: number, dataset = kraken): Sample[] =>
      [mean - by, mean + by].map((value, nth) => ({ dataset, key, atS: atS + nth * 10, value }))
    await send([
      ...around('BIG.last', 10_000, 20),
      ...around('WILD.last', 10, 5),
      ...around('BTCUSDT.last', 50, 5, 'binance.ticker24hr'),
      ...around('CALM.last', 10, 0),
      ...around('BIG.volume', 1, 1_000),
    ])
    await refresh('fill_market_turns')
    const rows = await ask(
      "SELECT rank, relative_rank, source, market, standard_deviation FROM tidemark.market_rank(metric = 'last')",
    )
    expect(rows.map((row) => Object.values(row))).toEqual([
      [1, 3, 'kraken', 'BIG', 20],
      [2, 2, 'binance', 'BTCUSDT', 5],
      [2, 1, 'kraken', 'WILD', 5],
      [4, 4, 'kraken', 'CALM', 0],
    ])
  })
})

describe('market_series', () => {
  it('cuts the last 24 hours into steps, of the newest versions', async () => {
    const sent = markets()
    await send(sent)
    const target = sent.find(({ key, atS }) => key === 'XXBTZUSD.last' && atS > nowS() - 7_200)!
    const revision = { ...target, value: 1, version: 2 }
    await send([revision])
    await send(sent)
    const atS = nowS()
    const rows = await ask(`SELECT dataset, toUnixTimestamp(start) AS start_s, samples, first, last, min, max, mean
      FROM tidemark.market_series(market = 'XXBTZUSD', metric = 'last', step_s = 900)`)
    const steps = new Map<number, number[]>()
    for (const { key, atS: sampleS, value } of sent) {
      if (key !== 'XXBTZUSD.last' || sampleS <= atS - 86_400 + 30 || sampleS > atS) continue
      const startS = Math.floor(sampleS / 900) * 900
      steps.set(startS, [...(steps.get(startS) ?? []), sampleS === target.atS ? 1 : value!])
    }
    // The oldest step is cut by a window that moves on while this runs. So is one before it, at a change of steps.
    const [oldest = 0, ...others] = [...steps.keys()]
    expect(others.length).toBeGreaterThan(94)
    const kept = rows.filter(({ start_s }) => Number(start_s) > oldest)
    expect(kept.map(({ start_s }) => start_s)).toEqual(others)
    for (const row of kept) {
      const values = steps.get(Number(row.start_s))!
      expect(row).toMatchObject({
        dataset: kraken,
        samples: values.length,
        first: values[0],
        last: values.at(-1),
        min: Math.min(...values),
        max: Math.max(...values),
      })
      expect(row.mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 6)
    }
  })

  it('has both datasets of an exchange apart, and nothing of an unknown market', async () => {
    await send(markets())
    const count = (market: string) =>
      ask(`SELECT dataset, sum(samples) AS samples FROM tidemark.market_series(market = '${market}', metric = 'last', step_s = 0)
        GROUP BY dataset ORDER BY dataset`)
    expect((await count('BTC-USD')).map(({ dataset }) => dataset)).toEqual(['coinbase.stats', 'coinbase.ticker'])
    expect(await count("no''such")).toEqual([])
  })
})

it('the friendly view of a ticker has a row a sample, market and metric apart', async () => {
  const atS = Math.floor(nowS() / 100) * 100
  await send([
    { dataset: kraken, key: 'STOPPED.d.last', atS, value: 7 },
    { dataset: 'binance.ticker24hr', key: 'BTCUSDT.quote_volume', atS, value: 9 },
  ])
  const columns = 'toUnixTimestamp(ts), market, metric, value, toUnixTimestamp64Milli(known_at), key'
  const rows = (view: string) => lines(running.reader, `SELECT ${columns} FROM tidemark.${view}`)
  expect(await rows('kraken_ticker')).toEqual([`${atS}\tSTOPPED.d\tlast\t7\t${atS * 1000 + 1}\tSTOPPED.d.last`])
  expect(await rows('binance_ticker24hr')).toEqual([
    `${atS}\tBTCUSDT\tquote_volume\t9\t${atS * 1000 + 1}\tBTCUSDT.quote_volume`,
  ])
})
