// The answers against an oracle that keeps all messages, computes every window from scratch, and adds up in whole numbers.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { DeclaredStep } from '#sources/source.ts'
import type { AggregateFunction } from './running-range.ts'
import { type KnownPoint, SlidingWindows } from './sliding-window.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const startMs = Date.parse('2026-03-28T00:00:00Z')
const names: AggregateFunction[] = ['count', 'sum', 'avg', 'min', 'max', 'first', 'last', 'stddev']

interface Setting {
  steps: DeclaredStep[]
  windows: number[]
  spareMs: number
  singlePointsMs?: number
}

/** Exact: every double is a whole multiple of 2^-1074. */
function wholeOf(value: number): bigint {
  const bits = new BigUint64Array(new Float64Array([value]).buffer)[0]!
  const exponent = (bits >> 52n) & 0x7ffn
  const fraction = bits & ((1n << 52n) - 1n)
  const absolute = exponent === 0n ? fraction : (fraction | (1n << 52n)) << (exponent - 1n)
  return value < 0 ? -absolute : absolute
}

/** whole * 2^-scale, its first 60 bits. */
function numberOf(whole: bigint, scale: number): number {
  const absolute = whole < 0n ? -whole : whole
  const cut = Math.max(0, absolute.toString(2).length - 60)
  const exponent = cut - scale
  const half = Math.trunc(exponent / 2)
  return Number(absolute >> BigInt(cut)) * 2 ** half * 2 ** (exponent - half) * (whole < 0n ? -1 : 1)
}

/** All instants of the grid to the end, and `beforeMs` of the first step, which also holds before it was declared. */
function instantsOf(steps: readonly DeclaredStep[], beforeMs: number, endMs: number): number[] {
  return steps.flatMap(({ fromMs, stepS }, at) => {
    const stepMs = stepS * 1_000
    const beginMs = at === 0 ? fromMs - Math.ceil(beforeMs / stepMs) * stepMs : fromMs
    const toMs = steps[at + 1]?.fromMs ?? endMs
    return Array.from({ length: Math.ceil((toMs - beginMs) / stepMs) }, (_, step) => beginMs + step * stepMs)
  })
}

function newestOf(messages: readonly KnownPoint[]): Map<number, KnownPoint> {
  const newest = new Map<number, KnownPoint>()
  for (const message of messages) {
    const held = newest.get(message.atMs)
    if (!held || message.knownMs >= held.knownMs) newest.set(message.atMs, message)
  }
  return newest
}

function figures(values: readonly number[]): Record<AggregateFunction, number | null> {
  const count = values.length
  if (count === 0) {
    return { count, sum: null, avg: null, min: null, max: null, first: null, last: null, stddev: null }
  }
  const wholes = values.map(wholeOf)
  const sum = wholes.reduce((total, whole) => total + whole, 0n)
  const squares = wholes.reduce((total, whole) => total + whole * whole, 0n)
  return {
    count,
    sum: numberOf(sum, 1074),
    avg: numberOf(sum, 1074) / count,
    min: Math.min(...values),
    max: Math.max(...values),
    first: values[0]!,
    last: values.at(-1)!,
    stddev: Math.sqrt(numberOf(BigInt(count) * squares - sum * sum, 2148)) / count,
  }
}

function check(series: SlidingWindows, setting: Setting, instants: number[], messages: KnownPoint[], atMs: number) {
  const newest = newestOf(messages)
  const newestMs = Math.max(...newest.keys())
  const heldMs = Math.max(...setting.windows) + setting.spareMs
  for (const windowMs of setting.windows) {
    const inside = instants.filter((ms) => ms > atMs - windowMs && ms < atMs)
    const values = inside.flatMap((ms) => newest.get(ms)?.value ?? [])
    const expected = figures(values)
    for (const name of names) {
      const answer = series.at(atMs, windowMs, name)
      if (atMs - windowMs < newestMs - heldMs) {
        expect(answer).toEqual({ undefined: 'forgotten' })
        continue
      }
      if ('undefined' in answer) throw new Error(`${name} is ${answer.undefined}`)
      expect(answer).toMatchObject({ count: values.length, expected: inside.length })
      expect(answer.coverage).toBe(inside.length === 0 ? 0 : values.length / inside.length)
      const right = expected[name]
      if (right === null || answer.value === null) expect(answer.value).toBe(right)
      else {
        const scale = name === 'stddev' ? Math.max(Math.abs(expected.avg ?? 0), right) : Math.abs(right)
        if (Math.abs(answer.value - right) > 1e-12 * scale) expect([name, answer.value]).toEqual([name, right])
      }
    }
  }
}

const value = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(null, 0, 1, -1, 1e12, -1e12, 1e-9, -1e-9, 1e12 + 1 / 1024, 0.1, 0.3, 7) },
  {
    weight: 2,
    arbitrary: fc.double({ min: -1e12, max: 1e12, noNaN: true }).filter((one) => one === 0 || Math.abs(one) > 1e-9),
  },
  { weight: 1, arbitrary: fc.double({ min: 1e-9, max: 1e-6, noNaN: true }) },
  { weight: 1, arbitrary: fc.double({ min: 999_999, max: 1_000_001, noNaN: true }) },
)

