// Makes the cluster and the registry hold what schemas/ declares. Idempotent; removes nothing.
import { COMPATIBILITY, SchemaType } from '@kafkajs/confluent-schema-registry'
import kafkajs, { type Admin, type Kafka } from 'kafkajs'
import { schemaText } from '#schemas/records.ts'
import type { Topic } from '#schemas/topics.ts'
import { createRegistryClient, type RegistryConnection, subjectOf } from './registry.ts'

/** Creates absent topics, adds absent partitions, writes each topic's declared settings. */
export async function provisionTopics(kafka: Kafka, topics: Topic[], replicationFactor: number): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const existing = new Set(await admin.listTopics())
    const absent = topics.filter(({ name }) => !existing.has(name))
    await admin.createTopics({
      waitForLeaders: true,
      timeout: 20_000,
      topics: absent.map(({ name, partitions, config }) => ({
        topic: name,
        numPartitions: partitions,
        replicationFactor,
        configEntries: entriesOf(config),
      })),
    })
    const kept = topics.filter(({ name }) => existing.has(name))
    if (kept.length > 0) await adjust(admin, kept)
  } finally {
    await admin.disconnect()
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

/**
 * Registers the schema of every topic that has one. The compatibility level of a subject is put before its first
 * schema: with none put, Apicurio would take any schema at all.
 */
export async function provisionSchemas(connection: RegistryConnection, topics: Topic[]): Promise<void> {
  const client = createRegistryClient(connection)
  for (const topic of topics) {
    if (!topic.record) continue
    const subject = subjectOf(topic.name)
    await putCompatibility(connection, subject)
    const schema = { type: SchemaType.AVRO as const, schema: schemaText(topic.record) }
    await client.register(schema, { subject, compatibility: COMPATIBILITY.FULL_TRANSITIVE })
  }
}

async function putCompatibility(connection: RegistryConnection, subject: string): Promise<void> {
  const { SCHEMA_REGISTRY_URL, SCHEMA_REGISTRY_USERNAME, SCHEMA_REGISTRY_PASSWORD } = connection
  const login = Buffer.from(`${SCHEMA_REGISTRY_USERNAME}:${SCHEMA_REGISTRY_PASSWORD ?? ''}`).toString('base64')
  const response = await fetch(`${SCHEMA_REGISTRY_URL.replace(/\/$/, '')}/config/${encodeURIComponent(subject)}`, {
    method: 'PUT',
    headers: {
      'content-type': 'application/vnd.schemaregistry.v1+json',
      ...(SCHEMA_REGISTRY_USERNAME ? { authorization: `Basic ${login}` } : {}),
    },
    body: JSON.stringify({ compatibility: COMPATIBILITY.FULL_TRANSITIVE }),
    signal: AbortSignal.timeout(10_000),
  })
  if (response.ok) return
  throw new Error(`The registry refused the level of ${subject}: ${response.status} ${await response.text()}`)
}
