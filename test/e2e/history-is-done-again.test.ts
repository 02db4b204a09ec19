// A stack as users have it, through two releases: dry run, replay killed at several moments, rebuild killed too, while
// readers read and live data flow.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addDays } from '#core/business-day.ts'
import { type Lock, tryLock } from '#local/lock.ts'
import { coreMaxExchanges } from '#sources/jao/core.ts'
import { type Clients, prepareStack, type RunningStack, removeStacks } from '../integrity/running-stack.ts'
import {
  differences,
  type Points,
  type SimulatorClient,
  simulatorClient,
  windowOf,
} from '../integrity/simulator-client.ts'
import { dataset, eventually, pointsOf, storeTime, untilStored, writeRequests } from '../integrity/whole-chain.ts'
import { anotherRelease } from '../support/another-release.ts'
import { faults, longTest } from '../support/long-tests.ts'

const today = '2026-03-30'
const days = Array.from({ length: 12 }, (_, index) => addDays(today, index - 12))

let stack: RunningStack
/** A rebuild that the next release began. */
let leftBehind: string
let clients: Clients
let simulator: SimulatorClient
const { transformVersion } = coreMaxExchanges
const raised = (by: number) => ({
  file: 'sources/jao/core.ts',
  from: `transformVersion: ${transformVersion}`,
  to: `transformVersion: ${transformVersion + by}`,
})
/** The next release: AT to BE is doubled, AT to CZ is not told any more. */
const next = anotherRelease([
  raised(1),
  {
    file: 'sources/jao/period-rows.ts',
    from: 'for (const [key, values] of columns) {',
    to: `for (const [key, told] of columns) {
    if (key === 'border_AT_CZ') continue
    const values = key === 'border_AT_BE' ? told.map((value) => (value === null ? null : 2 * value)) : told`,
  },
])

/** The first release's code under a higher number: the way back. */
const back = anotherRelease([raised(2)])

beforeAll(async () => {
  stack = await prepareStack('simulated', {
    SIMULATOR_START: `${today}T12:00:00Z`,
    BACKFILL_DAYS: '0',
    LOG_LEVEL: 'info',
  })
  await stack.up()
  clients = await stack.connect()
  simulator = simulatorClient(stack.file().endpoints.simulator!)
  await fetchAll()
  for (const day of days) await simulator.command({ revise: { day } })
  await fetchAll()
}, 240_000)
afterAll(async () => {
  await removeStacks()
  next.remove()
  back.remove()
})

async function fetchAll(): Promise<void> {
  const { code, stderr } = await stack.run('backfill', dataset, '--from', days[0]!, '--to', days.at(-1)!)
  expect(code, stderr).toBe(0)
}

/** What the simulator published of a day, as the next release reads it. */
async function truthOfNext(day: string): Promise<Points> {
  const points: Points = new Map()
  for (const [name, value] of await simulator.truth(day)) {
    if (name.startsWith('border_AT_CZ ')) continue
    points.set(name, name.startsWith('border_AT_BE ') && value !== null ? 2 * value : value)
  }
  return points
}

const instants = async (): Promise<string[]> => {
  const known = await clients.query<{ at: string }>(
    'SELECT DISTINCT toString(known_at) AS at FROM tidemark.point_revisions ORDER BY at',
  )
  return known.map(({ at }) => at)
}

/** The accepted answers of our days, and what `latest` and `as_of` at some instants say of them. */
const dump = async (at: string[]) => {
  const span = { from: windowOf(days[0]!).startMs, to: windowOf(days.at(-1)!).endMs }
  const views = ['latest', ...at.map((instant) => `as_of(at = '${instant}')`)]
  const answers = clients.query(
    `SELECT * EXCEPT stored_at FROM tidemark.stored_answers FINAL
     WHERE window_start >= toDateTime(${span.from / 1000}, 'UTC') AND window_start < toDateTime(${span.to / 1000}, 'UTC') ORDER BY ALL`,
  )
  return Promise.all([
    answers,
    ...views.map((view) =>
      clients.query(
        `SELECT '${view.replaceAll("'", '"')}' AS view, count() AS rows, toString(sum(cityHash64(toString(tuple(*))))) AS content
         FROM tidemark.${view} WHERE ts >= toDateTime(${span.from / 1000}, 'UTC') AND ts < toDateTime(${span.to / 1000}, 'UTC')`,
      ),
    ),
  ])
}

