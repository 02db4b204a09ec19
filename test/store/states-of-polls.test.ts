// What the store makes of polls: the states of windows, and the hours of ticks; also of polls that it had before.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { noMemory } from '#core/poll-memory.ts'
import { requestIdentity, selectorOf } from '#core/request-identity.ts'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { insert } from '#platform/clickhouse/client.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import type { Poll } from '#schemas/generated/records.ts'
import { hostLogTable, pollsTable } from '#schemas/tables.ts'
import { randomTickPolls, randomWindowPolls } from './random-polls.ts'
import { type RunningStore, startStore } from './running-store.ts'
import { lines } from './slices.ts'

const seed = Date.now()
const { polls, later } = randomWindowPolls(seed, 80)
const ticks = randomTickPolls(seed, 400)
const [some] = polls as [Poll]
// Neither ticks nor chunks of files are windows, and only ticks are ticks.
const others: Poll[] = [
  { ...some, requestIdentity: 'a.b/XBT/USD' },
  { ...some, lane: 'files', fetchedAt: 1 },
  ...[{ lane: 'files' }, { requestIdentity: 'a.ticks/2026-03-02T00:00:00Z/2026-03-03T00:00:00Z' }].map((more) => {
    return { ...ticks[0]!, windowStart: Date.parse('2026-03-02T00:00:00Z'), ...more }
  }),
]
// Polls that do not say whether they change something count: a sink or poller of an earlier release goes on meanwhile.
const quiet = { ...some, dataset: 'a.c', requestIdentity: requestIdentity('a.c', { startMs: 0, endMs: 86_400_000 }) }
const unstated = [1, 2, 3].map((fetchedAt): Poll => {
  return { ...quiet, fetchedAt, outcome: 'empty', memory: noMemory, rawOffset: null, changesState: null }
})
const times = '2026-04-19T22:00:00Z/2026-04-20T22:00:00Z'
const ends = ['', '/', '/XBT/USD,ETH', '/é', `/${times}`, `/x/${times}`, `/${times}/${times}`, `/x${times}`]
const identities = ['d.e', 'd.ef', 'x', ''].flatMap((start) => [...ends, `/${times}\n`].map((end) => `${start}${end}`))
const named = identities.map((identity) => ({ ...some, dataset: 'd.e', requestIdentity: identity }))

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  const { store } = running
  await migrateUntil('add_polls_state')
  await store.command({ query: 'SYSTEM STOP MERGES tidemark.polls' })
  await storePolls([...polls, ...ticks.slice(0, 300), ...others, ...named], true)
  await storePolls([...polls.toReversed().slice(0, 300), ...ticks.slice(0, 90)], true)
  await migrateUntil('copy_window_states')
  await storePolls(unstated.slice(0, 2), true)
  await migrate(store, migrations)
  const unchanged = { ...unstated[2]!, fetchedAt: 4, changesState: false }
  const named2 = named.map((poll) => ({ ...poll, fetchedAt: poll.fetchedAt + 1 }))
  await storePolls([...later, ...ticks.slice(200), ...unstated.slice(2), unchanged, ...others, ...named2])
  await storePolls(later.toReversed())
  // A crash may keep the statements and lose their records.
  await store.command({ query: 'DELETE FROM tidemark.migrations WHERE number > 50' })
  await migrate(store, migrations)
})
afterAll(() => running?.stop())

/** Applies the migrations before the one of this name. */
async function migrateUntil(name: string): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-earlier-'))
  for (const file of (await readdir(migrations)).sort()) {
    if (file.includes(name)) break
    await writeFile(join(directory, file), await readFile(new URL(file, migrations)))
  }
  await migrate(running.store, pathToFileURL(`${directory}/`))
  await rm(directory, { recursive: true })
}

const newColumns = ['changes_state', 'empty_confirmed', 'last_changed_at']

/** Inserts polls as the sink does; with `byOlder`, as the sink of a release did that had no states. */
async function storePolls(some: Poll[], byOlder = false): Promise<void> {
  const { table, columns, row } = pollsTable
  const isTaken = columns.map((column) => !byOlder || !newColumns.includes(column))
  const taken = <T>(values: T[]): T[] => values.filter((_, index) => isTaken[index])
  const rows = some.map((poll) => taken(row(poll)))
  await insert(running.store, table, taken(columns), rows)
}

async function rowsOf(query: string): Promise<string[]> {
  const result = await running.reader.query({ query, format: 'JSONCompactEachRow' })
  return text(await result.json<unknown[]>())
}
const text = (rows: unknown[][]) => rows.map((row) => JSON.stringify(row)).sort()

/** The polls after which somebody who hears of all polls of a window knows something else of it. Pages have no state. */
function newsOf(all: Poll[]): Poll[] {
  const noted = new Map<string, { note: string; kept: number | null }>()
  return all.filter(({ requestIdentity: identity, rawOffset, memory }) => {
    const before = noted.get(identity)
    const kept = rawOffset ?? before?.kept ?? null
    const { lastChangedAt, completeness, emptyConfirmed, failures } = memory
    const note = JSON.stringify([kept, lastChangedAt, completeness, emptyConfirmed, failures])
    noted.set(identity, { note, kept })
    return before?.note !== note && !identity.includes('/rows-10/')
  })
}

