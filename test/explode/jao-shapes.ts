// One answer per form of JAO's datasets, with two or three rows, and the values that a person reads in it.
import type { ReadByHand } from './read-by-hand.ts'

const hourly = (first: string, second: string): string =>
  `{"data":[{"id":1,"dateTimeUtc":"2026-04-20T22:00:00Z",${first}},{"id":2,"dateTimeUtc":"2026-04-21T05:00:00Z",${second}}],"rejected":false,"messages":null}`

export interface RecordedBody {
  body: string
  told: ReadByHand
}

export const shapes: Record<string, RecordedBody> = {
  borders: {
    body: hourly(
      '"border_AT_BE":4346.0000000000,"border_DE_DE_DK1_VH":7,"border_FR_IT":null',
      '"border_AT_BE":12.5,"border_DE_DE_DK1_VH":0,"border_FR_IT":null',
    ),
    told: {
      values: { border_AT_BE: 2, border_DE_DE_DK1_VH: 2, border_FR_IT: 0 },
      points: [
        ['border_AT_BE', '2026-04-20T22:00:00Z', 4346],
        ['border_AT_BE', '2026-04-20T23:00:00Z', null],
        ['border_AT_BE', '2026-04-21T05:00:00Z', 12.5],
        ['border_DE_DE_DK1_VH', '2026-04-21T05:00:00Z', 0],
        ['border_FR_IT', '2026-04-21T05:00:00Z', null],
      ],
      unit: ['border_AT_BE', 'MW'],
    },
  },
  quarterBorders: {
    body: `{"data":[
      {"id":5,"dateTimeUtc":"2026-04-20T22:00:00Z","border_DE_DK1":3500,"border_FR_IT":null,"stray":1},
      {"id":6,"dateTimeUtc":"2026-04-20T22:15:00Z","border_DE_DK1":3499,"border_FR_IT":null,"stray":1}
      ],"rejected":false,"messages":null,"totalRows":2,"totalRowsWithFilter":2}`,
    told: {
      values: { border_DE_DK1: 2, border_FR_IT: 0 },
      points: [
        ['border_DE_DK1', '2026-04-20T22:00:00Z', 3500],
        ['border_DE_DK1', '2026-04-20T22:15:00Z', 3499],
        ['border_DE_DK1', '2026-04-20T22:30:00Z', null],
      ],
      unit: ['border_DE_DK1', 'MW'],
    },
  },
  nordicBorders: {
    body: `{"data":[
      {"id":5,"dateTimeUtc":"2026-04-20T22:00:00Z","lastModifiedOn":"2026-04-20T07:24:01.43","border_NO4_SE1":263.0000000000},
      {"id":6,"dateTimeUtc":"2026-04-20T22:15:00Z","lastModifiedOn":"2026-04-20T07:24:01.407","border_NO4_SE1":264.0000000000}
      ],"rejected":false,"messages":null}`,
    told: {
      values: { border_NO4_SE1: 2 },
      points: [
        ['border_NO4_SE1', '2026-04-20T22:00:00Z', 263],
        ['border_NO4_SE1', '2026-04-20T22:15:00Z', 264],
      ],
      modified: '2026-04-20T07:24:01.430Z',
    },
  },
  borderPrices: {
    body: hourly('"border_AT_BE":-3.25', '"border_AT_BE":17'),
    told: {
      values: { border_AT_BE: 2 },
      points: [['border_AT_BE', '2026-04-20T22:00:00Z', -3.25]],
      unit: ['border_AT_BE', 'EUR/MWh'],
    },
  },
  bounds: {
    body: hourly('"minAT":-2000,"maxAT":3000.5,"minDE_DK1_VH":-1780', '"minAT":-1,"maxAT":2,"minDE_DK1_VH":null'),
    told: {
      values: { minAT: 2, maxAT: 2, minDE_DK1_VH: 1 },
      points: [
        ['minAT', '2026-04-20T22:00:00Z', -2000],
        ['maxAT', '2026-04-20T22:00:00Z', 3000.5],
        ['minDE_DK1_VH', '2026-04-21T05:00:00Z', null],
      ],
      unit: ['maxAT', 'MW'],
    },
  },
  nordicBounds: {
    body: hourly('"lastModifiedOn":"2026-04-20T07:24:01.43","min_DK1":-5,"max_DK1":6', '"min_DK1":-7,"max_DK1":8'),
    told: {
      values: { min_DK1: 2, max_DK1: 2 },
      points: [['max_DK1', '2026-04-21T05:00:00Z', 8]],
      modified: '2026-04-20T07:24:01.430Z',
    },
  },
  netPositions: {
    body: `{"data":[
      {"id":5,"dateTimeUtc":"2026-04-20T22:00:00Z","hub_AT":-2287.8,"hub_BE":2287.7,"hub_DE_DK1_VH":0.1},
      {"id":6,"dateTimeUtc":"2026-04-20T22:15:00Z","hub_AT":1000.0,"hub_BE":-1000.0,"hub_DE_DK1_VH":null}
      ],"rejected":false,"messages":null}`,
    told: {
      values: { hub_AT: 2, hub_BE: 2, hub_DE_DK1_VH: 1 },
      points: [
        ['hub_AT', '2026-04-20T22:00:00Z', -2287.8],
        ['hub_BE', '2026-04-20T22:15:00Z', -1000],
      ],
      unit: ['hub_AT', 'MW'],
      flags: [],
    },
  },
  hubs: {
    body: hourly('"hub_AT":5,"hub_BE":6.5', '"hub_AT":-5,"hub_BE":null'),
    told: {
      values: { hub_AT: 2, hub_BE: 1 },
      points: [['hub_BE', '2026-04-20T22:00:00Z', 6.5]],
      flags: [],
    },
  },
  globalNetPositions: {
    body: hourly('"globalNetPosition_CH":1.5', '"globalNetPosition_CH":-2'),
    told: { values: { globalNetPosition_CH: 2 }, points: [['globalNetPosition_CH', '2026-04-21T05:00:00Z', -2]] },
  },
  forecasts: {
    body: hourly(
      '"verticalLoad_AT":6000,"generation_AT":7000,"coreNetPosition_AT":1000',
      '"verticalLoad_AT":6001,"generation_AT":7002,"coreNetPosition_AT":1001',
    ),
    told: {
      values: { verticalLoad_AT: 2, generation_AT: 2, coreNetPosition_AT: 2 },
      points: [['generation_AT', '2026-04-21T05:00:00Z', 7002]],
      unit: ['verticalLoad_AT', 'MW'],
    },
  },
  limits: {
    body: hourly('"limitDown_BE":null,"limitUp_PL":1200', '"limitDown_BE":null,"limitUp_PL":null'),
    told: {
      values: { limitDown_BE: 0, limitUp_PL: 1 },
      points: [
        ['limitUp_PL', '2026-04-20T22:00:00Z', 1200],
        ['limitDown_BE', '2026-04-20T22:00:00Z', null],
      ],
    },
  },
  intradayCapacities: {
    body: hourly('"initial_AT_CZ":200,"delta_AT_CZ":-10', '"initial_AT_CZ":210,"delta_AT_CZ":null'),
    told: {
      values: { initial_AT_CZ: 2, delta_AT_CZ: 1 },
      points: [['delta_AT_CZ', '2026-04-20T22:00:00Z', -10]],
    },
  },
  incomes: {
    body: hourly(
      '"grossHub_AT":1234.56,"netHub_AT":1000,"grossTso_APG":7,"netTso_APG":6,"grossBorder_AT_DE":99.5',
      '"grossHub_AT":0,"netHub_AT":0,"grossTso_APG":0,"netTso_APG":0,"grossBorder_AT_DE":0',
    ),
    told: {
      values: { grossHub_AT: 2, netHub_AT: 2, grossTso_APG: 2, netTso_APG: 2, grossBorder_AT_DE: 2 },
      points: [
        ['grossHub_AT', '2026-04-20T22:00:00Z', 1234.56],
        ['grossBorder_AT_DE', '2026-04-20T22:00:00Z', 99.5],
      ],
      unit: ['grossHub_AT', 'EUR'],
    },
  },
  factor: {
    body: hourly('"alphaFactor":0.85,"lastModifiedOn":"2026-04-20T06:00:00.1234567"', '"alphaFactor":1'),
    told: {
      values: { alphaFactor: 2 },
      points: [['alphaFactor', '2026-04-20T22:00:00Z', 0.85]],
      unit: ['alphaFactor', 'factor'],
      modified: '2026-04-20T06:00:00.123Z',
    },
  },
  activeConstraints: {
    body: hourly('"shadowPrice_AT_DE":12.34,"qty_AT_DE":100', '"shadowPrice_AT_DE":null,"qty_AT_DE":null'),
    told: {
      values: { shadowPrice_AT_DE: 1, qty_AT_DE: 1 },
      points: [['qty_AT_DE', '2026-04-20T22:00:00Z', 100]],
      unit: ['shadowPrice_AT_DE', 'EUR/MWh'],
    },
  },
  calculatedCapacities: {
    body: hourly('"border_AT_CZ":200,"initial_AT_DE":5', '"border_AT_CZ":210,"initial_AT_DE":6'),
    told: {
      values: { border_AT_CZ: 2, initial_AT_DE: 2 },
      points: [['border_AT_CZ', '2026-04-21T05:00:00Z', 210]],
    },
  },
}

