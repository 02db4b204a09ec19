// Makes the cluster and the registry hold what schemas/ declares. Idempotent; removes nothing.
import { COMPATIBILITY, SchemaType } from '@kafkajs/confluent-schema-registry'
import kafkajs, { type Admin } from 'kafkajs'
import type { RecordSchema } from '#schemas/record-schema.ts'
import type { Topic } from '#schemas/topics.ts'
import { pause } from '../process/retry.ts'
import { type Kafka, withAdmin } from './client.ts'
import { incompatibility } from './compatibility.ts'
import { createRegistryClient, type RegistryConnection, subjectOf } from './registry.ts'

/** Creates absent topics, adds absent partitions, writes each topic's declared settings. */
export async function provisionTopics(kafka: Kafka, topics: Topic[], replicationFactor: number): Promise<void> {
  await withAdmin(kafka, async (admin) => {
    const kept = await createAbsent(admin, topics, replicationFactor)
    if (kept.length > 0) await adjust(admin, kept)
  })
}

/** Creates absent topics, and leaves those that are there as they are. */
export async function createMissingTopics(kafka: Kafka, topics: Topic[], replicationFactor: number): Promise<void> {
  await withAdmin(kafka, (admin) => createAbsent(admin, topics, replicationFactor))
}

/** Returns the topics that were there before. */
async function createAbsent(admin: Admin, topics: Topic[], replicationFactor: number): Promise<Topic[]> {
  const existing = new Set(await admin.listTopics())
  const absent = topics.filter(({ name }) => !existing.has(name))
  await admin.createTopics({
    // kafkajs gives up at the first broker that has not heard of a new topic yet.
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

/** Returns once every partition of new topics has a leader that answers. @throws when one has none for 20 s */
async function waitForLeaders(admin: Admin, topics: Topic[]): Promise<void> {
  const names = topics.map(({ name }) => name)
  for (const endMs = Date.now() + leadersDeadlineMs; ; await pause(50)) {
    try {
      const metadata = await admin.fetchTopicMetadata({ topics: names })
      if (metadata.topics.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0))) {
        // A broker may be named as the leader before it knows that it is.
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

async function adjust(admin: Admin, topics: Topic[]): Promise<void> {
  const metadata = await admin.fetchTopicMetadata({ topics: topics.map(({ name }) => name) })
  const partitions = new Map(metadata.topics.map((topic) => [topic.name, topic.partitions.length]))
  const growing = topics.filter((topic) => (partitions.get(topic.name) ?? 0) < topic.partitions)
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
}

const entriesOf = (config: Record<string, string>) => Object.entries(config).map(([name, value]) => ({ name, value }))

/** A schema that does not go with those its subject holds; the message is one sentence for whoever wrote it. */
export class IncompatibleSchema extends Error {
  override name = 'IncompatibleSchema'
}

/**
 * Registers the schema of every topic that has one. The compatibility level of a subject is put before its first
 * schema: with none put, Apicurio would take any schema at all.
 * @throws IncompatibleSchema when a schema and an older version of its subject do not read each other
 */
export async function provisionSchemas(connection: RegistryConnection, topics: Topic[]): Promise<void> {
  const client = createRegistryClient(connection)
  const withSchemas = topics.flatMap(({ name, record }) => (record ? [{ subject: subjectOf(name), record }] : []))
  // Registered side by side, a schema that the registry does not know yet might get two ids: each is first registered once.
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

/** Which version of a subject a schema does not go with, and why. */
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
