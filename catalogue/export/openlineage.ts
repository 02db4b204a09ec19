// What explode made of answers, as run events of OpenLineage 2-0-2, for DataHub, OpenMetadata, Marquez and others.
import type { SourcedDataset } from '#core/datasets.ts'
import { version } from '#platform/process/version.ts'
import { rawTopic } from '#schemas/topics.ts'
import type { PublicAddresses } from './addresses.ts'
import { type Field, readableObjects } from './fields.ts'
import { uuidOf } from './run-id.ts'

/**
 * What one version of explode made of one window. The answers of a window, and its pages, are one run; so are the ticks of
 * an hour, and the chunks of files that arrived in an hour.
 */
export interface Run {
  dataset: string
  outcome: 'complete' | 'failed'
  /** Null: there is none, or the run has all selectors. */
  selector: string | null
  /** The window, or the hour. ms UTC. */
  startMs: number
  endMs: number
  /** Null: the answer was refused, and no version accepted it. */
  transformVersion: number | null
  /** When the newest answer arrived, or was refused. ms UTC. */
  atMs: number
  /** How many answers there were, or how many refusals. */
  answers: number
  /** Points and records of the newest answers. */
  points: number
  /** The newest answer of the window on the raw topic. Null: the run is an hour of many answers, or it is not known. */
  raw: { partition: number; offset: number; sha256: string | null } | null
  /** The class of completeness of the window. Null: not known. */
  class: string | null
  /** How many of the points have a flag. */
  flags: Readonly<Record<string, number>>
  /** Why the newest refused answer was refused: a word such as `schema`. */
  reason: string | null
  /** `simulated`: the upstream was played by tidemark's simulator. */
  upstream: 'live' | 'simulated'
}

const producer = `urn:tidemark:release:${version}`
/** The namespace of URLs and URNs that RFC 9562 gives. */
const urlNamespace = '6ba7b811-9dad-11d1-80b4-00c04fd430c8'

const specification = 'https://openlineage.io/spec'
const facetUrl = (name: string, release: string): string =>
  `${specification}/facets/${release}/${name}.json#/$defs/${name}`
const facet = (schemaUrl: string, fields: object): object => ({ _producer: producer, _schemaURL: schemaUrl, ...fields })

/**
 * Returns the event of a run: COMPLETE or FAIL. The id of a run follows from what was read, so an event that is sent again
 * replaces itself. An answer that revises a window is a new run. Pure.
 */
export function runEvent({ source, dataset }: SourcedDataset, run: Run, addresses: PublicAddresses): object {
  const namespace = addresses.url ?? 'urn:tidemark'
  return {
    eventType: run.outcome === 'complete' ? 'COMPLETE' : 'FAIL',
    eventTime: iso(run.atMs),
    producer,
    schemaURL: `${specification}/2-0-2/OpenLineage.json#/$defs/RunEvent`,
    run: { runId: runId(run, namespace), facets: runFacets(run, rawTopic(source.name).name) },
    job: {
      namespace,
      name: `explode.${dataset.name}`,
      facets: {
        jobType: facet(facetUrl('JobTypeJobFacet', '2-0-4'), {
          ...{ processingType: 'BATCH', integration: 'TIDEMARK', jobType: 'EXPLODE' },
        }),
      },
    },
    inputs: [
      {
        ...{ namespace: kafkaNamespace(addresses), name: rawTopic(source.name).name },
        ...(run.outcome === 'complete' && { inputFacets: { dataQualityAssertions: assertions(run) } }),
      },
    ],
    outputs: outputs({ source, dataset }, run, addresses),
  }
}

function runId(run: Run, namespace: string): string {
  const { upstream, dataset, selector, startMs, endMs, transformVersion, outcome, raw } = run
  const place = raw === null ? '-' : `${raw.partition}/${raw.offset}`
  const parts = [namespace, upstream, dataset, selector ?? '-', startMs, endMs, transformVersion ?? '-', outcome, place]
  return uuidOf(urlNamespace, `urn:tidemark:run:${JSON.stringify(parts)}`)
}

