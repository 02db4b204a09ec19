import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { faults } from '../support/long-tests.ts'
import { history, type Telling, told, windowStarts } from './random-history.ts'
import { type RunningStore, startStore } from './running-store.ts'
import { acceptedAnswer, insertAnswers, insertSlices, lines, slice } from './slices.ts'

// Random histories of answers, told to the store in random order with repetitions, against a model of a few lines.
// A history is a dataset; a run inserts many of them together and asks once for all.

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
})
afterAll(() => running?.stop())

const hourMs = 3_600_000
const future = Date.parse('2090-01-01T00:00:00Z')

interface Known {
  dataset: string
  key: string
  ts: number
  value: number | null
  knownAt: number
  transformVersion: number
  windowStart: number
  identity: number
  raw: { partition: number; offset: number }
  withdrawn: boolean
}

/** An answer that explode took: of its request identity the newest one counts. */
type Answer = Pick<Known, 'dataset' | 'identity' | 'knownAt' | 'transformVersion' | 'raw'>

const identityOf = ({ window, corridor }: Telling) => 1 + window * 2 + corridor
const accepted = (tellings: Telling[]) => tellings.filter((telling) => telling.accepted)

function points(dataset: string, tellings: Telling[]): Known[] {
  return accepted(tellings).flatMap((telling) =>
    Object.entries(telling.values).flatMap(([key, told]) =>
      told.map((value, i) => {
        const windowStart = windowStarts[telling.window]!
        const { knownAt, transformVersion, raw } = telling
        const ts = windowStart + i * telling.stepS * 1000
        const about = { dataset, key, ts, value, knownAt, transformVersion, windowStart, raw }
        return { ...about, identity: identityOf(telling), withdrawn: false }
      }),
    ),
  )
}

const answers = (dataset: string, tellings: Telling[]): Answer[] =>
  accepted(tellings).map((telling) => {
    const { knownAt, transformVersion, raw } = telling
    return { dataset, identity: identityOf(telling), knownAt, transformVersion, raw }
  })

// The model, by brute force.
type Version = Pick<Known, 'knownAt' | 'transformVersion'>
const newer = (a: Version, b: Version) => a.knownAt - b.knownAt || a.transformVersion - b.transformVersion
const nextInTable = (a: Known, b: Known) => newer(a, b) || a.identity - b.identity
const point = ({ dataset, key, ts }: Known) => `${dataset}\t${key}\t${ts / 1000}`
const series = ({ dataset, key }: Known) => `${dataset}\t${key}`
const text = (value: number | null) => (value === null ? '\\N' : `${value}`)
const by = (name: (known: Known) => string, known: Known[]) => [...Map.groupBy(known, name).entries()]
const ofIdentity = (answers: Answer[], { dataset, identity }: Known) =>
  answers.filter((answer) => answer.dataset === dataset && answer.identity === identity)

/** Of a point the newest row; where the newest answer of its identity is newer still, it was withdrawn. */
function asOf(known: Known[], answers: Answer[], at: number): string[] {
  const knownThen = <Each extends Version>(all: Each[]) => all.filter(({ knownAt }) => knownAt <= at)
  return by(point, knownThen(known))
    .map(([name, rows]) => {
      const row = rows.toSorted(nextInTable).at(-1)!
      const newest = knownThen(ofIdentity(answers, row)).toSorted(newer).at(-1)!
      return newer(newest, row) > 0
        ? `${name}\t\\N\t${newest.knownAt}\t['withdrawn']`
        : `${name}\t${text(row.value)}\t${row.knownAt}\t[]`
    })
    .sort()
}

interface Revision extends Known {
  before: Known
  delayS: number | null
}

/**
 * What was told of one point: of each answer what the newest transform made of it, the oldest answer first, and where an
 * answer of the same identity did not name it before the next row, its withdrawal, unless a null stood there.
 */
function tellings(rows: Known[], answers: Answer[]): Known[] {
  const told = [...new Map(rows.toSorted(nextInTable).map((row) => [row.knownAt, row])).values()]
  return told.flatMap((row, i) => {
    const after = ofIdentity(answers, row)
      .toSorted(newer)
      .find((answer) => newer(answer, row) > 0)
    const next = told[i + 1]
    if (after === undefined || (next !== undefined && after.knownAt >= next.knownAt)) return [row]
    const gone = { ...row, ...after, value: null, withdrawn: true }
    if (after.knownAt === row.knownAt) return [gone]
    return row.value === null ? [row] : [row, gone]
  })
}

