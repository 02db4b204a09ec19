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
