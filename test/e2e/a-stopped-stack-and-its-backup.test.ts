// Stop and start, backup, restore and deletion as users do them: by the command and by schedule, on whole stacks, in the
// middle of their work.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addDays } from '#core/business-day.ts'
import { requestIdentity } from '#core/request-identity.ts'
import { waitForGroup } from '#platform/kafka/consumer-lag.ts'
import { DecodeFailure } from '#platform/kafka/registry.ts'
import { deletionSchema, pollSchema, rawResponseSchema, timeseriesSliceSchema } from '#schemas/generated/records.ts'
import type { RecordSchema } from '#schemas/record-schema.ts'
import type { Status } from '../../cli/inspect.ts'
import { readRecords, type TopicRecord } from '../integrity/read-records.ts'
import { type Clients, prepareStack, type RunningStack, removeStacks } from '../integrity/running-stack.ts'
import { differences, type SimulatorClient, simulatorClient, windowOf } from '../integrity/simulator-client.ts'
import { dataset, eventually, pointsOf, storeTime, untilStored, writeRequests } from '../integrity/whole-chain.ts'
import { longTest } from '../support/long-tests.ts'
import { startService } from '../support/service-process.ts'
import { tidemark } from '../support/tidemark-command.ts'

let stack: RunningStack
let restored: RunningStack
let clients: Clients
let home: string
const settings = { SIMULATOR_START: '2026-03-20T12:00:00Z', BACKFILL_DAYS: '2', SESSION_TIMEOUT_MS: '6000' }

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'tidemark-backups-'))
  // As long as it is a file, no backup can be made in it.
  writeFileSync(schedule(), '')
  const BACKUP_DIRECTORY = schedule()
  stack = await prepareStack('simulated', { ...settings, BACKUP_DIRECTORY, BACKUP_EVERY_H: '0.0005', BACKUP_KEEP: '2' })
  await stack.up()
  clients = await stack.connect()
})
afterAll(async () => {
  await removeStacks()
  rmSync(home, { recursive: true, force: true })
})

const backup = () => join(home, 'backup')
const schedule = () => join(home, 'schedule')
/** The backups that the stack has made by itself, the oldest first. What is not finished has another name. */
const scheduled = () =>
  (statSync(schedule(), { throwIfNoEntry: false })?.isDirectory() ? readdirSync(schedule()) : [])
    .filter((name) => !name.endsWith('.partial'))
    .toSorted()
    .map((name) => join(schedule(), name))
/** Two days back, today and tomorrow: by themselves. */
const calendar = ['2026-03-18', '2026-03-19', '2026-03-20', '2026-03-21']
const pointsOfADay = 132 * 24
const days = ['2026-01-05', '2026-01-06', '2026-01-07'] as const
/** Asked for, and not answered when the stack is stopped. */
const open = Array.from({ length: 9 }, (_, index) => addDays('2026-02-01', index))
/** Windows that are held in the end, before any deletion. */
const heldDays = calendar.length + days.length + open.length

const identityOf = (day: string) => requestIdentity(dataset, windowOf(day))
/** What a simulator was asked for, in the order of the names. It remembers only what was asked since its start. */
async function askedOf(simulator: SimulatorClient): Promise<string[]> {
  const asked = (await simulator.requests()).map(({ fromUtc, toUtc }) => {
    return requestIdentity(dataset, { startMs: Date.parse(fromUtc), endMs: Date.parse(toUtc) })
  })
  return asked.toSorted()
}

/** Clears the faults of a simulator that does not run. It remembers them across a restart. */
function answerAgain({ dataDir }: RunningStack): void {
  const file = join(dataDir, 'simulator.json')
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), faults: [] }))
}

