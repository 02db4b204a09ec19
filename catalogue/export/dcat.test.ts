// The mandatory shapes of DCAT-AP 3 as a zod model: names, numbers and ranges of the properties of Catalog, Dataset,
// Distribution, DataService and Agent, as releases/3.0.0/html/shacl of SEMICeu/DCAT-AP has them.
import { expect, test } from 'vitest'
import { z } from 'zod'
import { datasetsByName } from '#core/datasets.ts'
import { declaredSource } from '../../test/support/declared-source.ts'
import type { PublicAddresses } from './addresses.ts'
import { dcatCatalogue } from './dcat.ts'

const nowhere: PublicAddresses = { url: null, kafka: null, clickhouse: null }
const somewhere: PublicAddresses = { ...nowhere, url: 'https://data.example.org/tides' }

const iri = z.string().regex(/^(https?:\/\/|urn:)\S+$/)
const reference = z.strictObject({ '@id': iri })
const typed = (type: string) => z.strictObject({ '@id': iri, '@type': z.literal(type) })
const text = z.strictObject({ '@language': z.literal('en'), '@value': z.string().min(1) })
const literal = (type: string, pattern: RegExp) =>
  z.strictObject({ '@type': z.literal(type), '@value': z.string().regex(pattern) })
const agent = z.strictObject({ '@type': z.literal('foaf:Agent'), 'foaf:name': z.string().min(1) })
const rights = z.strictObject({
  ...{ '@type': z.literal('dct:RightsStatement'), 'rdfs:label': text, 'rdfs:seeAlso': reference },
})

const distribution = z.strictObject({
  ...{ '@id': iri, '@type': z.literal('dcat:Distribution'), 'dcat:accessURL': reference, 'dct:rights': rights },
  'dct:license': typed('dct:LicenseDocument').optional(),
  'dcat:accessService': typed('dcat:DataService').optional(),
})

const dataset = z.strictObject({
  ...{ '@id': iri, '@type': z.literal('dcat:Dataset'), 'dct:identifier': z.string(), 'dct:title': text },
  ...{ 'dct:description': text, 'dct:publisher': agent, 'dcat:keyword': text, 'dcat:version': z.string() },
  ...{ 'dcat:landingPage': typed('foaf:Document'), 'dct:accessRights': rights },
  'dct:provenance': z.strictObject({ '@type': z.literal('dct:ProvenanceStatement'), 'rdfs:label': text }),
  'dct:accrualPeriodicity': z.strictObject({
    '@id': z.string().regex(/^http:\/\/publications\.europa\.eu\/resource\/authority\/frequency\/[A-Z]+$/),
    '@type': z.literal('dct:Frequency'),
  }),
  'dcat:temporalResolution': literal('xsd:duration', /^P(\d+D|T\d+[HMS])$/).optional(),
  'dct:temporal': z
    .strictObject({
      '@type': z.literal('dct:PeriodOfTime'),
      'dcat:startDate': literal('xsd:date', /^\d{4}-\d\d-\d\d$/),
    })
    .optional(),
  'dcat:distribution': distribution,
})

const catalogue = z.strictObject({
  '@context': z.record(z.string(), iri),
  ...{ '@id': iri, '@type': z.literal('dcat:Catalog'), 'dct:title': text, 'dct:description': text },
  ...{ 'dct:publisher': agent, 'foaf:homepage': typed('foaf:Document').optional(), 'dcat:dataset': z.array(dataset) },
  'dcat:service': z
    .strictObject({
      ...{ '@id': iri, '@type': z.literal('dcat:DataService'), 'dct:title': text, 'dcat:endpointURL': reference },
      'dcat:servesDataset': z.array(reference),
    })
    .optional(),
})

const all = [...datasetsByName.values()]
const read = (addresses: PublicAddresses, datasets = all) =>
  catalogue.parse(JSON.parse(JSON.stringify(dcatCatalogue(datasets, addresses))))
const found = (name: string, addresses = nowhere) => {
  const [one] = read(addresses, [datasetsByName.get(name)!])['dcat:dataset']
  return one!
}

test('the catalogue of all datasets has every mandatory shape, with a public address and without', () => {
  expect(read(nowhere)['dcat:dataset']).toHaveLength(all.length)
  expect(read(somewhere)['dcat:dataset']).toHaveLength(all.length)
  expect(all.length).toBeGreaterThanOrEqual(86)
})

