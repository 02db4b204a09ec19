// Backups of a running stack, and by schedule. Programs stand for its parts.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { getPriority, tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { knownBackups, lastGoodBackup } from '#core/known-backups.ts'
import { backUp } from './backup.ts'
import { type BackupPlan, backupPlan, isScheduled, nextBackupMs } from './backup-schedule.ts'
import { backupDiskProblem } from './data-directory.ts'
import { deletionsFile, readDeletions, recordDeletion } from './deletions-file.ts'
import { type Lock, tryLock } from './lock.ts'
import { compileCache } from './node-part.ts'
import { isStopped } from './process-table.ts'
import { restore } from './restore.ts'
import { makeScheduledBackup } from './scheduled-backup.ts'
import { writeStackFile } from './stack-file.ts'

let home: string
let data: string
let to: string
let programs: Record<'kafka' | 'registry' | 'clickhouse', ChildProcess>
let lock: Lock

const segment = 'kafka/messages/jao.raw-0/00000000000000000007.log'
const replaced = 'kafka/messages/jao.raw-0/leader-epoch-checkpoint'
const parts = 'clickhouse/engine/store/abc/table'
const program = (command: string, ...args: string[]) =>
  spawn(command, [...args, data], { cwd: data, stdio: ['pipe', 'ignore', 'ignore'] })
/** A part that writes nothing, until its standard input ends. */
const quiet = () => program('sh', '-c', 'read -r _')
/**
 * Parts that write as fast as they can. Kafka appends numbers to a segment, and replaces a file by each. The store makes a
 * part for each number that is there, and removes old parts. The registry writes its file in place: the same number at its
 * beginning and its end.
 */
const writers = {
  kafka: `every(() => {
    fs.appendFileSync('${segment}', n + '\\n')
    fs.writeFileSync('${replaced}.tmp', String(n))
    fs.renameSync('${replaced}.tmp', '${replaced}')
  })`,
  clickhouse: `every(() => {
    if (n >= fs.readFileSync('${segment}', 'utf8').split('\\n').length) return n--
    fs.mkdirSync('${parts}/tmp_insert_' + n)
    fs.writeFileSync('${parts}/tmp_insert_' + n + '/data.bin', String(n))
    fs.renameSync('${parts}/tmp_insert_' + n, '${parts}/all_' + n)
    if (n <= 20) return
    fs.renameSync('${parts}/all_' + (n - 20), '${parts}/delete_tmp_all')
    fs.rmSync('${parts}/delete_tmp_all', { recursive: true })
  })`,
  registry: `const file = fs.openSync('registry/registry.mv.db', 'r+')
    every(() => { for (const at of [0, 60_000]) fs.writeSync(file, String(n).padStart(12), at) })`,
}
const every = "const fs = require('node:fs'); let n = 0; const every = (step) => { for (;;) { n++; step() } };"
const writer = (name: keyof typeof writers) => program(process.execPath, '-e', `${every} ${writers[name]}`)

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'tidemark-running-'))
  data = join(home, 'data')
  to = join(home, 'backups', 'one')
  const files = {
    source: 'simulated\n',
    [segment]: '',
    'kafka/messages/jao.raw-0/00000000000000000000.log': 'closed',
    'kafka/messages/jao.raw-0/00000000000000000000.index': 'of the closed one',
    'kafka/messages/jao.raw-0/00000000000000000007.index': 'written in place',
    'kafka/messages/recovery-point-offset-checkpoint': '0',
    'registry/registry.mv.db': ' '.repeat(60_012),
    [`${parts}/tmp_merge_1/data.bin`]: 'not done',
    [`${parts}/../old/data.bin`]: 'rows',
    'clickhouse/engine/store/abc/detached/nothing': '',
    'clickhouse/engine/store/939/database/tmp_orders.sql': 'a table of somebody',
    'clickhouse/engine/data/tmp_orders/columns.txt': 'and its data',
    'clickhouse-credentials.json': '{}',
    'logs/stack.log': 'a log',
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(data, path)), { recursive: true })
    writeFileSync(join(data, path), text)
  }
  rmSync(join(data, 'clickhouse/engine/store/abc/detached/nothing'))
  startParts({ kafka: quiet(), registry: quiet(), clickhouse: quiet() })
  lock = (await tryLock(join(data, 'stack.lock'))) as Lock
})
afterEach(() => {
  endParts()
  lock.release()
  rmSync(home, { recursive: true, force: true })
})

