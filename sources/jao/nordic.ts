// The day-ahead capacity calculation of the Nordic region. Flow-based coupling began on 2024-10-30.
// Source: https://publicationtool.jao.eu/nordic (API: /nordic/api/data/<name>), public, no login, terms of re-use not
// stated.
// Schedule: upstream publishes business day D on D-1 between about 08:50 and 11:10 Brussels time, and one day in six
// again later.
// Quirks: lastModifiedOn differs by fractions of a second between the rows of a day. Rows are quarter hours since
// delivery 2025-10-01, with four equal values per hour.
import type { Deadline } from '../calendar.ts'
import type { Dataset } from '../source.ts'
import { flowBeyondRating } from './cables.ts'
import { minAboveMax } from './checks.ts'
import { type PeriodDataset, periodDataset } from './period-dataset.ts'
import * as shapes from './shapes.ts'

const inNordic = { region: 'nordic', firstDay: '2024-10-30', searchFrom: '08:30' } as const
// lastModifiedOn is from 08:52 to 11:11 on 32 days of November 2024, and from 09:23 to 10:31 on 3 days of April 2026. Days
// that were published again are among them.
const expected: Deadline = { expectedBy: '11:15', lateAfterS: 1_800 }
const capacity = { min: 0, max: 25_000 }
const neverNegative = 'values are whole MW, never negative'

const table: PeriodDataset[] = [
  {
    ...inNordic,
    name: 'maxExchanges',
    title: 'Nordic day-ahead maximum bilateral exchanges (MaxBex)',
    description: 'The largest exchange over each border of the Nordic region that the flow-based domain allows.',
    shape: shapes.borders,
    recorded: true,
    expected,
    quarterHours: true,
    plausible: capacity,
    schedule: 'auto',
    autoBackfill: true,
    expectations: [neverNegative],
    acrossAnswers: [flowBeyondRating],
    transformVersion: 2,
  },
  {
    ...inNordic,
    name: 'maxNetPos',
    title: 'Nordic day-ahead minimum and maximum net positions',
    description: 'How much each zone of the Nordic region can import or export at most, within the flow-based domain.',
    shape: shapes.bounds,
    checks: [minAboveMax],
    transformVersion: 3,
  },
  {
    ...inNordic,
    name: 'maxBorderFlow',
    title: 'Nordic day-ahead maximum border flows',
    description: 'The largest flow over each border of the Nordic region that the flow-based domain allows.',
    shape: shapes.borders,
    recorded: true,
    expected,
    quarterHours: true,
    plausible: capacity,
    schedule: 'auto',
    expectations: [neverNegative],
    acrossAnswers: [flowBeyondRating],
    transformVersion: 2,
  },
  {
    ...inNordic,
    name: 'borderFlowSDAC',
    title: 'Nordic day-ahead border flows',
    description: 'The flow over each border of the Nordic region as the day-ahead auction came out.',
    shape: shapes.borders,
    searchFrom: '12:50',
    quarterHours: true,
    acrossAnswers: [flowBeyondRating],
    transformVersion: 2,
  },
  {
    ...inNordic,
    name: 'refprog',
    title: 'Nordic reference programme',
    description: 'Exchanges between zones that the capacity calculation starts from.',
    shape: shapes.borders,
    quarterHours: true,
    transformVersion: 2,
  },
  {
    ...inNordic,
    name: 'congestionIncome',
    title: 'Nordic day-ahead congestion income',
    description: 'What the price differences of the day-ahead auction earned, by hub, operator and border.',
    shape: shapes.incomes,
    searchFrom: '16:00',
    transformVersion: 2,
  },
]

export const nordic: Dataset[] = table.map(periodDataset)