export const shapeOfDataset: Record<string, string> = {
  'jao.core.maxExchanges': 'borders',
  'jao.core.maxNetPos': 'bounds',
  'jao.core.netPos': 'netPositions',
  'jao.core.referenceNetPosition': 'globalNetPositions',
  'jao.core.lta': 'borders',
  'jao.core.ltn': 'borders',
  'jao.core.bexRestrictions': 'borders',
  'jao.core.atc': 'quarterBorders',
  'jao.core.shadowAuctionATC': 'borders',
  'jao.core.refprog': 'borders',
  'jao.core.scheduledExchanges': 'quarterBorders',
  'jao.core.priceSpread': 'borderPrices',
  'jao.core.d2CF': 'forecasts',
  'jao.core.allocationConstraint': 'limits',
  'jao.core.intradayATC': 'intradayCapacities',
  'jao.core.intradayNTC': 'intradayCapacities',
  'jao.core.congestionIncome': 'incomes',
  'jao.core.alphaFactor': 'factor',
  'jao.core.activeLtaConstraint': 'activeConstraints',
  'jao.nordic.maxExchanges': 'nordicBorders',
  'jao.nordic.maxNetPos': 'nordicBounds',
  'jao.nordic.maxBorderFlow': 'nordicBorders',
  'jao.nordic.borderFlowSDAC': 'nordicBorders',
  'jao.nordic.refprog': 'nordicBorders',
  'jao.nordic.congestionIncome': 'incomes',
  ...eachOf(['IDCCA', 'IDCCB', 'IDCCC', 'IDCCD'], {
    maxExchanges: 'borders',
    maxNetPos: 'bounds',
    netPos: 'hubs',
    refprog: 'borders',
    d2CF: 'forecasts',
    intradayAtc: 'calculatedCapacities',
    intradayNtc: 'calculatedCapacities',
    allocationConstraint: 'limits',
  }),
  ...eachOf(['ID1', 'ID2', 'ID3'], {
    netPos: 'hubs',
    scheduledExchanges: 'borders',
    priceSpread: 'borderPrices',
    congestionIncome: 'incomes',
  }),
}

function eachOf(prefixes: string[], names: Record<string, string>): Record<string, string> {
  const all = prefixes.flatMap((prefix) =>
    Object.entries(names).map(([name, shape]) => [`jao.coreID.${prefix}_${name}`, shape] as const),
  )
  return Object.fromEntries(all)
}
