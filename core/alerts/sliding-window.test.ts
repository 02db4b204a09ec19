import { expect, test } from 'vitest'
import type { AggregateFunction } from './running-range.ts'
import { type KnownPoint, SlidingWindows } from './sliding-window.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const bucketMs = 10 * minuteMs
const startMs = Date.parse('2026-03-28T00:00:00Z')
const names: AggregateFunction[] = ['count', 'sum', 'avg', 'min', 'max', 'first', 'last', 'stddev']
const every = (stepS: number) => [{ fromMs: startMs, stepS }]

const valuesOf = (series: SlidingWindows, atMs: number, windowMs: number) =>
  names.map((name) => {
    const answer = series.at(atMs, windowMs, name)
    return 'undefined' in answer ? answer.undefined : answer.value
  })

test('the point itself is not in its window: none, one and two samples', () => {
  const series = new SlidingWindows({ longestMs: hourMs, steps: every(60) })
  const none = [0, null, null, null, null, null, null, null]
  expect(valuesOf(series, startMs, hourMs)).toEqual(Array(8).fill('not-held'))
  series.set(startMs, 1, 5)
  expect(valuesOf(series, startMs, hourMs)).toEqual(none)
  series.set(startMs + minuteMs, 2, 11)
  expect(valuesOf(series, startMs + minuteMs, hourMs)).toEqual([1, 5, 5, 5, 5, 5, 5, 0])
  series.set(startMs + 2 * minuteMs, 3, 1_000)
  expect(valuesOf(series, startMs + 2 * minuteMs, hourMs)).toEqual([2, 16, 8, 5, 11, 5, 11, 3])
  expect(valuesOf(series, startMs + 2 * minuteMs, minuteMs)).toEqual(none)
  expect(valuesOf(series, startMs + 2 * minuteMs, minuteMs + 1)).toEqual([1, 11, 11, 11, 11, 11, 11, 0])
})

test('a window of an hour of a step of 10 s has 359 steps, and its coverage counts the values', () => {
  const series = new SlidingWindows({ longestMs: hourMs, steps: every(10) })
  for (let at = 0; at <= 360; at++) series.set(startMs + at * 10_000, at, at % 2 ? at : null)
  const answer = series.at(startMs + hourMs, hourMs, 'sum')
  expect(answer).toEqual({ count: 180, expected: 359, coverage: 180 / 359, value: 180 * 180 })
  expect(series.at(startMs + hourMs, hourMs, 'sum')).toBe(answer)
})

test('a window across a change of the step expects the steps of both', () => {
  const steps = [...every(3600), { fromMs: startMs + 3 * hourMs, stepS: 900 }]
  const series = new SlidingWindows({ longestMs: 6 * hourMs, steps })
  for (let atMs = startMs; atMs < startMs + 3 * hourMs; atMs += hourMs) series.set(atMs, 1, 4)
  for (let atMs = startMs + 3 * hourMs; atMs <= startMs + 5 * hourMs; atMs += 900_000) series.set(atMs, 1, 1)
  // 00:00 to 05:00 without both: 01:00, 02:00, and eight quarters of an hour from 03:00 on.
  expect(series.at(startMs + 5 * hourMs, 5 * hourMs, 'sum')).toEqual({
    count: 10,
    expected: 10,
    coverage: 1,
    value: 16,
  })
})

test('what became of a point is said, and what is ignored is counted', () => {
  const series = new SlidingWindows({ longestMs: hourMs, steps: every(60), spareMs: minuteMs })
  expect(series.set(startMs, 10, 5)).toBe('stored')
  expect(series.set(startMs, 9, 6)).toBe('older')
  expect(series.set(startMs, 12, 5)).toBe('unchanged')
  expect(series.set(startMs, 11, 7)).toBe('older')
  expect(series.set(startMs, 12, 8)).toBe('stored')
  expect(series.set(startMs + 1, 13, 5)).toBe('off-grid')
  expect(series.set(Number.NaN, 13, 5)).toBe('off-grid')
  expect(series.set(startMs + minuteMs, 13, 1e141)).toBe('stored')
  expect(series.set(startMs + 2 * minuteMs, 13, Number.NaN)).toBe('stored')
  expect(valuesOf(series, startMs + 2 * minuteMs, hourMs)).toEqual([1, 8, 8, 8, 8, 8, 8, 0])
  series.set(startMs + hourMs + minuteMs, 14, 1)
  expect(series.set(startMs, 15, 5)).toBe('forgotten')
  expect(series.set(startMs + minuteMs, 15, 5)).toBe('stored')
  expect(series.ignored).toEqual({ forgotten: 1, offGrid: 2, unusable: 2 })
  expect(series.at(startMs + minuteMs, hourMs, 'sum')).toEqual({ undefined: 'forgotten' })
  expect(series.at(startMs + hourMs, hourMs, 'sum')).toMatchObject({ count: 1, value: 5 })
})

