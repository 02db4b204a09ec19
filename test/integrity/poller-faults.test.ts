import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { businessDay } from '#core/business-day.ts'
import { hostOf } from '#core/host.ts'
import { provisionTopics } from '#platform/kafka/provision.ts'
import { hostLogSchema } from '#schemas/generated/records.ts'
import { rawTopic } from '#schemas/topics.ts'
import type { HostBudget } from '#services/poller/host-budget.ts'
import { dataset, eventually, ofDay, type PollerParts, startPollerParts, startUpstream } from './poller-parts.ts'

// Each test lives in a year of its own: one broker serves all, and no window is shared.
let parts: PollerParts
beforeAll(async () => {
  parts = await startPollerParts()
})
afterEach(() => parts?.endTest())
afterAll(() => parts?.stop())

const pollsOf = async (day: string) => (await parts.polls()).filter(ofDay(day))
const rawOf = async (day: string) => (await parts.raw()).filter(ofDay(day))
const windowOf = (day: string) => businessDay('Europe/Brussels', day).window

test('429 with Retry-After is obeyed for the whole host', async () => {
  const upstream = await startUpstream({ startMs: Date.parse('2023-03-10T12:00:00Z'), speed: 20 })
  await upstream.command({ fault: '429-retry-after', retryAfterS: 90, count: 1 })
  await parts.poller(upstream.url, { BACKFILL_DAYS: '5' })
  await eventually('all windows are there', async () => {
    return (
      new Set((await upstream.requests()).filter(({ status }) => status === 200).map(({ fromUtc }) => fromUtc)).size >=
      7
    )
  })
  // By the upstream's clock: the poller's own, which reads it twice a second, is late on a busy machine. What was under way
  // beside the refused request may still come.
  const asked = await upstream.requests()
  const refusedAt = asked.find(({ status }) => status === 429)!.elapsedMs
  const since = asked.map(({ elapsedMs }) => elapsedMs - refusedAt)
  expect(since.filter((ms) => ms > 30_000 && ms < 90_000)).toEqual([])
  expect(since.filter((ms) => ms >= 90_000).length).toBeGreaterThan(0)
  const polls = await parts.polls()
  const failed = polls.filter(({ outcome }) => outcome === 'failed')
  const error = 'HTTP 429: Too Many Requests'
  expect(failed).toMatchObject([{ status: 429, error, memory: { failures: 1, lastGoodHash: null } }])
  expect(failed[0]).toMatchObject({ pauseReason: '429, Retry-After 90' })
  expect(failed[0]!.pausedUntil! - failed[0]!.fetchedAt).toBeGreaterThanOrEqual(90_000)
})

test('a pause outlasts the poller that was told of it; one that is lifted is over, for later owners too', async () => {
  const upstream = await startUpstream({ startMs: Date.parse('2022-11-10T12:00:00Z'), speed: 1 })
  const host = hostOf(upstream.url)
  const budgetOf = async ({ url }: { url: string }) => {
    const { budgets } = (await (await fetch(`${url}/status`)).json()) as { budgets: HostBudget[] }
    return budgets.find((budget) => budget.host === host)
  }
  await upstream.command({ fault: '429-retry-after', retryAfterS: 7_200, count: 1 })
  const first = await parts.poller(upstream.url)
  const told = await eventually('it is paused', async () => (await budgetOf(first))?.pausedUntil ?? undefined)
  await eventually('that is recorded', async () => (await parts.polls()).some((poll) => poll.host === host))
  await first.kill('SIGTERM')
  const asked = (await upstream.requests()).length
  const second = await parts.poller(upstream.url)
  const budget = await eventually('another has the host', async () => await budgetOf(second))
  expect(budget).toMatchObject({ availableNow: 0, pauseReason: '429, Retry-After 7200' })
  expect(Math.abs(Date.parse(budget.pausedUntil ?? '') - Date.parse(told))).toBeLessThan(60_000)
  expect((await upstream.requests()).length).toBe(asked)
  await parts.request(upstream.url, windowOf('2022-10-01'), host)
  await eventually('it asks again', async () => (await upstream.requests()).length > asked)
  await second.kill('SIGTERM')
  const third = await parts.poller(upstream.url)
  const later = await eventually('a third has the host', async () => await budgetOf(third))
  expect(later).toMatchObject({ pausedForMs: 0, pausedUntil: null, pauseReason: null })
  expect(await pollsOf('2022-10-01'), 'a request that lifts a pause asks for no window').toEqual([])

  const reason = '429, Retry-After 7200'
  const log = await eventually('the host log has all of that', async () => {
    const records = (await parts.read('host-log', hostLogSchema)).filter((record) => record.host === host)
    return new Set(records.map(({ poller }) => poller)).size === 3 && records
  })
  const pollers = [...new Set(log.map(({ poller }) => poller))]
  const steps = log.map(({ poller, state, pauseReason }) => `${pollers.indexOf(poller)} ${state} ${pauseReason}`)
  expect(steps.filter((each, index) => each !== steps[index - 1])).toEqual([
    ...['0 owned null', `0 owned ${reason}`, `0 released ${reason}`],
    ...[`1 owned ${reason}`, '1 owned null', '1 released null', '2 owned null'],
  ])
  expect(log.filter(({ pausedUntil, pauseReason }) => (pausedUntil === null) !== (pauseReason === null))).toEqual([])
  for (const { at, settledTo } of log) {
    expect(new Date(at).toISOString()).toMatch(/^2022-11-10T1[2-4]/)
    expect(settledTo).toBeLessThanOrEqual(at)
  }
})

