import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { labelDirectory, openDataDirectory } from '#local/data-directory.ts'
import { removeStackFile, type StackFile, writeStackFile } from '#local/stack-file.ts'
import { abortWhenStackStops } from './abort-when-stack-stops.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tidemark-gone-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

/** Writes the files that a running stack leaves in its directory, with this process as supervisor. */
async function begin(kafka = 'k:1') {
  const directory = await openDataDirectory(join(home, 'my data'), 'live')
  labelDirectory(directory, 'live')
  const stack = { pid: process.pid, dataDir: directory.path, endpoints: { kafka } } as StackFile
  writeStackFile(stack)
  const end = () => {
    removeStackFile(directory.path)
    directory.lock.release()
  }
  return { stack, end }
}
const forever = () => new Promise<never>(() => {})
const sentence = /^The stack in .+ has ended: start it with `npx tidemark up --data '.+my data'`, then do this again\.$/

test('what waits for a stack that was stopped ends with a sentence, and is told to clean up', async () => {
  const { stack, end } = await begin()
  let cleanedUp = false
  const waiting = abortWhenStackStops(stack, 0, (gone) => {
    gone.addEventListener('abort', () => {
      cleanedUp = true
    })
    return forever()
  })
  end()
  await expect(waiting).rejects.toThrow(sentence)
  expect(cleanedUp).toBe(true)
})

test('a stack that runs, or runs again at the same address, is waited for', async () => {
  const { stack, end } = await begin()
  const result = await abortWhenStackStops(stack, 60_000, async () => {
    end()
    await sleep(600)
    await begin()
    await sleep(600)
    return 'done'
  })
  expect(result).toBe('done')
})

test('a stack at another address is another one', async () => {
  const { stack, end } = await begin()
  end()
  await begin('k:2')
  await expect(abortWhenStackStops(stack, 0, forever)).rejects.toThrow(sentence)
})

test('an error of the work is its own while the stack runs, and the end of the stack after that', async () => {
  const { stack, end } = await begin()
  const fail = () => Promise.reject(new Error('broken'))
  await expect(abortWhenStackStops(stack, 60_000, fail)).rejects.toThrow('broken')
  end()
  await expect(abortWhenStackStops(stack, 60_000, fail)).rejects.toThrow(sentence)
})
