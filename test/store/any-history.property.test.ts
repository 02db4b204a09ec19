import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { type RunningStore, startStore } from './running-store.ts'
import { insertSlices, lines, slice } from './slices.ts'

// Random histories of answers, told to the store in random order with repetitions, against a model of a few lines.
// A history is a dataset; a run inserts many of them together and asks once for all.

/** What one transform made of one answer: values by key, for one of two windows. */
interface Telling {
  window: number
  knownAt: number
  transformVersion: number
  values: Record<string, (number | null)[]>
}

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store)
})
afterAll(() => running?.stop())

const hourMs = 3_600_000
// The first window lies across a year's end, and so do the times of knowledge: both tables change partition there.
const windowStarts = [Date.parse('2024-12-31T22:00:00Z'), Date.parse('2025-06-01T22:00:00Z')]
const instants = ['2024-12-30T08:00:00Z', '2024-12-31T23:59:59.999Z', '2025-01-01T00:00:00Z', '2025-06-02T09:30:00.5Z']
  .map((text) => Date.parse(text))
  .flatMap((at) => [at, at + 1, at + 2, at + hourMs])

const instant = fc.constantFrom(...instants)
const value = fc.option(fc.constantFrom(0, 10, 20, -0.5), { nil: null })
const values = fc.array(value, { minLength: 1, maxLength: 4 })
const telling: fc.Arbitrary<Telling> = fc.record({
  window: fc.nat({ max: 1 }),
  knownAt: instant,
  transformVersion: fc.constantFrom(1, 2, 4095),
  values: fc.dictionary(fc.constantFrom('border_A_B', 'border_B_A'), values, { minKeys: 1 }),
})
/** A pure explode: of one answer one transform always makes the same, however often it is delivered. */
const history = fc
  .uniqueArray(telling, {
    minLength: 1,
    maxLength: 10,
    selector: ({ window, knownAt, transformVersion }) => `${window} ${knownAt} ${transformVersion}`,
  })
  .chain((tellings) =>
    fc.tuple(fc.constant(tellings), fc.array(fc.constantFrom(...tellings.slice(0, 3)), { maxLength: 3 })),
  )
  .chain(([tellings, again]) =>
    fc.shuffledSubarray([...tellings, ...again], { minLength: tellings.length + again.length }),
  )

interface Known {
  dataset: string
  key: string
  ts: number
  value: number | null
  knownAt: number
  transformVersion: number
}

function points(dataset: string, tellings: Telling[]): Known[] {
  return tellings.flatMap(({ window, knownAt, transformVersion, values }) =>
    Object.entries(values).flatMap(([key, told]) =>
      told.map((value, i) => ({
        dataset,
        key,
        ts: windowStarts[window]! + i * hourMs,
        value,
        knownAt,
        transformVersion,
      })),
    ),
  )
}

// The model, by brute force.
const newer = (a: Known, b: Known) => a.knownAt - b.knownAt || a.transformVersion - b.transformVersion
const point = ({ dataset, key, ts }: Known) => `${dataset}\t${key}\t${ts / 1000}`
const text = (value: number | null) => (value === null ? '\\N' : `${value}`)
const byPoint = (known: Known[]) => [...Map.groupBy(known, point).entries()]

function asOf(known: Known[], at: number): string[] {
  return byPoint(known.filter(({ knownAt }) => knownAt <= at))
    .map(([name, answers]) => [name, answers.sort(newer).at(-1)!] as const)
    .map(([name, newest]) => `${name}\t${text(newest.value)}\t${newest.knownAt}`)
    .sort()
}

function revisions(known: Known[], since: number, until: number): string[] {
  return byPoint(known)
    .flatMap(([name, answers]) => {
      const told = [...new Map(answers.sort(newer).map((answer) => [answer.knownAt, answer])).values()]
      const published = told.slice(told.findIndex(({ value }) => value !== null))
      return published.slice(1).flatMap((answer, i) => {
        const before = published[i]!
        if (before.value === answer.value || told.every(({ value }) => value === null)) return []
        if (answer.knownAt < since || answer.knownAt >= until) return []
        return [`${name}\t${text(before.value)}\t${text(answer.value)}\t${before.knownAt}\t${answer.knownAt}`]
      })
    })
    .sort()
}

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

it('latest, as_of, revisions, changes and withdrawn say what the model says, for any history', async () => {
  let run = 0
  const ms = (column: string) => `toUnixTimestamp64Milli(${column})`
  const head = 'dataset, key, toUnixTimestamp(ts)'
  await fc.assert(
    fc.asyncProperty(
      fc.array(history, { minLength: 1, maxLength: 60 }),
      fc.array(instant, { minLength: 2, maxLength: 2 }),
      async (histories, moments) => {
        const prefix = `run-${run++}-`
        const told = histories.map((tellings, i) => [`${prefix}${i}`, tellings] as const)
        const slices = told.flatMap(([dataset, tellings]) =>
          tellings.flatMap(({ window, knownAt, transformVersion, values }) => {
            const start = new Date(windowStarts[window]!).toISOString()
            const windowEnd = new Date(windowStarts[window]! + 4 * hourMs).toISOString()
            const answer = { dataset, start, windowEnd, knownAt: new Date(knownAt).toISOString(), transformVersion }
            return Object.entries(values).map(([key, values]) => slice({ ...answer, key, values }))
          }),
        )
        const half = Math.ceil(slices.length / 2)
        await insertSlices(running.store, slices.slice(0, half))
        await insertSlices(running.store, slices.slice(half))

        const read = async (columns: string, from: string, parameters: Record<string, string> = {}) => {
          const query = `SELECT ${columns} FROM ${from} WHERE startsWith(dataset, {prefix:String})`
          return (await lines(running.reader, query, { prefix, ...parameters })).sort()
        }
        const known = told.flatMap(([dataset, tellings]) => points(dataset, tellings))
        const [since = 0, until = 0] = moments.toSorted((a, b) => a - b)
        const iso = (at: number) => new Date(at).toISOString().replace('T', ' ').replace('Z', '')

        expect(await read(`${head}, value, ${ms('known_at')}`, 'tidemark.latest')).toEqual(asOf(known, Infinity))
        const then = await read(`${head}, value, ${ms('known_at')}`, 'tidemark.as_of(at = {at:String})', {
          at: iso(since),
        })
        expect(then).toEqual(asOf(known, since))
        const revised = `${head}, previous_value, value, ${ms('previous_known_at')}, ${ms('known_at')}`
        expect(await read(revised, 'tidemark.revisions')).toEqual(revisions(known, -Infinity, Infinity))
        const span = { since: iso(since), until: iso(until) }
        const changed = await read(revised, 'tidemark.changes(since = {since:String}, until = {until:String})', span)
        expect(changed).toEqual(revisions(known, since, until))
        const gone = await read('dataset, key, toUnixTimestamp(window_start)', 'tidemark.withdrawn')
        expect(gone).toEqual(told.flatMap(([dataset, tellings]) => withdrawn(dataset, tellings)).sort())
      },
    ),
    { numRuns: 12, interruptAfterTimeLimit: 45_000 },
  )
}, 60_000)