function revisions(known: Known[], answers: Answer[]): Revision[] {
  return by(point, known).flatMap(([, rows]) => {
    const all = tellings(rows, answers)
    const watched = all[0]!.knownAt < all[0]!.windowStart
    const publication = all.findIndex(({ value }) => value !== null)
    return all.flatMap((answer, i) => {
      const before = all[i - 1]
      if (publication < 0 || i <= publication || before?.value === answer.value) return []
      const delayS = watched ? (answer.knownAt - all[publication]!.knownAt) / 1000 : null
      return [{ ...answer, before: before!, delayS }]
    })
  })
}

function revisionLines(revised: Revision[]): string[] {
  return revised
    .map((revision) => {
      const { before, value, knownAt, delayS, raw, withdrawn } = revision
      const values = `${text(before.value)}\t${text(value)}\t${before.knownAt}\t${knownAt}`
      const flags = withdrawn ? "['withdrawn']" : '[]'
      return `${point(revision)}\t${values}\t${text(delayS)}\t${raw.partition}\t${raw.offset}\t${flags}`
    })
    .sort()
}

function revisionStats(known: Known[], answers: Answer[]): string[] {
  return (
    by(series, known)
      // A point of which all that is known is a withdrawal has no row.
      .filter(([, all]) => by(point, all).some(([, rows]) => tellings(rows, answers).some((told) => !told.withdrawn)))
      .map(([name, all]) => {
        const revised = revisions(all, answers)
        const published = by(point, all).filter(([, rows]) =>
          tellings(rows, answers).some(({ value }) => value !== null),
        )
        const points = new Set(revised.map(point)).size
        const sizes = revised
          .filter(({ value, before }) => value !== null && before.value !== null)
          .map(({ value, before }) => Math.abs(value! - before.value!))
        const delays = revised.flatMap(({ delayS }) => delayS ?? []).sort((a, b) => a - b)
        const numbers = [
          ...[published.length, points, revised.length, published.length ? points / published.length : null],
          sizes.length ? sizes.reduce((sum, size) => sum + size, 0) / sizes.length : null,
          sizes.length ? Math.max(...sizes) : null,
          revised.filter(({ value }) => value === null).length,
          revised.filter(({ before }) => before.value === null).length,
          delays.length ? Math.round(median(delays) * 1e6) / 1e6 : null,
          delays.at(-1) ?? null,
        ]
        return [name, ...numbers.map(text)].join('\t')
      })
      .sort()
  )
}

