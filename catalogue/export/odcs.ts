// A dataset as an Open Data Contract (ODCS 3.1.0): what is promised, and beside it what was kept in the last 30 days.
import { stringify } from 'yaml'
import type { SourcedDataset } from '#core/datasets.ts'
import { type CatalogueEntry, entryOf } from '../entry.ts'
import { describeSteps, keptWords } from '../words.ts'
import { datasetUrl, type PublicAddresses, urnOf } from './addresses.ts'
import { type Field, type ReadableObject, readableObjects } from './fields.ts'
import { type CustomProperty, type Kept, keptProperties, slaProperties, timeProperties } from './promises.ts'

/** Returns the contract as YAML. Every text is quoted, so that no reader takes `no` or `11:00` for something else. */
export const odcsYaml = (contract: object): string =>
  stringify(contract, { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 })

/** Returns the contract of a dataset. It uses few of the standard's fields, since some of them end with its version 4. Pure. */
export function odcsContract(sourced: SourcedDataset, kept: Kept | null, addresses: PublicAddresses): object {
  const entry = entryOf(sourced.source, sourced.dataset)
  const { calendar } = sourced.dataset
  const servers = serversOf(entry, addresses)
  return {
    apiVersion: 'v3.1.0',
    kind: 'DataContract',
    id: urnOf(entry.dataset),
    name: entry.title,
    version: `${entry.transformVersion}`,
    // A dataset that is known from documents only may look different when its first answer comes.
    status: entry.shape === 'recorded' ? 'active' : 'draft',
    domain: entry.source,
    description: {
      purpose: entry.description,
      limitations: `Terms of use: ${entry.terms} (${entry.termsLink})`,
      authoritativeDefinitions: [
        { type: 'businessDefinition', url: entry.page, description: 'The page of the upstream.' },
        { type: 'termsOfUse', url: entry.termsLink, description: entry.terms },
      ],
    },
    ...(servers.length > 0 && { servers }),
    // The rules are the same for all objects: the first one says them.
    schema: readableObjects(sourced).map((object, at) => ({
      ...schemaObject(object),
      ...(at === 0 && { quality: qualityRules(entry) }),
    })),
    team: { name: entry.owner },
    slaProperties: slaProperties(sourced),
    customProperties: [
      ...declaredProperties(sourced, entry),
      ...timeProperties(calendar),
      ...keptProperties(calendar, kept),
    ],
  }
}

function serversOf({ dataset, view }: CatalogueEntry, addresses: PublicAddresses): object[] {
  const { url, kafka, clickhouse } = addresses
  return [
    ...(url === null ? [] : [{ server: 'api', type: 'api', location: datasetUrl(addresses, dataset) }]),
    ...(clickhouse === null
      ? []
      : [
          {
            ...{ server: 'clickhouse', type: 'clickhouse', ...clickhouse, database: 'tidemark' },
            ...(view !== null && { description: `The view tidemark.${view} has this dataset alone.` }),
          },
        ]),
    ...(kafka === null
      ? []
      : [{ server: 'kafka', type: 'kafka', host: `${kafka.host}:${kafka.port}`, format: 'avro' }]),
  ]
}

function schemaObject({ name, kind, description, fields, record }: ReadableObject): object {
  return {
    ...{ name, physicalName: name, physicalType: kind, logicalType: 'object', description },
    properties: fields.map(schemaProperty),
    ...(record !== null && { customProperties: [{ property: 'tidemark.record', value: record }] }),
  }
}

const qualityRules = ({ expectations, checks, acrossAnswers }: CatalogueEntry): object[] => [
  ...expectations.map((sentence) => ({ type: 'text', description: sentence })),
  ...Object.entries(checks).map(([flag, text]) => ({
    ...{ type: 'text', name: flag, description: `Values get the flag ${flag} if this is so: ${text}` },
  })),
  ...Object.entries(acrossAnswers).map(([check, text]) => ({
    ...{ type: 'text', name: check, description: `It is a finding if this is so: ${text}` },
  })),
]

function schemaProperty(field: Field): object {
  const { name, logicalType, physicalType, required, description, fields, items } = field
  return {
    ...{ name, logicalType, physicalType, required },
    ...(description !== null && { description }),
    ...(fields.length > 0 && { properties: fields.map(schemaProperty) }),
    ...(items !== null && { items: itemOf(items) }),
  }
}

const itemOf = ({ logicalType, physicalType, fields }: Field): object => ({
  ...{ logicalType, physicalType },
  ...(fields.length > 0 && { properties: fields.map(schemaProperty) }),
})

function declaredProperties({ source, dataset }: SourcedDataset, entry: CatalogueEntry): CustomProperty[] {
  const { spdx } = source.licence
  const plausible = { min: entry.plausibleMin, max: entry.plausibleMax }
  return [
    { property: 'tidemark.source', value: source.title },
    ...(source.upstream ? [{ property: 'tidemark.upstream', value: source.upstream.baseUrl.default }] : []),
    { property: 'tidemark.termsOfUse', value: entry.terms },
    ...(spdx === undefined ? [] : [{ property: 'tidemark.licence', value: spdx, description: 'SPDX identifier.' }]),
    { property: 'tidemark.shape', value: entry.shape },
    { property: 'tidemark.schedule', value: entry.schedule },
    { property: 'tidemark.unit', value: dataset.unit },
    { property: 'tidemark.step', value: describeSteps(entry.steps) },
    { property: 'tidemark.keyPattern', value: entry.keyPattern },
    { property: 'tidemark.keyExample', value: entry.keyExample },
    ...(Object.keys(entry.labels).length > 0 ? [{ property: 'tidemark.labels', value: entry.labels }] : []),
    ...(dataset.plausible ? [{ property: 'tidemark.plausible', value: plausible }] : []),
    ...(entry.view === null ? [] : [{ property: 'tidemark.view', value: `tidemark.${entry.view}` }]),
    { property: 'tidemark.topics', value: entry.topics },
    { property: 'tidemark.answersKept', value: keptWords(entry.rawDays) },
    { property: 'tidemark.slicesKept', value: keptWords(entry.timeseriesDays) },
  ]
}