function runFacets(run: Run, topic: string): object {
  const { startMs, endMs, raw, atMs, answers, transformVersion, selector, upstream, reason } = run
  return {
    nominalTime: facet(facetUrl('NominalTimeRunFacet', '1-0-1'), {
      ...{ nominalStartTime: iso(startMs), nominalEndTime: iso(endMs) },
    }),
    tidemark_raw: facet('urn:tidemark:facet:raw:1', {
      topic,
      ...(raw !== null && { partition: raw.partition, offset: raw.offset }),
      ...(raw !== null && raw.sha256 !== null && { sha256: raw.sha256 }),
      ...{ knownAt: iso(atMs), answers, upstream },
      ...(selector !== null && { selector }),
      ...(transformVersion !== null && { transformVersion }),
    }),
    // The message of a refusal may have names of files and hosts in it, so only its reason is told.
    ...(reason !== null && {
      errorMessage: facet(facetUrl('ErrorMessageRunFacet', '1-0-1'), {
        ...{ message: `refused: ${reason}`, programmingLanguage: 'TypeScript' },
      }),
    }),
  }
}

/** Classes that judge a window. Others, such as unknown, say that it cannot be judged. */
const judging: readonly (string | null)[] = ['complete', 'partial', 'retracted', 'late', 'lost']

/** The class of the window, and each flag: a flag is a declared check that failed for some points. */
function assertions({ class: found, flags }: Run): object {
  const flagged = Object.entries(flags).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return facet(facetUrl('DataQualityAssertionsDatasetFacet', '1-1-0'), {
    assertions: [
      ...(judging.includes(found) ? [{ assertion: 'complete', success: found === 'complete', actual: found }] : []),
      ...flagged.map(([flag, points]) => ({
        ...{ assertion: flag, success: false, severity: 'warn', expected: '0', actual: `${points}` },
      })),
    ],
  })
}

/** The view or table in ClickHouse, and the topic. A failed run names what it would have written. */
function outputs({ source, dataset }: SourcedDataset, run: Run, addresses: PublicAddresses): object[] {
  const statistics =
    run.outcome === 'complete'
      ? {
          outputFacets: {
            outputStatistics: facet(facetUrl('OutputStatisticsOutputDatasetFacet', '1-0-2'), { rowCount: run.points }),
          },
        }
      : {}
  const [ownTable = 'tidemark.latest'] = dataset.records?.from.split(/\s/) ?? []
  const table = dataset.view === undefined ? ownTable : `tidemark.${dataset.view.name}`
  const objects = readableObjects({ source, dataset })
  const described = objects.find(({ name }) => name === table)
  const topics = objects.filter(({ kind }) => kind === 'topic')
  return [
    {
      ...{ namespace: clickhouseNamespace(addresses), name: table },
      ...(described && { facets: { schema: schemaFacet(described.fields) } }),
      ...statistics,
    },
    ...topics.map(({ name, fields }) => ({
      ...{ namespace: kafkaNamespace(addresses), name, facets: { schema: schemaFacet(fields) } },
      ...statistics,
    })),
  ]
}

const schemaFacet = (fields: readonly Field[]): object =>
  facet(facetUrl('SchemaDatasetFacet', '1-2-0'), { fields: fields.map(schemaField) })

/** Without descriptions: they would be half of every event. */
const schemaField = ({ name, physicalType, fields }: Field): object => ({
  ...{ name, type: physicalType },
  ...(fields.length > 0 && { fields: fields.map(schemaField) }),
})

const kafkaNamespace = ({ kafka }: PublicAddresses): string =>
  kafka === null ? 'urn:tidemark:kafka' : `kafka://${kafka.host}:${kafka.port}`

/** ClickHouse is not in the standard's list of names: this follows MySQL's. */
const clickhouseNamespace = ({ clickhouse }: PublicAddresses): string =>
  clickhouse === null ? 'urn:tidemark:clickhouse' : `clickhouse://${clickhouse.host}:${clickhouse.port}`

const iso = (ms: number): string => new Date(ms).toISOString()
