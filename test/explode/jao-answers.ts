// Answers of every JAO dataset. A person has read the expected values (`told`) in the bodies.
import type { FlaggedPoint } from '../support/flagged-points.ts'
import type { NamedAnswer } from './answers.ts'
import { type RecordedBody, shapeOfDataset, shapes } from './jao-shapes.ts'
import { day, type ReadByHand } from './read-by-hand.ts'

export function jaoAnswers(): NamedAnswer[] {
  return [...ofShapes(), ...pages(), ...auctions(), ...unbalanced(), ...contradicting(), ...renamed(), ...withOffsets()]
}

const named = (
  dataset: string,
  name: string,
  body: string,
  told: ReadByHand,
  more: Partial<NamedAnswer['answer']> = {},
) => ({
  ...{ dataset, name, told },
  answer: { body: Buffer.from(body), status: 200, window: day, ...more },
})

function ofShapes(): NamedAnswer[] {
  return Object.entries(shapeOfDataset).map(([dataset, shape]) => {
    const { body, told } = shapes[shape] ?? { body: '', told: { values: {}, points: [] } }
    return named(dataset, `told by hand: ${shape}`, body, told)
  })
}

/** Answers whose times, also lastModifiedOn, end in +00:00. Explode must read them as UTC. */
function withOffsets(): NamedAnswer[] {
  return [['jao.core.maxExchanges', 'borders'] as const, ['jao.nordic.maxExchanges', 'nordicBorders'] as const].map(
    ([dataset, shape]) => {
      const { body, told } = shapes[shape] as RecordedBody
      const offsets = body.replaceAll('00Z"', '00+00:00"').replaceAll(/(On":"[^"]+)"/g, '$1+00:00"')
      return named(dataset, 'told by hand: times with +00:00', offsets, told)
    },
  )
}

/** An answer in which the sum over the hubs is 0.1 MW off in one quarter hour. */
function unbalanced(): NamedAnswer[] {
  const body = shapes.netPositions?.body.replace('2287.7', '2287.6') ?? ''
  const told: ReadByHand = {
    values: { hub_AT: 2, hub_BE: 2, hub_DE_DK1_VH: 1 },
    points: [['hub_BE', '2026-04-20T22:00:00Z', 2287.6]],
    flagged: flagEach(['hub_AT', 'hub_BE', 'hub_DE_DK1_VH'], '2026-04-20T22:00:00Z', 'sum-not-zero'),
  }
  return [named('jao.core.netPos', 'told by hand: hubs that do not add up to 0', body, told)]
}

const flagEach = (keys: string[], time: string, flag: string) => keys.map((key): FlaggedPoint => [key, time, flag])

/** Answers with two values that contradict each other in the last row. */
function contradicting(): NamedAnswer[] {
  const of = (
    [dataset, shape]: [string, string],
    change: [string, string],
    values: Record<string, number>,
    flagged: FlaggedPoint[],
  ): NamedAnswer => {
    const body = (shapes[shape]?.body ?? '').replace(...change)
    return named(dataset, 'told by hand: a contradiction', body, { values, points: [], flagged })
  }
  const late = '2026-04-21T05:00:00Z'
  const bounds = ['jao.core.maxNetPos', ...['A', 'B', 'C', 'D'].map((stage) => `jao.coreID.IDCC${stage}_maxNetPos`)]
  const scheduled = ['ID1', 'ID2', 'ID3'].map((auction) => `jao.coreID.${auction}_scheduledExchanges`)
  const border = { border_AT_BE: 2, border_BE_AT: 1, border_DE_DE_DK1_VH: 2, border_DE_DK1_VH_DE: 1, border_FR_IT: 0 }
  return [
    ...bounds.map((dataset) =>
      of(
        [dataset, 'bounds'],
        ['"minAT":-1,"maxAT":2', '"minAT":2.5,"maxAT":2'],
        { minAT: 2, maxAT: 2, minDE_DK1_VH: 1 },
        flagEach(['minAT', 'maxAT'], late, 'min-above-max'),
      ),
    ),
    of(
      ['jao.nordic.maxNetPos', 'nordicBounds'],
      ['"max_DK1":8', '"max_DK1":-7.5'],
      { min_DK1: 2, max_DK1: 2 },
      flagEach(['min_DK1', 'max_DK1'], late, 'min-above-max'),
    ),
    of(
      ['jao.core.scheduledExchanges', 'quarterBorders'],
      ['"border_DE_DK1":3499', '"border_DE_DK1":3499,"border_DK1_DE":0.1'],
      { border_DE_DK1: 2, border_DK1_DE: 1, border_FR_IT: 0 },
      flagEach(['border_DE_DK1', 'border_DK1_DE'], '2026-04-20T22:15:00Z', 'both-directions'),
    ),
    // Of DE and DE_DK1_VH, one direction is 0.
    ...scheduled.map((dataset) =>
      of(
        [dataset, 'borders'],
        ['"border_AT_BE":12.5', '"border_BE_AT":7,"border_DE_DK1_VH_DE":3,"border_AT_BE":12.5'],
        border,
        flagEach(['border_AT_BE', 'border_BE_AT'], late, 'both-directions'),
      ),
    ),
  ]
}

/** Answers whose columns have unknown names, so that explode refuses them. */
function renamed(): NamedAnswer[] {
  const { body } = shapes.borders ?? { body: '' }
  const of = (dataset: string, changed: string, more: Partial<NamedAnswer['answer']> = {}): NamedAnswer => {
    return {
      dataset,
      name: 'refused: renamed',
      answer: { body: Buffer.from(changed), status: 200, window: day, ...more },
    }
  }
  const period: [string, string] = ['2026-04-20T22:00:00Z', '2026-04-21T22:00:00Z']
  const bids = auction('IF1-FR-GB-D-DAILY--260421-01', period, '{"productHour":"00:00-01:00","offered":5}')
  return [
    of('jao.core.lta', body.replaceAll('border_', 'Border_')),
    of('jao.core.finalComputation', `{"data":[{"dateTimeUtc":"2026-04-20T22:00:00Z","RAM":7}],"totalRows":1}`, {
      ...{ window: hour, selector: 'rows-0' },
    }),
    of('jao-auctions.daily', `[${bids}]`, { selector: 'IF1-FR-GB' }),
  ]
}

const hour = { startMs: day.startMs, endMs: day.startMs + 3_600_000 }

function pages(): NamedAnswer[] {
  const body = `{"data":[
    {"id":901,"dateTimeUtc":"2026-04-20T22:00:00Z","tso":"ELIA","cneName":"Achene - Lonny 380.19 ","cneEic":"10T-BE-FR-000015",
     "direction":"DIRECT","contName":null,"presolved":true,"ram":1598,"fmax":1767.5,"fmaxType":"SEASONAL","cnec":true,
     "ptdf_BE":0.091,"ptdf_FR":-0.09053,"ptdf_CH":null,
     "contingencies":[{"number":1,"branchName":"A - B","branchEic":null}]},
    {"id":902,"dateTimeUtc":"2026-04-20T22:00:00Z","tso":"NA","cneName":"External Constraint BE_AL_import","cneEic":"NA",
     "direction":"NA","contName":"","nonRedundant":false,"ram":null,"new":{"a":[1]},"contingencies":[]}
    ],"rejected":false,"messages":null,"totalRows":2002,"totalRowsWithFilter":2002,"lastModifiedOn":"2026-04-20T08:30:00.5"}`
  const told: ReadByHand = {
    values: {},
    points: [],
    records: [
      [
        'constraints',
        {
          ...{ skip: 2000, row: 2000, totalRows: 2002, start: Date.parse('2026-04-20T22:00:00Z') },
          ...{ tso: 'ELIA', cneName: 'Achene - Lonny 380.19 ', cneEic: '10T-BE-FR-000015', direction: 'DIRECT' },
          ...{ contName: null, presolved: true, ram: 1598 },
          ptdf: { BE: 0.091, FR: -0.09053 },
          numbers: { fmax: 1767.5 },
          texts: { fmaxType: 'SEASONAL', cnec: 'true' },
          contingencies: [{ number: '1', branchName: 'A - B' }],
          upstreamModifiedAt: Date.parse('2026-04-20T08:30:00.500Z'),
        },
      ],
      [
        'constraints',
        {
          ...{ skip: 2000, row: 2001, totalRows: 2002, tso: 'NA', contName: '', presolved: false, ram: null },
          ...{ ptdf: {}, numbers: {}, texts: { new: '{"a":[1]}' }, contingencies: [] },
        },
      ],
    ],
  }
  const datasets = [
    'jao.core',
    'jao.nordic',
    'jao.coreID.IDCCA_',
    'jao.coreID.IDCCB_',
    'jao.coreID.IDCCC_',
    'jao.coreID.IDCCD_',
  ]
  return datasets.map((start) => {
    const dataset = start.endsWith('_') ? `${start}finalComputation` : `${start}.finalComputation`
    return named(dataset, 'told by hand: the second page', body, told, { window: hour, selector: 'rows-2000' })
  })
}

const auction = (identification: string, period: [string, string], results: string): string => `{
  "identification":"${identification}","horizonName":"x","corridorCode":"IF1-FR-GB","cancelled":false,
  "lastDataUpdate":"2026-04-20T09:26:03.670+00:00","marketPeriodStart":"${period[0]}","marketPeriodStop":"${period[1]}",
  "maintenances":[],"results":[${results}],"products":[],"winningParties":[],"xnRule":"1/1"}`

const result = (hours: string, product: string, offered: number, price: number | null): string =>
  `{"comment":null,"corridorCode":"IF1-FR-GB","offeredCapacity":${offered}.0,"requestedCapacity":7234.0,
    "allocatedCapacity":0,"productHour":"${hours}","productIdentification":"${product}","auctionPrice":${price}}`

/** Auctions with unordered hours, and with two products for a month, a season and a year. */
function auctions(): NamedAnswer[] {
  const local: [string, string] = ['2026-04-20T22:00:00.000+00:00', '2026-04-21T22:00:00.000+00:00']
  const hours = `[${auction('IF1-FR-GB-D-DAILY--260421-01', local, `${result('23:00-24:00', 'B24-------', 1868, 0.25)},${result('02:00-03:00', 'B03-------', 1600, null)}`)}]`
  const told: ReadByHand = {
    values: {
      'IF1-FR-GB.offeredCapacity': 2,
      'IF1-FR-GB.requestedCapacity': 2,
      'IF1-FR-GB.allocatedCapacity': 2,
      'IF1-FR-GB.auctionPrice': 1,
    },
    points: [
      ['IF1-FR-GB.offeredCapacity', '2026-04-21T21:00:00Z', 1868],
      ['IF1-FR-GB.offeredCapacity', '2026-04-21T00:00:00Z', 1600],
      ['IF1-FR-GB.auctionPrice', '2026-04-21T21:00:00Z', 0.25],
      ['IF1-FR-GB.auctionPrice', '2026-04-21T00:00:00Z', null],
    ],
    unit: ['IF1-FR-GB.auctionPrice', 'EUR/MWh'],
    flags: [],
    modified: '2026-04-20T09:26:03.670Z',
  }
  const selector = 'IF1-FR-GB'
  const april = { startMs: Date.parse('2026-03-31T22:00:00Z'), endMs: Date.parse('2026-04-30T22:00:00Z') }
  const ends = { monthly: '2026-04-30T22:00:00Z', seasonal: '2026-09-30T22:00:00Z', yearly: '2027-03-31T22:00:00Z' }
  const long = Object.entries(ends).map(([horizon, end]) => {
    const products = `${result('00:00-24:00', 'BASE------', 100, 1.5)},${result('08:00-20:00', 'PEAK------', 40, 2.5)}`
    const body = `[${auction('IF1-FR-GB-M-----260401-01', ['2026-03-31T22:00:00Z', end], products)}]`
    const of = (product: string) =>
      ['offeredCapacity', 'requestedCapacity', 'allocatedCapacity', 'auctionPrice'].map((m) => [
        `IF1-FR-GB/${product}.${m}`,
        1,
      ])
    const values = Object.fromEntries([...of('BASE'), ...of('PEAK')]) as Record<string, number>
    const points: ReadByHand['points'] = [
      ['IF1-FR-GB/BASE.offeredCapacity', '2026-03-31T22:00:00Z', 100],
      ['IF1-FR-GB/PEAK.auctionPrice', '2026-03-31T22:00:00Z', 2.5],
    ]
    return named(
      `jao-auctions.${horizon}`,
      'told by hand: two products',
      body,
      { values, points },
      { window: april, selector },
    )
  })
  return [
    ...['daily', 'intraday'].map((horizon) =>
      named(`jao-auctions.${horizon}`, 'told by hand: two hours', hours, told, { selector }),
    ),
    named(
      'jao-auctions.daily',
      'told by hand: nothing',
      '{"status":400,"message":"No Data found"}',
      { values: {}, points: [] },
      { status: 400, selector },
    ),
    ...long,
  ]
}
