import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import type { Resolver, Type } from 'avsc'
import type { RecordSchema } from '#schemas/record-schema.ts'
import { TransientError } from '../process/transient-error.ts'
import { avroType } from './avro-type.ts'
import { createSchemaFinder, type SchemaFinder } from './schema-finder.ts'

export interface RegistryConnection {
  SCHEMA_REGISTRY_URL: string
  SCHEMA_REGISTRY_USERNAME?: string | undefined
  SCHEMA_REGISTRY_PASSWORD?: string | undefined
}

export class DecodeFailure {
  readonly reason: 'not-avro' | 'unknown-schema' | 'schema' | 'decode'
  readonly message: string

  constructor(reason: DecodeFailure['reason'], message: string) {
    this.reason = reason
    this.message = message
  }
}

export interface Decoder<T = unknown> {
  /**
   * Fetches the schemas of values. An id that the registry does not know takes seconds, because it is requested twice.
   * @throws TransientError if the registry is down
   */
  prepare: (values: (Buffer | null)[]) => Promise<void>
  /** Decodes a value that was passed to prepare(), into the record type's newest version. Never throws. */
  decode: (value: Buffer | null) => T | DecodeFailure
  /**
   * Returns where the Avro bytes of a value begin that was passed to prepare(). Undefined if the value was not written with
   * the newest version of the record type, or not by Avro.
   */
  newestAt: (value: Buffer | null) => number | undefined
}

export interface Registry {
  /** Returns an encoder for a topic. @throws TransientError if the schema is not registered, or the registry is down */
  encoder: <T>(topic: string, schema: RecordSchema<T>) => Promise<(record: T) => Buffer>
  decoder: <T>(schema: RecordSchema<T>) => Decoder<T>
}

const headerBytes = 5

/** Opens a Confluent-compatible registry. An encoded value starts with a zero byte and a schema id of four bytes. */
export function openRegistry(connection: RegistryConnection): Registry {
  const client = createRegistryClient(connection)
  const finder = createSchemaFinder((id) => fetchSchema(client, id))
  return { encoder: (topic, schema) => encoder(client, topic, schema), decoder: (schema) => decoder(finder, schema) }
}

export function createRegistryClient(connection: RegistryConnection): SchemaRegistry {
  const username = connection.SCHEMA_REGISTRY_USERNAME
  const auth = username ? { auth: { username, password: connection.SCHEMA_REGISTRY_PASSWORD ?? '' } } : {}
  return new SchemaRegistry({ host: connection.SCHEMA_REGISTRY_URL, ...auth })
}

export const subjectOf = (topic: string): string => `${topic}-value`

async function encoder<T>(client: SchemaRegistry, topic: string, { name, text: schema }: RecordSchema<T>) {
  const id = await client.getRegistryIdBySchema(subjectOf(topic), { type: SchemaType.AVRO, schema }).catch((cause) => {
    const hint = isNotFound(cause) ? 'run provisioning (`node infra/provision/main.ts`)' : 'is the registry up?'
    throw new TransientError(`No schema id for ${name} on ${topic}: ${hint}`, { cause })
  })
  const type = avroType(schema)
  const header = Buffer.alloc(headerBytes)
  header.writeInt32BE(id, 1)
  let slab = Buffer.allocUnsafe(64 * 1024)
  return (record: T): Buffer => {
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

function decoder<T>(finder: SchemaFinder<Type | DecodeFailure>, { name, text }: RecordSchema<T>): Decoder<T> {
  const reader = avroType(text)
  const resolvers = new Map<number, Resolver | DecodeFailure>()
  const newest = new Set<number>()
  return {
    prepare: async (values) => {
      const wanted = new Map<number, number>()
      for (const value of values) {
        const id = schemaIdOf(value)
        if (id !== undefined && !resolvers.has(id)) wanted.set(id, (wanted.get(id) ?? 0) + 1)
      }
      if (wanted.size === 0) return
      const mostRequestedFirst = [...wanted].sort(([, one], [, other]) => other - one).map(([id]) => id)
      for (const [id, writer] of await finder.find(mostRequestedFirst)) {
        resolvers.set(id, resolverFor(reader, writer, id, name))
        if (!(writer instanceof DecodeFailure) && reader.equals(writer)) newest.add(id)
      }
    },
    decode: (value) => {
      const id = schemaIdOf(value)
      if (value === null || id === undefined) {
        return new DecodeFailure('not-avro', 'the value does not start with a schema id')
      }
      const resolver = resolvers.get(id)
      if (!resolver) return new DecodeFailure('unknown-schema', finder.whyUnknown(id))
      if (resolver instanceof DecodeFailure) return resolver
      try {
        return reader.fromBuffer(value.subarray(headerBytes), resolver)
      } catch (error) {
        return new DecodeFailure('decode', `the value is no ${name}: ${(error as Error).message}`)
      }
    },
    newestAt: (value) => {
      const id = schemaIdOf(value)
      return id !== undefined && newest.has(id) ? headerBytes : undefined
    },
  }
}

async function fetchSchema(client: SchemaRegistry, id: number): Promise<Type | DecodeFailure | undefined> {
  try {
    return (await client.getSchema(id)) as unknown as Type
  } catch (cause) {
    if (isNotFound(cause)) return undefined
    // The registry has the schema, but it is not a usable Avro schema. A retry does not help.
    if (cause instanceof Error && cause.name.startsWith('ConfluentSchemaRegistry')) {
      return new DecodeFailure('schema', `schema ${id} cannot be used: ${cause.message}`)
    }
    throw new TransientError(`The schema registry does not give schema ${id}: is it up?`, { cause })
  }
}

function resolverFor(reader: Type, writer: Type | DecodeFailure, id: number, name: string): Resolver | DecodeFailure {
  if (writer instanceof DecodeFailure) return writer
  try {
    return reader.createResolver(writer)
  } catch (error) {
    return new DecodeFailure('schema', `schema ${id} cannot be read as ${name}: ${(error as Error).message}`)
  }
}

function schemaIdOf(value: Buffer | null): number | undefined {
  if (value === null || value.length <= headerBytes || value[0] !== 0) return undefined
  const id = value.readInt32BE(1)
  return id < 0 ? undefined : id
}

const isNotFound = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'status' in error && error.status === 404
