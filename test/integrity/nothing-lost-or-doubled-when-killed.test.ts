// One stack as users have it; its supervisor starts again what is killed. Meanwhile the simulator revises days, and
// windows are asked for all the time, so that there is always something under way. At the end the simulator says what
// must be in the store: it knows what it published when, and what it answered with which bytes.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { addDays } from '#core/business-day.ts'
import { requestIdentity } from '#core/request-identity.ts'
import { DecodeFailure } from '#platform/kafka/registry.ts'
import { pollSchema, type RawResponse, rawResponseSchema } from '#schemas/generated/records.ts'
import type { RecordSchema } from '#schemas/record-schema.ts'
import { faults } from '../support/long-tests.ts'
import { type Random, randomFrom, seedOfThisRun } from './random.ts'
import { readRecords, type TopicRecord } from './read-records.ts'
import { type Clients, prepareStack, type RunningStack, removeStacks, runningPart } from './running-stack.ts'
import {
  differences,
  type Points,
  pointName,
  type SimulatorClient,
  simulatorClient,
  windowOf,
} from './simulator-client.ts'
import { dataset, eventually, pointsOf, storeTime, untilStored, writeRequests } from './whole-chain.ts'

const killsEach = faults ? 3 : 1
/** 21 kills of each part in seven rounds: the supervisor waits longer after each, so more in one round take an hour. */
const rounds = faults ? 7 : 1
const firstSeed = seedOfThisRun()
const seeds = Array.from({ length: rounds }, (_, round) => ({ round: round + 1, seed: firstSeed + 1_000 * round }))
const today = '2026-03-20'
const days = Array.from({ length: 10 }, (_, index) => addDays(today, index - 9))
const hourMs = 3_600_000

let stack: RunningStack
let clients: Clients
let simulator: SimulatorClient

afterEach(removeStacks)

async function startRound(seed: number): Promise<void> {
  console.info(`seed ${seed} (TIDEMARK_SEED repeats it), ${killsEach} kills of each part`)
  stack = await prepareStack('simulated', {
    SIMULATOR_SEED: `${seed}`,
    SIMULATOR_START: `${today}T12:00:00Z`,
    SIMULATOR_SPEED: '10',
    BACKFILL_DAYS: '10',
    SESSION_TIMEOUT_MS: '6000',
  })
  await stack.up()
  clients = await stack.connect()
  simulator = simulatorClient(stack.file().endpoints.simulator!)
}

/** Kills parts one after another, each at a random moment after the one before runs again. */
async function killOneByOne(names: string[], random: Random, atWork = async () => {}): Promise<void> {
  for (const name of names) {
    const pid = await runningPart(stack, name)
    await atWork()
    await sleep(random.between(50, 1_500))
    process.kill(pid, 'SIGKILL')
    await runningPart(stack, name, pid)
  }
}

/**
 * The services are killed side by side: each has work waiting when it is back. The others are killed in turn, while data
 * passes through all of the chain, or their absence would be noticed by nobody.
 */
async function killAll(seed: number): Promise<void> {
  const turns = Array.from({ length: killsEach }, (_, turn) => turn)
  const services = ['poller', 'normalizer', 'sink'].map((name) => turns.map(() => name))
  const random = randomFrom(seed + 1)
  const others = turns.flatMap(() => random.shuffled(['kafka', 'registry', 'clickhouse']))
  const admin = clients.kafka.admin()
  await admin.connect()
  const committed = async () => {
    const [topic] = await admin.fetchOffsets({ groupId: 'sink', topics: ['jao.timeseries'] })
    return topic?.partitions.reduce((sum, { offset }) => sum + Number(offset), 0) ?? 0
  }
  // A broker that has just started does not know its groups yet.
  const known = () => eventually('the offsets of the sink', async () => committed().catch(() => undefined), 60_000)
  const untilDataPasses = async () => {
    const before = await known()
    await eventually('the sink commits', async () => (await known()) > before, 300_000)
  }
  await Promise.all([
    ...services.map((names, lane) => killOneByOne(names, randomFrom(seed + 2 + lane))),
    killOneByOne(others, randomFrom(seed + 10), untilDataPasses),
  ])
  await admin.disconnect()
}

/** Revises days and asks for days until it is told to stop. What Kafka does not take is asked again. */
async function keepBusy(random: Random, stopped: AbortSignal): Promise<number> {
  let revisions = 0
  while (!stopped.aborted) {
    const day = random.pick(days)
    const hour = random.between(0, 23)
    const edit = random.between(0, 3)
    if (edit === 0) await simulator.command({ revise: { day } })
    if (edit === 1)
      await simulator.command({ revise: { day, hour, key: 'border_AT_BE', value: random.pick([null, 10]) } })
    if (edit === 2) await simulator.command({ revise: { day, key: 'border_BE_FR' } })
    if (edit <= 2) revisions++
    await writeRequests(clients, stack.file().endpoints.simulator!, [day, random.pick(days), random.pick(days)]).catch(
      () => undefined,
    )
    await sleep(random.between(50, 350))
  }
  return revisions
}

