// One life of a stack as users have it, by the command: its parts are killed, then its supervisor; two more releases do
// history again, by dry run, replay and rebuild, killed at several moments, while readers read and live data flow; it is
// stopped, started in the foreground, and ends by Ctrl-C. Starts of real parts are what costs time: there are three.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { constants, setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { addDays } from '#core/business-day.ts'
import { type Lock, tryLock } from '#local/lock.ts'
import { isAlive } from '#local/process-table.ts'
import type { StackFile } from '#local/stack-file.ts'
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
import { missingIn, samplesOf } from '../support/monitoring-files.ts'
import { type Started, startTidemark, tidemark } from '../support/tidemark-command.ts'

// Starts of real parts take seconds, and many times that on a machine that is busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 240_000 })

const today = '2026-03-30'
const dayCount = faults ? 12 : 6
const days = Array.from({ length: dayCount }, (_, index) => addDays(today, index - dayCount))

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

/** Where commands that name no directory look for a running stack. */
const home = mkdtempSync(join(tmpdir(), 'tidemark-home-'))
/** `tidemark <args>`, as a user types it who has one stack. */
const run = (...args: string[]) => tidemark(args, stack.environment)
let printed = ''
let base = 0
const pidsOf = ({ pid, parts }: StackFile): number[] => [pid, ...Object.values(parts).map((part) => part.pid)]

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(50)
}

beforeAll(async () => {
  const settings = {
    SIMULATOR_START: `${today}T12:00:00Z`,
    LOG_LEVEL: 'info',
    TIDEMARK_HOME: home,
    SESSION_TIMEOUT_MS: '6000',
    // The monitor watches backups, and nothing makes any.
    BACKUPS_OF: home,
  }
  stack = await prepareStack('simulated', settings, join(home, 'simulated'))
  const started = await stack.up('--no-backfill')
  expect(started.stderr).toContain('✔ kafka')
  printed = started.stdout
  base = stack.file().portBase
  clients = await stack.connect()
  simulator = simulatorClient(stack.file().endpoints.simulator!)
})
afterAll(async () => {
  await removeStacks()
  rmSync(home, { recursive: true, force: true })
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
  // On a busy machine, the command must not end before this process gets to kill it.
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW)
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
  await stack.up('--no-backfill')
}

