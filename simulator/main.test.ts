import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

let directory: string
const running = new Set<ChildProcess>()

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-simulator-'))
})
afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
  rmSync(directory, { recursive: true })
})

function run(env: Record<string, string>, stdin: 'ignore' | 'pipe' = 'ignore', ipc: 'ignore' | 'ipc' = 'ignore') {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: { PATH: process.env.PATH, SIMULATOR_PORT: '0', ...env },
    stdio: [stdin, 'pipe', 'pipe', ipc],
  })
  running.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += chunk
    })
  }
  const exit = once(child, 'exit').then(([code]) => ({ code: code as number | null, output }))
  const url = async () => {
    for (;;) {
      const found = /http:\S+/.exec(output)
      if (found) return found[0]
      const ended = await Promise.race([exit, once(child.stdout!, 'data').then(() => undefined)])
      if (ended) throw new Error(`ended with ${ended.code}: ${ended.output}`)
    }
  }
  return { child, exit, url }
}

const post = (url: string, body: unknown) => fetch(url, { method: 'POST', body: JSON.stringify(body) })

test('serves on loopback until SIGTERM', async () => {
  const { child, exit, url } = run({})
  const now = Number(await (await fetch(`${await url()}/simulator/now`)).text())
  expect(Math.abs(Date.now() - now)).toBeLessThan(60_000)
  child.kill('SIGTERM')
  expect(await exit).toMatchObject({ code: 0 })
})

test('ends when its parent is gone: stdin closed, IPC closed', async () => {
  const piped = run({}, 'pipe')
  await piped.url()
  piped.child.stdin!.destroy()
  expect(await piped.exit).toMatchObject({ code: 0 })
  const forked = run({}, 'ignore', 'ipc')
  await forked.url()
  forked.child.disconnect()
  expect(await forked.exit).toMatchObject({ code: 0 })
})

test('after kill -9 it goes on with its clock, commands, faults and bytes', async () => {
  const env = {
    SIMULATOR_STATE_FILE: join(directory, 'state', 'simulator.json'),
    SIMULATOR_START: '2026-04-20T06:00:00Z',
    SIMULATOR_SEED: '7',
  }
  const window = '/core/api/data/maxExchanges?FromUtc=2026-04-19T22:00:00Z&ToUtc=2026-04-20T22:00:00Z'
  const first = run(env)
  const url = await first.url()
  await post(`${url}/simulator/clock`, { set: '2026-04-20T07:00:00Z', speed: 0 })
  await post(`${url}/simulator/command`, { revise: { day: '2026-04-20', key: 'border_AT_BE', value: null } })
  await post(`${url}/simulator/command`, { vanishHour: { day: '2026-04-20', hour: 2 } })
  await post(`${url}/simulator/command`, { etag: true })
  const body = await (await fetch(url + window)).text()
  expect(body.match(/"border_AT_BE":null/g)).toHaveLength(23)
  await post(`${url}/simulator/command`, { fault: '503', count: 2 })
  expect((await fetch(url + window)).status).toBe(503)
  first.child.kill('SIGKILL')
  await first.exit

  const second = run(env)
  const again = await second.url()
  const { nowMs } = (await (await fetch(`${again}/simulator/clock`)).json()) as { nowMs: number }
  expect(nowMs).toBeGreaterThanOrEqual(Date.UTC(2026, 3, 20, 7))
  expect(nowMs).toBeLessThan(Date.UTC(2026, 3, 20, 7, 1))
  expect((await fetch(again + window)).status).toBe(503)
  const answer = await fetch(again + window)
  expect(answer.headers.get('etag')).not.toBeNull()
  expect(await answer.text()).toBe(body)
  second.child.kill('SIGTERM')
  await second.exit
  expect(existsSync(env.SIMULATOR_STATE_FILE)).toBe(true)

  expect(await run({ ...env, SIMULATOR_SEED: '8' }).exit).toMatchObject({
    code: 1,
    output: expect.stringContaining('SIMULATOR_SEED=7'),
  })
})

test('says in words why it cannot start', async () => {
  expect(await run({ SIMULATOR_PORT: 'many', SIMULATOR_SPEED: '-1' }).exit).toMatchObject({
    code: 2,
    output: expect.stringMatching(/SIMULATOR_PORT[\s\S]*SIMULATOR_SPEED/),
  })
  const broken = join(directory, 'broken.json')
  writeFileSync(broken, '{"version":')
  expect(await run({ SIMULATOR_STATE_FILE: broken }).exit).toMatchObject({
    code: 1,
    output: expect.stringContaining('is not a state of this simulator'),
  })
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as AddressInfo
  expect(await run({ SIMULATOR_PORT: String(port) }).exit).toMatchObject({
    code: 1,
    output: expect.stringContaining(`port ${port} is in use`),
  })
  taken.close()
})
