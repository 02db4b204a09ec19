import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { type RunningStore, startStore } from './running-store.ts'
import { insertSlices, lines, slice } from './slices.ts'

// A view that does not let a filter through reads all of history: right, and useless with years in the store.

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
  await insertSlices(
    running.store,
    ['2026-04-19T08:00:00Z', '2026-04-19T09:00:00Z'].map((knownAt) =>
      slice({ dataset: 'a', key: 'k', start: '2026-04-20T00:00:00Z', values: [1, 2], knownAt }),
    ),
  )
})
afterAll(() => running?.stop())

/** What each reading of a table is narrowed to by its primary key. */
async function conditions(from: string, where: string): Promise<string[]> {
  const plan = await lines(running.reader, `EXPLAIN indexes = 1 SELECT * FROM tidemark.${from} WHERE ${where}`)
  const text = plan.join('\n')
  return text
    .split('PrimaryKey')
    .slice(1)
    .map((each) => /Condition: (.*)/.exec(each)?.[1] ?? '')
}

const past = "since = '2026-04-19', until = '2026-04-20'"

describe.each(['latest', "as_of(at = '2026-04-19 08:30:00')", 'answers', 'revisions', `changes(${past})`])(
  '%s',
  (view) => {
    test('is narrowed by dataset and key', async () => {
      const [condition] = await conditions(view, "dataset = 'a' AND key = 'k'")
      expect(condition).toContain('(key in [')
      expect(condition).toContain('(dataset in [')
    })

    test('is narrowed by a span of ts', async () => {
      const [condition] = await conditions(view, "ts >= '2026-04-20 00:00:00' AND ts < '2026-04-20 01:00:00'")
      expect(condition).toMatch(/\(ts in \(-Inf, \d+\]\)|\(ts in \[\d+, \d+\]\)/)
    })
  },
)

test('revision_stats are narrowed by dataset and key', async () => {
  const [condition] = await conditions('revision_stats', "dataset = 'a' AND key = 'k'")
  expect(condition).toContain('(key in [')
  expect(condition).toContain('(dataset in [')
})

test('changes read the history of those points alone that an answer of the span named', async () => {
  const [condition] = await conditions(`changes(${past})`, '1')
  expect(condition).toContain('(ts in 2-element set)')
  expect(condition).toContain('((dataset, key, ts) in 2-element set)')
})

test('where two views are joined, a filter reaches both', async () => {
  const joined = "latest AS n LEFT JOIN tidemark.as_of(at = '2026-04-19') AS t USING (dataset, key, ts)"
  const read = await conditions(joined, "dataset = 'a' AND key = 'k'")
  expect(read).toHaveLength(2)
  for (const condition of read) expect(condition).toContain('(key in [')
})