/** Asks for every day once more and waits until the newest answer to each is recorded and all is stored. */
async function comeToRest(): Promise<void> {
  await Promise.all(
    ['kafka', 'registry', 'clickhouse', 'normalizer', 'sink', 'poller'].map((name) => runningPart(stack, name)),
  )
  const sinceMs = await simulator.nowMs()
  await writeRequests(clients, stack.file().endpoints.simulator!, days)
  for (const day of days) {
    const { startMs, endMs } = windowOf(day)
    const from = new Date(startMs).toISOString()
    let seen: unknown
    const isAnswered = async () => {
      const asked = (await simulator.requests()).filter(({ fromUtc, simMs }) => fromUtc === from && simMs > sinceMs)
      const answer = asked.findLast(({ status }) => status === 200)
      const polls = await clients.query<{ outcome: string; hash: string | null }>(
        `SELECT outcome, content_hash AS hash FROM tidemark.polls FINAL WHERE fetched_at = (SELECT max(fetched_at) FROM
         tidemark.polls WHERE request_identity = '${requestIdentity(dataset, { startMs, endMs })}' AND outcome != 'failed')
         AND request_identity = '${requestIdentity(dataset, { startMs, endMs })}'`,
      )
      seen = { asked, polls }
      return answer !== undefined && polls[0]?.hash === answer.sha256
    }
    await eventually(`${day} is polled after all`, isAnswered, 60_000).catch((cause) => {
      throw new Error(`${day} was asked for again and is not in the store: ${JSON.stringify(seen)}`, { cause })
    })
  }
  await untilStored(clients.environment, 60_000)
}

type Decoded<T> = T & Pick<TopicRecord, 'partition' | 'offset'>

async function decoded<T>(topic: string, schema: RecordSchema<T>): Promise<Decoded<T>[]> {
  const decoder = clients.registry.decoder(schema)
  const records = await readRecords(clients.kafka, topic)
  await decoder.prepare(records.map(({ value }) => value))
  return records.map(({ value, partition, offset }) => {
    const record = decoder.decode(value)
    if (record instanceof DecodeFailure) throw new Error(`${topic} holds what cannot be read: ${record.message}`)
    return { ...record, partition, offset }
  })
}

/** One answer as it must stand in the store: of which window, known since when, sent when (the simulator's clock). */
interface RecordedAnswer {
  identity: string
  startMs: number
  endMs: number
  knownAtMs: number
  sentMs: number
}

/** What must be known from the raw topic. A record may be there twice, its acknowledgement lost: the same knowledge. */
async function toldBy(raw: Decoded<RawResponse>[]): Promise<RecordedAnswer[]> {
  const requests = await simulator.requests()
  const told = new Map<string, RecordedAnswer>()
  for (const { requestIdentity: identity, windowStart, windowEnd, contentHash, fetchedAt } of raw) {
    const from = new Date(windowStart).toISOString()
    const sent = requests.find(
      ({ fromUtc, sha256, status }) => fromUtc === from && sha256 === contentHash && status === 200,
    )
    expect(sent, `the simulator never sent what raw holds of ${identity}`).toBeDefined()
    const window = { startMs: windowStart, endMs: windowEnd }
    told.set(`${identity} ${fetchedAt}`, { identity, ...window, knownAtMs: fetchedAt, sentMs: sent!.simMs })
  }
  return [...told.values()]
}

/**
 * Every point that an answer for the window names, by what the simulator says that it had published at `sentMs` (now
 * without it): hours that it leaves out are null.
 */
async function published(startMs: number, endMs: number, sentMs?: number): Promise<Points> {
  const day = new Date(startMs + 12 * hourMs).toISOString().slice(0, 10)
  const truth = await simulator.truth(day, sentMs)
  const keys = new Set([...truth.keys()].map((name) => name.split(' ')[0] ?? ''))
  const points: Points = new Map()
  for (const key of keys)
    for (let atMs = startMs; atMs < endMs; atMs += hourMs)
      points.set(pointName(key, atMs), truth.get(pointName(key, atMs)) ?? null)
  return points
}

/** What the store says that each answer of a window told, by the answer's known_at. */
async function storedAnswers(startMs: number): Promise<Map<number, Points>> {
  const rows = await clients.query<{ key: string; knownAtMs: number; points: [number, number | null][] }>(
    `SELECT key, toUnixTimestamp64Milli(known_at) + 0.0 AS knownAtMs, groupArray((toUnixTimestamp(ts), value)) AS points
     FROM tidemark.point_revisions FINAL WHERE dataset = '${dataset}' AND window_start = toDateTime(${startMs / 1000}, 'UTC')
     GROUP BY key, known_at`,
  )
  const answers = new Map<number, Points>()
  for (const { key, knownAtMs, points } of rows) {
    const answer = answers.get(knownAtMs) ?? new Map()
    for (const [atS, value] of points) {
      const name = pointName(key, atS * 1000)
      if (answer.has(name)) throw new Error(`${name} stands twice in the answer known at ${storeTime(knownAtMs)}`)
      answer.set(name, value)
    }
    answers.set(knownAtMs, answer)
  }
  return answers
}