/** All that can be asked, but for the open days and what is deleted later: the same sums mean the same rows. */
async function sums(of: Clients, times: number[]) {
  const sum = `count() AS n, sum(cityHash64(dataset, key, ts, value, known_at, step_s, flags)) AS hash`
  const froms = ['latest', ...times.map((at) => `as_of(at = '${storeTime(at)}')`)]
  const [first, end] = [windowOf(open[0]!).startMs, windowOf(open.at(-1)!).endMs].map((ms) => ms / 1000)
  const kept = windowOf(days[2]).startMs / 1000
  const where = `ts >= toDateTime(${kept}, 'UTC') AND (ts < toDateTime(${first}, 'UTC') OR ts >= toDateTime(${end}, 'UTC'))`
  return Promise.all(
    froms.map(async (from) => (await of.query(`SELECT ${sum} FROM tidemark.${from} WHERE ${where}`))[0]),
  )
}
const countOf = async (of: Clients): Promise<number> => {
  const [row] = await of.query<{ n: number }>('SELECT toUInt32(count()) AS n FROM tidemark.latest')
  return row?.n ?? 0
}
async function recordsOf<T>(of: Clients, topic: string, schema: RecordSchema<T>): Promise<T[]> {
  const decoder = of.registry.decoder(schema)
  const records = await readRecords(of.kafka, topic)
  await decoder.prepare(records.map(({ value }) => value))
  return records.map(({ value }) => {
    const record = decoder.decode(value)
    if (record instanceof DecodeFailure) throw new Error(`${topic} holds what cannot be read: ${record.message}`)
    return record
  })
}
const decoded = async (of: Clients, topic: string, schema: RecordSchema) => (await recordsOf(of, topic, schema)).length
/** The identities of the good polls, once for each of them. */
const goodPolls = async (): Promise<string[]> =>
  (await recordsOf(clients, 'polls', pollSchema))
    .filter(({ outcome }) => outcome !== 'failed')
    .map((poll) => poll.requestIdentity)
    .toSorted()
/** Waits until so many windows are stored. */
async function untilHeld(of: Clients, windows: number): Promise<void> {
  await eventually(`${windows} days are stored`, async () => (await countOf(of)) === windows * pointsOfADay)
  await untilStored(of.environment)
}
const backfill = (of: RunningStack, from: string, to = from) => of.run('backfill', dataset, '--from', from, '--to', to)

/** Records as they lie on a topic: their bytes, places and times. */
const placed = (records: TopicRecord[]): Map<string, TopicRecord> =>
  new Map(records.map((record) => [`${record.partition}/${record.offset}`, record]))
const backupsOf = async (of: RunningStack): Promise<NonNullable<Status['backups']>> =>
  JSON.parse((await of.run('status', '--json')).stdout).backups

const known: number[] = []
let before: Awaited<ReturnType<typeof sums>>
let records: Record<'jao.raw' | 'polls', TopicRecord[]>

test('a running stack is backed up, by itself and by hand, and a stopped one', async () => {
  await untilHeld(clients, calendar.length)
  expect(await backfill(stack, days[0], days[2])).toMatchObject({ code: 0 })
  const simulator = simulatorClient(stack.file().endpoints.simulator!)
  known.push(await simulator.nowMs())
  await simulator.command({ revise: { day: days[2] } })
  expect(await backfill(stack, days[2])).toMatchObject({ code: 0 })
  known.push(await simulator.nowMs())
  before = await sums(clients, known)

  const refused = await stack.run('backup', backup())
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain(`backup --running ${backup()} --data ${stack.dataDir}\` copies it as it runs`)
  expect(existsSync(backup())).toBe(false)

  expect((await backupsOf(stack)).lastFailure?.error).toContain('cannot be written')
  rmSync(schedule())
  const first = await eventually('the schedule goes on', async () => scheduled()[0])
  await eventually('newer ones take its place', async () => scheduled().length >= 2 && !scheduled().includes(first))
  const good = await eventually('no failure is left', async () => {
    const { last, lastFailure } = await backupsOf(stack)
    return lastFailure === null && last !== null && last
  })
  expect(good.path).toContain(schedule())
  const watched = await eventually('the monitor shows a good backup', async () => {
    const metrics = await (await fetch(`${stack.file().endpoints.health.monitor}/metrics`)).text()
    return Number(/^tidemark_last_backup_timestamp_seconds (\S+)$/m.exec(metrics)?.[1] ?? 0) || false
  })
  expect(watched * 1_000).toBeGreaterThan(Date.parse(stack.file().startedAt))
  const byHand = () => stack.run('backup', '--running', join(home, 'by-hand'), '--json')
  const made = await eventually('a backup is made by hand beside it', async () => (await byHand()).stdout || false)
  expect(JSON.parse(made).pausedMs).toBeLessThan(1_000)
  records = { 'jao.raw': await readRecords(clients.kafka, 'jao.raw'), polls: await readRecords(clients.kafka, 'polls') }

  // All answers are held back until the stack is stopped. The poller waits for seven at a time in this lane. On a slow machine
  // it gives up after half a minute, and asks again later.
  await simulator.command({ fault: 'slow', ms: 86_400_000 })
  await writeRequests(clients, stack.file().endpoints.simulator!, open)
  const underWay = async () => (await simulator.requests()).filter(({ status }) => status === null).length === 7
  await eventually('seven answers are under way', underWay)
  const since = new Date().toISOString().replaceAll(':', '-')
  await eventually('a backup has them', async () => (scheduled().at(-1) ?? '') > join(schedule(), `simulated-${since}`))
  expect(await stack.run('down')).toMatchObject({ code: 0 })
  const done = await stack.run('backup', backup(), '--json')
  expect(done).toMatchObject({ code: 0 })
  expect(JSON.parse(done.stdout)).toMatchObject({ path: backup(), source: 'simulated' })
  expect(scheduled().length).toBeOneOf([2, 3])
}, 480_000)

