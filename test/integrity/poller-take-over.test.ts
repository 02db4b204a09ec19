import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { mainDataset } from '../support/other-datasets.ts'
import { eventually, type PollerParts, startPollerParts, startUpstream } from './poller-parts.ts'

let parts: PollerParts
beforeAll(async () => {
  parts = await startPollerParts()
})
afterEach(() => parts?.endTest())
afterAll(() => parts?.stop())

/** The most requests that any sliding minute of the simulator's limit clock holds. */
function busiestMinute(elapsedMs: number[]): number {
  const sorted = [...elapsedMs].sort((one, other) => one - other)
  return Math.max(...sorted.map((end, last) => sorted.slice(0, last + 1).filter((at) => at > end - 60_000).length))
}

test('no sliding minute exceeds the budget while one poller takes over from another, killed or stopped', async () => {
  const upstream = await startUpstream({ startMs: Date.parse('2026-03-20T12:00:00Z'), speed: 20 })
  const settings = { BACKFILL_DAYS: '900', SESSION_TIMEOUT_MS: '6000' }
  const owner = async (pollers: { url: string }[]) => {
    for (const [index, { url }] of pollers.entries()) {
      const status = (await (await fetch(`${url}/status`)).json()) as {
        datasets: { dataset: string; owned: boolean }[]
      }
      if (status.datasets.some(({ dataset, owned }) => dataset === mainDataset && owned)) return index
    }
    return undefined
  }
  const pollers = [await parts.poller(upstream.url, settings), await parts.poller(upstream.url, settings)]
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    const before = (await upstream.stats()).requests
    await eventually('the host is polled at full speed', async () => (await upstream.stats()).requests > before + 110)
    const index = await eventually('somebody owns the host', async () => {
      const found = await owner(pollers)
      return found === undefined ? undefined : { found }
    })
    await pollers.splice(index.found, 1)[0]?.kill(signal)
    const killedAt = (await upstream.stats()).requests
    await eventually('the other goes on', async () => (await upstream.stats()).requests > killedAt + 110, 40_000)
    pollers.push(await parts.poller(upstream.url, settings))
  }
  const requests = await upstream.requests()
  const { limitViolations } = await upstream.stats()
  expect(limitViolations).toBe(0)
  expect(requests.filter(({ status }) => status === 429)).toEqual([])
  const busiest = busiestMinute(requests.map(({ elapsedMs }) => elapsedMs))
  expect(busiest).toBeLessThanOrEqual(100)
  expect(busiest).toBeGreaterThan(60)
  expect(new Set((await parts.polls()).map(({ poller }) => poller)).size).toBeGreaterThanOrEqual(2)
}, 150_000)
