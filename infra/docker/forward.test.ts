import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { forward } from './forward.ts'

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function behind(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port, stop } = await forward(0, '127.0.0.1', (server.address() as AddressInfo).port)
  stops.push(
    stop,
    () => server.closeAllConnections(),
    () => server.close(),
  )
  return `http://127.0.0.1:${port}`
}

test('what is asked outside is answered from inside, large bodies whole', async () => {
  const url = await behind(createServer((request, response) => request.pipe(response)))
  const body = 'tide'.repeat(1_000_000)
  const answer = await fetch(url, { method: 'POST', body, headers: { connection: 'close' } })
  expect((await answer.text()) === body).toBe(true)
})

test('an answer that is cut off inside is cut off outside', async () => {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('half', () => response.destroy())
  })
  const url = await behind(server)
  await expect(fetch(url).then((answer) => answer.text())).rejects.toThrow()
})

test('nobody inside: the connection ends, and the next one is taken', async () => {
  const { port, stop } = await forward(0, '127.0.0.1', 1)
  stops.push(stop)
  for (const _ of [1, 2]) await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow()
})
