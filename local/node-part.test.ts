import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { followProgress } from './node-part.ts'

test('followProgress passes on complete new lines that are marked progress', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-log-'))
  const file = join(directory, 'log')
  // A log line of a service.
  const line = (msg: string, more: object) =>
    `${JSON.stringify({ level: 30, time: '2026-11-27T00:00:00.000Z', service: 'provision', ...more, msg })}\n`
  writeFileSync(file, line('before: é', { progress: true }))
  const told: string[] = []
  const { stop } = followProgress(file, (text) => told.push(text))
  try {
    appendFileSync(file, line('not for people', { topics: 3 }) + line('1 of "2" é', { progress: true }))
    const half = line('halves', { progress: true })
    appendFileSync(file, half.slice(0, 40))
    await vi.waitFor(() => expect(told).toEqual(['1 of "2" é']), { timeout: 10_000 })
    appendFileSync(file, half.slice(40))
    await vi.waitFor(() => expect(told).toEqual(['1 of "2" é', 'halves']), { timeout: 10_000 })
  } finally {
    stop()
    rmSync(directory, { recursive: true })
  }
})