function startParts(started: typeof programs): void {
  programs = started
  const states = Object.entries(programs).map(([name, { pid }]) => [name, { state: 'running', pid, restarts: 0 }])
  const endpoints = {
    kafka: '',
    registry: '',
    clickhouse: { url: '', user: '' },
    api: 'http://127.0.0.1:1',
    console: 'http://127.0.0.1:1',
    health: {},
  }
  writeStackFile({
    ...{ version: '0', pid: process.pid, startedAt: '', state: 'ready', dataDir: data, source: 'simulated' },
    ...{ portBase: 1, endpoints, parts: Object.fromEntries(states) },
  })
}
const endParts = () => Object.values(programs).map((each) => each.kill('SIGKILL'))
const stopped = () => Object.values(programs).filter(({ pid }) => isStopped(pid!))

const numbersIn = (directory: string): number[] =>
  readFileSync(join(directory, segment), 'utf8').split('\n').slice(0, -1).map(Number)
const partsIn = (directory: string): string[] => readdirSync(join(directory, parts))
async function untilTheyWrite(): Promise<void> {
  const newest = () => Math.max(0, ...partsIn(data).map((name) => Number(/^all_(\d+)$/.exec(name)?.[1] ?? 0)))
  const [numbers, made] = [numbersIn(data).length, newest()]
  while (numbersIn(data).length <= numbers || newest() <= made + 20) await sleep(5)
}
/** With Node's cache of compiled TypeScript, a child of a test starts in a third of the time. */
const cached = { ...process.env, NODE_COMPILE_CACHE: compileCache(process.env) }
const silent = () => undefined
const make = (over: Partial<Parameters<typeof backUp>[0]> = {}) =>
  backUp({ dataDir: data, to, environment: {}, progress: silent, running: true, ...over })
const leftIn = (directory: string) => readdirSync(directory).toSorted()

test('a running stack is copied as it was at one instant, and goes on', async () => {
  endParts()
  startParts({ kafka: writer('kafka'), registry: writer('registry'), clickhouse: writer('clickhouse') })
  await untilTheyWrite()
  const priority = getPriority()
  let stoppedAfterPause: unknown
  const afterPause = () => {
    stoppedAfterPause = stopped()
  }
  const { pausedMs } = await make({ afterPause })
  expect(pausedMs).toBeLessThan(1_000)
  expect(stoppedAfterPause).toEqual([])
  // This process does other things, too.
  expect(getPriority()).toBe(priority)
  await untilTheyWrite()
  endParts()
  await restore({ from: to, dataDir: join(home, 'restored'), progress: silent })
  const there = (path: string) => join(home, 'restored', path)
  const numbers = numbersIn(there(''))
  expect(numbers).toEqual(numbers.map((_, index) => index + 1))
  const stored = partsIn(there('')).map((name) => Number(/^all_(\d+)$/.exec(name)?.[1] ?? Number.NaN))
  // The store has nothing that the topics lack, and its newest parts, each of them whole.
  const newest = Math.max(...stored)
  expect(newest).toBeLessThanOrEqual(numbers.length)
  expect(stored.length).toBeOneOf([20, 21])
  expect(stored.toSorted((a, b) => a - b)).toEqual(stored.map((_, index) => newest - stored.length + 1 + index))
  for (const n of stored) expect(readFileSync(there(`${parts}/all_${n}/data.bin`), 'utf8')).toBe(`${n}`)
  expect(Number(readFileSync(there(replaced), 'utf8'))).toBeOneOf([numbers.length, numbers.length - 1])
  const registry = readFileSync(there('registry/registry.mv.db'), 'utf8')
  const [first, last] = [Number(registry.slice(0, 12)), Number(registry.slice(-12))]
  expect([first, first - 1]).toContain(last)
  expect(leftIn(there('kafka/messages/jao.raw-0'))).toEqual([
    '00000000000000000000.index',
    '00000000000000000000.log',
    '00000000000000000007.log',
    'leader-epoch-checkpoint',
  ])
  const own = ['store/abc/detached', 'store/939/database/tmp_orders.sql', 'data/tmp_orders/columns.txt']
  expect(own.filter((path) => !existsSync(there(`clickhouse/engine/${path}`)))).toEqual([])
  expect(existsSync(join(data, 'backup.snapshot'))).toBe(false)
})

