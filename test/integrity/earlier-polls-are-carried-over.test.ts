// A directory of an earlier release: its pollers had their memory in topic `polls`.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { businessDay } from '#core/business-day.ts'
import { hostOf, partitionOfHost } from '#core/host.ts'
import { noMemory } from '#core/poll-memory.ts'
import { requestIdentity } from '#core/request-identity.ts'
import { migratePollMemory } from '#infra/provision/migrate-poll-memory.ts'
import { provisionTopics } from '#platform/kafka/provision.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import { type Poll, type PollerMemory, pollerMemorySchema, pollSchema } from '#schemas/generated/records.ts'
import { fileHost, filesLane, pollerMemoryTopic, pollPartitions, pollsTopic } from '#schemas/topics.ts'
import type { HostBudget } from '#services/poller/host-budget.ts'
import { dataset, eventually, type PollerParts, startPollerParts, startUpstream } from './poller-parts.ts'
import { readRecords } from './read-records.ts'

let parts: PollerParts
beforeAll(async () => {
  parts = await startPollerParts()
  const admin = parts.kafka.admin()
  await admin.connect()
  await admin.deleteTopics({ topics: [pollerMemoryTopic.name] })
  await eventually('the topic is gone', async () => !(await admin.listTopics()).includes(pollerMemoryTopic.name))
  await admin.disconnect()
  const compacted = { ...pollsTopic.config, 'cleanup.policy': 'compact' }
  await provisionTopics(parts.kafka, [pollerMemoryTopic, { ...pollsTopic, config: compacted }], 1)
})
afterEach(() => parts?.endTest())
afterAll(() => parts?.stop())

const nowMs = Date.parse('2026-04-20T12:00:00Z')
const { window } = businessDay('Europe/Brussels', '2026-04-10')
const identity = requestIdentity(dataset, window)
const goodAt = (lastGoodFetchedAt: number) => ({
  ...{ ...noMemory, lastGoodFetchedAt, lastGoodHash: `of ${lastGoodFetchedAt}`, lastChangedAt: lastGoodFetchedAt },
  ...{ completeness: 'complete', hadRows: true },
})
const poll = (host: string, more: Partial<Poll>): Poll => ({
  ...{ requestIdentity: identity, dataset, host, windowStart: window.startMs, windowEnd: window.endMs, lane: 'live' },
  ...{ sentAt: nowMs - 60_000, fetchedAt: nowMs - 60_000, outcome: 'changed', status: 200, durationMs: 1, bytes: 1 },
  ...{ contentHash: null, error: null, errorBody: null, rawPartition: null, rawOffset: null, requestsReadTo: null },
  ...{ pausedUntil: null, pauseReason: null, poller: 'earlier', origin: 'simulated', memory: noMemory },
  changesState: null,
  ...more,
})

async function writePolls(polls: Poll[]): Promise<void> {
  const encode = await parts.registry.encoder(pollsTopic.name, pollSchema)
  const records = polls.map((one) => {
    const partition = partitionOfHost(one.host, pollPartitions)
    return { key: one.requestIdentity, value: encode(one), partition }
  })
  await parts.producer.send(pollsTopic.name, records)
}

/** What compaction keeps of the memory: the newest record of each key, by key; the marker without its time. */
async function newestMemories(): Promise<Record<string, PollerMemory>> {
  const decoder = parts.registry.decoder(pollerMemorySchema)
  const records = await readRecords(parts.kafka, pollerMemoryTopic.name)
  await decoder.prepare(records.map(({ value }) => value))
  return Object.fromEntries(
    records.map(({ key, value }) => {
      const memory = decoder.decode(value) as PollerMemory
      return [key, { ...memory, carriedOver: memory.carriedOver && { ...memory.carriedOver, at: 0 } }]
    }),
  )
}

/** A registry with which the process ends as it is about to write the last record. */
const endingBeforeTheLast = (registry: Registry): Registry => ({
  ...registry,
  encoder: async (topic, schema) => {
    const encode = await registry.encoder(topic, schema)
    return (record) => {
      if ((record as Partial<PollerMemory>).carriedOver) throw new Error('killed')
      return encode(record)
    }
  },
})

test('the newest poll of each identity and the pauses of hosts are carried over, once, also when that is interrupted', async () => {
  const upstream = await startUpstream({ startMs: nowMs, speed: 1 })
  const host = hostOf(upstream.url)
  const pausedUntil = nowMs + 7_200_000
  await writePolls([
    poll(host, { fetchedAt: 2_000, rawPartition: 1, rawOffset: 5, memory: goodAt(2_000) }),
    poll(host, {
      outcome: 'failed',
      memory: { ...goodAt(2_000), failures: 1 },
      pausedUntil,
      pauseReason: '429, Retry-After 7200',
    }),
    poll(host, { fetchedAt: 1_000, rawPartition: 1, rawOffset: 4, memory: goodAt(1_000), poller: 'a slow one' }),
    poll(fileHost, {
      requestIdentity: 'votes.votes/start/1-0',
      dataset: 'votes.votes',
      lane: filesLane,
      origin: 'file',
    }),
  ])
  const said: string[] = []
  const options = { kafka: parts.kafka, registry: parts.registry, say: (text: string) => void said.push(text) }

  // While a poller is a member of its group nothing is carried over, and it asks upstream for nothing.
  const early = await parts.poller(upstream.url)
  await expect(migratePollMemory({ ...options, patienceMs: 0 })).rejects.toThrow(/^Pollers are running \(at .*\)/)
  await eventually('it waits', async () => early.log().includes('poller-memory is not complete: run provisioning'))
  await early.kill('SIGTERM')
  expect((await upstream.stats()).requests).toBe(0)
  expect(await newestMemories()).toEqual({})

  await expect(migratePollMemory({ ...options, registry: endingBeforeTheLast(parts.registry) })).rejects.toThrow(
    'killed',
  )
  const interrupted = await newestMemories()
  expect(Object.keys(interrupted).toSorted()).toEqual([`host/${host}`, identity])
  expect(await migratePollMemory(options)).toMatchObject({ polls: 4, identities: 1 })
  expect(said).toContain('carrying over 4 polls to poller-memory, once')
  const memories = await newestMemories()
  const marker = { identity: null, host: null, carriedOver: { at: 0, polls: 4, identities: 1 } }
  expect(memories).toEqual({ ...interrupted, 'carried-over': marker })
  const polls = parts.registry.decoder(pollSchema)
  const remembered = memories[identity]!.identity!
  await polls.prepare([remembered.poll])
  expect(polls.decode(remembered.poll)).toMatchObject({ poller: 'earlier', memory: { ...goodAt(2_000), failures: 1 } })
  expect(remembered).toMatchObject({ polledAt: nowMs - 60_000, rawPartition: 1, rawOffset: 5, inLog: true })
  expect(await migratePollMemory(options)).toBe(undefined)

  const poller = await parts.poller(upstream.url)
  const budget = await eventually('a poller has the host', async () => {
    const { budgets } = (await (await fetch(`${poller.url}/status`)).json()) as { budgets: HostBudget[] }
    return budgets.find((one) => one.host === host)
  })
  expect(budget.pauseReason).toBe('429, Retry-After 7200')
  expect(Math.abs(Date.parse(budget.pausedUntil ?? '') - pausedUntil)).toBeLessThan(60_000)
  expect((await parts.polls()).length, 'the log had all polls').toBe(4)
})
