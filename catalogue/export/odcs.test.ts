import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { datasetsByName, type SourcedDataset } from '#core/datasets.ts'
import type { BusinessDays } from '#sources/calendar.ts'
import { declaredSource } from '../../test/support/declared-source.ts'
import { odcsValidator } from '../../test/support/published-schemas.ts'
import type { PublicAddresses } from './addresses.ts'
import { odcsContract, odcsYaml } from './odcs.ts'
import type { Kept } from './promises.ts'

const nowhere: PublicAddresses = { url: null, kafka: null, clickhouse: null }
const somewhere: PublicAddresses = {
  url: 'https://data.example.org/tides',
  kafka: { host: 'kafka.example.org', port: 9094 },
  clickhouse: { host: 'store.example.org', port: 8443 },
}
const kept: Kept = {
  ...{ at: '2026-11-20T11:59:20.000Z', from: '2026-10-22', to: '2026-11-20', upstream: 'live', of: 'windows' },
  ...{ expected: 30, complete: 28, partial: 1, late: 2 },
  publication: { windows: 28, p50: '10:34', p95: '11:45', latest: '25:10' },
}

interface Contract {
  servers?: object[]
  schema: { name: string; properties: { name: string; logicalType: string }[]; quality?: object[] }[]
  slaProperties: { property: string; value: unknown; unit?: string; description: string }[]
  customProperties: { property: string; value: unknown; description?: string }[]
}

const contractOf = (name: string, what: Kept | null = null, addresses = nowhere): Contract =>
  odcsContract(datasetsByName.get(name)!, what, addresses) as Contract
const custom = (contract: Contract): Record<string, unknown> =>
  Object.fromEntries(contract.customProperties.map(({ property, value }) => [property, value]))

test('the contract of every dataset is valid, with what was kept and without, with addresses and without', () => {
  const faultsOf = odcsValidator()
  expect(faultsOf({ kind: 'DataContract' })).not.toEqual([])
  expect(datasetsByName.size).toBeGreaterThanOrEqual(86)
  for (const [name, sourced] of datasetsByName) {
    expect({ name, faults: faultsOf(odcsContract(sourced, null, nowhere)) }).toEqual({ name, faults: [] })
    const asRead = parse(odcsYaml(odcsContract(sourced, kept, somewhere)))
    expect({ name, faults: faultsOf(asRead) }).toEqual({ name, faults: [] })
    expect(asRead).toEqual(JSON.parse(JSON.stringify(odcsContract(sourced, kept, somewhere))))
  }
})

test('a deadline names its zone, both offsets of the zone, the day that it is on, and the grace', () => {
  const contract = contractOf('jao.core.maxExchanges')
  const words = '11:00 of Europe/Brussels (UTC+01:00 or UTC+02:00) on the day before delivery, late 30 min after that'
  expect(contract.slaProperties).toEqual([
    { property: 'frequency', value: 1, unit: 'd', description: 'a day of Europe/Brussels: 23, 24 or 25 hours' },
    { property: 'generalAvailability', value: '2022-06-09', description: 'The first day that upstream has.' },
    { property: 'timeOfAvailability', value: '11:00', driver: 'operational', description: words },
  ])
  expect(custom(contract)).toMatchObject({
    'tidemark.zone': 'Europe/Brussels',
    'tidemark.window': 'a day of Europe/Brussels: 23, 24 or 25 hours',
    'tidemark.expectedBy': '11:00',
    'tidemark.expectedByWithOffset': ['11:00+01:00', '11:00+02:00'],
    'tidemark.lateAfterSeconds': 1800,
    'tidemark.actual30d': 'not known: exported from the declarations alone',
  })
})

test('a zone without daylight saving has one offset; a deadline that is not known is not promised', () => {
  const [source] = [declaredSource({ name: 'tides' })]
  const dataset = source.datasets[0]!
  const calendar: BusinessDays = {
    ...({ kind: 'days', window: 'day', zone: 'Asia/Tokyo', firstDay: '2020-01-01', searchFrom: '09:00' } as const),
    ...{ searchDaysLater: 2, expected: { expectedBy: '09:30', lateAfterS: 60 } },
  }
  const tokyo = odcsContract({ source, dataset: { ...dataset, calendar } }, null, nowhere) as Contract
  expect(custom(tokyo)).toMatchObject({
    'tidemark.window': 'a day of Asia/Tokyo',
    'tidemark.expectedByWithOffset': ['09:30+09:00'],
  })
  expect(tokyo.slaProperties.find(({ property }) => property === 'timeOfAvailability')?.description).toBe(
    '09:30 of Asia/Tokyo (UTC+09:00) on the day after delivery, late 1 min after that',
  )
  const unknown = contractOf('jao-auctions.daily')
  expect(unknown.slaProperties.map(({ property }) => property)).toEqual(['frequency', 'generalAvailability'])
  expect(custom(unknown)['tidemark.expectedBy']).toMatch(/^not known: /)
})