/** Mostly the next step, sometimes a gap; mostly in order, sometimes late; known in few instants, so that many coincide. */
const move = fc.record({
  forward: fc.oneof({ weight: 8, arbitrary: fc.constant(1) }, { weight: 3, arbitrary: fc.nat(3) }, fc.nat(400)),
  back: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(8) }, fc.nat(900)),
  known: fc.nat(5),
  value,
})

function messagesOf(
  moves: (typeof move extends fc.Arbitrary<infer Move> ? Move : never)[],
  instants: number[],
): KnownPoint[] {
  let front = 0
  return moves.map(({ forward, back, known, value }) => {
    front = Math.min(front + forward, instants.length - 1)
    return { atMs: instants[Math.max(0, front - back)]!, knownMs: startMs + known, value }
  })
}

/** A series whose store has all messages before the one that is being set. */
function seriesWithStore({ steps, windows, spareMs, singlePointsMs }: Setting) {
  const stored: KnownPoint[] = []
  const series: SlidingWindows = new SlidingWindows({
    longestMs: Math.max(...windows),
    steps,
    spareMs,
    ...(singlePointsMs === undefined ? {} : { singlePointsMs }),
    needsReload: (fromMs) => {
      series.reload(
        fromMs,
        stored.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + 10 * minuteMs),
      )
    },
  })
  return {
    series,
    set: (message: KnownPoint) => {
      const outcome = series.set(message.atMs, message.knownMs, message.value)
      stored.push(message)
      return outcome
    },
  }
}

const from = (afterMs: number, stepS: number): DeclaredStep => ({ fromMs: startMs + afterMs, stepS })
const settings: Record<string, Setting & { days: number }> = {
  'a ticker every 10 s': { steps: [from(0, 10)], windows: [minuteMs, hourMs], spareMs: 10 * minuteMs, days: 1 },
  'a step of 10 s, then 7 s, then 60 s': {
    steps: [from(0, 10), from(hourMs + 5_000, 7), from(2 * hourMs, 60)],
    windows: [minuteMs, 7 * minuteMs + 1, hourMs],
    spareMs: 0,
    days: 1,
  },
  'a step of 60 minutes, then 15': {
    steps: [from(0, 3600), from(5 * dayMs, 900)],
    windows: [hourMs, dayMs, 7 * dayMs],
    spareMs: dayMs,
    days: 20,
  },
  'buckets of a step of 60 s': {
    steps: [from(0, 60)],
    windows: [hourMs, 3 * hourMs, 7 * hourMs + minuteMs],
    spareMs: hourMs,
    singlePointsMs: hourMs,
    days: 3,
  },
  'buckets while the step changes': {
    steps: [from(0, 3600), from(4 * hourMs, 420), from(9 * hourMs + minuteMs, 45), from(13 * hourMs, 600)],
    windows: [minuteMs, hourMs, 5 * hourMs + 1],
    spareMs: 0,
    singlePointsMs: hourMs,
    days: 4,
  },
  '7 days of a step of 60 s': {
    steps: [from(0, 60)],
    windows: [dayMs, 7 * dayMs],
    spareMs: hourMs,
    days: 9,
  },
}

for (const [name, setting] of Object.entries(settings)) {
  const instants = instantsOf(setting.steps, Math.max(...setting.windows), startMs + setting.days * dayMs)
  const times = instants.filter((ms) => ms >= startMs)
  const isLong = times.length > 5_000
  const moves = fc.array(move, { maxLength: 120, size: 'max' })

  test(`${name}: every answer is that of the oracle`, () => {
    fc.assert(
      fc.property(moves, fc.nat(), (all, pick) => {
        const { series, set } = seriesWithStore(setting)
        const messages = messagesOf(all, times)
        messages.forEach((message, at) => {
          set(message)
          if (isLong && at % 9 !== pick % 9) return
          const told = messages.slice(0, at + 1)
          check(series, setting, instants, told, Math.max(...told.map(({ atMs }) => atMs)))
          check(series, setting, instants, told, message.atMs)
        })
      }),
      { numRuns: isLong ? 30 : 60 },
    )
  })

  test(`${name}: after a restart at any position the answers are the same to the last bit`, () => {
    fc.assert(
      fc.property(moves, fc.nat(), (all, pick) => {
        const messages = messagesOf(all, times)
        if (messages.length === 0) return
        const first = seriesWithStore(setting)
        const position = pick % messages.length
        messages.forEach((message, at) => {
          first.set(message)
          if (at < position) for (const name of names) first.series.at(message.atMs, setting.windows.at(-1)!, name)
        })
        const newestMs = Math.max(...messages.slice(0, position + 1).map(({ atMs }) => atMs))
        const heldMs = Math.max(...setting.windows) + setting.spareMs
        const again = seriesWithStore(setting)
        messages.forEach((message, at) => {
          if (at > position || message.atMs > newestMs - heldMs) again.set(message)
        })
        for (const { atMs } of messages) {
          for (const windowMs of setting.windows) {
            for (const name of names) {
              expect(again.series.at(atMs, windowMs, name)).toEqual(first.series.at(atMs, windowMs, name))
            }
          }
        }
      }),
      { numRuns: 40 },
    )
  })
}
