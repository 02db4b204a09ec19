import { expect, test } from 'vitest'
import { createTurns } from './turns.ts'

/** Work that ends when the test says so. */
function slow<Result>() {
  const begun: string[] = []
  const ends = new Map<string, (result: Result) => void>()
  const work = (name: string) => () => {
    begun.push(name)
    const { promise, resolve } = Promise.withResolvers<Result>()
    ends.set(name, resolve)
    return promise
  }
  return { begun, work, end: (name: string, result: Result) => ends.get(name)?.(result) }
}

const here = new AbortController().signal

test('equal questions share one answer, and others wait their turn', async () => {
  const turns = createTurns<number>({ running: 1, waiting: 2 })
  const { begun, work, end } = slow<number>()
  const both = [turns.take('a', here, work('a')), turns.take('a', here, work('a'))]
  const other = turns.take('b', here, work('b'))
  await expect.poll(() => begun).toEqual(['a'])
  end('a', 1)
  expect(await Promise.all(both)).toEqual([1, 1])
  await expect.poll(() => begun).toEqual(['a', 'b'])
  end('b', 2)
  expect(await other).toBe(2)
})

test('too many are refused, and what everybody has left is not done', async () => {
  const turns = createTurns<number>({ running: 1, waiting: 1 })
  const { begun, work, end } = slow<number>()
  const gone = new AbortController()
  const first = turns.take('a', here, work('a'))
  const second = turns.take('b', gone.signal, work('b'))
  expect(() => turns.take('c', here, work('c'))).toThrow('Too many')
  gone.abort()
  end('a', 1)
  await expect.poll(() => begun).toEqual(['a'])
  end('a', 1)
  await first
  await expect(second).rejects.toThrow('gone')
  const third = turns.take('c', here, work('c'))
  await expect.poll(() => begun).toEqual(['a', 'c'])
  end('c', 3)
  expect(await third).toBe(3)
})