test.each(seeds)(
  `nothing lost or doubled when poller, normalizer, sink, broker, registry or store is killed (${killsEach} each, round $round of ${rounds})`,
  async ({ seed }) => {
    await startRound(seed)
    const done = new AbortController()
    const busy = keepBusy(randomFrom(seed), done.signal)
    const startedMs = Date.now()
    await killAll(seed).finally(() => done.abort())
    const revisions = await busy
    const killedMs = Date.now()
    await comeToRest()
    const restMs = Date.now()

    const raw = await decoded('jao.raw', rawResponseSchema)
    const polls = await decoded('polls', pollSchema)
    console.info(
      `${revisions} revisions, ${polls.length} polls, ${raw.length} raw records in ${killedMs - startedMs} ms of kills, at rest after ${restMs - killedMs} ms`,
    )
    expect(revisions).toBeGreaterThan(killsEach)

    // What a poll says that it wrote is there, and nothing was refused on the way.
    const rawAt = new Map(raw.map((record) => [`${record.partition}/${record.offset}`, record]))
    for (const { requestIdentity: identity, outcome, rawPartition, rawOffset, contentHash, fetchedAt } of polls) {
      if (outcome === 'changed') expect(rawOffset).not.toBeNull()
      if (rawOffset === null) continue
      const { requestIdentity, ...record } = rawAt.get(`${rawPartition}/${rawOffset}`)!
      expect([requestIdentity, record.contentHash, record.fetchedAt]).toEqual([identity, contentHash, fetchedAt])
    }
    for (const answers of Map.groupBy(raw, (record) => record.requestIdentity).values()) {
      const inOrder = answers.toSorted((one, other) => one.offset - other.offset)
      for (const [index, answer] of inOrder.slice(1).entries()) {
        // The same record once more, its acknowledgement lost; else known later than the one before.
        const before = inOrder[index]!
        if (answer.contentHash === before.contentHash && answer.fetchedAt === before.fetchedAt) continue
        expect(answer.fetchedAt, answer.requestIdentity).toBeGreaterThan(before.fetchedAt)
      }
    }
    for (const topic of ['jao.dlq', 'tidemark.dlq']) expect(await readRecords(clients.kafka, topic)).toEqual([])
    const pollNames = polls.map(
      ({ requestIdentity: identity, fetchedAt, poller }) => `${identity} ${fetchedAt} ${poller}`,
    )
    const storedPolls = await clients.query<{ name: string }>(
      "SELECT concat(request_identity, ' ', toString(toUnixTimestamp64Milli(fetched_at)), ' ', poller) AS name FROM tidemark.polls FINAL",
    )
    expect(storedPolls.map(({ name }) => name).toSorted()).toEqual([...new Set(pollNames)].toSorted())

    // Every answer has exactly its points, and there are no others.
    const told = await toldBy(raw)
    let points = 0
    for (const [startMs, answers] of Map.groupBy(told, (answer) => answer.startMs)) {
      const stored = await storedAnswers(startMs)
      for (const { identity, endMs, knownAtMs, sentMs } of answers) {
        const expected = await published(startMs, endMs, sentMs)
        points += expected.size
        const actual = stored.get(knownAtMs) ?? new Map()
        expect(differences(expected, actual), `${identity} ${knownAtMs}`).toEqual([])
      }
    }
    const [counted] = await clients.query<{ rows: number }>(
      'SELECT toUInt32(count()) AS rows FROM tidemark.point_revisions FINAL',
    )
    expect(counted?.rows).toBe(points)

    // Now: what the simulator publishes. Then: the newest answer of each window by then.
    for (const window of days.map(windowOf)) {
      const stored = await pointsOf(clients, 'latest', window)
      expect(differences(await published(window.startMs, window.endMs), stored)).toEqual([])
    }
    const random = randomFrom(seed + 100)
    const [first, last] = [Math.min, Math.max].map((of) => of(...told.map(({ knownAtMs }) => knownAtMs)))
    for (const atMs of [0, 1, 2].map(() => random.between(first!, last!))) {
      for (const window of days.map(windowOf)) {
        const known = told.filter(({ startMs, knownAtMs }) => startMs === window.startMs && knownAtMs <= atMs)
        const newest = known.toSorted((one, other) => one.knownAtMs - other.knownAtMs).at(-1)
        const expected = newest ? await published(window.startMs, window.endMs, newest.sentMs) : new Map()
        const stored = await pointsOf(clients, `as_of(at = '${storeTime(atMs)}')`, window)
        expect(differences(expected, stored), `${newest?.identity} at ${storeTime(atMs)}`).toEqual([])
      }
    }
  },
  600_000,
)