test('it goes on where it was; the second start refetches nothing that it holds', async () => {
  for (const name of ['BACKUP_DIRECTORY', 'BACKUP_EVERY_H', 'BACKUP_KEEP']) delete stack.environment[name]
  answerAgain(stack)
  await stack.up()
  expect(await sums(clients, known)).toEqual(before)
  await untilHeld(clients, heldDays)
  const polled = [...calendar, ...days, days[2], ...open]
  expect(await goodPolls()).toEqual(polled.map(identityOf).toSorted())
  expect(await askedOf(simulatorClient(stack.file().endpoints.simulator!))).toEqual(open.map(identityOf).toSorted())
  expect(await decoded(clients, 'jao.raw', rawResponseSchema)).toBe(polled.length)
  const [stored] = await clients.query<{ rows: number; windows: number }>(
    'SELECT toUInt32(count()) AS rows, toUInt32(uniqExact(window_start)) AS windows FROM tidemark.point_revisions FINAL',
  )
  expect(stored).toEqual({ rows: polled.length * pointsOfADay, windows: heldDays })
  expect(await backfill(stack, '2026-01-08')).toMatchObject({ code: 0 })
  expect(await countOf(clients)).toBe((heldDays + 1) * pointsOfADay)
}, 480_000)

test('a deletion is asked for, looked at without harm, done at once, and never undone by fetching', async () => {
  const title = ['delete', dataset, '--before', days[2]]
  const unasked = await stack.run(...title)
  expect(unasked).toMatchObject({ code: 1, stdout: '' })
  expect(unasked.stderr).toContain('say --dry-run to look, or --yes to delete')

  const dry = await stack.run(...title, '--dry-run', '--json')
  expect(dry.code).toBe(0)
  const year = (n: number) => ({ year: 2026, points: n, point_revisions: n })
  expect(JSON.parse(dry.stdout)).toMatchObject({
    before: days[2],
    beforeUtc: '2026-01-06T23:00:00.000Z',
    rows: [year(2 * pointsOfADay)],
  })
  expect(await countOf(clients)).toBe((heldDays + 1) * pointsOfADay)

  const done = await stack.run(...title, '--yes', '--why', 'the licence ended')
  expect(done.code).toBe(0)
  expect(done.stdout).toContain(`2026  points ${(2 * pointsOfADay).toLocaleString('en')}`)
  expect(done.stdout).toContain('264 behind records that are kept remain, for ever')
  for (const path of [backup(), ...scheduled()]) expect(done.stdout).toContain(`noted in the backup ${path}`)
  expect(await countOf(clients)).toBe((heldDays - 1) * pointsOfADay)
  const recorded = await clients.query('SELECT toString(before) AS before, why FROM tidemark.deletions FINAL')
  expect(recorded).toEqual([{ before: '2026-01-06 23:00:00.000', why: 'the licence ended' }])

  const smaller = await stack.run('delete', dataset, '--before', days[1], '--yes')
  expect(smaller.stdout).toContain(
    'is deleted before 2026-01-06T23:00:00.000Z already, which is later: nothing changes',
  )
  expect(await stack.run(...title, '--yes')).toMatchObject({ code: 0 })
  const far = await stack.run('delete', dataset, '--before', '2026-03-23', '--yes')
  expect(far).toMatchObject({ code: 1 })
  expect(far.stderr).toContain('--before 2026-03-23 is after 2026-03-22')

  const again = await backfill(stack, days[0], days[2])
  expect(again).toMatchObject({ code: 1 })
  expect(again.stderr).toContain(`was deleted before ${days[2]} for good`)
  expect(await backfill(stack, days[2])).toMatchObject({ code: 0 })
  expect(await countOf(clients)).toBe((heldDays - 1) * pointsOfADay)
}, 480_000)

