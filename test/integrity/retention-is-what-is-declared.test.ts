// A source's declaration of retention, on a real broker; and what docs/operations.md says of every topic's.
import { readFileSync } from 'node:fs'
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKafka, type Kafka } from '#platform/kafka/client.ts'
import { provisionTopics } from '#platform/kafka/provision.ts'
import { kafkaSettings, readConfig } from '#platform/process/config.ts'
import { platformTopics, sourceTopics, type Topic } from '#schemas/topics.ts'
import { type RealParts, startRealParts } from '../support/real-parts.ts'

let parts: RealParts
let kafka: Kafka
beforeAll(async () => {
  parts = await startRealParts({ kafka: true })
  kafka = createKafka(readConfig(kafkaSettings, parts.environment), 'test')
})
afterAll(() => parts?.stop())

/** What the broker itself says a topic keeps. */
async function retentionMs(topic: string): Promise<string | undefined> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const resources = [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: ['retention.ms'] }]
    const described = await admin.describeConfigs({ resources, includeSynonyms: false })
    return described.resources[0]?.configEntries[0]?.configValue
  } finally {
    await admin.disconnect()
  }
}

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

test('docs/operations.md says of every topic how long it is kept, and what a shorter time costs', () => {
  const docs = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')
  const rows = docs
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, topic, kept, costs]) => [topic, kept, costs])
  const declared = [...platformTopics, ...sourceTopics('<source>')].map((topic) => [
    `\`${topic.name}\``,
    keptInWords(topic),
    topic.shorterCosts,
  ])
  expect(rows.toSorted()).toEqual(declared.toSorted())
})

function keptInWords({ config }: Topic): string {
  if (config['cleanup.policy'] === 'compact') return 'the newest of each key'
  const days = Number(config['retention.ms']) / 86_400_000
  return days < 0 ? 'for ever' : days === 1 ? 'a day' : `${days} days`
}
