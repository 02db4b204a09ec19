import { expect, test } from 'vitest'
import { createQueue } from './queue.ts'

const here = () => new AbortController().signal

test('admits up to the limit, queues up to the maximum in order, and refuses the rest with 202', async () => {
  const queue = createQueue(2, 1, 2, 60_000)
  const order: string[] = []
  const leaveA = await queue.enter(here(), 'writer')
  const leaveB = await queue.enter(here(), 'writer')
  const waiting = ['c', 'd'].map((name) =>
    queue.enter(here(), 'writer').then((leave) => ({ leave, entered: order.push(name) })),
  )
  await expect(queue.enter(here(), 'writer')).rejects.toMatchObject({ code: 202 })
  leaveA()
  leaveA()
  const { leave } = await (waiting[0] as (typeof waiting)[0])
  expect([order, queue.running]).toEqual([['c'], 2])
  leave()
  await waiting[1]
  leaveB()
  expect([order, queue.running]).toEqual([['c', 'd'], 1])
})

test('a client that leaves loses its place in the queue; one that waits too long gets 202', async () => {
  const queue = createQueue(1, 1, 5, 20)
  const leave = await queue.enter(here(), 'reader')
  const gone = new AbortController()
  const left = queue.enter(gone.signal, 'reader')
  gone.abort()
  await expect(left).rejects.toMatchObject({ code: 210 })
  await expect(queue.enter(here(), 'reader')).rejects.toMatchObject({ code: 202 })
  leave()
  expect(queue.running).toBe(0)
  await queue.enter(here(), 'reader')
  expect(queue.running).toBe(1)
})

test('a client that has already left is not queued', async () => {
  const queue = createQueue(1, 1, 1, 60_000)
  const leave = await queue.enter(here(), 'reader')
  const gone = AbortSignal.abort()
  await expect(queue.enter(gone, 'reader')).rejects.toMatchObject({ code: 210 })
  const next = queue.enter(here(), 'reader')
  leave()
  await (await next)()
  await expect(queue.enter(gone, 'reader')).rejects.toMatchObject({ code: 210 })
  expect(queue.running).toBe(0)
})

test('readers take their share of the places and of the line, never the writer’s', async () => {
  const queue = createQueue(3, 2, 1, 60_000)
  const leaveReader = await queue.enter(here(), 'reader')
  await queue.enter(here(), 'reader')
  let entered = false
  const third = queue.enter(here(), 'reader').then(() => {
    entered = true
  })
  await expect(queue.enter(here(), 'reader')).rejects.toMatchObject({ code: 202 })
  const leaveWriter = await queue.enter(here(), 'writer')
  const nextWriter = queue.enter(here(), 'writer')
  leaveWriter()
  await nextWriter
  expect([entered, queue.running]).toEqual([false, 3])
  leaveReader()
  await third
  expect([entered, queue.running]).toEqual([true, 3])
})
