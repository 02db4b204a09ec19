// The day-ahead capacity calculation of the Core region (Austria to Slovenia). Flow-based coupling began on 2022-06-09.
// Source: https://publicationtool.jao.eu/core (API: /core/api/data/<name>), public, no login, terms of re-use not
// stated.
// Schedule: upstream publishes business day D on D-1, Brussels time: capacities at about 10:30, results of the
// day-ahead auction from about 12:50. Sometimes a whole day is published again.
// Quirks: DE is the zone DE-LU. Row ids change with every publication. Nine virtual hubs exist since delivery
// 2026-06-11; their columns are null in older rows fetched today. Columns come and go (a stray border in
// scheduledExchanges).
import type { Deadline } from '../calendar.ts'
import type { Dataset } from '../source.ts'
import { flowBeyondRating, positionBeyondRating } from './cables.ts'
import { bothDirections, minAboveMax, sumNotZero } from './checks.ts'
import { type PeriodDataset, periodDataset } from './period-dataset.ts'
import * as shapes from './shapes.ts'

const inCore = { region: 'core', firstDay: '2022-06-09' } as const
/** Settings of datasets that are published before the day-ahead auction. */
const before = { ...inCore, searchFrom: '09:00' } as const
const after = { ...inCore, searchFrom: '12:50' } as const

// Capacities come at about 10:30. The results of the day-ahead auction are public at about 13:00. How late single days
// are was not measured, so the grace is half an hour.
const capacitiesExpected: Deadline = { expectedBy: '11:00', lateAfterS: 1_800 }
const resultsExpected: Deadline = { expectedBy: '13:30', lateAfterS: 1_800 }

const capacity = { min: 0, max: 25_000 }
const neverNegative = 'values are never negative'

// Kept hourly steps in October 2025. It has 132 keys until delivery 2026-06-10, and 150 from 2026-06-11.
export const coreMaxExchanges = periodDataset({
  ...before,
  name: 'maxExchanges',
  title: 'Core day-ahead maximum bilateral exchanges (MaxBex)',
  description:
    'The largest exchange between any two hubs of the Core region that the flow-based domain of the day ahead allows: the capacity between them. A bilateral maximum: not all pairs can be used at once, and not all pairs share a border.',
  shape: shapes.borders,
  recorded: true,
  expected: capacitiesExpected,
  plausible: capacity,
  schedule: 'auto',
  autoBackfill: true,
  expectations: ['values are whole MW, never negative'],
  transformVersion: 2,
})

