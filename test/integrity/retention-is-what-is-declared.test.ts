// A source's declaration of retention, on a real broker; and what docs/operations.md says of every topic's.
import { readFileSync } from 'node:fs'
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKafka, type Kafka, withAdmin } from '#platform/kafka/client.ts'
import { provisionTopics } from '#platform/kafka/provision.ts'
import { kafkaSettings, readConfig } from '#platform/process/config.ts'
import {
  parkingTopic,
  platformTopics,
  pollerMemoryTopic,
  pollsKeptFor,
  pollsTopic,
  sourceTopics,
  type Topic,
} from '#schemas/topics.ts'
import { type RealParts, startRealParts } from '../support/real-parts.ts'

let parts: RealParts
let kafka: Kafka
beforeAll(async () => {
  parts = await startRealParts({ kafka: true })
  kafka = createKafka(readConfig(kafkaSettings, parts.environment), 'test')
})
afterAll(() => parts?.stop())

/** What the broker itself says of a topic's settings. */
async function configOf(topic: string): Promise<Record<string, string>> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const resources = [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }]
    const described = await admin.describeConfigs({ resources, includeSynonyms: false })
    const entries = described.resources[0]?.configEntries ?? []
    return Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue]))
  } finally {
    await admin.disconnect()
  }
}

const retentionMs = async (topic: string) => (await configOf(topic))['retention.ms']

test('a source without a declaration keeps all; a changed declaration changes topics that are there', async () => {
  await provisionTopics(kafka, sourceTopics('made'), 1)
  expect(await retentionMs('made.raw')).toBe('-1')
  expect(await retentionMs('made.timeseries')).toBe('-1')

  await provisionTopics(kafka, sourceTopics('made', { rawDays: 400, timeseriesDays: 0.5 }), 1)
  expect(await retentionMs('made.raw')).toBe('34560000000')
  expect(await retentionMs('made.timeseries')).toBe('43200000')
  expect(await retentionMs('made.dlq')).toBe('-1')

  await provisionTopics(kafka, sourceTopics('made', { rawDays: 30 }), 1)
  expect(await retentionMs('made.raw')).toBe('2592000000')
  expect(await retentionMs('made.timeseries')).toBe('-1')
})

test('a new topic has the partitions that are declared; raw and timeseries that are there keep theirs', async () => {
  const partitionsOf = async (topic: string) => {
    const { topics } = await withAdmin(kafka, (admin) => admin.fetchTopicMetadata({ topics: [topic] }))
    return topics[0]?.partitions.length
  }
  const topics = sourceTopics('wide').map((topic) => ({ ...topic, partitions: 3 }))
  expect(await provisionTopics(kafka, topics, 1)).toEqual(new Map())
  expect(await partitionsOf('wide.timeseries')).toBe(3)
  const more = topics.map((topic) => ({ ...topic, partitions: 4 }))
  expect(await provisionTopics(kafka, more, 1)).toEqual(
    new Map([
      ['wide.raw', 3],
      ['wide.timeseries', 3],
    ]),
  )
  expect(await partitionsOf('wide.raw')).toBe(3)
  expect(await partitionsOf('wide.answers')).toBe(4)
})

test('polls that an earlier release had compacted are kept for ever, or for as long as a setting says', async () => {
  const compacted = { ...pollsTopic, config: { ...pollsTopic.config, 'cleanup.policy': 'compact' } }
  await provisionTopics(kafka, [compacted], 1)
  await provisionTopics(kafka, [pollsTopic], 1)
  expect(await configOf('polls')).toMatchObject({ 'cleanup.policy': 'delete', 'retention.ms': '-1' })
  await provisionTopics(kafka, [pollsKeptFor(30)], 1)
  expect(await configOf('polls')).toMatchObject({ 'cleanup.policy': 'delete', 'retention.ms': '2592000000' })
})

test('the memory of pollers is compacted soon, whatever the broker does with other topics', async () => {
  await provisionTopics(kafka, [pollerMemoryTopic], 1)
  const config = await configOf('poller-memory')
  expect(config).toMatchObject({ 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '0.1' })
  expect(Number(config['segment.ms'])).toBeLessThanOrEqual(600_000)
})

test('parkings are compacted after 30 days at the earliest, also on a topic of an earlier release', async () => {
  const { 'min.compaction.lag.ms': _, ...earlier } = parkingTopic.config
  await provisionTopics(kafka, [{ ...parkingTopic, config: earlier }], 1)
  await provisionTopics(kafka, [parkingTopic], 1)
  expect(await configOf('parking')).toMatchObject({
    'cleanup.policy': 'compact',
    'min.compaction.lag.ms': '2592000000',
  })
})

test('docs/operations.md says of every topic how long it is kept, and what a shorter time costs', () => {
  const docs = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')
  const [, table = ''] = docs.split('what a shorter time costs')
  const [ofTopics = ''] = table.split('\n\n')
  const rows = ofTopics
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, topic, kept, costs]) => [topic, kept, costs])
  const declared = [...platformTopics, ...sourceTopics('<source>')].map((topic) => [
    `\`${topic.name}\``,
    keptInWords(topic),
    topic.retentionImpact,
  ])
  expect(rows.toSorted()).toEqual(declared.toSorted())
})

function keptInWords({ config }: Topic): string {
  if (config['cleanup.policy'] === 'compact') return 'the newest of each key'
  const days = Number(config['retention.ms']) / 86_400_000
  return days < 0 ? 'for ever' : days === 1 ? 'a day' : `${days} days`
}
