// What the simulator plays by itself is ordinary: no check across answers may find something in it.
import { describe, expect, test } from 'vitest'
import {
  findBeyondLimits,
  findFewRows,
  findFrozen,
  findJumps,
  type MarketSample,
} from '#sources/answers/across-answers.ts'
import { sources } from '#sources/index.ts'
import type { Dataset } from '#sources/source.ts'
import { businessDay } from './jao/calendar.ts'
import { createJao } from './jao/jao.ts'
import { createExchange } from './markets/exchange.ts'
import { EXCHANGES } from './markets/markets.ts'

const now = Date.parse('2026-11-20T21:59:00Z')
const jao = createJao(1)
const checked = sources.flatMap(({ datasets }) => datasets).filter(({ acrossAnswers = [] }) => acrossAnswers.length > 0)
const ofJao = (isPaged: boolean): Dataset[] =>
  checked.filter(({ name, asking }) => {
    const isPlayed = jao.named(name.slice('jao.'.length)) !== undefined
    return isPlayed && name.startsWith('jao.') && (asking?.pages !== undefined) === isPaged
  })
const days = Array.from({ length: 16 }, (_, count) => businessDay(`2026-11-${String(count + 1).padStart(2, '0')}`))

test.each(ofJao(false).map((dataset) => [dataset.name, dataset] as const))('%s of two weeks', (name, dataset) => {
  const upstream = jao.named(name.slice('jao.'.length))!
  if (!('body' in upstream)) throw new Error(`the simulator has no answers of ${name}`)
  const exploded = days.map((window) => {
    const body = upstream.body(window.startMs, window.endMs, now)
    return { ...window, slices: dataset.explode({ body, status: 200, window }).slices }
  })
  for (const check of dataset.acrossAnswers!) {
    if (check.check === 'few-rows') {
      const windows = exploded.map(({ slices, startMs, endMs }) => {
        return { startMs, endMs, rows: slices.reduce((sum, { values }) => sum + values.length, 0) }
      })
      expect(findFewRows(check, '', windows, (ms) => ms)).toEqual([])
    }
    if (check.check !== 'jump') continue
    const limited = exploded.flatMap(({ slices }) => slices).filter(({ key }) => check.limits![key] !== undefined)
    expect(limited.length).toBeGreaterThan(0)
    for (const { key, values, startMs, stepS } of limited) {
      const stepped = values.map((value, index) => ({ atMs: startMs + index * stepS * 1_000, value, stepS }))
      expect(findBeyondLimits(check.limits![key]!, key, stepped, () => 0)).toEqual([])
    }
  }
})

test.each(ofJao(true).map((dataset) => [dataset.name, dataset] as const))('%s of three days', (name, dataset) => {
  const upstream = jao.named(name.slice('jao.'.length))!
  if (!('count' in upstream)) throw new Error(`the simulator has no rows of ${name}`)
  const hours = Array.from({ length: 72 }, (_, count) => days[0]!.startMs + count * 3_600_000)
  const windows = hours.map((startMs) => ({
    startMs,
    endMs: startMs + 3_600_000,
    rows: upstream.count(startMs, startMs + 3_600_000, now),
  }))
  expect(windows[0]!.rows).toBeGreaterThan(0)
  for (const check of dataset.acrossAnswers!)
    if (check.check === 'few-rows') expect(findFewRows(check, '', windows, (ms) => ms)).toEqual([])
})

describe.each(EXCHANGES)('markets of %s', (name) => {
  const exchange = createExchange(name, 1, 6, () => [])
  const dataset = checked.find((each) => each.name.startsWith(`${name}.`) && each.calendar.kind === 'ticks')!
  const samplesOf = (market: (typeof exchange.markets)[number]): MarketSample[] =>
    Array.from({ length: 120 }, (_, nth) => {
      const atMs = now - (120 - nth) * 10_000
      const { last, bid, ask, trades, volume } = exchange.sample(market, atMs)
      return { atMs, value: last, grows: name === 'coinbase' ? volume : trades, low: bid, high: ask }
    })
  test('neither freeze nor jump, and do where their price is held fast or multiplied', () => {
    for (const market of exchange.markets) {
      const samples = samplesOf(market)
      // The sums of 24 hours are even in the simulator, so the growth is told here.
      const traded = samples.map((sample, nth) => ({ ...sample, grows: nth }))
      const held = traded.map((sample) => ({ ...sample, value: samples[0]!.value! / 2 }))
      const spiked = samples.map((sample, nth) => ({ ...sample, value: sample.value! * (nth === 60 ? 20 : 1) }))
      for (const check of dataset.acrossAnswers!) {
        if (check.check === 'frozen') {
          expect(findFrozen(check, market.name, samples, () => 0)).toEqual([])
          expect(findFrozen(check, market.name, traded, () => 0)).toEqual([])
          expect(findFrozen(check, market.name, held, () => 0)).toHaveLength(1)
        }
        if (check.check !== 'jump') continue
        expect(findJumps(check.step!, market.name, samples)).toEqual([])
        expect(findJumps(check.step!, market.name, spiked)).toHaveLength(2)
      }
    }
  })
})