describe('its commands', () => {
  test('what was started in the background is healthy when up returns', async () => {
    const { code, stdout } = await run('status', '--json')
    expect(code).toBe(0)
    const { healthy, parts, lag, rows, datasets } = JSON.parse(stdout)
    expect(healthy).toBe(true)
    expect(parts.map(({ name }: { name: string }) => name).toSorted()).toEqual([
      'alerter',
      'api',
      'clickhouse',
      'kafka',
      'monitor',
      'normalizer',
      'poller',
      'registry',
      'simulator',
      'sink',
    ])
    expect(parts.find(({ name }: { name: string }) => name === 'kafka').version).toBe('4.3.1')
    expect(parts.find(({ name }: { name: string }) => name === 'registry').version).toBe('3.0.9')
    expect(parts.find(({ name }: { name: string }) => name === 'clickhouse').version).toMatch(/^26\.7\./)
    expect(lag.map(({ group, topic }: { group: string; topic: string }) => `${group} ${topic}`)).toEqual(
      expect.arrayContaining(['normalizer jao.raw', 'sink jao.timeseries', 'sink polls']),
    )
    expect(Object.keys(rows)).toEqual(expect.arrayContaining(['points', 'point_revisions', 'polls', 'series']))
    expect(datasets[0]).toMatchObject({ dataset: 'jao.core.maxExchanges', nextDueAt: expect.stringMatching(/^\d{4}-/) })
    expect((await run('status')).stdout).toContain('healthy, source SIMULATED')
  })

  test('the monitor says by when windows are expected, and publishes what became of them', async () => {
    const at = new Date(await simulator.nowMs()).toISOString().replace('T', ' ').slice(0, 19)
    const classes = () =>
      clients.query<{ day: string; class: string; expected: string }>(
        `SELECT formatDateTime(window_end, '%F', 'Europe/Brussels') AS day, class, formatDateTime(expected_by, '%F %R', 'Europe/Brussels') AS expected
         FROM tidemark.completeness(at = '${at}') WHERE dataset = '${dataset}' AND window_end > '${at}' ORDER BY window_start`,
      )
    const [tomorrow, next, after] = [1, 2, 3].map((count) => addDays(today, count))
    await until(async () => (await classes()).length === 3 && (await classes())[1]?.class === 'complete')
    expect(await classes()).toEqual([
      { day: tomorrow, class: expect.any(String), expected: `${addDays(today, -1)} 11:00` },
      { day: next, class: 'complete', expected: `${today} 11:00` },
      { day: after, class: 'not-yet-due', expected: `${tomorrow} 11:00` },
    ])
    const published = () =>
      clients.query<{ class: string }>(
        `SELECT class FROM tidemark.completeness_changes WHERE dataset = '${dataset}' AND class = 'complete'`,
      )
    await until(async () => (await published()).length > 0)
    const metrics = await (await fetch(`http://127.0.0.1:${base + 13}/metrics`)).text()
    expect(metrics).toMatch(new RegExp(`tidemark_windows{dataset="${dataset}",class="complete"} [1-9]`))
  })

  test('stack.json is for its owner only and holds no password', () => {
    expect(statSync(join(stack.dataDir, 'stack.json')).mode & 0o777).toBe(0o600)
    const { writer, reader } = JSON.parse(readFileSync(join(stack.dataDir, 'clickhouse-credentials.json'), 'utf8'))
    const text = readFileSync(join(stack.dataDir, 'stack.json'), 'utf8')
    expect(text).not.toContain(writer.password)
    expect(text).not.toContain(reader.password)
  })

  test('query prints rows and nothing else', async () => {
    expect(await run('query', "SELECT 1, 'a' UNION ALL SELECT 2, 'b' ORDER BY 1")).toEqual({
      code: 0,
      stdout: '1\ta\n2\tb\n',
      stderr: '',
    })
    expect((await run('query', '--json', 'SELECT 1 AS one')).stdout).toBe('{"one":1}\n')
    expect((await run('query', 'SELECT 1 AS one', '--format', 'CSVWithNames')).stdout).toBe('"one"\n1\n')
    expect((await run('query', 'SELECT 7 FORMAT CSV')).stdout).toBe('7\n')
  })

  test('the three queries that up prints can be run', async () => {
    const commands = [...printed.matchAll(/npx tidemark query "(.+)"/g)].map((match) => match[1] ?? '')
    expect(commands).toHaveLength(3)
    for (const sql of commands) expect(await run('query', sql)).toMatchObject({ code: 0, stderr: '' })
  })

  test('a statement that fails is one sentence on stderr and exit code 1', async () => {
    const refused = await run('query', 'SELECT nothing FROM nowhere')
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toMatch(/^tidemark: ClickHouse: Code: 60\. [^\n]+\n$/)
    const changed = await run('query', 'DROP TABLE points')
    expect(changed).toMatchObject({ code: 1, stdout: '' })
    expect(changed.stderr).toContain('readonly')
  })

  test('a statement that fails half-way gives whole rows, and then the sentence', async () => {
    const sql = 'SELECT number + throwIf(number = 900000) FROM numbers(1000000)'
    const { code, stdout, stderr } = await run('query', sql)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^tidemark: ClickHouse stopped half-way: Code: 395\. [^\n]+\n$/)
    const rows = stdout.split('\n')
    expect(rows.length).toBeGreaterThan(1_000)
    expect([rows.pop(), rows.pop()]).toEqual(['', String(rows.length)])
    // A comparison of the texts would print megabytes.
    expect(rows.every((row, index) => row === String(index))).toBe(true)
  })

  test('a directory that a stack uses is refused to another, with the pid of the first', async () => {
    const refused = await run('up', '--detach', '--source', 'simulated', '--port-base', `${base}`)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(`in use by a running stack (process ${stack.file().pid})`)
    expect((await run('status')).code).toBe(0)
  })

  test('ports in use are refused by number and purpose, and leave no lock', async () => {
    const other = join(home, 'other')
    const refused = await run('up', '--detach', '--data', other, '--source', 'simulated', '--port-base', `${base - 1}`)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(
      /tidemark: Port \d+ \([a-zA-Z ]+\) is in use by process \d+ of the stack in \S+ \(`npx tidemark down --data \S+`\): stop it, or choose other ports with --port-base \(\d+ and the 19 after it are free\)\.\n$/,
    )
    expect((await run('status', '--data', other)).stderr).toMatch(/^tidemark: No stack runs in /)
  })

  test('parts that are killed are started again', async () => {
    for (const name of ['registry', 'clickhouse']) process.kill(stack.file().parts[name]!.pid, 'SIGKILL')
    const again = ({ parts }: StackFile) =>
      ['registry', 'clickhouse'].every((name) => parts[name]?.restarts === 1 && parts[name].state === 'running')
    await until(() => again(stack.file()))
    await until(async () => (await run('status')).code === 0)
    expect((await run('query', 'SELECT count() > 0 FROM migrations')).stdout).toBe('1\n')
  })
})

