import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { assertFree, freePorts } from './free-ports.ts'

const running: Server[] = []
afterEach(() => {
  for (const server of running.splice(0)) server.close()
})

test('an error about a port in use names its purpose, the process, and free ports', async () => {
  const [port = 0] = await freePorts(1)
  const server = createServer()
  running.push(server)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const refused = await assertFree({ Kafka: port }).catch((error: Error) => error.message)
  const [, pid, base] =
    /^Port \d+ \(Kafka\) is in use by process (\d+) \(.+\): stop it, or choose other ports with --port-base \((\d+) and the 19 after it are free\)\.$/.exec(
      `${refused}`,
    ) ?? []
  expect([refused, Number(pid)]).toEqual([refused, process.pid])
  await assertFree(Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`${index}`, Number(base) + index])))
})

test('a port is given once while the process lives that got it, also to other processes', async () => {
  const script = `
    const { freePorts } = await import(${JSON.stringify(new URL('./free-ports.ts', import.meta.url).href)})
    process.stdout.write(JSON.stringify(await freePorts(500)) + '\\n')
    process.stdin.resume()`
  const other = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  try {
    let told = ''
    for await (const chunk of other.stdout) {
      told += chunk
      if (told.endsWith('\n')) break
    }
    const theirs = JSON.parse(told) as number[]
    const ours = await freePorts(500)
    expect(new Set([...theirs, ...ours]).size).toBe(1_000)
  } finally {
    other.kill()
    await once(other, 'exit')
  }
})
