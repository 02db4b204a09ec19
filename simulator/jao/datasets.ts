import { bordersOf } from './borders.ts'
import type { DueTime } from './calendar.ts'
import { FIRST_DAY, MORNING } from './calendar.ts'
import { type Column, type ColumnRange, column } from './column.ts'
import {
  type ColumnGroup,
  columnsOn,
  group,
  netPositions,
  oneWayBorders,
  realBorders,
  recorded,
  zones,
} from './column-groups.ts'
import { type JaoDataset, maxExchanges, saltOf } from './dataset.ts'
import { EXTERNAL_ATC, NORDIC_EXCHANGES, NORDIC_FLOWS, SHADOW_AUCTION } from './recorded-ranges.ts'

/** First delivery day with quarter hours in the day-ahead market. */
const QUARTERS = '2025-10-01'
/** Publication after the day-ahead auction, which closes at 12:00. */
const AFTERNOON: DueTime = { from: '12:50', daysLater: 0 }
/** Publication of Nordic datasets. Recorded times are between 08:52 and 11:11, most at about 09:25. */
const NORDIC_MORNING: DueTime = { from: '09:20', daysLater: 0 }

type Shape = Pick<JaoDataset, 'decimals'> &
  Partial<Pick<JaoDataset, 'quarterHoursSince' | 'lastModifiedOn' | 'totalRows' | 'due' | 'columnsOf'>> & {
    readonly groups: readonly ColumnGroup[]
  }

const TSOS = ['50Hertz', 'Amprion', 'APG', 'CEPS', 'ELES', 'Elia', 'HOPS', 'MAVIR', 'PSE', 'RTE', 'SEPS', 'TTN']
const NORDIC_ZONES = ['DK1', 'DK2', 'FI', 'NO1', 'NO2', 'NO3', 'NO4', 'NO5', 'SE1', 'SE2', 'SE3', 'SE4']
/** Borders outside Core that refprog has too. In PL_UA_PL and HU_UA_HU, the second zone is UA_PL and UA_HU. */
const OUTER = ['AT_CH', 'CH_AT', 'DE_CH', 'CH_DE', 'FR_CH', 'CH_FR', 'FR_ES', 'ES_FR', 'PL_UA_PL', 'HU_UA_HU']
const SCHEDULED_TOO = ['FR_ES', 'ES_FR', 'DK1_DE', 'DE_DK1', 'DK1_NL', 'NL_DK1', 'DE_DK2', 'DK2_DE']

const mw = (low: number, high: number): ColumnRange => ({ low, high })
const tenths = (low: number, high: number): ColumnRange => ({ low, high, scale: 10, quarterly: true })
const cents = (low: number, high: number): ColumnRange => ({ low, high, scale: 100 })
const seldom = (range: ColumnRange, nullShare: number): ColumnRange => ({ ...range, nullShare })

/** Shapes of datasets that exist day-ahead and intraday, by name. The README lists those that were never recorded. */
const byName = {
  maxNetPos: { decimals: 10, groups: [zones('min', mw(-9000, -500), true), zones('max', mw(500, 9000), true)] },
  netPos: { decimals: 1, quarterHoursSince: QUARTERS, due: AFTERNOON, groups: [netPositions('hub_')] },
  refprog: { decimals: 10, groups: [realBorders('border_', mw(-1500, 1500), OUTER, true)] },
  scheduledExchanges: {
    decimals: 1,
    quarterHoursSince: QUARTERS,
    due: AFTERNOON,
    groups: [oneWayBorders('border_', tenths(0, 5285.1), SCHEDULED_TOO)],
  },
  priceSpread: { decimals: 2, due: AFTERNOON, groups: [realBorders('border_', cents(-150, 150))] },
  congestionIncome: {
    decimals: 2,
    due: AFTERNOON,
    groups: [
      zones('grossHub_', cents(0, 90_000)),
      zones('netHub_', cents(0, 80_000)),
      group('grossTso_', TSOS, cents(0, 90_000)),
      group('netTso_', TSOS, cents(0, 80_000)),
      realBorders('grossBorder_', cents(0, 40_000)),
    ],
  },
  d2CF: {
    decimals: 10,
    groups: [
      zones('verticalLoad_', mw(900, 70_000)),
      zones('generation_', mw(900, 75_000)),
      zones('coreNetPosition_', mw(-6000, 6000)),
    ],
  },
  allocationConstraint: {
    decimals: 10,
    groups: ['limitDown_', 'limitUp_'].flatMap((prefix) => [
      group(prefix, ['BE'], seldom(mw(5000, 7000), 0.5)),
      group(prefix, ['NL', 'AT'], seldom(mw(5000, 7000), 0.98)),
      group(prefix, ['PL'], mw(1000, 6000)),
    ]),
  },
  intradayATC: {
    decimals: 10,
    groups: [realBorders('initial_', mw(0, 2500)), realBorders('delta_', mw(-300, 300))],
  },
  intradayNTC: {
    decimals: 10,
    groups: [realBorders('initial_', mw(0, 3500)), realBorders('delta_', mw(-300, 300))],
  },
} satisfies Record<string, Shape>

