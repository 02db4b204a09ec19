// Random histories that old code told and new code reads again: a replay, a rebuild and a store that only the new code
// filled must hold the same rows, and show the same; a rebuild and an erasure may die at any step and be done again.

import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { diffTables, storedDatasets, storedVersions } from '#operations/history/diff-tables.ts'
import { erase } from '#operations/history/erase.ts'
import { copyUnreproducible, exchange, makeTables, staging, stateOfTables } from '#operations/history/exchange.ts'
import type { ReadAnswer } from '#operations/history/explode-span.ts'
import { createStagedSlices, dropStaging, stagingInserter } from '#operations/history/staging-tables.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { jao } from '#sources/jao/jao.ts'
import {
  type History,
  history,
  type Raw,
  type Reading,
  renamedThenRefused,
  requeued,
  windowStarts,
} from './history-read-again.ts'
import { type RunningStore, startStore } from './running-store.ts'
import { acceptedAnswer, insertAnswers, insertSlices, lines, slice } from './slices.ts'

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
})
afterAll(() => running?.stop())

/** Of each history a dataset and a partition of raw of its own: a run does them together. */
const datasets = jao.datasets.filter(({ records }) => records === undefined).map(({ name }) => name)
const hourMs = 3_600_000
const identityOf = ({ window, corridor }: Raw) => 1 + window * 2 + corridor

type Read = Extract<ReadAnswer['read'], { slices: unknown }>

/** What a reading of the raw record at an offset of the history's partition gives. */
function told(at: number, { raws }: History, offset: number, read: Reading | undefined, transformVersion: number) {
  const raw = raws[offset]
  if (raw === undefined || read === undefined) return []
  const start = windowStarts[raw.window]!
  const windowEnd = start + 4 * hourMs
  const dataset = datasets[at]!
  const about = { dataset, identity: identityOf(raw), transformVersion }
  const slices = Object.entries(read.values).map(([key, values]) => ({
    ...slice({
      ...{ ...about, key, values, stepS: read.stepS, start: new Date(start).toISOString() },
      ...{ windowEnd: new Date(windowEnd).toISOString(), knownAt: new Date(raw.knownAt).toISOString() },
    }),
    raw: { partition: at, offset },
  }))
  const accepted = acceptedAnswer({
    ...{ ...about, windowStart: start, windowEnd, knownAt: raw.knownAt, raw: { partition: at, offset } },
    points: slices.reduce((sum, { values }) => sum + values.length, 0),
    keys: slices.length,
  })
  return [{ dataset, partition: at, offset, read: { slices, accepted } as Partial<Read> as Read }]
}

async function tell(answers: ReadAnswer[]): Promise<void> {
  const taken = answers.flatMap(({ read }) => ('slices' in read ? [read] : []))
  const slices = taken.flatMap(({ slices }) => slices)
  if (slices.length > 0) await insertSlices(running.store, slices)
  const accepted = taken.flatMap(({ accepted }) => accepted ?? [])
  if (accepted.length > 0) await insertAnswers(running.store, accepted)
}

const tables = ['points', 'point_revisions', 'stored_answers']
async function empty(): Promise<void> {
  for (const table of tables) await running.store.command({ query: `TRUNCATE TABLE tidemark.${table}` })
}

const everything = async () => {
  const [points, revisions] = await Promise.all(
    tables.slice(0, 2).map((table) => lines(running.store, `SELECT * FROM tidemark.${table} FINAL ORDER BY ALL`)),
  )
  const answers = await lines(
    running.store,
    'SELECT * EXCEPT stored_at FROM tidemark.stored_answers FINAL ORDER BY ALL',
  )
  return { points, revisions, answers, shown: await shown() }
}
const shown = () =>
  lines(running.store, 'SELECT dataset, key, ts, value, known_at, flags FROM tidemark.latest ORDER BY ALL')
/** The points of these lines that are withdrawn. */
const withdrawn = (shown: string[]): string[] =>
  shown.flatMap((line) => (line.endsWith("['withdrawn']") ? [line.split('\t').slice(0, 3).join(' ')] : []))