test('a length, a step or an instant that cannot be is refused by name', () => {
  const series = new SlidingWindows({ longestMs: hourMs, steps: every(60) })
  expect(() => series.at(startMs, hourMs + 1, 'sum')).toThrow('windowMs must be whole ms from 60000 to 3600000, but is')
  expect(() => series.at(startMs, 59_999, 'sum')).toThrow(RangeError)
  expect(() => series.set(startMs, Number.NaN, 1)).toThrow('known at a finite ms')
  expect(() => new SlidingWindows({ longestMs: 8 * dayMs, steps: every(60) })).toThrow('longestMs')
  expect(() => new SlidingWindows({ longestMs: hourMs, steps: [] })).toThrow('declared step')
  expect(() => new SlidingWindows({ longestMs: hourMs, steps: every(0.5) })).toThrow('whole seconds')
  expect(() => new SlidingWindows({ longestMs: hourMs, steps: every(60), singlePointsMs: 1 })).toThrow('singlePointsMs')
})

test('an outlier that has left the window leaves nothing behind, after a million points', () => {
  const series = new SlidingWindows({ longestMs: hourMs, steps: every(10) })
  const value = (at: number) => (at < 999_600 ? (at % 3 ? -1 : 1) * 1e12 * (1 + (at % 7)) : at % 2 ? 1e-9 : 3e-9)
  for (let at = 0; at <= 1_000_000; at++) {
    series.set(startMs + at * 10_000, at, value(at))
    if (at % 100 === 0) series.at(startMs + at * 10_000, hourMs, 'stddev')
  }
  // 359 samples: 180 of 1e-9 and 179 of 3e-9, so the mean is 717/359 and the variance 4 * 180 * 179 / 359².
  const nowMs = startMs + 1_000_000 * 10_000
  const [count, , avg, min, max, , , stddev] = valuesOf(series, nowMs, hourMs)
  expect([count, min, max]).toEqual([359, 1e-9, 3e-9])
  expect(Number(avg) / ((717 / 359) * 1e-9)).toBeCloseTo(1, 13)
  expect(Number(stddev) / ((2 * Math.sqrt(180 * 179)) / 359 / 1e9)).toBeCloseTo(1, 13)
})

/** Eight days of a point every 60 s with the value of its minute, and a store that answers when it is told to. */
function week() {
  const asked: number[] = []
  const options = { longestMs: 7 * dayMs, steps: every(60), needsReload: (ms: number) => asked.push(ms) }
  const series = new SlidingWindows(options)
  const stored = new Map<number, KnownPoint>()
  const minutes = 8 * 24 * 60
  for (let minute = 0; minute <= minutes; minute++) {
    const point = { atMs: startMs + minute * minuteMs, knownMs: 1, value: minute }
    stored.set(point.atMs, point)
    series.set(point.atMs, point.knownMs, point.value)
  }
  const reload = (fromMs: number) => {
    const points = [...stored.values()].filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + bucketMs)
    series.reload(fromMs, points)
  }
  return { series, asked, reload, nowMs: startMs + minutes * minuteMs }
}