test('ticks promise an answer each interval, and files nothing', () => {
  expect(contractOf('kraken.ticker').slaProperties.map(({ property, value, unit }) => [property, value, unit])).toEqual(
    [
      ['frequency', 10, 's'],
      ['latency', 10, 's'],
      ['retention', 30, 'd'],
    ],
  )
  const files = contractOf('votes.votes')
  expect(files.slaProperties).toEqual([])
  expect(files.customProperties.filter(({ property }) => property.startsWith('tidemark.actual30d'))).toEqual([])
})

test('what was kept stands beside what is promised', () => {
  expect(custom(contractOf('jao.core.maxExchanges', kept))).toMatchObject({
    'tidemark.actual30d.at': '2026-11-20T11:59:20.000Z',
    'tidemark.actual30d.expectedWindows': 30,
    'tidemark.actual30d.completeWindows': 28,
    'tidemark.actual30d.partialWindows': 1,
    'tidemark.actual30d.lateWindows': 2,
    'tidemark.actual30d.completeness': 0.9333,
    'tidemark.actual30d.p95Publication': '11:45',
  })
  const ticks: Kept = { ...kept, of: 'ticks', expected: 0, complete: 0, partial: 0, late: 0, publication: null }
  const found = custom(contractOf('kraken.ticker', ticks))
  expect(found).toMatchObject({ 'tidemark.actual30d.lostTicks': 0, 'tidemark.actual30d.completeness': null })
  expect(found).not.toHaveProperty('tidemark.actual30d.p95Publication')
})

test('the schema is the view latest and the topic of slices; a dataset with records of its own has their topic', () => {
  const points = contractOf('jao.core.maxExchanges').schema
  expect(points.map(({ name }) => name)).toEqual(['tidemark.latest', 'jao.timeseries'])
  expect(points[1]?.properties.find(({ name }) => name === 'values')).toEqual({
    ...{ name: 'values', logicalType: 'array', physicalType: 'array<null | double>', required: true },
    description: "In the series' unit; null: the window was published and upstream gave no value here",
    items: { logicalType: 'number', physicalType: 'double' },
  })
  expect(points[1]?.properties.find(({ name }) => name === 'knownAt')?.logicalType).toBe('timestamp')
  const constraints = contractOf('jao.core.finalComputation').schema
  expect(constraints.map(({ name }) => name)).toEqual(['jao.constraints'])
  expect(constraints[0]?.properties.find(({ name }) => name === 'tso')).toMatchObject({
    ...{ logicalType: 'string', required: false, description: 'The operator of the element' },
  })
  expect(constraints[0]?.properties.find(({ name }) => name === 'contingencies')).toMatchObject({
    ...{ logicalType: 'array', physicalType: 'array<map<string>>', items: { logicalType: 'object' } },
  })
})

test('checks and expectations are rules in words, said once', () => {
  const { schema } = odcsContract(madeUp(), null, nowhere) as Contract
  expect(schema[0]?.quality).toEqual([
    { type: 'text', description: 'every hour has a row' },
    { type: 'text', description: 'it’s whole cm' },
    {
      ...{ type: 'text', name: 'ebb-above-flood' },
      description: 'Values get the flag ebb-above-flood if this is so: The ebb is above the flood.',
    },
    { type: 'text', name: 'few-rows', description: 'It is a finding if this is so: A day has few rows.' },
  ])
  expect(schema[1]).not.toHaveProperty('quality')
})

const madeUp = (): SourcedDataset => {
  const source = declaredSource({ name: 'tides' })
  return { source, dataset: source.datasets[0]! }
}

test('a server is named only by an address that was said', () => {
  expect(contractOf('jao.core.maxExchanges')).not.toHaveProperty('servers')
  expect(contractOf('jao.core.maxExchanges', null, somewhere).servers).toEqual([
    { server: 'api', type: 'api', location: 'https://data.example.org/tides/api/v1/datasets/jao.core.maxExchanges' },
    {
      ...{ server: 'clickhouse', type: 'clickhouse', host: 'store.example.org', port: 8443, database: 'tidemark' },
      description: 'The view tidemark.jao_core_max_exchanges has this dataset alone.',
    },
    { server: 'kafka', type: 'kafka', host: 'kafka.example.org:9094', format: 'avro' },
  ])
})

test('terms of use are in every contract; a licence only where the upstream states one', () => {
  const licences = [...datasetsByName.keys()].flatMap((name) => {
    const found = custom(contractOf(name))
    expect(found['tidemark.termsOfUse'], name).toBeTruthy()
    return found['tidemark.licence'] === undefined ? [] : [[name, found['tidemark.licence']]]
  })
  expect(licences).toEqual([['votes.votes', 'CC-BY-SA-4.0']])
})

test('texts are quoted, so that no reader of YAML takes them for a number or a time', () => {
  const text = odcsYaml(odcsContract(madeUp(), null, nowhere))
  expect(text).toContain('version: "7"\n')
  expect(text).toContain('value: "11:00"\n')
  expect(text).toContain('name: "Water levels"\n')
  expect(odcsYaml(odcsContract(madeUp(), null, nowhere))).toBe(text)
})
