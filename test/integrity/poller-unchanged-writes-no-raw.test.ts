import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { eventually, ofDay, type PollerParts, startPollerParts, startUpstream } from './poller-parts.ts'

let parts: PollerParts
beforeAll(async () => {
  parts = await startPollerParts()
})
afterEach(() => parts?.endTest())
afterAll(() => parts?.stop())

test('an unchanged poll writes no raw record, an empty window only one, and a restart refetches nothing it holds', async () => {
  const upstream = await startUpstream({ startMs: Date.parse('2026-04-20T07:30:00Z'), speed: 60 })
  const poller = await parts.poller(upstream.url, { BACKFILL_DAYS: '2' })
  await eventually('tomorrow is looked for three times', async () => {
    return (await parts.polls()).filter(ofDay('2026-04-21')).length >= 3
  })
  const early = await parts.polls()
  expect(early.filter(ofDay('2026-04-21')).every(({ outcome, lane }) => outcome === 'empty' && lane === 'live')).toBe(
    true,
  )
  expect(early.filter(ofDay('2026-04-20')).map(({ outcome }) => outcome)).toEqual(['changed'])
  expect(early.filter(ofDay('2026-04-18')).map(({ outcome, lane }) => [outcome, lane])).toEqual([
    ['changed', 'background'],
  ])
  expect((await parts.raw()).filter(ofDay('2026-04-21')).length).toBe(1)

  await upstream.setClock({ set: '2026-04-20T09:00:00Z' })
  await eventually('tomorrow is there', async () => {
    return (await parts.polls()).some((poll) => ofDay('2026-04-21')(poll) && poll.outcome === 'changed')
  })
  await upstream.setClock({ set: '2026-04-20T11:00:00Z', speed: 20 })
  await eventually('all are looked at again', async () => {
    const again = (await parts.polls()).filter(({ outcome }) => outcome === 'unchanged')
    return new Set(again.map(({ windowStart }) => windowStart)).size >= 4
  })
  const raw = await parts.raw()
  const perWindow = Map.groupBy(raw, ({ requestIdentity }) => requestIdentity)
  expect([...perWindow.values()].map((records) => records.length).sort()).toEqual([1, 1, 1, 2])
  for (const records of perWindow.values()) {
    expect(new Set(records.map(({ contentHash }) => contentHash)).size).toBe(records.length)
  }
  expect(raw.every(({ origin, status }) => origin === 'simulated' && status === 200)).toBe(true)

  expect(await poller.kill('SIGTERM')).toBe(0)
  const before = (await upstream.stats()).requests
  await upstream.setClock({ speed: 1 })
  await parts.poller(upstream.url, { BACKFILL_DAYS: '2' })
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  expect((await upstream.stats()).requests).toBe(before)
}, 90_000)
