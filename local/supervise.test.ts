import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type GuardedProcess, startGuarded } from './guarded-process.ts'
import { isAlive } from './process-table.ts'
import { type PartPlan, type Reports, supervise } from './supervise.ts'

let directory: string
let told: string[]
let running: Map<string, GuardedProcess>
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-supervise-'))
  told = []
  running = new Map()
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const reports: Reports = {
  ready: (name, _tookMs, part) => {
    told.push(`${name} ready`)
    if (part) running.set(name, part)
  },
  ended: (name) => void told.push(`${name} ended`),
  failed: (name) => void told.push(`${name} failed`),
}

/** A part that writes its name to a common log when it stops. */
function part(name: string, needs: string[], start?: PartPlan['start']): PartPlan {
  const script = `trap "echo ${name} >>${directory}/stops; exit 0" TERM; echo ready; while :; do sleep 0.02; done`
  const logFile = join(directory, `${name}.log`)
  const program = async () => {
    rmSync(logFile, { force: true })
    const started = await startGuarded({
      command: 'sh',
      args: ['-c', script],
      cwd: directory,
      environment: process.env,
      logFile,
      pidFile: join(directory, `${name}.pid`),
      mark: directory,
    })
    while (!readFileSync(logFile, 'utf8').includes('ready')) await sleep(10)
    return started
  }
  return { name, needs, start: start ?? program, stopDeadlineMs: 5_000 }
}

test('parts start after what they need, and stop before it', async () => {
  const job = part('job', ['store', 'broker'], async () => undefined)
  const { started, stop } = supervise([part('store', []), part('broker', []), job, part('service', ['job'])], reports)
  await started
  expect(told.slice(0, 2).toSorted()).toEqual(['broker ready', 'store ready'])
  expect(told.slice(2)).toEqual(['job ready', 'service ready'])
  await stop()
  const stops = readFileSync(join(directory, 'stops'), 'utf8').trim().split('\n')
  expect(stops[0]).toBe('service')
  expect(stops.toSorted()).toEqual(['broker', 'service', 'store'])
})

test('a part that ends is started again, also when its next start fails at first', async () => {
  let starts = 0
  const plan = part('broker', [])
  const faulty: PartPlan = {
    ...plan,
    start: async () => {
      starts++
      if (starts === 2) throw new Error('not yet')
      return plan.start()
    },
  }
  const { started, stop } = supervise([faulty], reports)
  await started
  await running.get('broker')?.kill()
  while (told.length < 4) await sleep(20)
  expect(told).toEqual(['broker ready', 'broker ended', 'broker failed', 'broker ready'])
  await stop()
  expect(isAlive(running.get('broker')?.pid ?? 0)).toBe(false)
})

test('a part that does not start fails the start, and the others can still be stopped', async () => {
  const broken = part('broker', [], async () => {
    throw new Error('no Java')
  })
  const { started, stop } = supervise([part('store', []), broken, part('service', ['broker'])], reports)
  await expect(started).rejects.toThrow('no Java')
  while (!running.has('store')) await sleep(20)
  await stop()
  expect(isAlive(running.get('store')?.pid ?? 0)).toBe(false)
  expect(told).not.toContain('service ready')
})