test('after a server error a window is asked again later and later; the others are not delayed', async () => {
  const upstream = await startUpstream({ startMs: Date.parse('2024-03-15T12:00:00Z'), speed: 60 })
  await upstream.command({ fault: '500', count: 3, day: '2024-03-13' })
  await parts.poller(upstream.url, { BACKFILL_DAYS: '3' })
  const polls = await eventually('the failing window is there', async () => {
    const seen = await pollsOf('2024-03-13')
    return seen.some(({ outcome }) => outcome === 'changed') && seen
  })
  expect(polls.map(({ outcome, memory }) => [outcome, memory.failures])).toEqual([
    ['failed', 1],
    ['failed', 2],
    ['failed', 3],
    ['changed', 0],
  ])
  const [first, second, third, fourth] = polls.map(({ sentAt }) => sentAt)
  expect(second! - first!).toBeGreaterThanOrEqual(30_000)
  expect(third! - second!).toBeGreaterThanOrEqual(60_000)
  expect(fourth! - third!).toBeGreaterThanOrEqual(120_000)
  expect(polls[0]?.errorBody).toContain('"status":500')
  expect((await pollsOf('2024-03-12'))[0]?.sentAt).toBeLessThan(second!)
})

test('each bad answer has its outcome; what came whole is kept byte for byte, what did not is not', async () => {
  const upstream = await startUpstream({ startMs: Date.parse('2025-03-14T12:00:00Z'), speed: 20 })
  const faults = { '10': 'html', '11': 'cut-off', '12': 'rejected', '13': 'cut-off-json', '14': 'huge', '15': 'empty' }
  for (const [day, fault] of Object.entries(faults)) await upstream.command({ fault, count: 1, day: `2025-03-${day}` })
  await upstream.command({ fault: 'reset', count: 1, day: '2025-03-09' })
  await parts.poller(upstream.url, { BACKFILL_DAYS: '5' })
  const first = await eventually('every window was asked once', async () => {
    const days = ['09', '10', '11', '12', '13', '14', '15']
    const seen = await Promise.all(days.map(async (day) => (await pollsOf(`2025-03-${day}`))[0]))
    return seen.every((poll) => poll !== undefined) && seen
  })
  expect(first.map((poll) => poll?.outcome)).toEqual([
    'failed',
    'unreadable',
    'failed',
    'refused',
    'unreadable',
    'failed',
    'empty',
  ])
  expect(first.map((poll) => poll?.rawOffset === null)).toEqual([true, false, true, false, false, true, false])
  const raw = await parts.raw()
  const kept = first.map((poll) =>
    raw.find(({ partition, offset }) => partition === poll?.rawPartition && offset === poll.rawOffset),
  )
  expect(kept[1]?.body.toString()).toContain('under maintenance')
  expect(kept[6]?.body.toString()).toBe('{"data":[],"rejected":false,"messages":null}')
  for (const [index, record] of kept.entries()) {
    if (record === undefined) continue
    expect(createHash('sha256').update(record.body).digest('hex')).toBe(record.contentHash)
    expect(record.requestIdentity).toBe(first[index]?.requestIdentity)
    expect(record.fetchedAt).toBe(first[index]?.fetchedAt)
  }
  expect(first[2]).toMatchObject({ status: 200, rawOffset: null, contentHash: null })
  expect(first[5]?.error).toContain('longer than')
})

