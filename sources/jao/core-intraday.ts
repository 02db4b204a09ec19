// Intraday in the Core region: four capacity calculations (IDCCA to IDCCD) and three auctions (ID1 to ID3).
// Source: https://publicationtool.jao.eu/coreID (API: /coreID/api/data/<prefix>_<name>), public, no login, terms of
// re-use not stated. No answer was recorded, so only `tidemark backfill` requests these datasets, and when they are
// published is not known: `searchFrom` follows the times of the rounds.
import type { Dataset } from '../source.ts'
import { bothDirections, minAboveMax } from './checks.ts'
import { type PeriodDataset, periodDataset } from './period-dataset.ts'
import * as shapes from './shapes.ts'

interface Stage {
  prefix: string
  title: string
  firstDay: string
  searchFrom: string
  searchDaysLater?: number
}

export const calculations: Stage[] = [
  { prefix: 'IDCCA', title: 'intraday calculation (a)', firstDay: '2024-06-14', searchFrom: '15:00' },
  { prefix: 'IDCCB', title: 'intraday calculation (b)', firstDay: '2024-05-29', searchFrom: '22:00' },
  {
    prefix: 'IDCCC',
    title: 'intraday calculation (c)',
    firstDay: '2025-06-25',
    searchFrom: '04:00',
    searchDaysLater: 1,
  },
  {
    prefix: 'IDCCD',
    title: 'intraday calculation (d)',
    firstDay: '2026-04-01',
    searchFrom: '10:00',
    searchDaysLater: 1,
  },
]

/** The intraday auctions, held at 15:00 and 22:00 on the day before delivery, and at 10:00 on the day of delivery. */
const auctions: Stage[] = [
  { prefix: 'ID1', title: 'first intraday auction', firstDay: '2024-06-14', searchFrom: '15:30' },
  { prefix: 'ID2', title: 'second intraday auction', firstDay: '2024-06-14', searchFrom: '22:30' },
  { prefix: 'ID3', title: 'third intraday auction', firstDay: '2024-06-14', searchFrom: '10:30', searchDaysLater: 1 },
]

type StageDataset = Pick<PeriodDataset, 'name' | 'title' | 'description' | 'shape' | 'checks' | 'transformVersion'>

const ofCalculations: StageDataset[] = [
  {
    name: 'maxExchanges',
    title: 'maximum bilateral exchanges',
    description: 'The largest exchange between any two hubs that the domain allows: the capacity between them.',
    shape: shapes.borders,
    transformVersion: 2,
  },
  {
    name: 'maxNetPos',
    title: 'minimum and maximum net positions',
    description: 'How much each hub can import or export at most.',
    shape: shapes.bounds,
    checks: [minAboveMax],
    transformVersion: 3,
  },
  {
    name: 'netPos',
    title: 'net positions',
    description: 'The net position of each hub that the calculation starts from.',
    shape: shapes.hubs,
    transformVersion: 2,
  },
  {
    name: 'refprog',
    title: 'reference programme',
    description: 'Exchanges between zones that the calculation starts from.',
    shape: shapes.borders,
    transformVersion: 2,
  },
  {
    name: 'd2CF',
    title: 'congestion forecast',
    description: 'Load, generation and net position of each zone that the grid models assume.',
    shape: shapes.forecasts,
    transformVersion: 2,
  },
  {
    name: 'intradayAtc',
    title: 'available transfer capacities',
    description: 'Capacities for intraday trading.',
    shape: shapes.calculatedCapacities,
    transformVersion: 2,
  },
  {
    name: 'intradayNtc',
    title: 'net transfer capacities',
    description: 'Net capacities for intraday trading.',
    shape: shapes.calculatedCapacities,
    transformVersion: 2,
  },
  {
    name: 'allocationConstraint',
    title: 'allocation constraints',
    description: 'Limits of what single zones may import or export. Mostly null: no limit.',
    shape: shapes.limits,
    transformVersion: 2,
  },
]

const ofAuctions: StageDataset[] = [
  {
    name: 'netPos',
    title: 'net positions',
    description: 'What each hub exports (positive) or imports as the auction came out.',
    shape: shapes.hubs,
    transformVersion: 2,
  },
  {
    name: 'scheduledExchanges',
    title: 'scheduled exchanges',
    description: 'Exchanges of each border as the auction came out.',
    shape: shapes.borders,
    checks: [bothDirections],
    transformVersion: 3,
  },
  {
    name: 'priceSpread',
    title: 'price spreads',
    description: 'By how much the importing zone of a border is dearer than the exporting one.',
    shape: shapes.borderPrices,
    transformVersion: 2,
  },
  {
    name: 'congestionIncome',
    title: 'congestion income',
    description: 'What the price differences of the auction earned, by hub, operator and border.',
    shape: shapes.incomes,
    transformVersion: 2,
  },
]

const cross = (stages: Stage[], datasets: StageDataset[]): Dataset[] =>
  stages.flatMap(({ prefix, title: of, ...when }) =>
    datasets.map(({ name, title, ...rest }) =>
      periodDataset({ region: 'coreID', name: `${prefix}_${name}`, title: `Core ${of}: ${title}`, ...when, ...rest }),
    ),
  )

export const coreIntraday: Dataset[] = [...cross(calculations, ofCalculations), ...cross(auctions, ofAuctions)]
