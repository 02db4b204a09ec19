import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningStore, startStore } from '../../test/store/running-store.ts'
import { streamRows } from './stream-rows.ts'

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
})
afterAll(() => running?.stop())

const numbers = (count: number) => ({ sql: `SELECT number FROM numbers(${count})`, parameters: {} })
const never = new AbortController().signal

test('rows come as they are asked for', async () => {
  expect(await text(await streamRows(running.reader, numbers(2), 'CSVWithNames', never))).toBe('"number"\n0\n1\n')
})

test('a client that goes before anybody reads ends the statement, and not the process', async () => {
  const gone = new AbortController()
  const rows = await streamRows(running.reader, numbers(50_000_000), 'JSONEachRow', gone.signal)
  gone.abort()
  await sleep(200)
  await expect(text(rows)).rejects.toThrow()
})

test('a statement that fails after its first rows is an error of the stream', async () => {
  const sql = 'SELECT throwIf(number = 9000000) AS x FROM numbers(10000000) SETTINGS max_block_size = 1000'
  const rows = await streamRows(running.reader, { sql, parameters: {} }, 'JSONEachRow', never)
  await expect(text(rows)).rejects.toThrow(/FUNCTION_THROW_IF_VALUE_IS_NON_ZERO|throwIf/)
})
