import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import avsc, { type Resolver, type Type } from 'avsc'
import type { RecordName, Records } from '#schemas/generated/records.ts'
import { schemaText } from '#schemas/records.ts'
import { Unwell } from '../process/unwell.ts'

export interface RegistryConnection {
  SCHEMA_REGISTRY_URL: string
  SCHEMA_REGISTRY_USERNAME?: string | undefined
  SCHEMA_REGISTRY_PASSWORD?: string | undefined
}

/** Why a message value could not be read as the record it should be. */
export interface Undecodable {
  reason: 'not-avro' | 'unknown-schema' | 'schema' | 'decode'
  message: string
}

export interface Decoder<Name extends RecordName> {
  /** Fetches the schemas of values whose ids are new. Throws Unwell when the registry is away. */
  prepare: (values: (Buffer | null)[]) => Promise<void>
  /** Reads one prepared value with today's schema. Never throws. */
  decode: (value: Buffer | null) => Records[Name] | Undecodable
}

export interface Registry {
  /** A function that writes records of a topic's registered schema. Fails when provisioning has not registered it. */
  encoder: <Name extends RecordName>(topic: string, name: Name) => Promise<(record: Records[Name]) => Buffer>
  decoder: <Name extends RecordName>(name: Name) => Decoder<Name>
}

// An id that the registry does not know is asked again only after this time: a poison message is no storm of requests.
const unknownIdRetryMs = 30_000
const headerBytes = 5

/** Opens the schema registry (Confluent-compatible API). Values carry a zero byte and the schema id before the Avro. */
export function openRegistry(connection: RegistryConnection): Registry {
  const client = createRegistryClient(connection)
  return { encoder: (topic, name) => encoder(client, topic, name), decoder: (name) => decoder(client, name) }
}

/** The unmodified client, for provisioning. */
export function createRegistryClient(connection: RegistryConnection): SchemaRegistry {
  const username = connection.SCHEMA_REGISTRY_USERNAME
  const auth = username ? { auth: { username, password: connection.SCHEMA_REGISTRY_PASSWORD ?? '' } } : {}
  return new SchemaRegistry({ host: connection.SCHEMA_REGISTRY_URL, ...auth })
}

/** The subject a topic's values are registered under. */
export const subjectOf = (topic: string): string => `${topic}-value`

async function encoder<Name extends RecordName>(client: SchemaRegistry, topic: string, name: Name) {
  const schema = schemaText(name)
  const id = await client.getRegistryIdBySchema(subjectOf(topic), { type: SchemaType.AVRO, schema }).catch((cause) => {
    const hint = isNotFound(cause) ? 'run provisioning (`node infra/provision/main.ts`)' : 'is the registry up?'
    throw new Unwell(`No schema id for ${name} on ${topic}: ${hint}`, { cause })
  })
  const type = avsc.Type.forSchema(JSON.parse(schema))
  const header = Buffer.alloc(headerBytes)
  header.writeInt32BE(id, 1)
  let slab = Buffer.allocUnsafe(64 * 1024)
  return (record: Records[Name]): Buffer => {
    header.copy(slab)
    let end = type.encode(record, slab, headerBytes)
    if (end < 0) {
      slab = Buffer.allocUnsafe(2 * (slab.length - end))
      header.copy(slab)
      end = type.encode(record, slab, headerBytes)
    }
    return Buffer.from(slab.subarray(0, end))
  }
}

function decoder<Name extends RecordName>(client: SchemaRegistry, name: Name): Decoder<Name> {
  const reader = avsc.Type.forSchema(JSON.parse(schemaText(name)))
  const resolvers = new Map<number, Resolver | Undecodable>()
  const unknownUntilMs = new Map<number, number>()

  const load = async (id: number): Promise<void> => {
    try {
      const writer = (await client.getSchema(id)) as unknown as Type
      resolvers.set(id, resolverFor(reader, writer, id, name))
    } catch (cause) {
      if (!isNotFound(cause)) throw new Unwell(`The schema registry does not give schema ${id}: is it up?`, { cause })
      resolvers.set(id, { reason: 'unknown-schema', message: `the registry knows no schema with id ${id}` })
      unknownUntilMs.set(id, Date.now() + unknownIdRetryMs)
    }
  }

  return {
    prepare: async (values) => {
      const ids = new Set(values.flatMap((value) => (isAvro(value) ? [value.readInt32BE(1)] : [])))
      for (const id of ids) {
        const stale = (unknownUntilMs.get(id) ?? Number.POSITIVE_INFINITY) < Date.now()
        if (!resolvers.has(id) || stale) await load(id)
      }
    },
    decode: (value) => {
      if (!isAvro(value)) return { reason: 'not-avro', message: 'the value does not start with a schema id' }
      const resolver = resolvers.get(value.readInt32BE(1))
      if (!resolver) throw new Error('decode() before prepare()')
      if ('reason' in resolver) return resolver
      try {
        return reader.fromBuffer(value.subarray(headerBytes), resolver)
      } catch (error) {
        return { reason: 'decode', message: `the value is no ${name}: ${(error as Error).message}` }
      }
    },
  }
}

function resolverFor(reader: Type, writer: Type, id: number, name: string): Resolver | Undecodable {
  try {
    return reader.createResolver(writer)
  } catch (error) {
    return { reason: 'schema', message: `schema ${id} cannot be read as ${name}: ${(error as Error).message}` }
  }
}

const isAvro = (value: Buffer | null): value is Buffer => value !== null && value.length > headerBytes && value[0] === 0

const isNotFound = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'status' in error && error.status === 404