test('a window whose rows vanish is emptied; asked for, it comes in the lane of requests, and back when it is back', async () => {
  const upstream = await startUpstream({ startMs: Date.parse('2026-06-20T12:00:00Z'), speed: 1 })
  const poller = await parts.poller(upstream.url)
  const ask = () => parts.request(upstream.url, windowOf('2026-02-10'))
  const outcomes = async () => (await pollsOf('2026-02-10')).map(({ outcome, lane }) => `${lane} ${outcome}`)
  await ask()
  await eventually('it is there', async () => (await outcomes()).length === 1)
  await upstream.command({ fault: 'empty', count: 1, day: '2026-02-10' })
  await ask()
  await eventually('it is emptied', async () => (await outcomes()).length === 2)
  await ask()
  await eventually('it is back', async () => (await outcomes()).length === 3)
  await ask()
  await eventually('it was asked again', async () => (await outcomes()).length === 4)
  expect(await outcomes()).toEqual([
    'requested changed',
    'requested emptied',
    'requested changed',
    'requested unchanged',
  ])
  expect((await rawOf('2026-02-10')).length).toBe(3)

  await upstream.command({ fault: '500', day: '2026-02-11' })
  await upstream.setClock({ speed: 30 })
  await parts.request(upstream.url, windowOf('2026-02-11'))
  await eventually('it is given up', async () => (await pollsOf('2026-02-11')).length === 5)
  const nonsense = { startMs: Date.parse('2026-02-12T05:00:00Z'), endMs: Date.parse('2026-02-14T05:00:00Z') }
  await parts.request(upstream.url, nonsense)
  await sleep(3_000)
  const failed = await pollsOf('2026-02-11')
  expect(failed.map(({ outcome, lane }) => `${lane} ${outcome}`)).toEqual(new Array(5).fill('requested failed'))
  expect((await parts.polls()).filter(({ windowStart }) => windowStart === nonsense.startMs)).toEqual([])

  await poller.kill('SIGTERM')
  const before = (await parts.polls()).length
  await parts.poller(upstream.url)
  await sleep(1_500)
  const since = (await parts.polls()).slice(before).filter(({ lane }) => lane === 'requested')
  expect(since).toEqual([])
})

test('a clock that steps back does not let an old answer win', async () => {
  const upstream = await startUpstream({ startMs: Date.parse('2026-07-10T12:00:00Z'), speed: 1 })
  const first = await parts.poller(upstream.url)
  await parts.request(upstream.url, windowOf('2026-07-01'))
  await eventually('it is there', async () => (await rawOf('2026-07-01')).length === 1)
  await first.kill('SIGTERM')
  await upstream.setClock({ set: '2026-07-10T09:00:00Z', allowBackwards: true })
  await upstream.command({ revise: { day: '2026-07-01' } })
  await parts.poller(upstream.url)
  await parts.request(upstream.url, windowOf('2026-07-01'))
  const raw = await eventually('the revision is there', async () => {
    const records = await rawOf('2026-07-01')
    return records.length === 2 && records.sort((one, other) => one.offset - other.offset)
  })
  expect(raw[1]?.contentHash).not.toBe(raw[0]?.contentHash)
  expect(raw[1]?.fetchedAt).toBe(raw[0]!.fetchedAt + 1)
  expect(raw[1]!.sentAt).toBeLessThan(raw[0]!.sentAt)
})

test('validators are sent when upstream gives them, and 304 is unchanged', async () => {
  const upstream = await startUpstream({ startMs: Date.parse('2026-08-10T12:00:00Z'), speed: 1 })
  await upstream.command({ etag: true })
  await parts.poller(upstream.url)
  await parts.request(upstream.url, windowOf('2026-05-01'))
  await eventually('it is there', async () => (await pollsOf('2026-05-01')).length === 1)
  await parts.request(upstream.url, windowOf('2026-05-01'))
  const polls = await eventually('it was asked again', async () => {
    const seen = await pollsOf('2026-05-01')
    return seen.length === 2 && seen
  })
  expect(polls).toMatchObject([
    { outcome: 'changed', status: 200, dataset },
    { outcome: 'unchanged', status: 304, rawOffset: null, contentHash: polls[0]?.contentHash, bytes: 0 },
  ])
})

test('an answer that its topic does not take is a failed poll, with words, and asked for later and later', async () => {
  const upstream = await startUpstream({ startMs: Date.parse('2027-03-15T12:00:00Z'), speed: 60 })
  const raw = rawTopic('jao')
  const limited = { ...raw, config: { ...raw.config, 'max.message.bytes': '2000' } }
  await provisionTopics(parts.kafka, [limited], 1)
  await parts.poller(upstream.url, { BACKFILL_DAYS: '1' })
  const [first, second] = await eventually('a window was asked for twice', async () => {
    const seen = await pollsOf('2027-03-14')
    return seen.length > 1 && seen
  })
  await provisionTopics(parts.kafka, [raw], 1)
  expect(first).toMatchObject({ outcome: 'failed', status: 200, rawOffset: null, memory: { failures: 1 } })
  expect(first?.error).toMatch(
    /^the answer could not be kept: a record of \d+ bytes, \d+ compressed, is too large for jao.raw, which takes 2000/,
  )
  expect(second).toMatchObject({ outcome: 'failed', memory: { failures: 2 } })
  expect(second!.sentAt - first!.sentAt).toBeGreaterThanOrEqual(30_000)
  expect(await rawOf('2027-03-14')).toEqual([])
})