const table: PeriodDataset[] = [
  {
    ...before,
    name: 'maxNetPos',
    title: 'Core day-ahead minimum and maximum net positions',
    description: 'How much each hub of the Core region can import or export at most, within the flow-based domain.',
    shape: shapes.bounds,
    checks: [minAboveMax],
    transformVersion: 3,
  },
  {
    ...after,
    name: 'netPos',
    title: 'Core day-ahead net positions',
    description: 'What each hub exports (positive) or imports as the day-ahead auction came out.',
    shape: shapes.hubs,
    recorded: true,
    expected: resultsExpected,
    quarterHours: true,
    plausible: { min: -40_000, max: 40_000 },
    schedule: 'auto',
    checks: [sumNotZero],
    acrossAnswers: [positionBeyondRating],
    transformVersion: 3,
  },
  {
    ...before,
    name: 'referenceNetPosition',
    title: 'Core reference net positions',
    description: 'The global net position of each zone that the common grid model of the capacity calculation assumes.',
    shape: shapes.globalNetPositions,
    transformVersion: 2,
  },
  {
    ...before,
    name: 'lta',
    title: 'Core long-term allocated capacities',
    description: 'Capacity of each border that was allocated before the day ahead, which the domain has to include.',
    shape: shapes.borders,
    transformVersion: 2,
  },
  {
    ...before,
    name: 'ltn',
    title: 'Core long-term nominations',
    description: 'What holders of long-term rights nominated on each border.',
    shape: shapes.borders,
    transformVersion: 2,
  },
  {
    ...before,
    name: 'bexRestrictions',
    title: 'Core bilateral exchange restrictions',
    description: 'Limits of bilateral exchanges where the flow-based domain could not be used as it is.',
    shape: shapes.restrictions,
    transformVersion: 2,
  },
  {
    ...before,
    name: 'atc',
    title: 'Available transfer capacities of the borders of Core with others',
    description: 'Capacities of the borders that are no part of the flow-based domain, and of ALEGrO.',
    shape: shapes.borders,
    recorded: true,
    expected: capacitiesExpected,
    quarterHours: true,
    plausible: capacity,
    schedule: 'auto',
    expectations: [neverNegative, 'the Italian borders are null throughout in what was recorded'],
    acrossAnswers: [flowBeyondRating],
    transformVersion: 2,
  },
  {
    ...before,
    name: 'shadowAuctionATC',
    title: 'Core shadow auction capacities',
    description: 'Capacities that are auctioned should market coupling fail.',
    shape: shapes.borders,
    recorded: true,
    expected: capacitiesExpected,
    plausible: capacity,
    schedule: 'auto',
    expectations: [neverNegative],
    transformVersion: 2,
  },
  {
    ...before,
    name: 'refprog',
    title: 'Core reference programme',
    description: 'Exchanges between zones that the capacity calculation starts from; also of borders outside of Core.',
    shape: shapes.borders,
    transformVersion: 2,
  },
  {
    ...after,
    name: 'scheduledExchanges',
    title: 'Core day-ahead scheduled exchanges',
    description: 'Exchanges of each border as the day-ahead auction came out.',
    shape: shapes.borders,
    recorded: true,
    expected: resultsExpected,
    quarterHours: true,
    plausible: capacity,
    schedule: 'auto',
    expectations: [neverNegative],
    checks: [bothDirections],
    acrossAnswers: [flowBeyondRating],
    transformVersion: 3,
  },
  {
    ...after,
    name: 'priceSpread',
    title: 'Core day-ahead price spreads',
    description: 'By how much the importing zone of a border is dearer than the exporting one.',
    shape: shapes.borderPrices,
    transformVersion: 2,
  },
  {
    ...before,
    name: 'd2CF',
    title: 'Core two-days-ahead congestion forecast',
    description: 'Load, generation and net position of each zone that the grid models of the calculation assume.',
    shape: shapes.forecasts,
    transformVersion: 2,
  },
  {
    ...before,
    name: 'allocationConstraint',
    title: 'Core allocation constraints',
    description: 'Limits of what single zones may import or export. Mostly null: no limit.',
    shape: shapes.limits,
    transformVersion: 2,
  },
  {
    ...after,
    name: 'intradayATC',
    title: 'Core intraday capacities left over after the day-ahead auction',
    description: 'Available transfer capacities for intraday trading that follow from the day-ahead domain.',
    shape: shapes.intradayCapacities,
    searchFrom: '14:00',
    transformVersion: 2,
  },
  {
    ...after,
    name: 'intradayNTC',
    title: 'Core intraday net transfer capacities',
    description: 'Net transfer capacities for intraday trading that follow from the day-ahead domain.',
    shape: shapes.intradayCapacities,
    searchFrom: '14:00',
    transformVersion: 2,
  },
  {
    ...after,
    name: 'congestionIncome',
    title: 'Core day-ahead congestion income',
    description: 'What the price differences of the day-ahead auction earned, by hub, operator and border.',
    shape: shapes.incomes,
    searchFrom: '16:00',
    transformVersion: 2,
  },
  {
    ...before,
    name: 'alphaFactor',
    title: 'Core alpha factor',
    description: 'Share of the long-term allocated capacities that the balanced domain includes.',
    shape: shapes.factor,
    transformVersion: 2,
  },
  {
    ...after,
    name: 'activeLtaConstraint',
    title: 'Core active constraints of long-term allocations',
    description: 'Shadow prices and quantities of long-term allocated capacities that bound the auction.',
    shape: shapes.activeConstraints,
    searchFrom: '14:00',
    transformVersion: 2,
  },
]

export const core: Dataset[] = [coreMaxExchanges, ...table.map(periodDataset)]
