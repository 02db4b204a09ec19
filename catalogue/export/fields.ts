// What can be read of a dataset: the view `latest` and the topics, with their columns and fields.
import type { SourcedDataset } from '#core/datasets.ts'
import { timeseriesSliceSchema } from '#schemas/generated/records.ts'
import type { RecordSchema } from '#schemas/record-schema.ts'
import { timeseriesTopic } from '#schemas/topics.ts'

export type LogicalType = 'string' | 'timestamp' | 'number' | 'integer' | 'boolean' | 'object' | 'array'

/** A column of a view, or a field of a record. */
export interface Field {
  name: string
  logicalType: LogicalType
  /** As ClickHouse or Avro write it: `Nullable(Float64)`, `long (timestamp-millis)`. */
  physicalType: string
  description: string | null
  /** False: the value may be null. */
  required: boolean
  /** Of an object whose fields are known. */
  fields: Field[]
  /** Of an array: its elements. */
  items: Field | null
}

export interface ReadableObject {
  /** `tidemark.latest`, `jao.timeseries`. */
  name: string
  kind: 'view' | 'topic'
  description: string
  fields: Field[]
  /** Name and version of the record of a topic: `TimeseriesSlice v2`. */
  record: string | null
}

/** Returns the view with a dataset's points, unless it has only records of its own, and the topics of its results. Pure. */
export function readableObjects({ source, dataset }: SourcedDataset): ReadableObject[] {
  if (dataset.records === undefined) {
    return [
      {
        ...{ name: 'tidemark.latest', kind: 'view', record: null, fields: latestColumns({ source, dataset }) },
        description: `The newest value of each point. Read it with dataset = '${dataset.name}'.`,
      },
      topicObject(
        timeseriesTopic(source.name).name,
        timeseriesSliceSchema,
        'The values of every answer, as slices on a regular grid.',
      ),
    ]
  }
  const own = (source.topics ?? []).filter(({ suffix }) => dataset.records?.topics.includes(suffix))
  return own.map(({ suffix, record }) => {
    const tables = dataset.records?.tables.map(({ name }) => name).join(', ')
    return topicObject(
      `${source.name}.${suffix}`,
      record,
      `The records of every answer. ClickHouse has them in ${tables}.`,
    )
  })
}

/** The columns of the view `latest`. test/store/catalogue-export.test.ts compares them with the view. */
function latestColumns({ dataset: { name, unit, keys } }: SourcedDataset): Field[] {
  const column = (
    columnName: string,
    logicalType: LogicalType,
    physicalType: string,
    description: string,
    items: Field | null = null,
  ): Field => {
    const required = !physicalType.startsWith('Nullable(')
    return { name: columnName, logicalType, physicalType, description, required, fields: [], items }
  }
  return [
    column('dataset', 'string', 'LowCardinality(String)', `Always ${name}.`),
    column('key', 'string', 'LowCardinality(String)', `${keys.pattern}, for example ${keys.example}.`),
    column('ts', 'timestamp', "DateTime('UTC')", 'The time of the value, UTC. The step begins at it.'),
    column('value', 'number', 'Nullable(Float64)', `Unit: ${unit}. Null: published without a value, or taken back.`),
    column('known_at', 'timestamp', "DateTime64(3, 'UTC')", 'When the last byte of the answer arrived, UTC.'),
    column('step_s', 'integer', 'UInt32', 'Distance to the next value, s.'),
    column(
      'flags',
      'array',
      'Array(String)',
      'Words that are true of the value, such as implausible or withdrawn.',
      column('flag', 'string', 'String', 'A flag.'),
    ),
  ]
}

function topicObject(name: string, schema: RecordSchema, description: string): ReadableObject {
  const version = /\/v(\d+)\.avsc$/.exec(schema.file)?.[1] ?? '?'
  const parsed = JSON.parse(schema.text) as AvroRecord
  return { name, kind: 'topic', description, record: `${schema.name} v${version}`, fields: fieldsOf(parsed, new Map()) }
}

type AvroType = string | AvroType[] | AvroRecord | AvroComplex

interface AvroRecord {
  type: 'record'
  name: string
  fields: { name: string; type: AvroType; doc?: string }[]
}

interface AvroComplex {
  type: string
  logicalType?: string
  items?: AvroType
  values?: AvroType
}

type Named = Map<string, AvroRecord>

function fieldsOf(record: AvroRecord, named: Named): Field[] {
  named.set(record.name, record)
  return record.fields.map(({ name, type, doc }) => fieldOf(name, type, doc ?? null, named))
}

/** A union of null and one other type is a field that may be null. Other unions do not occur in the schemas. */
function fieldOf(name: string, type: AvroType, description: string | null, named: Named): Field {
  const isUnion = Array.isArray(type)
  const [only = 'null'] = isUnion ? type.filter((each) => each !== 'null') : [type]
  const known = typeof only === 'string' ? named.get(only) : undefined
  const found = known ?? only
  const rest = { name, description, required: !(isUnion && type.includes('null')), physicalType: avroWords(found) }
  if (isRecord(found)) return { ...rest, logicalType: 'object', fields: fieldsOf(found, named), items: null }
  const items = isComplex(found) && found.items !== undefined ? fieldOf('item', found.items, null, named) : null
  return { ...rest, logicalType: logicalTypeOf(found), fields: [], items }
}

const isRecord = (type: AvroType): type is AvroRecord =>
  typeof type === 'object' && !Array.isArray(type) && type.type === 'record'
const isComplex = (type: AvroType): type is AvroComplex =>
  typeof type === 'object' && !Array.isArray(type) && type.type !== 'record'

function logicalTypeOf(type: AvroType): LogicalType {
  if (isComplex(type)) {
    if (type.logicalType?.startsWith('timestamp-')) return 'timestamp'
    return type.type === 'array' ? 'array' : type.type === 'map' ? 'object' : logicalTypeOf(type.type)
  }
  const types: Record<string, LogicalType> = {
    ...{ int: 'integer', long: 'integer', float: 'number', double: 'number', boolean: 'boolean' },
  }
  return (typeof type === 'string' ? types[type] : undefined) ?? 'string'
}

/** Writes a type in a word or two: `array<map<string>>`, `long (timestamp-millis)`. */
function avroWords(type: AvroType): string {
  if (typeof type === 'string') return type
  if (Array.isArray(type)) return type.map(avroWords).join(' | ')
  if (isRecord(type)) return type.name
  if (isComplex(type)) {
    const inner = type.items ?? type.values
    if (inner !== undefined) return `${type.type}<${avroWords(inner)}>`
    return type.logicalType === undefined ? type.type : `${type.type} (${type.logicalType})`
  }
  return 'record'
}
