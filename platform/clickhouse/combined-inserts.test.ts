import { ClickHouseError } from '@clickhouse/client'
import { expect, test } from 'vitest'
import { combinedInserts } from './combined-inserts.ts'
import type { BinaryRow } from './row-buffer.ts'

const memory = Buffer.alloc(0)
/** A row that is told apart by where it begins. */
const row = (start: number, bytes = 1): BinaryRow => ({ memory, start, end: start + bytes })

const refusal = new ClickHouseError({ message: 'bad', code: '27', type: 'CANNOT_PARSE_INPUT_ASSERTION_FAILED' })

/** An insert that ends when it is told to. */
function slowInsert(refuses: (starts: number[]) => Error | undefined = () => undefined) {
  const inserts: number[][] = []
  const ends: (() => void)[] = []
  const insert = combinedInserts(async (rows) => {
    const starts = rows.map(({ start }) => start)
    inserts.push(starts)
    const { promise, resolve } = Promise.withResolvers<void>()
    ends.push(resolve)
    await promise
    const error = refuses(starts)
    if (error !== undefined) throw error
  })
  const endAll = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) {
      ends.shift()?.()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return { insert, inserts, endAll }
}

test('what comes during an insert is inserted together, in order, and after it', async () => {
  const { insert, inserts, endAll } = slowInsert()
  const all = [insert([row(1)]), insert([row(2), row(3)]), insert([row(4)])]
  expect(inserts).toEqual([[1]])
  await endAll()
  await Promise.all(all)
  expect(inserts).toEqual([[1], [2, 3, 4]])
  const next = insert([row(5)])
  await endAll()
  await next
  expect(inserts).toEqual([[1], [2, 3, 4], [5]])
})

test('rows that are refused together are tried by insert, and only the one to blame fails', async () => {
  const { insert, inserts, endAll } = slowInsert((starts) => (starts.includes(3) ? refusal : undefined))
  const all = [insert([row(1)]), insert([row(2)]), insert([row(3)]), insert([row(4)])]
  const settled = Promise.allSettled(all)
  await endAll()
  expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
  expect(inserts).toEqual([[1], [2, 3, 4], [2], [3], [4]])
})

test('when the store is away, all that waited together fail, and none is tried alone', async () => {
  const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  const { insert, inserts, endAll } = slowInsert(() => away)
  const all = [insert([row(1)]), insert([row(2)]), insert([row(3)])]
  const settled = Promise.allSettled(all)
  await endAll()
  expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(inserts).toEqual([[1], [2, 3]])
})

test('not more than 16 MiB are inserted together; a larger insert goes alone', async () => {
  const mib = 1024 * 1024
  const { insert, inserts, endAll } = slowInsert()
  const all = [row(1), row(2, 20 * mib), row(3, 9 * mib), row(4, 7 * mib), row(5)].map((each) => insert([each]))
  await endAll()
  await Promise.all(all)
  expect(inserts).toEqual([[1], [2], [3, 4], [5]])
})
