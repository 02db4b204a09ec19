import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { knownBackups } from '#core/known-backups.ts'
import { backUp } from './backup.ts'
import { recordDeletionInBackups } from './backup-records.ts'
import { openDataDirectory } from './data-directory.ts'
import { deletionsFile, readDeletions, recordDeletion } from './deletions-file.ts'
import { compileCache } from './node-part.ts'
import { restore } from './restore.ts'

let home: string
let data: string
let to: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tidemark-backup-'))
  data = join(home, 'data')
  to = join(home, 'backup')
  const files = {
    source: 'simulated\n',
    'kafka/messages/jao.raw-0/00.log': 'raw',
    'kafka/broker.pid': '1',
    'registry/registry.mv.db': 'ids',
    'clickhouse/engine/store/abc/data.bin': 'rows',
    'clickhouse-credentials.json': '{}',
    'simulator.json': '{}',
    'logs/stack.log': 'a log',
    'pids/sink.pid': '1',
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(data, path)), { recursive: true })
    writeFileSync(join(data, path), text)
  }
  symlinkSync('store/abc', join(data, 'clickhouse/engine/table'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

/** With Node's cache of compiled TypeScript, a child of a test starts in a third of the time. */
const cached = { ...process.env, NODE_COMPILE_CACHE: compileCache(process.env) }
const silent = () => {}
const make = (over: Partial<Parameters<typeof backUp>[0]> = {}) =>
  backUp({ dataDir: data, to, environment: {}, progress: silent, ...over })
const restored = () => join(home, 'restored')
const restoreIt = () => restore({ from: to, dataDir: restored(), progress: silent })
const filesOf = (directory: string) => readdirSync(directory, { recursive: true }).map(String).sort()
const deletion = { dataset: 'a.b', before: 1_000, at: 2_000, by: 'me@here', why: '' }

test('a restored backup is the stack’s parts as they were, links too, without logs and process ids', async () => {
  const manifest = await make()
  expect(manifest.parts).toMatchObject({ kafka: { files: 1, bytes: 3 }, registry: { files: 1, bytes: 3 } })
  await restoreIt()
  const expected = filesOf(data).filter((path) => !/^(logs|pids|stack|backups)|\.pid$/.test(path))
  expect(filesOf(restored()).filter((path) => path !== 'backups.json')).toEqual(expected)
  expect(readFileSync(join(restored(), 'clickhouse/engine/table/data.bin'), 'utf8')).toBe('rows')
  expect(readlinkSync(join(restored(), 'clickhouse/engine/table'))).toBe('store/abc')
  expect(filesOf(home).filter((path) => path.includes('partial'))).toEqual([])
})

test('is refused while a stack runs there, with what to do; and holds the directory meanwhile', async () => {
  const { lock } = await openDataDirectory(data, 'simulated')
  await expect(make()).rejects.toThrow(/A stack runs in .*tidemark down --data .*tidemark backup .*tidemark up/)
  lock.release()
  let held = ''
  await make({ progress: () => (held ||= readFileSync(join(data, 'stack.lock'), 'utf8')) })
  expect(JSON.parse(held).pid).toBe(process.pid)
  expect(existsSync(join(data, 'stack.lock'))).toBe(false)
})

test.each(['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'CLICKHOUSE_URL'])(
  'is refused when %s is elsewhere',
  async (name) => {
    await expect(make({ environment: { [name]: 'http://there:1' } })).rejects.toThrow(
      'a part of the stack is elsewhere',
    )
  },
)

test('is refused if a part is missing, or the target exists, lies inside the data or is blocked', async () => {
  await expect(make({ to: join(data, 'kafka', 'b') })).rejects.toThrow('lies inside the data directory')
  symlinkSync(data, join(home, 'link'))
  await expect(make({ to: join(home, 'link', 'b') })).rejects.toThrow('lies inside the data directory')
  await expect(make({ dataDir: home })).rejects.toThrow('holds no data of tidemark')
  mkdirSync(`${to}.partial`)
  writeFileSync(join(`${to}.partial`, 'mine'), '')
  await expect(make()).rejects.toThrow('is in the way')
  expect(existsSync(join(`${to}.partial`, 'mine'))).toBe(true)
  rmSync(`${to}.partial`, { recursive: true })
  mkdirSync(to)
  await expect(make()).rejects.toThrow('exists')
  rmSync(to, { recursive: true })
  rmSync(join(data, 'registry'), { recursive: true })
  await expect(make()).rejects.toThrow('has no registry')
  expect(existsSync(to)).toBe(false)
})

test('is not a data directory that `up` would accept, and neither is a partial backup', async () => {
  await make()
  await expect(openDataDirectory(to, 'simulated')).rejects.toThrow('holds something else')
  mkdirSync(`${to}.partial/data`, { recursive: true })
  writeFileSync(`${to}.partial/unfinished`, '')
  await expect(openDataDirectory(`${to}.partial`, 'simulated')).rejects.toThrow('holds something else')
})

test.each([
  ['changed', (path: string) => writeFileSync(path, 'rOws')],
  ['cut short', (path: string) => truncateSync(path, 2)],
  ['missing', (path: string) => rmSync(path)],
  ['joined by another', (path: string) => writeFileSync(join(dirname(path), 'more'), '')],
])('is not restored when a file of it is %s', async (_how, spoil) => {
  await make()
  spoil(join(to, 'data/clickhouse/engine/store/abc/data.bin'))
  await expect(restoreIt()).rejects.toThrow(/clickhouse\/engine\/store\/abc\/(data\.bin|more) is not what it was/)
  expect(filesOf(home).filter((path) => path.startsWith('restored'))).toEqual([])
})

test('is restored into a new or empty directory only, and only what is a backup', async () => {
  await expect(restore({ from: data, dataDir: restored(), progress: silent })).rejects.toThrow(
    'not a backup of tidemark',
  )
  await make()
  await expect(restore({ from: to, dataDir: data, progress: silent })).rejects.toThrow('not empty')
  await expect(restore({ from: to, dataDir: join(to, 'x'), progress: silent })).rejects.toThrow('inside the backup')
  mkdirSync(restored())
  await restoreIt()
  expect(existsSync(join(restored(), 'source'))).toBe(true)
})

test('killed in the middle it leaves no backup; the next one removes what it left', async () => {
  for (let file = 0; file < 500; file++) writeFileSync(join(data, `kafka/${file}.log`), `${file}`)
  const script = `import { backUp } from '${new URL('backup.ts', import.meta.url)}'
    await backUp({ dataDir: '${data}', to: '${to}', environment: {}, progress: () => {} })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore', env: cached })
  const exited = once(child, 'exit')
  while (!existsSync(join(`${to}.partial`, 'data', 'kafka', '7.log'))) await sleep(1)
  child.kill('SIGKILL')
  await exited
  expect(existsSync(to)).toBe(false)
  expect(existsSync(`${to}.partial`)).toBe(true)
  await make()
  expect(existsSync(`${to}.partial`)).toBe(false)
  await restoreIt()
})

test('a deletion is noted in every backup that is known; a restored directory knows it, and the backups too', async () => {
  await make()
  const second = join(home, 'second')
  await make({ to: second })
  const gone = join(home, 'gone')
  await make({ to: gone })
  rmSync(gone, { recursive: true })
  expect(knownBackups(data).map(({ path }) => path)).toEqual([to, second, gone])
  const outcome = recordDeletionInBackups(data, deletion)
  expect(outcome).toEqual({ noted: [to, second], unreachable: [{ path: gone, reason: 'it is not there' }] })
  recordDeletionInBackups(data, deletion)
  await restoreIt()
  expect(readDeletions(deletionsFile(restored()))).toEqual([deletion])
  expect(knownBackups(restored()).map(({ path }) => path)).toEqual([to])
  rmSync(second, { recursive: true })
  await make({ to: second })
  expect(recordDeletionInBackups(data, deletion).noted).toEqual([to, second])
})

test('another backup at a known path is not taken for the known one', async () => {
  await make()
  const [known] = knownBackups(data)
  rmSync(to, { recursive: true })
  await make()
  const outcome = recordDeletionInBackups(data, deletion)
  expect(outcome.noted).toEqual([to])
  expect(outcome.unreachable).toEqual([{ path: known?.path, reason: 'another backup is there' }])
})

test('deletions that cannot be read are refused with their line: they would be forgotten', async () => {
  const file = deletionsFile(data)
  recordDeletion(file, deletion)
  recordDeletion(file, { ...deletion, before: 500 })
  expect(readDeletions(file)).toEqual([deletion])
  appendFileSync(file, '{"dataset":"a')
  expect(() => readDeletions(file)).toThrow('line 2, notes no deletion')
  await make()
  await expect(restoreIt()).rejects.toThrow('line 2, notes no deletion')
})