test('every prefix that a name uses is in the context', () => {
  const { '@id': _, ...document } = dcatCatalogue(all, somewhere) as Record<string, unknown>
  const used = new Set([...JSON.stringify(document).matchAll(/"([a-z]+):[A-Za-z]+"/g)].map(([, prefix]) => prefix))
  expect([...used].toSorted()).toEqual(Object.keys(read(somewhere)['@context']).toSorted())
})

test('an identifier never changes; only where the data is follows from the public address', () => {
  const distributionAt = (url: string) => ({
    ...{ '@id': 'urn:tidemark:jao.core.maxExchanges#distribution', 'dcat:accessURL': { '@id': url } },
  })
  const inside = found('jao.core.maxExchanges')
  expect(inside['@id']).toBe('urn:tidemark:jao.core.maxExchanges')
  expect(inside['dcat:distribution']).toMatchObject(distributionAt('urn:tidemark:jao.core.maxExchanges'))
  expect(inside['dcat:distribution']).not.toHaveProperty('dcat:accessService')
  expect(read(nowhere)).not.toHaveProperty('dcat:service')
  const outside = found('jao.core.maxExchanges', somewhere)
  expect(outside['@id']).toBe('urn:tidemark:jao.core.maxExchanges')
  expect(outside['dcat:distribution']).toMatchObject(
    distributionAt('https://data.example.org/tides/api/v1/datasets/jao.core.maxExchanges'),
  )
  expect(read(somewhere)['dcat:service']).toMatchObject({
    'dcat:endpointURL': { '@id': 'https://data.example.org/tides/api/v1' },
  })
})

test.each([
  ['jao.core.maxExchanges', 'DAILY', 'PT1H', '2022-06-09'],
  ['jao.core.netPos', 'DAILY', 'PT15M', '2022-06-09'],
  ['jao.core.finalComputation', 'HOURLY', 'PT1H', '2022-06-09'],
  ['jao-auctions.monthly', 'MONTHLY', 'P30D', undefined],
  ['kraken.ticker', 'CONT', 'PT10S', undefined],
  ['votes.votes', 'IRREG', undefined, undefined],
])('%s: frequency %s, resolution %s, since %s', (name, frequency, resolution, since) => {
  const one = found(name)
  expect(one['dct:accrualPeriodicity']['@id'].split('/').at(-1)).toBe(frequency)
  expect(one['dcat:temporalResolution']?.['@value']).toBe(resolution)
  if (since !== undefined) expect(one['dct:temporal']?.['dcat:startDate']['@value']).toBe(since)
})

test('terms of use are in every dataset; a licence only where the upstream states one', () => {
  const { 'dct:accessRights': rightsOfJao, 'dcat:distribution': jao } = found('jao.core.maxExchanges')
  expect(rightsOfJao['rdfs:label']['@value']).toBe('public, no login; terms of re-use are not stated by upstream')
  expect(rightsOfJao['rdfs:seeAlso']['@id']).toBe('https://www.jao.eu/terms-conditions')
  expect(jao['dct:rights']).toEqual(rightsOfJao)
  const licensed = read(nowhere)['dcat:dataset'].filter((one) => one['dcat:distribution']['dct:license'] !== undefined)
  expect(licensed.map((one) => one['dct:identifier'])).toEqual(['votes.votes'])
  expect(found('votes.votes')['dcat:distribution']['dct:license']).toEqual({
    ...{ '@id': 'https://creativecommons.org/licenses/by-sa/4.0/', '@type': 'dct:LicenseDocument' },
  })
})

test('a catalogue of sources of several owners is published by tidemark, each dataset by its owner', () => {
  const tides = declaredSource({ name: 'tides' })
  const ofTides = { source: tides, dataset: tides.datasets[0]! }
  expect(read(nowhere, [ofTides])['dct:publisher']['foaf:name']).toBe('the harbour office')
  const both = read(nowhere, [ofTides, datasetsByName.get('votes.votes')!])
  expect(both['dct:publisher']['foaf:name']).toBe('tidemark')
  expect(both['dcat:dataset'].map((one) => one['dct:publisher']['foaf:name'])).toEqual([
    'the harbour office',
    'tidemark',
  ])
})