test('every metric and label that rules and dashboards name has a sample', async () => {
  const { endpoints } = stack.file()
  const simulatorUrl = endpoints.simulator!
  // A poll that fails, and is tried again.
  const day = addDays(days[0]!, -10)
  await simulatorClient(simulatorUrl).command({ fault: '500', count: 1, day })
  await writeRequests(await stack.connect(), simulatorUrl, [day])
  const scrape = async () => {
    const services = Object.entries(endpoints.health)
    const texts = services.map(async ([name, url]) =>
      samplesOf(`tidemark-${name}`, await (await fetch(`${url}/metrics`)).text()),
    )
    return (await Promise.all(texts)).flat()
  }
  const isAll = async () => expect(missingIn(await scrape())).toEqual([])
  await vi.waitFor(isAll, { timeout: 100_000, interval: 1_000 })
})

test('the queries of the runbook can be run', async () => {
  const runbook = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8')
  const queries = [...runbook.matchAll(/^npx tidemark query "([^"]+)"$/gm)].map(([, sql = '']) => sql)
  expect(queries.length).toBeGreaterThan(10)
  const { clickhouse } = stack.file().endpoints
  const { reader } = JSON.parse(readFileSync(clickhouse.passwordFile!, 'utf8'))
  const headers = { 'X-ClickHouse-User': reader.user, 'X-ClickHouse-Key': reader.password }
  for (const body of queries) {
    const answer = await fetch(`${clickhouse.url}/?database=tidemark`, { method: 'POST', headers, body })
    expect(answer.status, `${body}: ${await answer.text()}`).toBe(200)
  }
})

