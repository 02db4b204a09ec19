import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import type { StackFile } from '#local/stack-file.ts'
import { createStore, type Store } from '#platform/clickhouse/client.ts'
import { RefusedSend } from '#platform/kafka/send-errors.ts'
import { UserError } from '#platform/process/user-error.ts'
import { storeProblem } from './ask-store.ts'
import { withParts } from './with-parts.ts'

const stack = { dataDir: '/somewhere' } as StackFile
const thrownFor = (error: Error): Promise<unknown> =>
  withParts(stack, () => Promise.reject(error)).catch((thrown) => thrown)

test('a part that does not answer is told with what helps; what Kafka will never take, and a bug, as they are', async () => {
  const away = await thrownFor(new Error('connect ECONNREFUSED'))
  expect(away).toBeInstanceOf(UserError)
  expect((away as UserError).message).toContain('A part of the stack did not answer (connect ECONNREFUSED)')
  for (const error of [new RefusedSend('Kafka will not take records for t'), new TypeError('no string')])
    expect(await thrownFor(error)).toBe(error)
})

test('a store that does not answer, or refuses a statement, is told as a sentence; a bug as it is', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(404, { 'x-clickhouse-exception-code': '60' })
    response.end('Code: 60. DB::Exception: Table t does not exist. (UNKNOWN_TABLE) (version 26.1)')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const there = { ...stack, endpoints: { clickhouse: { url, user: 'reader' } } } as StackFile
  const store = createStore({ url, user: 'reader', password: '', requestTimeoutMs: 10_000 })
  const problem = async (asked: Store) =>
    storeProblem(there, await asked.query({ query: 'SELECT 1' }).catch((error) => error))
  const refused = await problem(store)
  expect(refused).toBeInstanceOf(UserError)
  expect(refused.message).toMatch(/^ClickHouse: Code: 60\. DB::Exception: Table t does not exist\. .*UNKNOWN_TABLE/)
  await store.close()
  await new Promise((resolve) => server.close(resolve).closeAllConnections())
  // A new client has no connection that the server could reset.
  const away = createStore({ url, user: 'reader', password: '', requestTimeoutMs: 10_000 })
  expect((await problem(away)).message).toBe(
    `ClickHouse at ${url} does not answer (ECONNREFUSED): \`npx tidemark status --data /somewhere\` shows its state.`,
  )
  await away.close()
  for (const error of [new TypeError('no string'), new Error('the raw record 0/1 was not looked for')])
    expect(storeProblem(there, error)).toBe(error)
})