/** Begins a command and kills it at the moment when it has said something; gives what it said. */
async function killedAfter(said: RegExp, ...args: string[]): Promise<RegExpExecArray> {
  const { child, printed, finished } = stack.begin(...args)
  return new Promise((resolve, reject) => {
    child.stderr?.on('data', () => {
      if (said.test(printed().stderr)) child.kill('SIGKILL')
    })
    void finished.then(({ stderr }) => {
      const match = said.exec(stderr)
      if (match && child.signalCode === 'SIGKILL') resolve(match)
      else reject(new Error(`it ended without being killed after ${said}: ${stderr}`))
    })
  })
}

async function restartAs(release: string | undefined): Promise<void> {
  await stack.run('down')
  stack.use(release)
  await stack.up()
}

test('the same code would change nothing', async () => {
  const { code, stdout } = await stack.run('replay', dataset, '--dry-run')
  expect({ code, stdout }).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('added 0, changed 0, gone 0'),
  })
  stack.use(next.directory)
  const refused = await stack.run('replay', dataset)
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('restart it with this release first') })
})

test('a replay killed at several moments and resumed ends as one that was not', async () => {
  await restartAs(next.directory)
  const dry = await stack.run('replay', dataset, '--dry-run', '--json')
  expect(dry.code, dry.stderr).toBe(3)
  expect(JSON.parse(dry.stdout).comparison).toMatchObject({ added: 0, seriesGone: ['border_AT_CZ'], seriesAdded: [] })

  let id: string | undefined
  for (const afterMs of faults ? [700, 1_400, 2_600] : [1_400]) {
    const replaying = stack.begin('replay', dataset, ...(id ? ['--resume', id] : ['--rate', '5']))
    let over = false
    void replaying.finished.then(() => {
      over = true
    })
    await eventually(
      'the replay says its name',
      async () => over || /replay (\S+) begins/.exec(replaying.printed().stderr)?.[1],
    )
    id ??= /replay (\S+) begins/.exec(replaying.printed().stderr)?.[1]
    await sleep(afterMs / 2)
    replaying.child.kill('SIGKILL')
    await replaying.finished
  }
  // Live data of days that are being replayed, meanwhile.
  await simulator.command({ revise: { day: days[5]!, key: 'border_AT_BE', hour: 3, value: 4_321 } })
  const [ended] = await Promise.all([
    stack.run('replay', dataset, '--resume', id!),
    writeRequests(clients, stack.file().endpoints.simulator!, [days[5]!]),
  ])
  // One of the kills may have come after its end.
  expect([0, 1], ended.stderr).toContain(ended.code)
  if (ended.code === 1) expect(ended.stderr).toContain('there is nothing to resume')
  await untilStored(clients.environment)

  for (const day of days) {
    expect(differences(await truthOfNext(day), await pointsOf(clients, 'latest', windowOf(day)))).toEqual([])
  }
  const older = await clients.query(
    `SELECT key FROM tidemark.point_revisions FINAL WHERE transform_version <= ${transformVersion} LIMIT 1`,
  )
  expect(older).toEqual([])
  expect(await stack.run('replay', dataset, '--dry-run')).toMatchObject({ code: 0 })
  const [audit] = await clients.query(
    `SELECT state, from_version, to_version FROM tidemark.replays FINAL WHERE id = '${id}'`,
  )
  expect(audit).toEqual({ state: 'finished', from_version: transformVersion, to_version: transformVersion + 1 })
}, 240_000)

