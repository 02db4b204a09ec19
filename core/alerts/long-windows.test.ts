// Windows above a day hold ten-minute sums. What they tell is what an engine tells that holds every point.
import { expect, test } from 'vitest'
import { AlertEngine, type SeriesBucket } from './engine.ts'
import { ruleSchema } from './rule.ts'
import type { PointRun } from './series-points.ts'
import type { KnownPoint } from './sliding-window.ts'
import type { Transition } from './transition.ts'

const minuteMs = 60_000
const bucketMs = 10 * minuteMs
const startMs = Date.UTC(2026, 10, 1)
const days = 5
const [dataset, key] = ['d', 'k']

const rules = [
  { id: 'avg', when: { value: '>', than: 1.3, as: 'ratio', to: { window: 'P3D', of: 'avg' } } },
  { id: 'max', when: { value: '>', than: 0, as: 'difference', to: { window: 'P2DT7M', of: 'max' } } },
  { id: 'stddev', when: { value: '>', than: 40, as: 'ratio', to: { window: 'P3D', of: 'stddev' } } },
  { id: 'hour', when: { value: '>', than: 1.3, as: 'ratio', to: { window: 'PT1H', of: 'avg' } } },
].map((rule) => ({ version: 1, rule: ruleSchema.parse({ ...rule, title: 't', owner: 'o', of: { dataset, key } }) }))

/** Numbers from 0 to below 1, the same in each run. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const describeSeries = () => ({ dataset, key, labels: {}, steps: [{ fromMs: 0, stepS: 60 }] })

/** A point each minute with some spikes; now and then one of the last four days comes again with another value. */
function runsOf(seed: number): PointRun[] {
  const random = randomFrom(seed)
  return Array.from({ length: days * 1_440 }, (_, minute) => {
    const atMs = startMs + minute * minuteMs
    const run = (pointMs: number, value: number | null): PointRun => ({
      ...{ startMs: pointMs, stepS: 60, values: [value], knownMs: atMs + 100, dueMs: null },
      ...{ raw: { partition: 0, offset: minute }, identity: 0, isSilent: false },
    })
    const value = 100 + Math.round(random() * 10) + (random() < 0.003 ? 60 : 0)
    const runs = [run(atMs, random() < 0.01 ? null : value)]
    if (random() < 0.02) {
      const backMs = Math.floor(random() * 4 * 1_440) * minuteMs
      runs.push(run(Math.max(startMs, atMs - backMs), random() < 0.2 ? null : Math.round(random() * 2_000)))
    }
    return runs
  }).flat()
}

/** Tells both engines the same. The store answers at once, or later: after some of the runs. */
function compare(seed: number, answersAtOnce: boolean) {
  const asked: SeriesBucket[] = []
  const whole = new AlertEngine(rules, describeSeries)
  const summed = new AlertEngine(rules, describeSeries, [], (bucket) => asked.push(bucket))
  const stored = new Map<number, KnownPoint>()
  const told = { whole: [] as Transition[], summed: [] as Transition[] }
  let reloads = 0
  const random = randomFrom(seed + 100)
  const answer = (): void => {
    for (const bucket of asked.splice(0)) {
      const points: KnownPoint[] = []
      for (let atMs = bucket.startMs; atMs < bucket.startMs + bucketMs; atMs += minuteMs) {
        const point = stored.get(atMs)
        if (point !== undefined) points.push(point)
      }
      reloads++
      told.summed.push(...summed.reload(bucket, points).transitions)
    }
  }
  for (const run of runsOf(seed)) {
    const [value = null] = run.values
    stored.set(run.startMs, { atMs: run.startMs, knownMs: run.knownMs, value })
    told.whole.push(...whole.take(dataset, key, run).transitions)
    told.summed.push(...summed.take(dataset, key, run).transitions)
    if (answersAtOnce || random() < 0.4) answer()
  }
  answer()
  return { told, reloads }
}

const ids = (transitions: readonly Transition[]) => transitions.map(({ id }) => id).toSorted()

test.each([1, 2, 3])('the same is told with ten-minute sums as with every point, seed %i', (seed) => {
  const { told, reloads } = compare(seed, true)
  expect(reloads).toBeGreaterThan(300)
  expect(told.whole.length).toBeGreaterThan(20)
  expect(ids(told.summed)).toEqual(ids(told.whole))
})

test.each([4, 5, 6])('while the store is slow nothing wrong is told, and in the end the same, seed %i', (seed) => {
  const { told } = compare(seed, false)
  const begun = (transitions: readonly Transition[]) =>
    transitions.filter(({ kind }) => kind === 'firing').map(({ rule, onsetMs }) => `${rule.rule.id} ${onsetMs}`)
  expect(begun(told.whole).length).toBeGreaterThan(10)
  expect(begun(told.summed).toSorted()).toEqual(begun(told.whole).toSorted())
})

test('a week of a value every ten seconds takes a quarter of the memory', () => {
  const week = { id: 'week', when: { value: '>', than: 2, as: 'ratio', to: { window: 'P7D', of: 'avg' } } }
  const rule = ruleSchema.parse({ ...week, title: 't', owner: 'o', of: { dataset, key } })
  const bytesOf = (needsReload?: () => void): number => {
    const steps = [{ fromMs: 0, stepS: 10 }]
    const engine = new AlertEngine([{ rule, version: 1 }], () => ({ ...describeSeries(), steps }), [], needsReload)
    engine.isWatched(dataset, key)
    return engine.load.bytes
  }
  // 60,480 values, each with the time at which it became known, and a bit.
  const wholeBytes = 60_480 * 16.125
  expect(bytesOf()).toBeGreaterThan(wholeBytes)
  expect(bytesOf()).toBeLessThan(wholeBytes * 1.05)
  expect(bytesOf(() => undefined)).toBeLessThan(wholeBytes * 0.3)
})