test('an older backup of the schedule obeys it when it is restored elsewhere; it has all other rows, goes on and refetches nothing', async () => {
  restored = await prepareStack('simulated', settings)
  const made = await restored.run('restore', scheduled().at(-1)!)
  expect(made.stdout).toContain(`${dataset} before 2026-01-06T23:00:00.000Z is deleted again at the next start`)
  answerAgain(restored)
  await restored.up()
  const there = await restored.connect()
  const held = await there.query('SELECT toString(min(ts)) AS first FROM tidemark.point_revisions')
  expect(held).toEqual([{ first: '2026-01-06 23:00:00' }])
  expect(await sums(there, known)).toEqual(before)
  for (const [topic, expected] of Object.entries(records)) {
    const found = placed(await readRecords(there.kafka, topic))
    expect([...placed(expected)].map(([place]) => [place, found.get(place)])).toEqual([...placed(expected)])
  }
  // What was asked for and not answered is in the backup as well.
  await untilHeld(there, heldDays - 2)
  expect(await decoded(there, 'deletions', deletionSchema)).toBe(1)
  expect(await decoded(there, 'jao.raw', rawResponseSchema)).toBe(heldDays + 1)
  expect(await decoded(there, 'jao.timeseries', timeseriesSliceSchema)).toBe((heldDays + 1) * 132)

  expect(await backfill(restored, '2026-01-08')).toMatchObject({ code: 0 })
  const simulator = simulatorClient(restored.file().endpoints.simulator!)
  for (const day of ['2026-01-08', open[0]!]) {
    const stored = await pointsOf(there, 'latest', windowOf(day))
    expect(differences(await simulator.truth(day), stored)).toEqual([])
  }
  // This simulator was started with the restored stack: all that was asked of it.
  expect(await askedOf(simulator)).toEqual(['2026-01-08', ...open].map(identityOf).toSorted())
  expect(await decoded(there, 'jao.raw', rawResponseSchema)).toBe(heldDays + 2)
}, 480_000)

test('a replay there brings back nothing that is deleted', async () => {
  const there = await restored.connect()
  const environment = { ...there.environment, CONSUMER_GROUP: 'replay-1' }
  const replay = await startService('normalizer', environment, join(home, 'replay.log'))
  try {
    await waitForGroup(there.kafka, 'replay-1', 'jao.raw')
    await untilStored(there.environment)
  } finally {
    await replay.kill('SIGTERM')
  }
  expect(await decoded(there, 'jao.timeseries', timeseriesSliceSchema)).toBe(2 * (heldDays + 2) * 132)
  const first = await there.query('SELECT toString(min(ts)) AS first FROM tidemark.point_revisions')
  expect(first).toEqual([{ first: '2026-01-06 23:00:00' }])
  expect(await countOf(there)).toBe((heldDays - 1) * pointsOfADay)
}, 240_000)

longTest(
  'its second start has nothing to do again',
  async () => {
    const there = await restored.connect()
    await restored.run('down')
    await restored.up()
    expect(await decoded(there, 'deletions', deletionSchema)).toBe(1)
  },
  480_000,
)

test('a backup of the stopped stack is restored with every file as it was', async () => {
  const { code, stdout } = await tidemark(['restore', backup(), '--data', join(home, 'restored')], stack.environment)
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('holds what was backed up at') })
}, 240_000)

test('a backup that cannot be told of a deletion is named, and the exit code says so', async () => {
  rmSync(backup(), { recursive: true })
  const { code, stderr } = await stack.run('delete', dataset, '--before', '2026-01-08', '--yes')
  expect(code).toBe(1)
  expect(stderr).toContain(
    `the backup in ${backup()} does not know of it (it is not there) and would bring the data back`,
  )
  writeFileSync(join(stack.dataDir, 'backups.json'), '[]')
  expect(await stack.run('delete', dataset, '--before', '2026-01-08', '--yes')).toMatchObject({ code: 0 })
  expect(readFileSync(join(stack.dataDir, 'deletions.jsonl'), 'utf8').trim().split('\n')).toHaveLength(2)
}, 240_000)
