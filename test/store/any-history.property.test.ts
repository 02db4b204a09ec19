import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { history, type Telling, told, windowStarts } from './random-history.ts'
import { type RunningStore, startStore } from './running-store.ts'
import { insertSlices, lines, slice } from './slices.ts'

// Random histories of answers, told to the store in random order with repetitions, against a model of a few lines.
// A history is a dataset; a run inserts many of them together and asks once for all.

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store)
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
  raw: { partition: number; offset: number }
}

function points(dataset: string, tellings: Telling[]): Known[] {
  return tellings.flatMap(({ window, knownAt, transformVersion, values, raw }) =>
    Object.entries(values).flatMap(([key, told]) =>
      told.map((value, i) => {
        const windowStart = windowStarts[window]!
        return { dataset, key, ts: windowStart + i * hourMs, value, knownAt, transformVersion, windowStart, raw }
      }),
    ),
  )
}

// The model, by brute force.
const newer = (a: Known, b: Known) => a.knownAt - b.knownAt || a.transformVersion - b.transformVersion
const point = ({ dataset, key, ts }: Known) => `${dataset}\t${key}\t${ts / 1000}`
const series = ({ dataset, key }: Known) => `${dataset}\t${key}`
const text = (value: number | null) => (value === null ? '\\N' : `${value}`)
const by = (name: (known: Known) => string, known: Known[]) => [...Map.groupBy(known, name).entries()]

function asOf(known: Known[], at: number): string[] {
  return by(
    point,
    known.filter(({ knownAt }) => knownAt <= at),
  )
    .map(([name, answers]) => [name, answers.toSorted(newer).at(-1)!] as const)
    .map(([name, newest]) => `${name}\t${text(newest.value)}\t${newest.knownAt}`)
    .sort()
}

interface Revision extends Known {
  before: Known
  delayS: number | null
}

/** What was told of one point: of each answer what the newest transform made of it, the oldest answer first. */
const tellings = (answers: Known[]) => [
  ...new Map(answers.toSorted(newer).map((answer) => [answer.knownAt, answer])).values(),
]

function revisions(known: Known[]): Revision[] {
  return by(point, known).flatMap(([, answers]) => {
    const all = tellings(answers)
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
      const { before, value, knownAt, delayS, raw } = revision
      const values = `${text(before.value)}\t${text(value)}\t${before.knownAt}\t${knownAt}`
      return `${point(revision)}\t${values}\t${text(delayS)}\t${raw.partition}\t${raw.offset}`
    })
    .sort()
}

function revisionStats(known: Known[]): string[] {
  return by(series, known)
    .map(([name, all]) => {
      const revised = revisions(all)
      const published = by(point, all).filter(([, answers]) => tellings(answers).some(({ value }) => value !== null))
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
}

const median = (sorted: number[]) =>
  (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2

function withdrawn(dataset: string, tellings: Telling[]): string[] {
  const order = (t: Telling) => t.knownAt * 4096 + t.transformVersion
  return windowStarts.flatMap((start, window) => {
    const answers = tellings.filter((telling) => telling.window === window).sort((a, b) => order(a) - order(b))
    const newest = answers.at(-1)
    if (!newest) return []
    const lastNamed = new Map(answers.flatMap((each) => Object.keys(each.values).map((key) => [key, each])))
    return [...lastNamed]
      .filter(([, last]) => order(last) < order(newest))
      .map(([key]) => `${dataset}\t${key}\t${start / 1000}`)
  })
}

const ms = (column: string) => `toUnixTimestamp64Milli(${column})`
const head = 'dataset, key, toUnixTimestamp(ts)'
const newest = `${head}, value, ${ms('known_at')}`
const revised = `${head}, previous_value, value, ${ms('previous_known_at')}, ${ms('known_at')}, delay_s, raw_partition, raw_offset`
const stats = `dataset, key, points, points_revised, revisions, share_revised, mean_abs_change, largest_abs_change,
  to_null, from_null, round(median_delay_s, 6), largest_delay_s`

async function tell(histories: (readonly [string, Telling[]])[]): Promise<void> {
  const slices = histories.flatMap(([dataset, tellings]) =>
    tellings.flatMap(({ window, knownAt, transformVersion, values, raw }) => {
      const start = new Date(windowStarts[window]!).toISOString()
      const windowEnd = new Date(windowStarts[window]! + 4 * hourMs).toISOString()
      const answer = { dataset, start, windowEnd, knownAt: new Date(knownAt).toISOString(), transformVersion }
      return Object.entries(values).map(([key, values]) => ({ ...slice({ ...answer, key, values }), raw }))
    }),
  )
  const half = Math.ceil(slices.length / 2)
  await insertSlices(running.store, slices.slice(0, half))
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
  const iso = (at: number) => new Date(at).toISOString().replace('T', ' ').replace('Z', '')

  expect(await read(newest, 'latest')).toEqual(asOf(known, Infinity))
  for (const at of moments)
    expect(await read(newest, 'as_of(at = {at:String})', { at: iso(at) })).toEqual(asOf(known, at))
  expect(await read(newest, 'as_of(at = {at:String})', { at: iso(future) })).toEqual(asOf(known, Infinity))
  expect(
    await read(newest, 'as_of(at = {at:String})', { at: iso(Math.min(...known.map(({ knownAt }) => knownAt)) - 1) }),
  ).toEqual([])

  const all = revisions(known)
  expect(await read(revised, 'revisions')).toEqual(revisionLines(all))
  const [since = 0, until = 0] = moments.toSorted((a, b) => a - b)
  const span = { since: iso(since), until: iso(until) }
  const within = all.filter(({ knownAt }) => knownAt >= since && knownAt < until)
  const changed = await read(revised, 'changes(since = {since:String}, until = {until:String})', span)
  expect(changed).toEqual(revisionLines(within))
  expect(await read(stats, 'revision_stats')).toEqual(revisionStats(known))

  const gone = await read('dataset, key, toUnixTimestamp(window_start)', 'withdrawn')
  expect(gone).toEqual(named.flatMap(([dataset, tellings]) => withdrawn(dataset, tellings)).sort())
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
    { numRuns: 12, interruptAfterTimeLimit: 45_000 },
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
