// Creates the topics and schemas that schemas/ declares. Idempotent. Removes nothing.
import { COMPATIBILITY, SchemaType } from '@kafkajs/confluent-schema-registry'
import kafkajs, { type Admin } from 'kafkajs'
import type { RecordSchema } from '#schemas/record-schema.ts'
import type { Topic } from '#schemas/topics.ts'
import { pause } from '../process/retry.ts'
import { type Kafka, withAdmin } from './client.ts'
import { incompatibility } from './compatibility.ts'
import { createRegistryClient, type RegistryConnection, subjectOf } from './registry.ts'

/**
 * Creates missing topics, adds missing partitions, and sets each topic's settings. Returns the number of partitions of each
 * topic that keeps another number than it is declared with.
 */
export async function provisionTopics(
  kafka: Kafka,
  topics: Topic[],
  replicationFactor: number,
): Promise<Map<string, number>> {
  return withAdmin(kafka, async (admin) => {
    const kept = await createAbsent(admin, topics, replicationFactor)
    return kept.length > 0 ? adjust(admin, kept) : new Map()
  })
}

export async function createMissingTopics(kafka: Kafka, topics: Topic[], replicationFactor: number): Promise<void> {
  await withAdmin(kafka, (admin) => createAbsent(admin, topics, replicationFactor))
}

async function createAbsent(admin: Admin, topics: Topic[], replicationFactor: number): Promise<Topic[]> {
  const existing = new Set(await admin.listTopics())
  const absent = topics.filter(({ name }) => !existing.has(name))
  await admin.createTopics({
    // With waitForLeaders, kafkajs fails at the first broker that does not know a new topic yet.
    waitForLeaders: false,
    timeout: 20_000,
    topics: absent.map(({ name, partitions, config }) => ({
      topic: name,
      numPartitions: partitions,
      replicationFactor,
      configEntries: entriesOf(config),
    })),
  })
  if (absent.length > 0) await waitForLeaders(admin, absent)
  return topics.filter(({ name }) => existing.has(name))
}

const leadersDeadlineMs = 20_000

/** @throws if a partition has no leader after 20 s */
async function waitForLeaders(admin: Admin, topics: Topic[]): Promise<void> {
  const names = topics.map(({ name }) => name)
  for (const endMs = Date.now() + leadersDeadlineMs; ; await pause(50)) {
    try {
      const metadata = await admin.fetchTopicMetadata({ topics: names })
      if (metadata.topics.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0))) {
        // Metadata may name a leader before the broker knows that it is one.
        await Promise.all(names.map((name) => admin.fetchTopicOffsets(name)))
        return
      }
    } catch (error) {
      if (!(error instanceof kafkajs.KafkaJSError && error.retriable)) throw error
    }
    if (Date.now() > endMs)
      throw new Error(`new topics have no leader after ${leadersDeadlineMs} ms: ${names.join(', ')}`)
  }
}

async function adjust(admin: Admin, topics: Topic[]): Promise<Map<string, number>> {
  const metadata = await admin.fetchTopicMetadata({ topics: topics.map(({ name }) => name) })
  const partitions = new Map(metadata.topics.map((topic) => [topic.name, topic.partitions.length]))
  const growing = topics.filter(
    (topic) => !topic.keepsPartitions && (partitions.get(topic.name) ?? 0) < topic.partitions,
  )
  if (growing.length > 0) {
    await admin.createPartitions({
      topicPartitions: growing.map((topic) => ({ topic: topic.name, count: topic.partitions })),
    })
  }
  await admin.alterConfigs({
    validateOnly: false,
    resources: topics.map(({ name, config }) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name,
      configEntries: entriesOf(config),
    })),
  })
  const others = topics.filter((topic) => topic.keepsPartitions && partitions.get(topic.name) !== topic.partitions)
  return new Map(others.map(({ name }) => [name, partitions.get(name) ?? 0]))
}

const entriesOf = (config: Record<string, string>) => Object.entries(config).map(([name, value]) => ({ name, value }))

export class IncompatibleSchema extends Error {
  override name = 'IncompatibleSchema'
}

/** Registers all schemas. Sets compatibility first: else Apicurio accepts any schema. @throws IncompatibleSchema */
export async function provisionSchemas(connection: RegistryConnection, topics: Topic[]): Promise<void> {
  const client = createRegistryClient(connection)
  const withSchemas = topics.flatMap(({ name, record }) => (record ? [{ subject: subjectOf(name), record }] : []))
  // A new schema may get two ids from concurrent registrations, so each is registered for one subject first.
  const first = withSchemas.filter(
    ({ record }, index) => withSchemas.findIndex((one) => one.record === record) === index,
  )
  for (const one of first) await registerSchema(client, connection, one)
  const others = withSchemas.filter((one) => !first.includes(one))
  await Promise.all(others.map((one) => registerSchema(client, connection, one)))
}

async function registerSchema(
  client: ReturnType<typeof createRegistryClient>,
  connection: RegistryConnection,
  { subject, record }: { subject: string; record: RecordSchema },
): Promise<void> {
  await putCompatibility(connection, subject)
  const schema = { type: SchemaType.AVRO as const, schema: record.text }
  await client
    .register(schema, { subject, compatibility: COMPATIBILITY.FULL_TRANSITIVE })
    .catch(async (error: Error & { status?: number }) => {
      if (error.status !== 409) throw error
      const reason = await whyIncompatible(connection, subject, schema.schema)
      throw new IncompatibleSchema(
        `The schema of ${record.name}, ${record.file}, does not go with ${reason}: give every added field a default, take away only fields that have one, change no field's type, or leave the subject ${subject} alone and write to a topic of another name.`,
        { cause: error },
      )
    })
}

async function whyIncompatible(connection: RegistryConnection, subject: string, schema: string): Promise<string> {
  const path = `/subjects/${encodeURIComponent(subject)}/versions`
  const versions = (await (await ask(connection, path)).json()) as number[]
  for (const version of versions) {
    const held = (await (await ask(connection, `${path}/${version}`)).json()) as { schema: string }
    const reason = incompatibility(schema, held.schema)
    if (reason) return `version ${version} of ${subject} in the registry (${reason})`
  }
  return `the versions of ${subject} in the registry, which does not say why`
}

async function putCompatibility(connection: RegistryConnection, subject: string): Promise<void> {
  const body = JSON.stringify({ compatibility: COMPATIBILITY.FULL_TRANSITIVE })
  const response = await ask(connection, `/config/${encodeURIComponent(subject)}`, { method: 'PUT', body })
  if (response.ok) return
  throw new Error(`The registry refused the level of ${subject}: ${response.status} ${await response.text()}`)
}

function ask(connection: RegistryConnection, path: string, request: RequestInit = {}): Promise<Response> {
  const { SCHEMA_REGISTRY_URL, SCHEMA_REGISTRY_USERNAME, SCHEMA_REGISTRY_PASSWORD } = connection
  const login = Buffer.from(`${SCHEMA_REGISTRY_USERNAME}:${SCHEMA_REGISTRY_PASSWORD ?? ''}`).toString('base64')
  return fetch(`${SCHEMA_REGISTRY_URL.replace(/\/$/, '')}${path}`, {
    ...request,
    headers: {
      'content-type': 'application/vnd.schemaregistry.v1+json',
      ...(SCHEMA_REGISTRY_USERNAME ? { authorization: `Basic ${login}` } : {}),
    },
    signal: AbortSignal.timeout(10_000),
  })
}