describe('history is done again', () => {
  beforeAll(async () => {
    await fetchAll()
    for (const day of days) await simulator.command({ revise: { day } })
    await fetchAll()
  })

  test('report says that the days are complete, and exits with 0', async () => {
    // What is declared, is declared by the clock of this machine, which is ahead of the simulated one.
    const span = ['--from', days[0]!, '--to', days.at(-1)!, '--at', '2100-01-01T00:00Z']
    const { code, stdout, stderr } = await stack.run('report', dataset, ...span, '--json')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const { alarms, datasets } = JSON.parse(stdout)
    expect(alarms).toEqual([])
    expect(datasets[0].calendar).toEqual(days.map((day) => ({ day, class: 'complete', windows: { complete: 1 } })))
    expect(datasets[0].gaps).toEqual([])
    expect(datasets[0].revisions).toMatchObject({ windows: dayCount, windowsRevised: dayCount, laterAnswers: dayCount })
  })

  test('points that are lost are found and named, and the replay that the command names stores them again', async () => {
    const whole = await stack.run('reconcile')
    expect(whole).toMatchObject({ code: 0, stdout: expect.stringMatching(/ points compared: nothing is missing\n$/) })
    const { startMs } = windowOf(days[1]!)
    const lost = `dataset = '${dataset}' AND key = 'border_AT_BE' AND ts = toDateTime(${startMs / 1000}, 'UTC')`
    const known = () => clients.query(`SELECT * FROM tidemark.point_revisions FINAL WHERE ${lost} ORDER BY known_at`)
    const before = await known()
    expect(before.length).toBeGreaterThan(1)
    await clients.command(`DELETE FROM tidemark.point_revisions WHERE ${lost}`)
    const { code, stdout } = await stack.run('reconcile', dataset)
    expect(code).toBe(3)
    expect(stdout).toContain(
      `${dataset}: ${before.length} points missing\n  ${dataset}/${new Date(startMs).toISOString().replace('.000', '')}/`,
    )
    const named = / npx tidemark (replay .+)/.exec(stdout)?.[1]
    expect(named).toBe(`replay ${dataset} --from ${days[1]} --to ${days[1]}`)
    const replayed = await stack.run(...named!.split(' '))
    expect(replayed.code, replayed.stderr).toBe(0)
    expect(await known()).toEqual(before)
    expect(await stack.run('reconcile', dataset)).toMatchObject({ code: 0 })
    expect(await stack.run('reconcile', '--from', '2026-04-02', '--to', '2026-04-01')).toMatchObject({ code: 1 })
    const json = JSON.parse((await stack.run('reconcile', dataset, '--json', '--to', '2020-01-01')).stdout)
    expect(json).toMatchObject({ complete: true, datasets: [{ dataset, answers: 0 }], notCompared: [] })
  })

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

  test('after kill -9 of the supervisor nothing stays, and the next up, of the next release, has the same data', async () => {
    const identity = 'SELECT groupBitXor(cityHash64(*)) FROM (SELECT * FROM migrations)'
    const before = stack.file()
    const known = await instants()
    const held = [(await run('query', identity)).stdout, await dump(known)]
    process.kill(before.pid, 'SIGKILL')
    stack.use(next.directory)
    await stack.up('--no-backfill')
    expect(pidsOf(before).filter(isAlive)).toEqual([])
    expect([(await run('query', identity)).stdout, await dump(known)]).toEqual(held)
  })

  test('a replay killed at several moments and resumed ends as one that was not', async () => {
    const dry = await stack.run('replay', dataset, '--dry-run', '--json')
    expect(dry.code, dry.stderr).toBe(3)
    expect(JSON.parse(dry.stdout).comparison).toMatchObject({
      rowsAdded: 0,
      seriesGone: ['border_AT_CZ'],
      seriesAdded: [],
    })

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
    await simulator.command({ revise: { day: days[3]!, key: 'border_AT_BE', hour: 3, value: 4_321 } })
    const [ended] = await Promise.all([
      stack.run('replay', dataset, '--resume', id!),
      writeRequests(clients, stack.file().endpoints.simulator!, [days[3]!]),
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
    const whole = expect.stringMatching(/nothing is missing\n$/)
    expect(await stack.run('reconcile')).toMatchObject({ code: 0, stdout: whole })
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
    expect(await stack.run('rebuild')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('at work on the same'),
    })
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
    expect(fewest.length).toBeGreaterThanOrEqual(2)

    expect(await dump(known)).toEqual(before)
    await untilStored(clients.environment)
    expect(await stack.run('reconcile')).toMatchObject({ code: 0, stdout: expect.not.stringContaining(' rows ') })
    const liveDay = addDays(days[0]!, -3)
    await eventually(
      'the live day is there',
      async () => (await pointsOf(clients, 'latest', windowOf(liveDay))).size > 0,
    )
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
})

describe('it is stopped, and started in the foreground', () => {
  let foreground: Started

  test('down stops everything; a second down is no error', async () => {
    const before = stack.file()
    expect(await run('down')).toMatchObject({ code: 0, stdout: '' })
    expect(pidsOf(before).filter(isAlive)).toEqual([])
    expect(await run('down', '--json')).toMatchObject({ code: 0, stdout: '{"stopped":false}\n' })
    expect((await run('status')).code).toBe(1)
    expect((await run('query', 'SELECT 1')).stderr).toMatch(
      /^tidemark: No stack runs in .+: start one with `npx tidemark up`\.\n$/,
    )
  })

  test('a directory keeps to its source', async () => {
    const refused = await run('up', '--data', stack.dataDir, '--source', 'live', '--port-base', `${base}`)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(`${stack.dataDir} holds simulated data and cannot take live data`)
  })

  test('in the foreground it says where it is', async () => {
    stack.use(back.directory)
    const args = ['up', '--data', stack.dataDir, '--port-base', `${base}`, '--no-backfill', '--json']
    foreground = startTidemark(args, stack.environment, back.directory)
    await until(() => foreground.printed().stdout !== '' || foreground.child.exitCode !== null)
    expect(foreground.printed().stderr).toContain('✔ poller')
    const { pid, kafka } = JSON.parse(foreground.printed().stdout)
    expect(kafka).toBe(`127.0.0.1:${base}`)
    expect(stack.file().pid).toBe(pid)
  })

  test('a rebuild that would change something asks; one of another release is not gone on with', async () => {
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

  test('Ctrl-C stops a stack in the foreground, though npm passes it on once more', async () => {
    const before = stack.file()
    process.kill(before.pid, 'SIGINT')
    process.kill(before.pid, 'SIGINT')
    const { code, stderr } = await foreground.finished
    expect(stderr).toMatch(/stopping .*\nstopped\n$/)
    expect(code).toBe(0)
    expect(pidsOf(before).filter(isAlive)).toEqual([])
  })
})
