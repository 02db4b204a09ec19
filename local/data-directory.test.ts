import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { diskProblem, labelDirectory, openDataDirectory, runningIn, sourceOf } from './data-directory.ts'
import { readStackFile } from './stack-file.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-data-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** Root ignores mode bits, so this runs as another user. */
async function asAnotherUser(work: () => unknown): Promise<void> {
  const root = process.geteuid?.() === 0
  if (root) process.seteuid?.(65_534)
  try {
    await work()
  } finally {
    if (root) process.seteuid?.(0)
  }
}

test('a new directory is made, and remembers the source that it is labelled with', async () => {
  const path = join(directory, 'deep', 'data')
  expect(sourceOf(path)).toBeUndefined()
  const opened = await openDataDirectory(path, 'simulated')
  expect(runningIn(path)).toBe(process.pid)
  await expect(openDataDirectory(path, 'simulated')).rejects.toThrow(
    `in use by a running stack (process ${process.pid})`,
  )
  labelDirectory(opened, 'simulated')
  opened.lock.release()
  expect(sourceOf(path)).toBe('simulated')
  await expect(openDataDirectory(path, 'live')).rejects.toThrow('holds simulated data and cannot take live data')
  expect(runningIn(path)).toBeUndefined()
})

test('a directory that was opened and never labelled takes either source', async () => {
  const path = join(directory, 'data')
  for (const source of ['simulated', 'live'] as const) (await openDataDirectory(path, source)).lock.release()
  expect(sourceOf(path)).toBeUndefined()
  expect(readdirSync(path)).toEqual([])
})

test('a directory that holds something else is left alone', async () => {
  mkdirSync(join(directory, 'photos'))
  await expect(openDataDirectory(directory, 'live')).rejects.toThrow(/holds something else than tidemark's data/)
  expect(readdirSync(directory)).toEqual(['photos'])
})

test('a directory that cannot be created is an error', async () => {
  writeFileSync(join(directory, 'file'), '')
  await expect(openDataDirectory(join(directory, 'file', 'data'), 'live')).rejects.toThrow(/cannot be made .*--data/)
})

test('a directory below one that is not writable fails instead of looping forever', async () => {
  const hopeless = process.platform === 'linux' ? '/proc/tidemark/data' : '/dev/null/tidemark/data'
  await expect(openDataDirectory(hopeless, 'live')).rejects.toThrow(/cannot be made .*--data/)
})

test('a directory that this user may not write or read is an error', async () => {
  const path = join(directory, 'data')
  labelDirectory(await openDataDirectory(path, 'live'), 'live')
  chmodSync(directory, 0o755)
  chmodSync(path, 0o555)
  await asAnotherUser(() =>
    expect(openDataDirectory(path, 'live')).rejects.toThrow(
      /data cannot be written \(EACCES\): choose another with --data/,
    ),
  )
  chmodSync(path, 0)
  const theirs = /cannot be read \(EACCES\): run this as the user that it belongs to/
  await asAnotherUser(() => {
    for (const ask of [runningIn, sourceOf, readStackFile]) expect(() => ask(path)).toThrow(theirs)
  })
  chmodSync(path, 0o700)
})

test('a nearly full disk is an error with the free space', () => {
  expect(diskProblem('/data', 499.5 * 1024 * 1024)).toBe(
    'The disk of /data has 499 MiB free, and tidemark needs 500: make room, or choose --data on another disk.',
  )
  expect(diskProblem('/data', 500 * 1024 * 1024)).toBeUndefined()
})