const median = (sorted: number[]) =>
  (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2

/** Keys whose last naming by an identity is older than the newest answer of it. */
function withdrawn(known: Known[], answers: Answer[]): string[] {
  const ofKey = ({ dataset, key, windowStart, identity }: Known) =>
    `${dataset}\t${key}\t${windowStart / 1000}\t${identity}`
  return by(ofKey, known).flatMap(([, rows]) => {
    const last = rows.toSorted(newer).at(-1)!
    const newest = ofIdentity(answers, last).toSorted(newer).at(-1)!
    return newer(newest, last) > 0 ? [`${last.dataset}\t${last.key}\t${last.windowStart / 1000}`] : []
  })
}

const ms = (column: string) => `toUnixTimestamp64Milli(${column})`
const head = 'dataset, key, toUnixTimestamp(ts)'
const newest = `${head}, value, ${ms('known_at')}, flags`
const revised = `${head}, previous_value, value, ${ms('previous_known_at')}, ${ms('known_at')}, delay_s, raw_partition, raw_offset, flags`
const stats = `dataset, key, points, points_revised, revisions, share_revised, mean_abs_change, largest_abs_change,
  to_null, from_null, round(median_delay_s, 6), largest_delay_s`

async function tell(histories: (readonly [string, Telling[]])[]): Promise<void> {
  const slices = histories.flatMap(([dataset, tellings]) =>
    accepted(tellings).flatMap((telling) => {
      const { window, knownAt, transformVersion, values, raw, stepS } = telling
      const start = new Date(windowStarts[window]!).toISOString()
      const windowEnd = new Date(windowStarts[window]! + 4 * hourMs).toISOString()
      const answer = { dataset, start, windowEnd, knownAt: new Date(knownAt).toISOString(), transformVersion, stepS }
      const identity = identityOf(telling)
      return Object.entries(values).map(([key, values]) => ({ ...slice({ ...answer, key, values, identity }), raw }))
    }),
  )
  const taken = histories.flatMap(([dataset, tellings]) =>
    accepted(tellings).map(({ window, ...telling }) => {
      const windowStart = windowStarts[window]!
      const identity = identityOf({ window, ...telling })
      return acceptedAnswer({ ...telling, dataset, identity, windowStart, windowEnd: windowStart + 4 * hourMs })
    }),
  )
  const half = Math.ceil(slices.length / 2)
  await insertSlices(running.store, slices.slice(0, half))
  await insertAnswers(running.store, taken)
  await insertSlices(running.store, slices.slice(half))
}

/** Tells the store these histories and compares all that it answers with the model. */
async function check(prefix: string, histories: Telling[][], moments: number[]): Promise<void> {
  const named = histories.map((tellings, i) => [`${prefix}-${i}`, tellings] as const)
  await tell(named)
  const read = async (columns: string, from: string, parameters: Record<string, string> = {}) => {
    const query = `SELECT ${columns} FROM tidemark.${from} WHERE startsWith(dataset, {prefix:String})`
    return (await lines(running.reader, query, { prefix: `${prefix}-`, ...parameters })).sort()
  }
  const known = named.flatMap(([dataset, tellings]) => points(dataset, tellings))
  const taken = named.flatMap(([dataset, tellings]) => answers(dataset, tellings))
  const iso = (at: number) => new Date(at).toISOString().replace('T', ' ').replace('Z', '')

  expect(await read(newest, 'latest')).toEqual(asOf(known, taken, Infinity))
  for (const at of moments)
    expect(await read(newest, 'as_of(at = {at:String})', { at: iso(at) })).toEqual(asOf(known, taken, at))
  expect(await read(newest, 'as_of(at = {at:String})', { at: iso(future) })).toEqual(asOf(known, taken, Infinity))
  expect(
    await read(newest, 'as_of(at = {at:String})', {
      at: iso(Math.min(future, ...known.map(({ knownAt }) => knownAt)) - 1),
    }),
  ).toEqual([])

  const all = revisions(known, taken)
  expect(await read(revised, 'revisions')).toEqual(revisionLines(all))
  const [since = 0, until = 0] = moments.toSorted((a, b) => a - b)
  const span = { since: iso(since), until: iso(until) }
  const within = all.filter(({ knownAt }) => knownAt >= since && knownAt < until)
  const changed = await read(revised, 'changes(since = {since:String}, until = {until:String})', span)
  expect(changed).toEqual(revisionLines(within))
  expect(await read(stats, 'revision_stats')).toEqual(revisionStats(known, taken))

  const gone = await read('dataset, key, toUnixTimestamp(window_start)', 'withdrawn_keys')
  expect(gone).toEqual(withdrawn(known, taken).sort())
}

it('latest, as_of, revisions, changes, revision_stats and withdrawn say what the model says, for any history', async () => {
  let run = 0
  // One of the times of knowledge, or a millisecond beside it.
  const moment = fc.tuple(fc.nat(), fc.constantFrom(-1, 0, 1))
  await fc.assert(
    fc.asyncProperty(
      fc.array(history, { minLength: 1, maxLength: 60 }),
      fc.array(moment, { minLength: 2, maxLength: 2 }),
      async (histories, picks) => {
        const instants = histories.flat().map(({ knownAt }) => knownAt)
        const moments = picks.map(([pick, beside]) => instants[pick % instants.length]! + beside)
        await check(`run-${run++}`, histories, moments)
      },
    ),
    { numRuns: faults ? 25 : 6, interruptAfterTimeLimit: 45_000 },
  )
})

it('and for those that went wrong elsewhere: there and back, taken back, published late', async () => {
  const histories = [told(10, 20, 10), told(10, null, 10), told(null, null, 10, 20), told(10, 10, 20), told(null, null)]
  const at = histories[0]!.map(({ knownAt }) => knownAt)
  await check('known', histories, [at[0]!, at[2]! + 1])
  const series = (i: number) =>
    lines(running.reader, `SELECT value FROM tidemark.revisions WHERE dataset = 'known-${i}'`)
  expect((await Promise.all([0, 1, 2, 3, 4].map(series))).map(({ length }) => length)).toEqual([2, 2, 1, 1, 0])
})
