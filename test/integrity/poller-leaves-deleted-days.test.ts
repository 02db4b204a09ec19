import { afterAll, beforeAll, expect, test } from 'vitest'
import { dayAt } from '#core/business-day.ts'
import { deletionSchema } from '#schemas/generated/records.ts'
import type { PollerStatus } from '#services/poller/status.ts'
import { dataset, eventually, type PollerParts, startPollerParts, startUpstream } from './poller-parts.ts'
import { windowOf } from './simulator-client.ts'

let parts: PollerParts
beforeAll(async () => {
  parts = await startPollerParts()
})
afterAll(async () => {
  await parts?.endTest()
  await parts?.stop()
})

test('what was deleted is not fetched again by itself; the greatest bound counts', async () => {
  const encode = await parts.registry.encoder('deletions', deletionSchema)
  const deletion = (of: string, day: string) => {
    const before = windowOf(day).startMs
    return { key: of, value: encode({ dataset: of, before, at: Date.now(), by: 'test', why: '' }) }
  }
  const deletions = [
    deletion(dataset, '2026-04-18'),
    deletion(dataset, '2026-04-16'),
    deletion('jao.other', '2026-04-20'),
  ]
  await parts.producer.send('deletions', [...deletions, { key: 'x', value: Buffer.from('garbage') }])
  const upstream = await startUpstream({ startMs: Date.parse('2026-04-20T12:00:00Z'), speed: 1, limitPerMinute: 100 })
  const poller = await parts.poller(upstream.url, { BACKFILL_DAYS: '5' })
  const polled = await eventually('some days are polled, and nothing waits any more', async () => {
    const status = (await (await fetch(`${poller.url}/status`)).json()) as PollerStatus
    const { live, background } = status.datasets[0]!.waiting
    const days = (await parts.polls()).map(({ windowStart }) => dayAt('Europe/Brussels', windowStart))
    return days.length > 0 && live + background + status.budgets[0]!.inFlight === 0 && days.sort()
  })
  expect(polled).toEqual(['2026-04-18', '2026-04-19', '2026-04-20', '2026-04-21'])
})
