import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { diskProblem, openDataDirectory, runningIn, sourceOf } from './data-directory.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-data-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test('a new directory is made and remembers its source', async () => {
  const path = join(directory, 'deep', 'data')
  expect(sourceOf(path)).toBeUndefined()
  const { lock } = await openDataDirectory(path, 'simulated')
  expect(runningIn(path)).toBe(process.pid)
  await expect(openDataDirectory(path, 'simulated')).rejects.toThrow(
    `in use by a running stack (process ${process.pid})`,
  )
  lock.release()
  expect(sourceOf(path)).toBe('simulated')
  await expect(openDataDirectory(path, 'live')).rejects.toThrow('holds simulated data and cannot take live data')
  expect(runningIn(path)).toBeUndefined()
})

test('a directory that holds something else is left alone', async () => {
  mkdirSync(join(directory, 'photos'))
  await expect(openDataDirectory(directory, 'live')).rejects.toThrow(/holds something else than tidemark's data/)
  expect(readdirSync(directory)).toEqual(['photos'])
})

test('a directory that cannot be made is said', async () => {
  writeFileSync(join(directory, 'file'), '')
  await expect(openDataDirectory(join(directory, 'file', 'data'), 'live')).rejects.toThrow(/cannot be made .*--data/)
})

test('a disk that is nearly full is said with its figures', () => {
  expect(diskProblem('/data', 499.5 * 1024 * 1024)).toBe(
    'The disk of /data has 499 MiB free, and tidemark needs 500: make room, or choose --data on another disk.',
  )
  expect(diskProblem('/data', 500 * 1024 * 1024)).toBeUndefined()
})