test('the cut bucket of a long window is asked for, and the next one ahead; until then the answer is that it is not there', () => {
  const { series, asked, reload, nowMs } = week()
  expect(series.at(nowMs, 7 * dayMs, 'sum')).toEqual({ undefined: 'reloading' })
  expect(series.at(nowMs, 7 * dayMs, 'max')).toEqual({ undefined: 'reloading' })
  expect(asked).toEqual([startMs + dayMs, startMs + dayMs + bucketMs])
  reload(startMs + dayMs)
  // Minutes 1,441 to 11,519.
  expect(valuesOf(series, nowMs, 7 * dayMs).slice(0, 7)).toEqual([
    10_079,
    6480 * 10_079,
    6480,
    1441,
    11_519,
    1441,
    11_519,
  ])
  expect(series.at(nowMs, dayMs, 'avg')).toMatchObject({ count: 1439, value: 10_800 })
  expect(asked).toHaveLength(2)
})

test('a correction inside a whole bucket makes the answer undefined until the bucket is reloaded, and counts then', () => {
  const { series, asked, reload, nowMs } = week()
  series.at(nowMs, 7 * dayMs, 'max')
  for (const fromMs of asked.splice(0)) reload(fromMs)
  expect(series.at(nowMs, 7 * dayMs, 'max')).toMatchObject({ value: 11_519 })
  const wrongMs = startMs + 3 * dayMs + 5 * minuteMs
  expect(series.set(wrongMs, 2, 1e6)).toBe('reload')
  expect(series.set(wrongMs, 3, 2e6)).toBe('reload')
  expect(series.set(wrongMs + minuteMs, 0, 9e6)).toBe('reload')
  expect(asked.splice(0)).toEqual([startMs + 3 * dayMs])
  expect(series.at(nowMs, 7 * dayMs, 'max')).toEqual({ undefined: 'reloading' })
  expect(series.at(nowMs, dayMs, 'max')).toMatchObject({ value: 11_519 })
  reload(startMs + 3 * dayMs)
  // The store did not have the corrections yet. That of minute + 1 is older than what the store has.
  expect(valuesOf(series, nowMs, 7 * dayMs)[4]).toBe(2e6)
  expect(series.at(nowMs, 7 * dayMs, 'sum')).toMatchObject({ value: 6480 * 10_079 - (3 * 1440 + 5) + 2e6 })
  // Its points are there now: the next correction counts at once.
  expect(series.set(wrongMs, 4, null)).toBe('stored')
  expect(valuesOf(series, nowMs, 7 * dayMs).slice(0, 2)).toEqual([10_078, 6480 * 10_079 - (3 * 1440 + 5)])
  expect(asked).toEqual([])
})

test('what is not a bucket, or is not held, cannot be reloaded', () => {
  const { series, nowMs } = week()
  const point = (atMs: number) => [{ atMs, knownMs: 9, value: 1e9 }]
  series.reload(startMs, point(startMs))
  series.reload(startMs + 2 * dayMs + 1, point(startMs + 2 * dayMs))
  series.reload(nowMs - bucketMs, point(nowMs - bucketMs))
  series.reload(startMs + dayMs, [...point(startMs), ...point(startMs + dayMs + 1)])
  expect(series.ignored.offGrid).toBe(2)
  expect(series.at(nowMs, hourMs, 'max')).toMatchObject({ value: 11_519 })
})

test('memory: 6 kB for an hour of a step of 10 s, a quarter of the single points for a week, and no more however long it runs', () => {
  const run = (longestMs: number, points: number) => {
    const series = new SlidingWindows({ longestMs, steps: every(10) })
    for (let at = 0; at < points; at++) {
      series.set(startMs + at * 10_000, at, Math.sin(at))
      for (const name of names) series.at(startMs + at * 10_000, longestMs, name)
    }
    return series.bytes
  }
  // 361 places of a value, an instant and a bit are 5,826 bytes.
  expect(run(hourMs, 1)).toBeGreaterThan(5_826)
  expect(run(hourMs, 50_000)).toBeLessThan(16_000)
  const all = (7 * dayMs * 16) / 10_000
  expect(run(7 * dayMs, 100)).toBeLessThan(all * 0.28)
  const coarse = new SlidingWindows({ longestMs: 7 * dayMs, steps: every(3600) })
  expect(coarse.bytes).toBeLessThan(8_000)
})
