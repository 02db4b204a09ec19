import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { faults } from '../support/long-tests.ts'
import { beginMs, factsOf, history, spanMs, storeFacts } from './completeness-history.ts'
import { type Completeness, completenessAt, type WindowName } from './completeness-model.ts'
import { type RunningStore, startStore } from './running-store.ts'

// Random histories of everything that completeness rests on, against a model that reads one window at a time. A run
// inserts many of them and asks twice an instant: of all windows, and of those that end after the begin.

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
})
afterAll(() => running?.stop())

/** What the store says at an instant of the windows that end after `fromMs`. */
async function inStore(atMs: number, fromMs: number): Promise<Completeness[]> {
  const ms = (column: string, as: string) => `toUnixTimestamp64Milli(${column}) AS ${as}`
  const text = (instantMs: number) => new Date(instantMs).toISOString().replace('T', ' ').replace('Z', '')
  const result = await running.reader.query({
    query: `SELECT dataset, selector, ${ms('window_start', 'start')}, ${ms('window_end', 'end')}, class, cause, detail,
        ${ms('since', 'since')}, lateness_s AS lateness, keys, usual_keys AS usual, points, expected_points AS expectedPoints,
        ${ms('expected_by', 'expectedBy')}, ${ms('late_after', 'lateAfter')}, why, toUInt8(is_watched) AS watched,
        ${ms('last_revised_at', 'revisedAt')}, raw_offset AS offset
      FROM tidemark.${fromMs === 0 ? 'completeness(at = {at:String})' : 'completeness_since(at = {at:String}, from = {from:String})'}`,
    query_params: { at: text(atMs), from: text(fromMs) },
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  })
  return result.json<Completeness>()
}

const sorted = (rows: Completeness[]) =>
  rows.toSorted((one, other) => {
    const name = ({ dataset, selector, start }: WindowName) => `${dataset} ${selector} ${start}`
    return name(one) < name(other) ? -1 : 1
  })

it('agrees with a model that reads one window at a time', { timeout: 1_800_000 }, async () => {
  const runs = faults ? 20 : 1
  const perRun = 120
  const seed = faults ? Date.now() % 1_000_000 : 13
  const seen = new Set<string>()
  for (let run = 0; run < runs; run++) {
    const told = fc.sample(history, { numRuns: perRun, seed: seed + run })
    const all = told.map((each, index) => factsOf(`seed${seed}.run${run}.h${index}`, each))
    await storeFacts(running.store, all)
    for (const share of faults ? [0.25, 0.5, 0.75, 1] : [0.5, 1]) {
      const atMs = beginMs + share * spanMs
      for (const fromMs of [0, beginMs]) {
        const model = sorted(all.flatMap((facts) => completenessAt(facts, atMs, fromMs)))
        const said = sorted(await inStore(atMs, fromMs)).filter(({ dataset }) =>
          dataset.startsWith(`seed${seed}.run${run}.`),
        )
        for (const [index, row] of model.entries())
          expect(said[index], `at ${new Date(atMs).toISOString()}, from ${fromMs}`).toEqual(row)
        expect(said.length).toBe(model.length)
        for (const row of model) seen.add(row.class).add(row.cause ?? 'complete')
      }
    }
  }
  const causes = ['ours-dead-letter', 'ours-lag', 'ours-not-asked', 'ours-parked', 'upstream-empty', 'upstream-refused']
  const before = ['unknown', 'before-history', 'deleted', 'not-collected', 'not-yet-due']
  const all = [...before, 'complete', 'retracted', 'partial', 'late', ...causes, 'upstream-unreachable']
  expect([...seen].toSorted()).toEqual(all.toSorted())
})