test('window_states has the polls that changed something: of those stored before, meanwhile, and since', async () => {
  const stored =
    await rowsOf(`SELECT request_identity, selector, toUnixTimestamp64Milli(at) + 0.0, outcome, completeness,
    failures, status, error, empty_confirmed, toUnixTimestamp64Milli(last_changed_at) + 0.0, poller, raw_offset + 0.0
    FROM tidemark.window_states FINAL WHERE dataset IN ('a.b', 'a.c')`)
  const expected = [...newsOf(polls), ...newsOf(later), ...unstated].map(({ memory, ...poll }) => [
    ...[poll.requestIdentity, selectorOf(poll.requestIdentity, poll.dataset), poll.fetchedAt, poll.outcome],
    ...[memory.completeness, memory.failures, poll.status, poll.error, memory.emptyConfirmed, memory.lastChangedAt],
    ...[poll.poller, poll.rawOffset],
  ])
  expect(stored, `seed ${seed}`).toEqual(text(expected))
})

/** The row of one selector and hour, computed from its polls. */
function hourOf(all: Poll[]): unknown[] {
  const isGood = ({ outcome, memory: { completeness } }: Poll) =>
    ['changed', 'unchanged'].includes(outcome) && ['complete', 'partial'].includes(`${completeness}`)
  const isBad = ({ outcome }: Poll) => ['failed', 'refused', 'unreadable'].includes(outcome)
  const seconds = (mine: Poll[]) =>
    [...new Set(mine.map(({ windowStart }) => (windowStart % 3_600_000) / 1000))].sort((one, other) => one - other)
  const good = all.filter(isGood)
  const last = all.filter(isBad).toSorted((one, other) => other.fetchedAt - one.fetchedAt)[0]
  const [{ requestIdentity: identity, windowStart }] = all as [Poll]
  return [
    ...[selectorOf(identity, 'a.ticks'), Math.floor(windowStart / 3_600_000) * 3600, seconds(all), seconds(good)],
    ...[seconds(good.filter(({ memory }) => memory.completeness === 'partial')), seconds(all.filter(isBad))],
    ...[seconds(good).length, last?.outcome ?? '', last?.status ?? null, last?.error ?? null],
  ]
}

test('tick_hours counts each tick once, by what came of it, however often its poll is delivered', async () => {
  const seconds = (name: string) => `arraySort(bitmapToArray(groupBitmapMergeState(${name})))`
  const stored = await rowsOf(`SELECT selector, toUnixTimestamp(hour),
    ${['asked', 'good', 'partial', 'failed'].map(seconds).join(', ')}, toFloat64(groupBitmapMerge(good)),
    ifNull((arraySort(each -> each.at, groupUniqArrayMerge(failures))[-1] AS last).outcome, ''), last.status, last.error
    FROM tidemark.tick_hours WHERE dataset = 'a.ticks' GROUP BY selector, hour`)
  const keyOf = ({ requestIdentity: identity, windowStart }: Poll) =>
    `${identity} ${Math.floor(windowStart / 3_600_000)}`
  expect(stored, `seed ${seed}`).toEqual(text([...Map.groupBy(ticks, keyOf).values()].map(hourOf)))
})

test('the selector of a poll is what its identity names, also of polls that were stored before', async () => {
  const stored = await rowsOf(`SELECT request_identity, selector FROM tidemark.polls WHERE dataset = 'd.e'
    GROUP BY ALL HAVING uniqExact(fetched_at) = 2`)
  expect(stored).toEqual(text(identities.map((identity) => [identity, selectorOf(identity, 'd.e')])))
  const [row] = await lines(running.reader, "SELECT * FROM tidemark.polls WHERE request_identity = 'd.e/XBT/USD,ETH'")
  expect(row).toContain('\tXBT/USD,ETH\t')
})

test('host_log has what a poller says of its host, once however often it is delivered', async () => {
  const { table, columns, row } = hostLogTable
  const at = Date.parse('2026-03-01T00:00:00.123Z')
  const quiet = { host: 'h', at, poller: 'one', state: 'owned', waitingForBudget: 3, dueRequests: 4, settledTo: at - 1 }
  const owned = row({ ...quiet, pausedUntil: null, pauseReason: null })
  const released = row({ ...quiet, state: 'released', pausedUntil: at + 9_000, pauseReason: '429, Retry-After 9' })
  await insert(running.store, table, columns, [owned, released, owned])
  await insert(running.store, table, columns, [released])
  const same = 'h\t2026-03-01 00:00:00.123\tone'
  expect(await lines(running.reader, 'SELECT * FROM tidemark.host_log FINAL ORDER BY state')).toEqual([
    `${same}\towned\t3\t4\t\\N\t\\N\t2026-03-01 00:00:00.122`,
    `${same}\treleased\t3\t4\t2026-03-01 00:00:09.123\t429, Retry-After 9\t2026-03-01 00:00:00.122`,
  ])
})
