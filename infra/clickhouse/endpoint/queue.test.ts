import { expect, test } from 'vitest'
import { createQueue } from './queue.ts'

const here = () => new AbortController().signal

test('lets so many in, keeps so many waiting in order, tells the rest 202', async () => {
  const queue = createQueue(2, 2, 60_000)
  const order: string[] = []
  const leaveA = await queue.enter(here())
  const leaveB = await queue.enter(here())
  const waiting = ['c', 'd'].map((name) => queue.enter(here()).then((leave) => ({ leave, entered: order.push(name) })))
  await expect(queue.enter(here())).rejects.toMatchObject({ code: 202 })
  leaveA()
  leaveA()
  const { leave } = await (waiting[0] as (typeof waiting)[0])
  expect([order, queue.running]).toEqual([['c'], 2])
  leave()
  await waiting[1]
  leaveB()
  expect([order, queue.running]).toEqual([['c', 'd'], 1])
})

test('who leaves while waiting loses the place; who waits too long is told 202', async () => {
  const queue = createQueue(1, 5, 20)
  const leave = await queue.enter(here())
  const gone = new AbortController()
  const left = queue.enter(gone.signal)
  gone.abort()
  await expect(left).rejects.toMatchObject({ code: 210 })
  await expect(queue.enter(here())).rejects.toMatchObject({ code: 202 })
  leave()
  expect(queue.running).toBe(0)
  await queue.enter(here())
  expect(queue.running).toBe(1)
})
