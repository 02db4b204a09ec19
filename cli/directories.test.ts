import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openDataDirectory, type SourceKind } from '#local/data-directory.ts'
import { type StackFile, writeStackFile } from '#local/stack-file.ts'
import { dataDirectory, dataOptionFor, findRunningStack } from './directories.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tidemark-home-'))
  vi.stubEnv('TIDEMARK_HOME', home)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(home, { recursive: true, force: true })
})

/** Writes the files that a running stack leaves in its directory `name`. */
async function begin(name: string, source: SourceKind): Promise<StackFile> {
  const { path } = await openDataDirectory(join(home, name), source)
  const stack = { pid: process.pid, dataDir: path } as StackFile
  writeStackFile(stack)
  return stack
}

test('a hint names the directory unless the command finds this very stack without', async () => {
  const simulated = await begin('simulated', 'simulated')
  expect(dataOptionFor(simulated)).toBe('')
  const elsewhere = await begin("it's mine", 'live')
  expect(dataOptionFor(elsewhere)).toBe(` --data '${home}/it'\\''s mine'`)
  const live = await begin('live', 'live')
  expect(dataOptionFor(live)).toBe('')
  expect(dataOptionFor(simulated)).toBe(` --data ${home}/simulated`)
})

test('where no stack runs, the hint starts one in the directory that was named', () => {
  expect(() => findRunningStack(join(home, 'x'))).toThrow(
    `No stack runs in ${home}/x: start one with \`npx tidemark up --data ${home}/x\`.`,
  )
  expect(() => findRunningStack(undefined)).toThrow('start one with `npx tidemark up`.')
})

test('an empty --data names no directory', () => {
  for (const nothing of ['', ' ']) expect(() => dataDirectory(nothing)).toThrow('name a directory')
  expect(dataDirectory('data')).toBe('data')
})
