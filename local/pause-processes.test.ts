import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { whilePaused } from './pause-processes.ts'
import { isStopped } from './process-table.ts'

let directory: string
let file: string
let writers: ChildProcess[]
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-pause-'))
  file = join(directory, 'written')
  writers = [writer(), writer()]
})
afterEach(() => {
  for (const each of writers) each.kill('SIGKILL')
  rmSync(directory, { recursive: true, force: true })
})

/** A program that appends to the file without end, as fast as it can. */
const writer = () => spawn('sh', ['-c', `while :; do echo x >>${file}; done`], { stdio: 'ignore' })
const pids = () => writers.map(({ pid }) => pid!)
const written = () => readFileSync(file, { encoding: 'utf8', flag: 'a+' }).length
async function untilTheyWrite(): Promise<void> {
  for (const before = written(); written() <= before; ) await sleep(5)
}
/** Blocks as real work does, without giving the event loop a turn. */
const block = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

test('nothing is written while the work is done, and afterwards all go on', async () => {
  await untilTheyWrite()
  const held = await whilePaused(pids(), 60_000, () => {
    const before = written()
    block(50)
    return written() - before
  })
  expect(held?.result).toBe(0)
  expect(held?.pausedMs).toBeGreaterThanOrEqual(50)
  expect(pids().some(isStopped)).toBe(false)
  await untilTheyWrite()
})

test('they go on at the limit, however long the work takes, and its result does not count', async () => {
  await untilTheyWrite()
  const held = await whilePaused(pids(), 200, () => {
    while (pids().some(isStopped)) block(5)
    return 'done'
  })
  expect(held).toBeUndefined()
})

test('they go on when the process that stopped them is killed', async () => {
  await untilTheyWrite()
  const module = fileURLToPath(new URL('pause-processes.ts', import.meta.url))
  const script = `import { whilePaused } from ${JSON.stringify(module)}
    await whilePaused(${JSON.stringify(pids())}, 600_000, () => { process.kill(process.pid, 'SIGKILL') })`
  const killed = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' })
  expect(await once(killed, 'exit')).toEqual([null, 'SIGKILL'])
  await untilTheyWrite()
})

test('one that has ended is noticed: the work is not done, and the others go on', async () => {
  writers[0]!.kill('SIGKILL')
  await once(writers[0]!, 'exit')
  expect(await whilePaused(pids(), 600_000, () => 'done')).toBeUndefined()
  await untilTheyWrite()
})