/** What `latest` shows, by hand: of each point the newest row, null where the newest answer of its identity is newer. */
function expected(dataset: string, told: { raw: Raw; read: Reading }[]): string[] {
  const points = new Map<string, { value: number | null; raw: Raw }>()
  for (const { raw, read } of told.toSorted((one, other) => one.raw.knownAt - other.raw.knownAt))
    for (const [key, values] of Object.entries(read.values))
      values.forEach((value, i) => {
        const ts = new Date(windowStarts[raw.window]! + i * read.stepS * 1000)
        points.set(`${dataset}\t${key}\t${sql(ts).slice(0, 19)}`, { value, raw })
      })
  return [...points]
    .map(([point, { value, raw }]) => {
      const ofIt = told.map((each) => each.raw).filter((other) => identityOf(other) === identityOf(raw))
      const newest = Math.max(...ofIt.map(({ knownAt }) => knownAt))
      const known = sql(new Date(Math.max(newest, raw.knownAt)))
      return newest > raw.knownAt
        ? `${point}\t\\N\t${known}\t['withdrawn']`
        : `${point}\t${value ?? '\\N'}\t${known}\t[]`
    })
    .sort()
}
const sql = (at: Date): string => at.toISOString().replace('T', ' ').replace('Z', '')

/** A store whose client dies after so many statements; `after` is called when one was done. */
function mortal(statements: number, after: () => Promise<void> = async () => undefined): Store {
  let left = statements
  const command: Store['command'] = async (parameters) => {
    if (left-- <= 0) throw new Error('killed')
    const done = await running.store.command(parameters)
    await after()
    return done
  }
  return new Proxy(running.store, {
    get: (store, name) => (name === 'command' ? command : Reflect.get(store, name, store).bind(store)),
  })
}

async function untilDone(work: (store: Store) => Promise<unknown>, diesAfter: number, after?: () => Promise<void>) {
  await work(mortal(diesAfter, after)).catch((error: Error) => {
    if (error.message !== 'killed') throw error
  })
  return work(mortal(Infinity, after))
}

const allWindows = { fromMs: null, toMs: null }
let run = 0

async function check(histories: History[], diesAfter: number): Promise<void> {
  run++
  const spans = histories.map(({ raws, firstOffset }, partition) => {
    return { topic: 'jao.raw', partition, from: Math.min(firstOffset, raws.length), to: raws.length }
  })
  const isGone = (at: number, offset: number) => offset < histories[at]!.firstOffset
  const oldReading = histories.map((each, at) => each.raws.map((raw, offset) => told(at, each, offset, raw.old, 1)))
  const newReading = histories.map((each, at) =>
    each.raws.map((raw, offset) => (isGone(at, offset) ? [] : told(at, each, offset, raw.new, 2))),
  )
  const old = oldReading.flat(2)
  const read = newReading.flat(2)

  // A store that knows nothing but what is to be there.
  await empty()
  await tell([...old.filter(({ partition, offset }) => isGone(partition, offset)), ...read])
  const live = await everything()
  const model = histories.flatMap(({ raws }, at) => {
    const told = raws.flatMap((raw, offset) => {
      const read = isGone(at, offset) ? raw.old : raw.new
      return read ? [{ raw, read }] : []
    })
    return expected(datasets[at]!, told)
  })
  expect(live.shown).toEqual(model.sort())

  // A replay, which dies within its erasure.
  await empty()
  await tell(old)
  const before = await shown()
  await tell(read)
  for (const [at, span] of spans.entries()) {
    const retold = { dataset: datasets[at]!, windows: allWindows, spans: [span], transformVersion: 2, ownTables: [] }
    await untilDone((store) => erase(store, retold, `erasing_again_${run}_${at}`), diesAfter)
  }
  expect(await everything()).toEqual(live)

  // A dry run, then a rebuild, which dies within its exchange; readers see no withdrawal that neither side tells.
  await empty()
  await tell(old)
  const dry = 'tidemark_dry_again'
  await createStagedSlices(running.store, dry)
  await stagingInserter(running.store, dry)(read)
  for (const [at, { raws }] of histories.entries()) {
    const compared = {
      dataset: datasets[at]!,
      windows: allWindows,
      spans: [spans[at]!],
      transformVersion: 2,
      staging: dry,
    }
    const { answers, ...rows } = await diffTables(running.store, compared)
    expect(rows).toMatchObject(rowCounts(at, histories[at]!, oldReading[at]!.flat(), newReading[at]!.flat()))
    const counts = { added: 0, changed: 0, gone: 0, same: 0, rawGoneKept: 0 }
    raws.forEach((_, offset) => {
      const [one, other] = [oldReading[at]![offset]![0], newReading[at]![offset]![0]].map(size)
      if (isGone(at, offset)) counts.rawGoneKept += one === undefined ? 0 : 1
      else if (one === undefined) counts.added += other === undefined ? 0 : 1
      else if (other === undefined) counts.gone++
      else counts[one === other ? 'same' : 'changed']++
    })
    expect(answers).toMatchObject(counts)
  }
  await dropStaging(running.store, dry)

  const storedAt = () =>
    lines(running.store, 'SELECT raw_partition, raw_offset, stored_at FROM tidemark.stored_answers')
  const stored = new Set(await storedAt())
  const rebuild = { id: `again-${run}`, spans }
  await makeTables(running.store, rebuild.id)
  await stagingInserter(running.store, staging)(read)
  await copyUnreproducible(running.store, spans)
  const toldBySome = new Set(withdrawn([...before, ...live.shown]))
  await untilDone(
    (store) => exchange(store, rebuild),
    diesAfter,
    async () => expect(withdrawn(await shown()).filter((point) => !toldBySome.has(point))).toEqual([]),
  )
  expect(await stateOfTables(running.store, rebuild.id)).toBe('exchanged')
  expect(await everything()).toEqual(live)
  // A row that was there is as old as it was.
  const places = new Set([...stored].map((line) => line.split('\t').slice(0, 2).join()))
  const moved = (await storedAt()).filter(
    (line) => places.has(line.split('\t').slice(0, 2).join()) && !stored.has(line),
  )
  expect(moved).toEqual([])
}

