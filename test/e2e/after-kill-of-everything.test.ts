// The stack as users start and stop it, in the middle of its work.
import { afterAll, expect } from 'vitest'
import { addDays } from '#core/business-day.ts'
import { requestIdentity } from '#core/request-identity.ts'
import { killAndWait } from '#local/process-table.ts'
import { DecodeFailure } from '#platform/kafka/registry.ts'
import { pollSchema } from '#schemas/generated/records.ts'
import { readRecords } from '../integrity/read-records.ts'
import { type Clients, prepareStack, type RunningStack, removeStacks } from '../integrity/running-stack.ts'
import { differences, simulatorClient, windowOf } from '../integrity/simulator-client.ts'
import { dataset, eventually, pointsOf, untilStored, writeRequests } from '../integrity/whole-chain.ts'
import { longTest } from '../support/long-tests.ts'

let stack: RunningStack
let clients: Clients

afterAll(removeStacks)

const requested = Array.from({ length: 60 }, (_, index) => addDays('2025-12-01', index))
/** By itself: ten days, today and tomorrow. */
const calendar = Array.from({ length: 12 }, (_, index) => addDays('2026-03-10', index))
const pointsOfADay = 132 * 24

const identityOf = (day: string) => requestIdentity(dataset, windowOf(day))

/** The identities of the good polls on the topic, once for each of them. */
async function goodPolls(): Promise<string[]> {
  const decoder = clients.registry.decoder(pollSchema)
  const records = await readRecords(clients.kafka, 'polls')
  await decoder.prepare(records.map(({ value }) => value))
  return records.flatMap(({ value }) => {
    const poll = decoder.decode(value)
    if (poll instanceof DecodeFailure) throw new Error(String(poll.message))
    return poll.outcome === 'failed' ? [] : [poll.requestIdentity]
  })
}

longTest('after kill -9 of all of it the next start works, and nothing acknowledged is lost', async () => {
  stack = await prepareStack('simulated', {
    SIMULATOR_START: '2026-03-20T12:00:00Z',
    SIMULATOR_SPEED: '10',
    BACKFILL_DAYS: '10',
    SESSION_TIMEOUT_MS: '6000',
  })
  await stack.up()
  clients = await stack.connect()
  const simulatorUrl = stack.file().endpoints.simulator!
  const simulator = simulatorClient(simulatorUrl)
  await writeRequests(clients, simulatorUrl, requested)
  await eventually('every window is there', async () => {
    return new Set(await goodPolls()).size >= calendar.length + requested.length
  })
  const revised = requested.slice(0, 20)
  for (const day of revised) await simulator.command({ revise: { day, key: 'border_AT_BE' } })
  await writeRequests(clients, simulatorUrl, requested)
  const recorded = (await goodPolls()).length
  await eventually('some of it is under way', async () => (await goodPolls()).length > recorded + 3)
  const { pid, parts } = stack.file()
  await Promise.all([pid, ...Object.values(parts).map((part) => part.pid)].map(killAndWait))
  await stack.up()
  await eventually('every request is answered', async () => {
    const polls = Map.groupBy(await goodPolls(), (identity) => identity)
    return requested.every((day) => (polls.get(identityOf(day))?.length ?? 0) >= 2)
  })
  await untilStored(clients.environment)
  for (const day of [...revised, ...calendar.slice(0, 3), ...requested.slice(-3)]) {
    const stored = await pointsOf(clients, 'latest', windowOf(day))
    expect(differences(await simulator.truth(day), stored), day).toEqual([])
  }
  const [stored] = await clients.query<{ rows: number }>(
    'SELECT toUInt32(count()) AS rows FROM tidemark.point_revisions FINAL',
  )
  const raw = await readRecords(clients.kafka, 'jao.raw')
  expect(stored?.rows).toBe(raw.length * pointsOfADay)
})