test('is refused when no stack runs there, or when a part of it does not run', async () => {
  programs.registry.kill('SIGKILL')
  await once(programs.registry, 'exit')
  await expect(make()).rejects.toThrow('registry of the stack in')
  lock.release()
  await expect(make()).rejects.toThrow('leave --running out')
  expect(existsSync(to)).toBe(false)
  expect(knownBackups(data)).toEqual([])
})

test('a file that should never change, and did while it was copied, makes no backup', async () => {
  const changed = join(data, 'clickhouse/engine/store/abc/old/data.bin')
  await expect(make({ progress: () => writeFileSync(changed, 'ROWS') })).rejects.toThrow('old/data.bin changed while')
  expect(leftIn(dirname(to))).toEqual([])
  expect(knownBackups(data)).toEqual([])
})

test('a deletion that comes while the backup is made is in it', async () => {
  const deletion = { dataset: 'a.b', before: 1_000, at: 2_000, by: 'me@here', why: '' }
  await make({ progress: () => recordDeletion(deletionsFile(data), deletion) })
  expect(readDeletions(deletionsFile(to))).toEqual([deletion])
})

test('killed in the middle it leaves nothing that looks whole, all parts go on, and the next one cleans up', async () => {
  for (let file = 0; file < 500; file++) writeFileSync(join(data, `kafka/messages/jao.raw-0/${file}`), `${file}`)
  const script = `import { backUp } from '${new URL('backup.ts', import.meta.url)}'
    await backUp({ dataDir: '${data}', to: '${to}', environment: {}, progress: () => {}, running: true })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore', env: cached })
  while (!existsSync(join(`${to}.partial`, 'data/kafka/messages/jao.raw-0/7'))) await sleep(1)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(leftIn(dirname(to))).toEqual(['one.partial'])
  expect(await lastGoodBackup(data)).toBeUndefined()
  expect(stopped()).toEqual([])
  const waited: number[] = []
  const other = join(dirname(to), 'other')
  const onWait = (pid: number) => waited.push(pid)
  await Promise.all([make({ to: other, onWait }), make({ onWait })])
  expect(waited).toEqual([process.pid])
  expect(leftIn(dirname(to))).toEqual(['one', 'other'])
  expect(existsSync(join(data, 'backup.snapshot'))).toBe(false)
})

const plan = (): BackupPlan => ({ directory: join(home, 'backups'), everyH: 2, keep: 2 })
const scheduled = async () => (await makeScheduledBackup(data, plan())).at
const pathOf = (at: string) => knownBackups(data).find((backup) => backup.at === at)!.path

test('so many scheduled backups are kept; nothing else in the directory is removed', async () => {
  await make()
  mkdirSync(join(plan().directory, 'simulated-of-somebody-else'))
  const first = pathOf(await scheduled())
  const second = pathOf(await scheduled())
  const copy = join(home, 'copy')
  await restore({ from: second, dataDir: copy, progress: silent })
  expect(knownBackups(copy).map(({ path }) => path)).toEqual([to, first, second])
  // A stack that was restored elsewhere knows them, and they are not its own.
  expect(knownBackups(copy).filter((backup) => isScheduled(copy, plan(), backup))).toEqual([])
  const third = pathOf(await scheduled())
  expect([first, second, third].map((path) => existsSync(path))).toEqual([false, true, true])
  const others = ['one', 'simulated-of-somebody-else']
  expect(leftIn(plan().directory)).toEqual([...others, basename(second), basename(third)].toSorted())
  expect(knownBackups(data).map(({ path }) => path)).toEqual([to, second, third])
})

test('a removal that was killed is finished by the next backup; what another stack has not finished stays', async () => {
  const path = pathOf(await scheduled())
  writeFileSync(join(path, 'unfinished'), data)
  renameSync(path, `${path}.partial`)
  const foreign = join(plan().directory, 'theirs.partial')
  mkdirSync(foreign)
  writeFileSync(join(foreign, 'unfinished'), '/another/stack')
  await make()
  expect(leftIn(plan().directory)).toEqual(['one', 'theirs.partial'])
  expect(knownBackups(data).map((backup) => backup.path)).toEqual([to])
})

test.each([
  ['cut short', (path: string) => truncateSync(path, 1)],
  ['lost', (path: string) => rmSync(path)],
])('a backup with a file that was %s is not good: the one before it counts, and stays', async (_how, spoil) => {
  const [first, second] = [await scheduled(), await scheduled()]
  expect(await lastGoodBackup(data)).toMatchObject({ at: second, path: pathOf(second) })
  spoil(join(pathOf(second), 'data/clickhouse/engine/store/abc/old/data.bin'))
  expect((await lastGoodBackup(data))?.at).toBe(first)
  expect(await nextBackupMs(data, plan())).toBe(Date.parse(first) + 2 * 3_600_000)
  const kept = [pathOf(first), pathOf(second)]
  await scheduled()
  expect(kept.map((path) => existsSync(path))).toEqual([true, true])
  // Another two whole ones: now the damaged one is older than those that are kept, and goes.
  await scheduled()
  expect(kept.map((path) => existsSync(path))).toEqual([false, false])
})

test('the next one is due by the last good one of the schedule on disk, whatever the uptime', async () => {
  await make()
  expect(await nextBackupMs(data, plan(), 5)).toBe(5)
  const at = Date.parse(await scheduled())
  expect(await nextBackupMs(data, plan())).toBe(at + 2 * 3_600_000)
  expect(await nextBackupMs(data, { ...plan(), directory: home }, 5)).toBe(5)
  // The clock was set back since: a time in the future says nothing.
  expect(await nextBackupMs(data, plan(), at - 1)).toBe(at - 1)
})

test('a disk without room for the backup and the running stack is said before it begins', () => {
  const mib = 1024 * 1024
  expect(backupDiskProblem('/b', 1_500 * mib, 1_000 * mib)).toBeUndefined()
  expect(backupDiskProblem('/b', 1_499 * mib, 1_000 * mib)).toBe(
    'The disk of /b has 1499 MiB free, and the backup needs 1000 and must leave 500: make room, or choose a directory on another disk.',
  )
})

test('the schedule needs a directory, and a stack whose parts are all here', () => {
  expect(backupPlan({ BACKUP_EVERY_H: '' })).toBeUndefined()
  expect(backupPlan({ BACKUP_DIRECTORY: '/b' })).toEqual({ directory: '/b', everyH: 24, keep: 7 })
  expect(() => backupPlan({ BACKUP_KEEP: '3' })).toThrow('BACKUP_KEEP is set and BACKUP_DIRECTORY is not')
  expect(() => backupPlan({ BACKUP_DIRECTORY: '/b', KAFKA_BROKERS: 'k:1' })).toThrow('a part of the stack is elsewhere')
  expect(() => backupPlan({ BACKUP_DIRECTORY: '/b', BACKUP_EVERY_H: '0' })).toThrow('it must be a number above 0')
})
