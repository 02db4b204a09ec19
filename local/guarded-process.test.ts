import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type GuardedOptions, killLeftover, startGuarded } from './guarded-process.ts'
import { isAlive } from './process-table.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-guard-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const options = (script: string): GuardedOptions => ({
  command: 'sh',
  args: ['-c', script, directory],
  cwd: directory,
  environment: process.env,
  logFile: join(directory, 'log'),
  pidFile: join(directory, 'pid'),
  mark: directory,
})

async function untilLogged(text: string): Promise<void> {
  while (!readFileSync(join(directory, 'log'), 'utf8').includes(text)) await sleep(10)
}

async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await sleep(20)
}

test('the pid is the program itself, what it prints is in the log, and its exit code comes back', async () => {
  const program = await startGuarded(options('echo $$; exit 7'))
  expect(await program.exited).toEqual({ code: 7, signal: null })
  expect(readFileSync(join(directory, 'log'), 'utf8')).toBe(`${program.pid}\n`)
})

test('stop lets a program end in order, and kills one that ignores SIGTERM', async () => {
  const orderly = await startGuarded(options('trap "echo bye; exit 0" TERM; echo one; while :; do sleep 0.05; done'))
  await untilLogged('one')
  await orderly.stop(5_000)
  expect(readFileSync(join(directory, 'log'), 'utf8')).toContain('bye')
  const deaf = await startGuarded(options('trap "" TERM; echo two; while :; do sleep 0.05; done'))
  await untilLogged('two')
  await deaf.stop(200)
  expect(isAlive(deaf.pid)).toBe(false)
})

test('a program is gone after its parent was killed with SIGKILL', async () => {
  const module = fileURLToPath(new URL('guarded-process.ts', import.meta.url))
  const parent = join(directory, 'parent.ts')
  writeFileSync(
    parent,
    `import { startGuarded } from ${JSON.stringify(module)}
     await startGuarded(${JSON.stringify({ ...options('while :; do sleep 1; done'), environment: {} })})
     setInterval(() => {}, 1000)`,
  )
  const pidFile = join(directory, 'pid')
  const child = spawn(process.execPath, [parent], { stdio: 'inherit' })
  while (!existsSync(pidFile) || readFileSync(pidFile, 'utf8') === '') await sleep(20)
  const pid = Number(readFileSync(pidFile, 'utf8'))
  expect(isAlive(pid)).toBe(true)
  child.kill('SIGKILL')
  await untilGone(pid)
})

test('a program is gone after its guard was killed', async () => {
  const program = await startGuarded(options('while :; do sleep 1; done'))
  const guard = Number(spawnSync('ps', ['-o', 'ppid=', '-p', `${program.pid}`], { encoding: 'utf8' }).stdout)
  process.kill(guard, 'SIGKILL')
  expect((await program.exited).signal).toBe('SIGKILL')
  expect(isAlive(program.pid)).toBe(false)
})

test('what an earlier start left running is ended, but never a process of somebody else', async () => {
  const left = await startGuarded(options('while :; do sleep 1; done'))
  expect(await killLeftover(join(directory, 'pid'), directory, 0)).toBe(true)
  await left.exited
  expect(await killLeftover(join(directory, 'pid'), directory, 0)).toBe(false)

  const other = spawn('sleep', ['1000'], { stdio: 'ignore' })
  writeFileSync(join(directory, 'pid'), `${other.pid}\n`)
  expect(await killLeftover(join(directory, 'pid'), directory, 0)).toBe(false)
  expect(isAlive(other.pid ?? 0)).toBe(true)
  other.kill('SIGKILL')
})

test('a program is killed also during exec()', async () => {
  // Linux shows an empty command line for microseconds during exec. This shell calls exec all the time.
  const again = 'i=$1; [ "$i" -lt 3000 ] && exec sh -c "$0" "$0" $((i + 1)) "$2"; sleep 1000'
  const changing = [again, again, '0', directory]
  for (let round = 0; round < 20; round += 1) {
    const left = await startGuarded({ ...options(''), args: ['-c', ...changing] })
    expect(await killLeftover(join(directory, 'pid'), directory, 0)).toBe(true)
    await left.exited
  }
})

test('a command that does not exist is an error, not a wait', async () => {
  const program = await startGuarded({ ...options(''), command: '/nowhere/java', args: [] }).catch(() => undefined)
  if (program !== undefined) expect((await program.exited).code).toBe(127)
})
