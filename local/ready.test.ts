import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { logTail } from './ready.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-ready-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test('the last words of a log are its last lines, however many empty ones follow', () => {
  const log = join(directory, 'log')
  writeFileSync(log, `first\n${'line\n'.repeat(29)}last${'\n'.repeat(40)}`)
  expect(logTail(log)).toBe(`its log is ${log} and ends with:\n${'line\n'.repeat(29)}last`)
})

test('an empty log is not quoted', () => {
  const log = join(directory, 'log')
  expect(logTail(log)).toBe(`its log ${log} says nothing.`)
  writeFileSync(log, '\n\n')
  expect(logTail(log)).toBe(`its log ${log} says nothing.`)
})