test('a rebuild, killed and resumed, gives the same tables, and readers see no hole', async () => {
  const known = await instants()
  const before = await dump(known)
  const expected = await clients.query<{ rows: string }>('SELECT toString(count()) AS rows FROM tidemark.latest')
  const fewest: number[] = []
  const reading = new AbortController()
  const reader = (async () => {
    while (!reading.signal.aborted) {
      const [latest] = await clients.query<{ rows: string }>('SELECT toString(count()) AS rows FROM tidemark.latest')
      const at = storeTime(Date.parse('2090-01-01'))
      const [then] = await clients.query<{ rows: string }>(
        `SELECT toString(count()) AS rows FROM tidemark.as_of(at = '${at}')`,
      )
      fewest.push(Number(latest?.rows), Number(then?.rows))
    }
  })()
  const lock = (await tryLock(join(stack.dataDir, 'rebuild.lock'))) as Lock
  expect(await stack.run('rebuild')).toMatchObject({ code: 1, stderr: expect.stringContaining('at work on the same') })
  lock.release()
  // Killed as soon as it begins, and again when it has read all of raw.
  const begun = await killedAfter(/rebuild (\S+) begins/, 'rebuild')
  const id = begun[1]!
  await killedAfter(/all of raw is read/, 'rebuild', '--resume', id)
  // Live data meanwhile, of a day that nothing was known of: they go into both tables.
  await writeRequests(clients, stack.file().endpoints.simulator!, [addDays(days[0]!, -3)])
  const ended = await stack.run('rebuild', '--resume', id)
  expect(ended.code, ended.stderr).toBe(0)
  reading.abort()
  await reader
  expect(Math.min(...fewest)).toBeGreaterThanOrEqual(Number(expected[0]?.rows))
  expect(fewest.length).toBeGreaterThan(10)

  expect(await dump(known)).toEqual(before)
  await untilStored(clients.environment)
  const liveDay = addDays(days[0]!, -3)
  await eventually('the live day is there', async () => (await pointsOf(clients, 'latest', windowOf(liveDay))).size > 0)
  expect(differences(await truthOfNext(liveDay), await pointsOf(clients, 'latest', windowOf(liveDay)))).toEqual([])
  expect(await clients.query("SELECT name FROM system.databases WHERE name LIKE 'tidemark\\_%'")).toEqual([])
  const [, left = ''] = await killedAfter(/rebuild (\S+) begins/, 'rebuild')
  leftBehind = left
}, 240_000)

longTest(
  'an older release is refused, and told how to roll back',
  async () => {
    await restartAs(undefined)
    const older = await stack.run('replay', dataset)
    expect(older).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`release the old code under version ${transformVersion + 2} or higher`),
    })
    expect(await stack.run('rebuild', '--yes')).toMatchObject({ code: 1, stderr: older.stderr })
  },
  240_000,
)

test('a rebuild that would change something asks; one of another release is not gone on with', async () => {
  await restartAs(back.directory)
  const other = await stack.run('rebuild', '--resume', leftBehind)
  expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('it began with another version of') })
  const known = await instants()
  const before = await dump(known)
  const asked = await stack.run('rebuild')
  expect(asked).toMatchObject({ code: 3, stderr: expect.stringContaining('--yes exchanges them all the same') })
  expect(asked.stderr).toContain('series added: border_AT_CZ')
  expect(await dump(known)).toEqual(before)
  // Once it was agreed to, nobody is asked again.
  const [, id = ''] = await killedAfter(/rebuild (\S+) begins.*the tables are exchanged now/s, 'rebuild', '--yes')
  expect(await stack.run('rebuild', '--resume', id)).toMatchObject({ code: 0 })
  for (const day of days) {
    expect(differences(await simulator.truth(day), await pointsOf(clients, 'latest', windowOf(day)))).toEqual([])
  }
}, 240_000)
