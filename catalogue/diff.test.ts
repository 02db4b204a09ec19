import { expect, test } from 'vitest'
import { sources } from '#sources/index.ts'
import { declaredSource } from '../test/support/declared-source.ts'
import { diffCatalogues } from './diff.ts'
import { type CatalogueEntry, catalogueEntries } from './entry.ts'

const [entry] = catalogueEntries([declaredSource({ name: 'tides' })]) as [CatalogueEntry]
const change = (over: Partial<CatalogueEntry>) => diffCatalogues([entry], [{ ...entry, ...over }])
const changed = (what: string, from: string | null, to: string | null) => ({ dataset: 'tides.hourly', what, from, to })

test('nothing changed: nothing is said', () => {
  const declared = catalogueEntries(sources)
  expect(diffCatalogues(declared, declared)).toEqual({ breaking: [], additive: [] })
})

const january = Date.parse('2025-01-01')
test.each<[Partial<CatalogueEntry>, string, string | null, string | null]>([
  [{ unit: 'm' }, 'unit', 'cm', 'm'],
  [
    { steps: [{ fromMs: january, stepS: 60 }] },
    ...(['step', '15 min since 2024-12-31 23:00Z, 1 h since 2019-12-31 23:00Z', '1 min'] as const),
  ],
  [{ keyPattern: 'harbour_<harbour>' }, 'key pattern', 'at_<harbour>', 'harbour_<harbour>'],
  [{ labels: { port: 'three letters' } }, 'labels', 'harbour (three letters)', 'port (three letters)'],
  [{ zone: 'UTC' }, 'zone', 'Europe/Brussels', 'UTC'],
  [{ window: 'hour' }, 'window', 'day', 'hour'],
  [{ view: null }, 'view', 'tides_levels', null],
  [{ view: 'levels' }, 'view', 'tides_levels', 'levels'],
  [
    { topics: ['tides.raw'] },
    ...([
      'topics',
      'tides.raw, tides.timeseries, tides.answers, tides.series, tides.dlq, tides.alarms',
      'tides.raw',
    ] as const),
  ],
  [{ schedule: 'on-demand' }, 'schedule', 'auto', 'on-demand'],
  [{ schedule: 'off' }, 'schedule', 'auto', 'off'],
  [
    { expected: { expectedBy: '11:30', lateAfterS: 1_800 } },
    ...(['expected', 'by 11:00, late 30 min after that', 'by 11:30, late 30 min after that'] as const),
  ],
  [
    { expected: { expectedBy: '11:00', lateAfterS: 3_600 } },
    ...(['expected', 'by 11:00, late 30 min after that', 'by 11:00, late 1 h after that'] as const),
  ],
  [
    { expected: { notKnown: 'it varies' } },
    ...(['expected', 'by 11:00, late 30 min after that', 'not known: it varies'] as const),
  ],
  [{ firstDay: '2021-01-01' }, 'first day', '2020-01-01', '2021-01-01'],
  [{ rawDays: 7 }, 'answers kept', '30 days', '7 days'],
  [{ timeseriesDays: 90 }, 'slices kept', 'for ever', '90 days'],
  [{ transformVersion: 6 }, 'transform version', '7', '6'],
])('breaking: %j', (over, what, from, to) => {
  expect(change(over)).toEqual({ breaking: [changed(what, from, to)], additive: [] })
})

test.each<[Partial<CatalogueEntry>, string, string | null, string | null]>([
  [{ description: 'Levels.' }, 'description', 'Water above the mean, by harbour.', 'Levels.'],
  [{ terms: 'ask first' }, 'terms of use', 'free for all', 'ask first'],
  [{ transformVersion: 8 }, 'transform version', '7', '8'],
  [
    { labels: { harbour: 'three letters', country: 'two letters' } },
    ...(['labels', 'harbour (three letters)', 'harbour (three letters), country (two letters)'] as const),
  ],
  [{ checks: {} }, 'checks', 'ebb-above-flood (The ebb is above the flood.)', null],
  [{ firstDay: '2019-01-01' }, 'first day', '2020-01-01', '2019-01-01'],
  [{ rawDays: null }, 'answers kept', '30 days', 'for ever'],
  [{ autoBackfill: true }, 'backfilled by itself', 'false', 'true'],
  [{ plausibleMax: null }, 'greatest plausible value', '500.5', null],
  [
    { expected: { expectedBy: '10:00', lateAfterS: 3_600 } },
    ...(['expected', 'by 11:00, late 30 min after that', 'by 10:00, late 1 h after that'] as const),
  ],
])('additive: %j', (over, what, from, to) => {
  expect(change(over)).toEqual({ breaking: [], additive: [changed(what, from, to)] })
})

test('a new dataset is additive, a dataset that is gone is breaking; both are in the order of their names', () => {
  const other = { ...entry, dataset: 'moons.daily', title: 'Phases' }
  expect(diffCatalogues([entry], [entry, other])).toEqual({
    breaking: [],
    additive: [{ dataset: 'moons.daily', what: null, from: null, to: 'Phases' }],
  })
  expect(diffCatalogues([entry, other], []).breaking).toEqual([
    { dataset: 'moons.daily', what: null, from: 'Phases', to: null },
    { dataset: 'tides.hourly', what: null, from: 'Water levels', to: null },
  ])
})

test('several changes of a dataset are told each', () => {
  const { breaking, additive } = change({ unit: 'm', zone: 'UTC', title: 'Levels' })
  expect(breaking.map(({ what }) => what)).toEqual(['unit', 'zone'])
  expect(additive.map(({ what }) => what)).toEqual(['title'])
})

test('what an earlier release did not declare is not compared', () => {
  const { window: _, ...earlier } = entry
  expect(diffCatalogues([earlier], [entry])).toEqual({ breaking: [], additive: [] })
})
