import { expect, test } from 'vitest'
import { datasetsByName } from '#core/datasets.ts'
import type { QualityFinding } from '#schemas/generated/records.ts'
import { cellsOf, findingChanges } from './check-quality.ts'
import { batchesOf } from './quality.ts'

const named = (name: string) => datasetsByName.get(name)!.dataset
const ms = (text: string) => Date.parse(`${text}Z`)

test('cells are hours of ticks and local days of all others, also of 25 hours', () => {
  const ticks = cellsOf(named('kraken.ticker'))
  const range = { fromMs: ms('2026-10-25T00:59:50'), toMs: ms('2026-10-25T01:00:10') }
  expect(ticks.whole(range)).toEqual({ fromMs: ms('2026-10-25T00:00'), toMs: ms('2026-10-25T02:00') })
  expect(ticks.cellOf(range.fromMs)).not.toBe(ticks.cellOf(range.toMs))
  const days = cellsOf(named('jao.core.netPos'))
  const day = { fromMs: ms('2026-10-24T22:00'), toMs: ms('2026-10-25T23:00') }
  expect(days.whole(range)).toEqual(day)
  expect(days.whole(day)).toEqual(day)
})

test('ranges are joined while one question can read them', () => {
  const of = (dataset: string, from: string, to: string) => ({ dataset, fromMs: ms(from), toMs: ms(to) })
  const ranges = [
    of('kraken.ticker', '2026-10-25T01:00', '2026-10-25T02:00'),
    of('jao.core.netPos', '2026-10-24T22:00', '2026-10-25T23:00'),
    of('kraken.ticker', '2026-10-25T00:00', '2026-10-25T01:00'),
    of('kraken.ticker', '2026-10-25T02:00', '2026-10-25T02:10'),
  ]
  expect(batchesOf(ranges, [named('kraken.ticker'), named('jao.core.netPos')])).toEqual([
    of('kraken.ticker', '2026-10-25T00:00', '2026-10-25T02:00'),
    of('kraken.ticker', '2026-10-25T02:00', '2026-10-25T02:10'),
    of('jao.core.netPos', '2026-10-24T22:00', '2026-10-25T23:00'),
  ])
})

test('only what differs is published: new, grown and withdrawn findings', () => {
  const finding = (key: string, to: number, more: Partial<QualityFinding> = {}): QualityFinding => ({
    ...{ dataset: 'd', check: 'frozen', key, from: 1, to, evidence: { value: 2, ticks: to } },
    ...{ foundAt: 5, at: 6, withdrawnAt: null },
    ...more,
  })
  const found = [['same', 3] as const, ['grown', 4] as const, ['new', 3] as const].map(([key, toMs]) => {
    return { key, fromMs: 1, toMs, evidence: { ticks: toMs, value: 2 } }
  })
  const held = [finding('same', 3), finding('grown', 3), finding('gone', 3)]
  expect(findingChanges('d', { check: 'frozen', findings: found }, held, 9)).toEqual([
    finding('grown', 4, { at: 9 }),
    finding('new', 3, { foundAt: 9, at: 9 }),
    finding('gone', 3, { at: 9, withdrawnAt: 9 }),
  ])
})