/** What becomes of the rows of a history, by hand: one row a key, ts and known_at. */
function rowCounts(at: number, { firstOffset }: History, old: ReadAnswer[], read: ReadAnswer[]) {
  const rowsOf = (answers: ReadAnswer[]) => {
    const rows = new Map<string, { says: string; isGone: boolean }>()
    for (const { offset, read } of answers) {
      if (!('slices' in read)) continue
      for (const { key, start, step, knownAt, values } of read.slices)
        values.forEach((value, i) => {
          const row = `${at} ${key} ${start + i * step * 1000} ${knownAt}`
          const isGone = offset < firstOffset && (rows.get(row)?.isGone ?? true)
          rows.set(row, { says: `${value} ${step}`, isGone })
        })
    }
    return rows
  }
  const stored = rowsOf(old)
  const today = rowsOf(read)
  const counts = { rowsAdded: 0, rowsChanged: 0, rowsGone: 0, rowsSame: 0, rawGoneKept: 0, ofSameVersion: 0 }
  for (const row of today.keys()) if (!stored.has(row)) counts.rowsAdded++
  for (const [row, { says, isGone }] of stored) {
    const now = today.get(row)
    if (now === undefined) counts[isGone ? 'rawGoneKept' : 'rowsGone']++
    else counts[now.says === says ? 'rowsSame' : 'rowsChanged']++
  }
  return counts
}

const size = (told: ReadAnswer | undefined): string | undefined => {
  if (told === undefined || !('slices' in told.read)) return undefined
  return `${told.read.accepted?.points} ${told.read.accepted?.keys}`
}

it('a replay, a rebuild and new code alone leave the same rows, and a dry run counts what becomes of answers', async () => {
  const histories = fc.array(history, { minLength: 2, maxLength: 2 })
  // Dies after so many statements, and is done again.
  const deaths = fc.nat({ max: 9 })
  await fc.assert(fc.asyncProperty(histories, deaths, check), {
    ...{ examples: [[[requeued, renamedThenRefused], 3]], numRuns: 3, endOnFailure: true },
  })
})

it('a rebuild compares what has rows on one side only, and knows the highest version of each', async () => {
  await empty()
  await makeTables(running.store, 'sides')
  const about = { identity: 1, start: '2026-01-01T00:00:00Z', knownAt: '2026-01-02T00:00:00Z', values: [1] }
  const times = { windowStart: 0, windowEnd: hourMs, knownAt: hourMs, identity: 1 }
  // What is told to tidemark's own tables goes into those beside as well: it is taken out of one side again.
  await insertSlices(running.store, [slice({ ...about, dataset: 'points', transformVersion: 3 })])
  await insertAnswers(running.store, [acceptedAnswer({ ...times, dataset: 'answer', transformVersion: 4 })])
  for (const table of tables) await running.store.command({ query: `TRUNCATE TABLE ${staging}.${table}` })
  await insertSlices(running.store, [slice({ ...about, dataset: 'new points' })])
  await insertAnswers(running.store, [acceptedAnswer({ ...times, dataset: 'new answer', transformVersion: 1 })])
  for (const table of tables) {
    await running.store.command({ query: `DELETE FROM tidemark.${table} WHERE startsWith(dataset, 'new ')` })
  }
  await insertAnswers(running.store, [acceptedAnswer({ ...times, dataset: 'both', transformVersion: 1 })])
  await insertAnswers(running.store, [acceptedAnswer({ ...times, dataset: 'both', transformVersion: 2 })])
  const all = ['answer', 'both', 'new answer', 'new points', 'points']
  expect([...(await storedDatasets(running.store, staging))].sort()).toEqual(all)
  const versions = await storedVersions(running.store, [...all, 'nothing'])
  expect(Object.fromEntries(versions)).toEqual({ points: 3, answer: 4, both: 2 })
  await dropStaging(running.store, staging)
})
