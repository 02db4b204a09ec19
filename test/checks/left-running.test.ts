import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { isAlive } from '#local/process-table.ts'
import { endLeftProcesses, runVariable } from './left-running.ts'

/** A process that sleeps in a process group of its own, as a detached supervisor does. */
async function sleeper(run: string): Promise<number> {
  const program = "process.stdout.write('up'); setInterval(() => {}, 1_000)"
  const child = spawn(process.execPath, ['-e', program], {
    env: { ...process.env, [runVariable]: run },
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child.pid ?? 0
}

test('what a run left running is ended and named; what another run started goes on', async () => {
  const [mine, other] = [`run-${crypto.randomUUID()}`, `run-${crypto.randomUUID()}`]
  const [left, kept] = [await sleeper(mine), await sleeper(other)]
  const ended = await endLeftProcesses(mine, 0)
  expect(ended.map(({ pid }) => pid)).toEqual([left])
  expect(ended[0]?.command).toContain('setInterval')
  expect(isAlive(left)).toBe(false)
  expect(isAlive(kept)).toBe(true)
  expect(await endLeftProcesses(mine, 0)).toEqual([])
})

test('a process that ends by itself in time is not one that was left', async () => {
  const mine = `run-${crypto.randomUUID()}`
  const pid = await sleeper(mine)
  const ended = endLeftProcesses(mine, 60_000)
  process.kill(pid, 'SIGTERM')
  expect(await ended).toEqual([])
})
