import { afterAll, beforeAll, expect, test } from 'vitest'
import { explodeRaw, seriesMetadata } from '#core/explode-raw.ts'
import { requestIdentity } from '#core/request-identity.ts'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { applyDatasetViews } from '#infra/provision/dataset-views.ts'
import { applySourceStatements } from '#infra/provision/source-statements.ts'
import { insert } from '#platform/clickhouse/client.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { seriesTable } from '#schemas/tables.ts'
import { jao } from '#sources/jao/jao.ts'
import { jaoAuctions } from '#sources/jao-auctions/jao-auctions.ts'
import { jaoAnswers } from '../explode/jao-answers.ts'
import { rawResponse } from '../support/raw-responses.ts'
import { type RunningStore, startStore } from './running-store.ts'
import { insertSlices, lines } from './slices.ts'

// Each dataset's answer of test/explode, exploded and stored as the normalizer and the sink do it.

const sources = [jao, jaoAuctions]
const datasets = new Map(sources.flatMap((source) => source.datasets.map((dataset) => [dataset.name, dataset])))

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
  await applySourceStatements(running.store, sources)
  await applyDatasetViews(running.store, sources)
  const fetchedAt = Date.parse('2026-04-20T10:30:00.125Z')
  const slices = []
  const series = []
  for (const { dataset: name, answer } of jaoAnswers().filter((each) => !each.name.startsWith('refused: '))) {
    const told = {
      dataset: name,
      status: answer.status,
      requestIdentity: requestIdentity(name, answer.window, answer.selector),
    }
    const record = rawResponse(answer.window, Buffer.from(answer.body), fetchedAt, told)
    const exploded = explodeRaw({ record, partition: 0, offset: '1' }, datasets)
    if ('refusal' in exploded) throw new Error(`${name}: ${exploded.refusal.message}`)
    slices.push(...exploded.slices)
    series.push(...exploded.slices.map((slice) => seriesMetadata(slice, exploded.dataset)))
  }
  await insertSlices(running.store, slices)
  const target = seriesTable
  await insert(running.store, target.table, target.columns, series.map(target.row))
})
afterAll(() => running?.stop())

test('every dataset has a view that can be read', async () => {
  for (const { name, view } of datasets.values()) {
    expect(view?.name).toBe(view?.name.toLowerCase())
    const rows = await lines(running.reader, `SELECT * FROM tidemark.${view?.name} LIMIT 1`)
    if (!name.endsWith('inalComputation')) expect(rows.length, name).toBe(1)
  }
})

const first = '2026-04-20 22:00:00'
const known = '2026-04-20 10:30:00.125'
test.each([
  ['jao_core_max_exchanges', 'delivery_start, from_zone, to_zone, mw, known_at', 'AT\tBE\t4346'],
  ['jao_core_max_net_pos', 'delivery_start, bound, hub, mw, known_at', 'max\tAT\t3000.5'],
  ['jao_nordic_max_net_pos', 'delivery_start, bound, hub, mw, known_at', 'max\tDK1\t6'],
  ['jao_core_net_pos', 'delivery_start, hub, mw, known_at', 'DE_DK1_VH\t0.1'],
  ['jao_core_reference_net_position', 'delivery_start, hub, mw, known_at', 'CH\t1.5'],
  ['jao_core_shadow_auction_atc', 'delivery_start, from_zone, to_zone, mw, known_at', 'DE\tDE_DK1_VH\t7'],
  ['jao_core_price_spread', 'delivery_start, from_zone, to_zone, eur_mwh, known_at', 'AT\tBE\t-3.25'],
  ['jao_core_d2cf', 'delivery_start, quantity, hub, mw, known_at', 'generation\tAT\t7000'],
  ['jao_core_allocation_constraint', 'delivery_start, quantity, hub, mw, known_at', 'limitUp\tPL\t1200'],
  ['jao_core_intraday_atc', 'delivery_start, quantity, from_zone, to_zone, mw, known_at', 'delta\tAT\tCZ\t-10'],
  [
    'jao_core_congestion_income',
    'delivery_start, quantity, hub, tso, from_zone, to_zone, eur, known_at',
    'netTso\t\\N\tAPG\t\\N\t\\N\t6',
  ],
  ['jao_core_alpha_factor', 'delivery_start, factor, known_at', '0.85'],
  [
    'jao_core_active_lta_constraint',
    'delivery_start, quantity, from_zone, to_zone, value, unit, known_at',
    'shadowPrice\tAT\tDE\t12.34\tEUR/MWh',
  ],
  ['jao_nordic_max_border_flow', 'delivery_start, from_zone, to_zone, mw, known_at', 'NO4\tSE1\t263'],
  ['jao_core_id_idcca_max_exchanges', 'delivery_start, from_zone, to_zone, mw, known_at', 'AT\tBE\t4346'],
  ['jao_core_id_id3_price_spread', 'delivery_start, from_zone, to_zone, eur_mwh, known_at', 'AT\tBE\t-3.25'],
])('%s has the columns %s, and such a row', async (view, columns, row) => {
  const described = await lines(running.reader, `DESCRIBE TABLE tidemark.${view}`)
  expect(described.map((line) => line.split('\t')[0]).join(', ')).toBe(columns)
  const rows = await lines(running.reader, `SELECT * FROM tidemark.${view} WHERE delivery_start = '${first}'`)
  expect(rows).toContain(`${first}\t${row}\t${known}`)
})

test('auctions have corridor, zones, product and unit beside the value', async () => {
  const daily = `SELECT * FROM tidemark.jao_auctions_daily WHERE metric = 'auctionPrice' AND value IS NOT NULL`
  expect(await lines(running.reader, daily)).toEqual([
    `2026-04-21 21:00:00\tIF1-FR-GB\tFR\tGB\t\\N\t\\N\tauctionPrice\t0.25\tEUR/MWh\t${known}`,
  ])
  const yearly = `SELECT delivery_start, corridor, product, value, unit FROM tidemark.jao_auctions_yearly
    WHERE metric = 'offeredCapacity' ORDER BY product`
  expect(await lines(running.reader, yearly)).toEqual([
    '2026-03-31 22:00:00\tIF1-FR-GB\tBASE\t100\tMW',
    '2026-03-31 22:00:00\tIF1-FR-GB\tPEAK\t40\tMW',
  ])
})

test('the hubs of a row that do not add up to 0 are stored, with a flag; those of the other rows have none', async () => {
  const flagged = `SELECT key, ts, value FROM tidemark.latest
    WHERE dataset = 'jao.core.netPos' AND has(flags, 'sum-not-zero') ORDER BY key, ts`
  expect(await lines(running.reader, flagged)).toEqual([
    'hub_AT\t2026-04-20 22:00:00\t-2287.8',
    'hub_BE\t2026-04-20 22:00:00\t2287.6',
    'hub_DE_DK1_VH\t2026-04-20 22:00:00\t0.1',
  ])
})
