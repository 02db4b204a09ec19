import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpus } from 'node:os'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { businessDay } from '#core/business-day.ts'
import { hostOf, partitionOfHost } from '#core/host.ts'
import { requestIdentity } from '#core/request-identity.ts'
import { pollPartitions } from '#schemas/topics.ts'
import { openPublisher } from '#services/poller/publish.ts'
import { sources } from '#sources/index.ts'
import { faults } from '../support/long-tests.ts'
import { dataset, eventually, ofDay, type PollerParts, startPollerParts, startUpstream } from './poller-parts.ts'

const starts = faults ? 100 : 2

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

  // What became due while the clock was fast is asked for before the restart.
  await upstream.setClock({ speed: 1 })
  let before = -1
  await eventually('nothing is due', async () => {
    const seen = before
    before = (await upstream.stats()).requests
    await new Promise((resolve) => setTimeout(resolve, 500))
    return seen === before
  })
  expect(await poller.kill('SIGTERM')).toBe(0)
  await parts.poller(upstream.url, { BACKFILL_DAYS: '2' })
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  expect((await upstream.stats()).requests).toBe(before)
})

test('an answer that a poller left in raw without its poll is adopted by the next one, which keeps it once', async () => {
  const day = '2026-02-03'
  const upstream = await startUpstream({ startMs: Date.parse('2026-04-20T07:30:00Z'), speed: 1 })
  const { window } = businessDay('Europe/Brussels', day)
  const asking = sources.flatMap(({ datasets }) => datasets).find(({ name }) => name === dataset)?.asking
  const url = `${upstream.url}${asking?.requestPath({ window, selector: null })}`
  const body = Buffer.from(await (await fetch(url)).arrayBuffer())
  const publisher = await openPublisher(parts.kafka, parts.registry, ['jao'])
  const place = await publisher.raw('jao', {
    ...{ dataset, requestIdentity: requestIdentity(dataset, window), url, status: 200, headers: {}, body },
    ...{ windowStart: window.startMs, windowEnd: window.endMs, origin: 'simulated', confirms: false },
    ...{ sentAt: 1_000, fetchedAt: 2_000, contentHash: createHash('sha256').update(body).digest('hex') },
  })
  await publisher.disconnect()
  await parts.poller(upstream.url)
  await parts.request(upstream.url, window)
  const polls = await eventually('the window is polled', async () => {
    const seen = (await parts.polls()).filter(ofDay(day))
    return seen.length === 2 && seen
  })
  expect(polls).toMatchObject([
    { outcome: 'changed', fetchedAt: 2_000, rawPartition: place.partition, rawOffset: place.offset },
    { outcome: 'unchanged', lane: 'requested', rawOffset: null, memory: { lastChangedAt: 2_000 } },
  ])
  expect((await parts.raw()).filter(ofDay(day)).length).toBe(1)
})

/** A simulator at an address whose partition the group gives to the other of two pollers. */
async function startUpstreamApartFrom(url: string, options: Parameters<typeof startUpstream>[0]) {
  const parity = (of: string) => partitionOfHost(hostOf(of), pollPartitions) % 2
  for (;;) {
    const upstream = await startUpstream(options)
    if (parity(upstream.url) !== parity(url)) return upstream
    await upstream.stop()
  }
}

test(
  `a start on a directory that holds a month asks for nothing, also where the upstream has another address (${starts} starts${faults ? ', all cores busy' : ''})`,
  async () => {
    const settings = { BACKFILL_DAYS: '30' }
    const first = await startUpstream({ startMs: Date.parse('2027-03-20T12:00:00Z'), speed: 60 })
    const filler = await parts.poller(first.url, settings)
    const ofTheMonth = async () =>
      (await parts.raw()).filter(({ windowStart }) => windowStart > Date.parse('2027-01-01'))
    await eventually('the month is there', async () => (await ofTheMonth()).length === 32)
    await filler.kill('SIGTERM')
    const { nowMs } = (await (await fetch(`${first.url}/simulator/clock`)).json()) as { nowMs: number }
    const busy = (faults ? cpus() : []).map(() => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }))
    try {
      for (let start = 1; start <= starts; start++) {
        if (start === 1 || faults) await parts.restartBroker()
        const upstream = await startUpstreamApartFrom(first.url, { startMs: nowMs, speed: 20 })
        const pollers = await Promise.all([1, 2].map(() => parts.poller(upstream.url, settings)))
        await eventually('each has its half, and the owner sees nothing to do', async () => {
          const halves = pollers.map((poller) =>
            poller
              .log()
              .match(/"partitions":\[[^\]]*\]/g)
              ?.at(-1),
          )
          const all = (await Promise.all(pollers.map(({ url }) => statusOf(url)))).flat()
          const waits = ({ waiting }: Status) => Object.values(waiting).some((count) => count > 0)
          return (
            halves.toSorted().join() === '"partitions":[0,2],"partitions":[1,3]' &&
            all.some((one) => one.owned && !waits(one))
          )
        })
        expect(
          (await upstream.requests()).map(({ fromUtc }) => fromUtc),
          `start ${start}`,
        ).toEqual([])
        await Promise.all(pollers.map((poller) => poller.kill('SIGTERM')))
        await upstream.stop()
      }
    } finally {
      for (const each of busy) each.kill()
    }
    expect((await ofTheMonth()).length).toBe(32)
  },
  120_000 + starts * 30_000,
)

type Status = { dataset: string; owned: boolean; waiting: Record<string, number> }

async function statusOf(url: string): Promise<Status[]> {
  const { datasets } = (await (await fetch(`${url}/status`)).json()) as { datasets: Status[] }
  return datasets.filter((one) => one.dataset === dataset)
}
