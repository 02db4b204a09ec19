// The catalogue as DCAT-AP 3 in JSON-LD, for data portals and their harvesters.
import type { SourcedDataset } from '#core/datasets.ts'
import type { Calendar } from '#sources/calendar.ts'
import type { DeclaredStep, Source } from '#sources/source.ts'
import { type CatalogueEntry, entryOf } from '../entry.ts'
import { datasetUrl, type PublicAddresses, urnOf } from './addresses.ts'

const context = {
  dcat: 'http://www.w3.org/ns/dcat#',
  dct: 'http://purl.org/dc/terms/',
  foaf: 'http://xmlns.com/foaf/0.1/',
  rdfs: 'http://www.w3.org/2000/01/rdf-schema#',
  xsd: 'http://www.w3.org/2001/XMLSchema#',
}

/** The authority tables of the Publications Office of the EU. */
const authority = 'http://publications.europa.eu/resource/authority'

/**
 * Returns a catalogue with these datasets. Without a public address it has no data service, and a distribution is at the URN
 * of its dataset. dct:license is there only if the upstream states a licence; the terms of use are always there. Pure.
 */
export function dcatCatalogue(datasets: readonly SourcedDataset[], addresses: PublicAddresses): object {
  const { url } = addresses
  const publishers = new Set(datasets.map(({ source }) => source.owner))
  const [onlyPublisher = 'tidemark'] = publishers.size === 1 ? publishers : []
  return {
    '@context': context,
    '@id': 'urn:tidemark',
    '@type': 'dcat:Catalog',
    'dct:title': english('tidemark'),
    'dct:description': english(
      'Public data that is published on a timetable and revised afterwards, as it was known at any moment.',
    ),
    'dct:publisher': agent(onlyPublisher),
    ...(url !== null && { 'foaf:homepage': { '@id': url, '@type': 'foaf:Document' } }),
    'dcat:dataset': datasets.map((each) => dcatDataset(each, addresses)),
    ...(url !== null && { 'dcat:service': dataService(datasets, url) }),
  }
}

function dcatDataset({ source, dataset }: SourcedDataset, addresses: PublicAddresses): object {
  const entry = entryOf(source, dataset)
  const resolution = resolutionOf(entry.steps)
  return {
    '@id': urnOf(entry.dataset),
    '@type': 'dcat:Dataset',
    'dct:identifier': entry.dataset,
    'dct:title': english(entry.title),
    'dct:description': english(entry.description),
    'dct:publisher': agent(entry.owner),
    'dcat:keyword': english(entry.source),
    'dcat:version': `${entry.transformVersion}`,
    'dcat:landingPage': { '@id': entry.page, '@type': 'foaf:Document' },
    'dct:provenance': { '@type': 'dct:ProvenanceStatement', 'rdfs:label': english(provenanceWords(source)) },
    'dct:accessRights': rights(entry),
    'dct:accrualPeriodicity': { '@id': frequencyOf(dataset.calendar), '@type': 'dct:Frequency' },
    ...(resolution !== null && { 'dcat:temporalResolution': { '@type': 'xsd:duration', '@value': resolution } }),
    ...(entry.firstDay !== null && {
      'dct:temporal': {
        '@type': 'dct:PeriodOfTime',
        'dcat:startDate': { '@type': 'xsd:date', '@value': entry.firstDay },
      },
    }),
    'dcat:distribution': distribution(source, entry, addresses),
  }
}

function distribution(source: Source, entry: CatalogueEntry, addresses: PublicAddresses): object {
  const { link, spdx } = source.licence
  return {
    '@id': `${urnOf(entry.dataset)}#distribution`,
    '@type': 'dcat:Distribution',
    'dcat:accessURL': { '@id': datasetUrl(addresses, entry.dataset) },
    'dct:rights': rights(entry),
    ...(spdx !== undefined && { 'dct:license': { '@id': link, '@type': 'dct:LicenseDocument' } }),
    ...(addresses.url !== null && { 'dcat:accessService': { '@id': serviceId, '@type': 'dcat:DataService' } }),
  }
}

const serviceId = 'urn:tidemark#api'

const dataService = (datasets: readonly SourcedDataset[], url: string): object => ({
  '@id': serviceId,
  '@type': 'dcat:DataService',
  'dct:title': english('The API of tidemark'),
  'dcat:endpointURL': { '@id': `${url}/api/v1` },
  'dcat:servesDataset': datasets.map(({ dataset }) => ({ '@id': urnOf(dataset.name) })),
})

const rights = ({ terms, termsLink }: CatalogueEntry): object => ({
  '@type': 'dct:RightsStatement',
  'rdfs:label': english(terms),
  'rdfs:seeAlso': { '@id': termsLink },
})

const agent = (name: string): object => ({ '@type': 'foaf:Agent', 'foaf:name': name })

const english = (text: string): object => ({ '@language': 'en', '@value': text })

const provenanceWords = ({ title, upstream }: Source): string =>
  upstream === undefined ? `Read from files of ${title}.` : `Asked at ${upstream.baseUrl.default} (${title}).`

function frequencyOf(calendar: Calendar): string {
  const names = { day: 'DAILY', hour: 'HOURLY', month: 'MONTHLY' }
  const name = calendar.kind === 'days' ? names[calendar.window] : calendar.kind === 'ticks' ? 'CONT' : 'IRREG'
  return `${authority}/frequency/${name}`
}

/** Returns the newest step as an xsd:duration: PT15M, PT1H, P30D. Null: the values lie on no grid. */
function resolutionOf(steps: readonly DeclaredStep[]): string | null {
  const stepS = steps.at(-1)?.stepS
  if (stepS === undefined) return null
  if (stepS % 86_400 === 0) return `P${stepS / 86_400}D`
  if (stepS % 3_600 === 0) return `PT${stepS / 3_600}H`
  return stepS % 60 === 0 ? `PT${stepS / 60}M` : `PT${stepS}S`
}