const coreShapes: Record<string, Shape> = {
  ...byName,
  referenceNetPosition: { decimals: 10, groups: [zones('globalNetPosition_', mw(-6000, 6000))] },
  lta: { decimals: 10, groups: [realBorders('border_', mw(0, 1800))] },
  ltn: { decimals: 10, groups: [realBorders('border_', mw(0, 400))] },
  bexRestrictions: { decimals: 10, groups: [realBorders('border_', seldom(mw(0, 4000), 0.9))] },
  atc: { decimals: 0, quarterHoursSince: QUARTERS, groups: [recorded('border_', EXTERNAL_ATC)] },
  shadowAuctionATC: { decimals: 0, totalRows: true, groups: [recorded('border_', SHADOW_AUCTION)] },
  alphaFactor: { decimals: 10, lastModifiedOn: true, groups: [group('alphaFactor', [''], cents(0, 1))] },
  activeLtaConstraint: {
    decimals: 2,
    due: AFTERNOON,
    groups: [realBorders('shadowPrice_', seldom(cents(0, 60), 0.8)), realBorders('qty_', seldom(cents(0, 900), 0.8))],
  },
}

const nordic = { decimals: 10, lastModifiedOn: true, due: NORDIC_MORNING }
const nordicShapes: Record<string, Shape> = {
  maxExchanges: { ...nordic, quarterHoursSince: QUARTERS, groups: [recorded('border_', NORDIC_EXCHANGES)] },
  maxBorderFlow: { ...nordic, quarterHoursSince: QUARTERS, groups: [recorded('border_', NORDIC_FLOWS)] },
  borderFlowSDAC: {
    ...nordic,
    quarterHoursSince: QUARTERS,
    due: AFTERNOON,
    groups: [recorded('border_', NORDIC_FLOWS)],
  },
  refprog: { ...nordic, quarterHoursSince: QUARTERS, groups: [recorded('border_', NORDIC_EXCHANGES)] },
  maxNetPos: {
    ...nordic,
    groups: [group('min_', NORDIC_ZONES, mw(-5000, -300)), group('max_', NORDIC_ZONES, mw(300, 8000))],
  },
  congestionIncome: {
    ...nordic,
    decimals: 2,
    due: AFTERNOON,
    groups: [group('grossHub_', NORDIC_ZONES, cents(0, 60_000)), group('netHub_', NORDIC_ZONES, cents(0, 50_000))],
  },
}

/** First delivery day and time of publication of the intraday calculations and auctions, by prefix of the dataset. */
const ROUNDS = {
  IDCCA_: { firstDay: '2024-06-14', due: { from: '14:50', daysLater: 0 } },
  IDCCB_: { firstDay: '2024-05-29', due: { from: '21:50', daysLater: 0 } },
  IDCCC_: { firstDay: '2025-06-25', due: { from: '03:50', daysLater: 1 } },
  IDCCD_: { firstDay: '2026-04-01', due: { from: '09:50', daysLater: 1 } },
  ID1_: { firstDay: '2024-06-14', due: { from: '15:20', daysLater: 0 } },
  ID2_: { firstDay: '2024-06-14', due: { from: '22:20', daysLater: 0 } },
  ID3_: { firstDay: '2024-06-14', due: { from: '10:20', daysLater: 1 } },
}

const calculated: Record<string, Shape> = {
  maxExchanges: { decimals: 10, groups: [], columnsOf: bordersOf },
  ...pick('maxNetPos', 'netPos', 'refprog', 'd2CF', 'intradayATC', 'intradayNTC', 'allocationConstraint'),
}
const auctioned = pick('netPos', 'scheduledExchanges', 'priceSpread', 'congestionIncome')

export const jaoDatasets: readonly JaoDataset[] = [
  maxExchanges,
  ...datasets('core', coreShapes, FIRST_DAY),
  ...datasets('nordic', nordicShapes, '2024-10-30'),
  ...Object.entries(ROUNDS).flatMap(([round, { firstDay, due }]) =>
    datasets('coreID', round.startsWith('IDCC') ? calculated : auctioned, firstDay, round, due),
  ),
]

function datasets(region: string, shapes: Record<string, Shape>, firstDay: string, round = '', due?: DueTime) {
  return Object.entries(shapes).map(([shape, { groups, columnsOf, ...rest }]): JaoDataset => {
    const name = `${region}.${round}${shape}`
    const prefixes = columnsOf ? ['border_'] : groups.map(({ prefix }) => prefix)
    return {
      ...rest,
      name,
      path: `/${region}/api/data/${round}${shape}`,
      firstDay,
      due: due ?? rest.due ?? MORNING,
      prefixes,
      columnsOf: columnsOf ?? ((day) => columnsOn(groups, day)),
      newColumn: (key) => known(groups, key) ?? column(key, mw(0, 1000)),
      salt: saltOf(name),
    }
  })
}

function known(groups: readonly ColumnGroup[], key: string): Column | undefined {
  return groups.flatMap(({ columns, withHubs }) => [...columns, ...withHubs]).find((each) => each.key === key)
}

function pick(...names: (keyof typeof byName)[]): Record<string, Shape> {
  return Object.fromEntries(names.map((name) => [name, byName[name]]))
}
