import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockHolder, tryLock } from './lock.ts'
import { startedAt } from './process-table.ts'

let directory: string
let path: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-lock-'))
  path = join(directory, 'lock')
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** Greater than any pid of Linux or macOS. */
const nobody = 99_999_999

test('a held lock is refused with the pid of its holder, and free again after release', async () => {
  const lock = await tryLock(path)
  expect(await tryLock(path)).toEqual({ heldBy: process.pid })
  expect(lockHolder(path)).toBe(process.pid)
  if ('release' in lock) lock.release()
  expect(lockHolder(path)).toBeUndefined()
  expect(await tryLock(path)).toHaveProperty('release')
})

test('a lock left by a process that is gone is taken over', async () => {
  writeFileSync(path, JSON.stringify({ pid: nobody, startedAt: '1' }))
  expect(lockHolder(path)).toBeUndefined()
  expect(await tryLock(path)).toHaveProperty('release')
  expect(lockHolder(path)).toBe(process.pid)
})

test('a lock whose process id was given to another process is taken over', async () => {
  writeFileSync(path, JSON.stringify({ pid: process.ppid, startedAt: `${startedAt(process.ppid)}0` }))
  expect(await tryLock(path)).toHaveProperty('release')
})

test('a lock with invalid content is taken over', async () => {
  writeFileSync(path, '')
  expect(await tryLock(path)).toHaveProperty('release')
})

test('only one of many processes takes over a stale lock', async () => {
  for (let round = 0; round < 20; round++) {
    writeFileSync(path, JSON.stringify({ pid: nobody, startedAt: '1' }))
    const locks = await Promise.all(Array.from({ length: 10 }, () => tryLock(path)))
    const taken = locks.filter((lock) => 'release' in lock)
    expect(taken).toHaveLength(1)
    for (const lock of taken) lock.release()
  }
  expect(readdirSync(directory)).toEqual([])
})
