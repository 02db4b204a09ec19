import { describe, expect, test } from 'vitest'
import { noProgress } from '#core/memory-records.ts'
import { noMemory } from '#core/poll-memory.ts'
import { createLogger } from '#platform/process/log.ts'
import type { Poll, PollMemory, RawResponse } from '#schemas/generated/records.ts'
import type { Dataset, Pages, RequestSpec, RequestTarget } from '#sources/source.ts'
import type { FetchResult } from './fetch.ts'
import { noPause } from './host-budget.ts'
import type { KnownIdentity } from './memory.ts'
import { pollPages } from './poll-pages.ts'
import { reconstructPoll } from './reconstruct-poll.ts'

const window = { startMs: Date.parse('2026-04-20T10:00:00Z'), endMs: Date.parse('2026-04-20T11:00:00Z') }
const times = '2026-04-20T10:00:00Z/2026-04-20T11:00:00Z'
const pages: Pages = {
  countPath: () => '/count',
  take: 10,
  // Pages of this test are texts, `<rows> of <total>: ...`; the count is JSON.
  rowsIn: (body) => {
    const text = `${Buffer.from(body)}`
    if (!/^\d/.test(text)) return { rows: 0, total: JSON.parse(text).total }
    const [, rows, total] = /^(\d+) of (\d+|\?)/.exec(text) ?? []
    return { rows: Number(rows), total: total === '?' ? null : Number(total) }
  },
}
const asking = {
  meaningfulStatuses: [],
  maxBodyBytes: 1_000,
  pages,
  requestPath: ({ selector }: RequestTarget) => `/rows/${selector?.slice('rows-'.length)}/${pages.take}`,
  assess: (body: Uint8Array) => (`${Buffer.from(body)}`.includes('without numbers') ? 'partial' : 'complete'),
} as unknown as RequestSpec
const dataset = { name: 'a.b', asking } as Dataset

/** Polls the window once. `answers` are the responses by path; a string stands for the body of a good answer. */
async function poll(
  answers: Record<string, string | FetchResult>,
  held: Record<string, KnownIdentity> = {},
  allowed = 100,
  pause = noPause,
) {
  const asked: string[] = []
  const raws: RawResponse[] = []
  const polls: Poll[] = []
  const events: string[] = []
  const spend = (left: number) => {
    events.push(`spent ${left}`)
    const came = () => {
      if (pause !== noPause) events.push('came')
      return pause
    }
    return { onResponse: came, release: () => void events.push('done') }
  }
  let left = allowed
  const candidate = { identity: `a.b/${times}`, dataset, window, selector: null, lane: 'requested' as const }
  const polled = await pollPages(
    {
      deps: {
        clock: {
          now: () => ({ nowMs: 5_000_000, monotonicMs: 0 }),
          realMs: (ms) => ms,
          spanMs: (ms) => ms,
          stop: () => {},
        },
        fetcher: {
          fetch: async ({ url }) => {
            asked.push(url)
            const answer = answers[new URL(url).pathname]
            if (typeof answer !== 'string')
              return answer ?? { kind: 'failure', error: 'HTTP 404', status: 404, firstKilobyte: null }
            return { kind: 'answer', status: 200, headers: {}, body: Buffer.from(answer) }
          },
          close: async () => {},
        },
        publisher: {
          raw: async (_, answer) => ({ partition: 0, offset: raws.push(answer) - 1 }),
          memory: async () => {},
          poll: async (record) => void polls.push(record),
          hostLog: async () => {},
          disconnect: async () => {},
        },
        origin: 'live',
        poller: 'me',
        log: createLogger('test', 'silent'),
      },
      host: 'h',
      hosted: {
        ...{ dataset, asking, source: 'a', baseUrl: 'http://h', headers: {} },
        ...{ selectors: [null], schedule: 'auto', autoBackfill: false, intervalMs: null },
      },
      candidate: { ...candidate, dueInMs: 0, first: true },
      known: held[candidate.identity],
      lease: { signal: new AbortController().signal, holds: () => true },
      confirming: 'after-a-while',
      requestsReadTo: 42,
      carried: () => noProgress,
      onArrival: () => {},
    },
    pages,
    { first: spend(left), next: async () => (left-- > 0 ? spend(left) : undefined) },
    (identity) => held[identity],
    ({ poll: page }) => events.push(`told ${page.requestIdentity}`),
  )
  return { polled, asked: asked.map((url) => new URL(url).pathname), raws, polls, events }
}

const heldWith = (memory: Partial<PollMemory>): KnownIdentity => ({
  ...{ memory: { ...noMemory, ...memory }, host: 'h', polledAtMs: 0, polledMonotonicMs: 0, windowStartMs: 0 },
})

const three = {
  '/count': '{"total":25}',
  '/rows/0/10': '10 of 25: one',
  '/rows/10/10': '10 of 25: two',
  '/rows/20/10': '5 of ?: three',
}

test('a window of which no page has its numbers yet is partial', async () => {
  const none = '5 of 5: without numbers'
  const completeness = async (answers: Record<string, string>) => (await poll(answers)).polled?.poll.memory.completeness
  expect(await completeness({ '/count': '{"total":5}', '/rows/0/10': none })).toBe('partial')
  expect(await completeness({ ...three, '/rows/20/10': '5 of 25: without numbers' })).toBe('complete')
  expect(await completeness({ '/count': '{"total":0}' })).toBe('empty')
})

test('the count is asked for, then page after page; each page is a raw response and a poll of its own, the window last', async () => {
  const { polled, asked, raws, polls, events } = await poll(three)
  expect(asked).toEqual(['/count', '/rows/0/10', '/rows/10/10', '/rows/20/10'])
  expect(raws.map(({ requestIdentity, body }) => [requestIdentity, `${body}`])).toEqual([
    [`a.b/${times}`, '{"total":25}'],
    [`a.b/rows-0/${times}`, '10 of 25: one'],
    [`a.b/rows-10/${times}`, '10 of 25: two'],
    [`a.b/rows-20/${times}`, '5 of ?: three'],
  ])
  expect(polls.map(({ requestIdentity, outcome, bytes }) => [requestIdentity, outcome, bytes])).toEqual([
    [`a.b/rows-0/${times}`, 'changed', 13],
    [`a.b/rows-10/${times}`, 'changed', 13],
    [`a.b/rows-20/${times}`, 'changed', 13],
    [`a.b/${times}`, 'changed', 39],
  ])
  // All polls answer the requests that were read before the first request was sent.
  expect(polls.map(({ requestsReadTo }) => requestsReadTo)).toEqual([42, 42, 42, 42])
  expect(polled?.poll.memory).toMatchObject({ completeness: 'complete', hadRows: true, failures: 0 })
  // Every request is charged, and ends before the next one.
  expect(events.filter((event) => !event.startsWith('told')).map((event) => event.split(' ')[0])).toEqual(
    Array.from({ length: 4 }, () => ['spent', 'done']).flat(),
  )
})

test('unchanged pages are not written to raw again', async () => {
  const first = await poll(three)
  const held = Object.fromEntries(
    first.polls.map(({ requestIdentity, memory }): [string, KnownIdentity] => [
      requestIdentity,
      { memory, host: 'h', polledAtMs: 0, polledMonotonicMs: 0, windowStartMs: 0 },
    ]),
  )
  const same = await poll(three, held)
  expect([same.raws.length, same.polls.at(-1)?.outcome]).toEqual([0, 'unchanged'])
  expect(same.polls.map(({ changesState }) => changesState)).toEqual([false, false, false, false])
  const revised = await poll({ ...three, '/rows/10/10': '10 of 25: TWO' }, held)
  expect(revised.raws.map(({ body }) => `${body}`)).toEqual(['10 of 25: TWO'])
  expect(revised.polls.at(-1)?.outcome).toBe('changed')
  expect(revised.polls.map(({ changesState }) => changesState)).toEqual([false, true, false, true])
})

test('a count of 0 is an empty window, or an emptied one if the window had rows', async () => {
  const none = { '/count': '{"total":0}' }
  expect((await poll(none)).polls).toMatchObject([{ outcome: 'empty', memory: { completeness: 'empty' } }])
  const known = { [`a.b/${times}`]: heldWith({ hadRows: true }) }
  expect((await poll(none, known)).polls).toMatchObject([{ outcome: 'emptied' }])
})

describe('the answer to the count', () => {
  const whole = `a.b/${times}`
  const emptySince = 5_000_000 - 600_000
  const kept = async (count: string, memory: Partial<PollMemory>) => {
    const { raws, polls } = await poll({ ...three, '/count': count }, { [whole]: heldWith(memory) })
    const counts = raws.filter(({ requestIdentity }) => requestIdentity === whole)
    return [counts.map(({ body, confirms }) => [`${body}`, confirms]), polls.at(-1)]
  }
  test('is kept when its number is another, and then the poll of the window says where', async () => {
    const [raws, window] = await kept('{"total":25}', { hadRows: true, countedRows: 30 })
    expect(raws).toEqual([['{"total":25}', false]])
    expect(window).toMatchObject({ outcome: 'changed', rawOffset: 0, memory: { countedRows: 25 } })
    const [none, same] = await kept('{"total": 25}', { hadRows: true, countedRows: 25 })
    expect([none, same]).toMatchObject([[], { rawOffset: null, memory: { countedRows: 25 } }])
  })
  test('without rows confirms that the hour was emptied when it says so for 10 minutes', async () => {
    const had = { hadRows: true, countedRows: 25 }
    const [first, emptied] = await kept('{"total":0}', had)
    expect(first).toEqual([['{"total":0}', false]])
    expect(emptied).toMatchObject({ outcome: 'emptied', memory: { emptySince: 5_000_000, emptyConfirmed: false } })
    const empty = { hadRows: true, countedRows: 0, lastGoodFetchedAt: emptySince + 1 }
    expect((await kept('{"total":0}', { ...empty, emptySince: emptySince + 1 }))[0]).toEqual([])
    const [second, confirmed] = await kept('{"total":0}', { ...empty, emptySince })
    expect(second).toEqual([['{"total":0}', true]])
    expect(confirmed).toMatchObject({ outcome: 'emptied', memory: { emptySince, emptyConfirmed: true } })
    expect((await kept('{"total":0}', { ...empty, emptySince, emptyConfirmed: true }))[0]).toEqual([])
  })
  test('is remembered also where a page fails, and not kept again', async () => {
    const { '/rows/20/10': _, ...two } = three
    const before = { [whole]: heldWith({ hadRows: true, countedRows: 0, emptySince }) }
    const memory = (await poll(two, before)).polls.at(-1)?.memory
    expect(memory).toMatchObject({ countedRows: 25, emptySince: null, failures: 1 })
    const { raws } = await poll({ '/count': '{"total":25}' }, { [whole]: heldWith(memory ?? {}) })
    expect(raws).toEqual([])
  })
  test('that lies in raw without its poll is adopted as what it is', async () => {
    const { raws } = await poll(three)
    const provenance = { host: 'h', poller: 'me', origin: 'live' }
    const at = { partition: 0, offset: 0 }
    const hosted = { asking, headers: {}, intervalMs: null, baseUrl: 'http://h' }
    expect(reconstructPoll(raws[0]!, at, hosted, provenance, undefined)).toMatchObject({
      ...{ requestIdentity: whole, outcome: 'changed', error: null },
      memory: { countedRows: 25, hadRows: true, completeness: null },
    })
    const none = { ...raws[0]!, body: Buffer.from('{"total":0}'), confirms: true }
    expect(reconstructPoll(none, at, hosted, provenance, heldWith({ hadRows: true, emptySince }))).toMatchObject({
      ...{ outcome: 'emptied', memory: { countedRows: 0, completeness: 'empty', emptySince, emptyConfirmed: true } },
    })
  })
})

test('a page that fails fails the window, which says which; the pages before it are kept', async () => {
  const { '/rows/20/10': _, ...two } = three
  const { raws, polls } = await poll(two)
  expect(raws.length).toBe(3)
  expect(polls.at(-1)).toMatchObject({
    requestIdentity: `a.b/${times}`,
    outcome: 'failed',
    error: `rows-20/${times}: HTTP 404`,
    memory: { completeness: null, failures: 1 },
  })
})

test('a count that fails or is not a number fails the window before any page is requested', async () => {
  for (const [count, error] of [
    [undefined, 'HTTP 404'],
    ['nonsense', 'the count of rows cannot be read'],
    ['{"total":-1}', 'the count of rows is -1'],
    ['{"total":1e12}', 'the count of rows is 1000000000000'],
    ['{}', 'the count of rows is undefined'],
  ]) {
    const { asked, polls } = await poll(count === undefined ? {} : { '/count': count })
    expect(asked).toEqual(['/count'])
    expect(polls).toMatchObject([
      { outcome: 'failed', error: expect.stringContaining(error!), memory: { failures: 1 } },
    ])
  }
})

test('when no more requests may be sent, the window is given up and no poll is recorded', async () => {
  const { polled, polls } = await poll(three, {}, 1)
  expect(polled).toBeUndefined()
  expect(polls.map(({ requestIdentity }) => requestIdentity)).toEqual([`a.b/rows-0/${times}`])
})

test('a pause that the answer to the count asked for stands in the poll of the window', async () => {
  const told = { pausedUntil: 9_000_000, pauseReason: '429 without Retry-After' }
  const { polls, events } = await poll(
    { '/count': { kind: 'failure', error: 'HTTP 429', status: 429, firstKilobyte: null } },
    {},
    1,
    { ...told, attempts: 1 },
  )
  expect(polls).toMatchObject([{ outcome: 'failed', error: 'HTTP 429', ...told }])
  expect(events).toEqual(['spent 1', 'came', 'done'])
})

test('pages that do not have the rows that were counted fail the window: what is missing is never called complete', async () => {
  for (const [page, error] of [
    ['0 of 25: an empty page', 'rows-10: 0 rows came, 10 were counted'],
    ['4 of 25: a page that is capped', 'rows-10: 4 rows came, 10 were counted'],
    ['10 of 31: published anew', 'rows-10: the page says 31 rows, the count was 25'],
  ]) {
    const { polls } = await poll({ ...three, '/rows/10/10': page! })
    expect(polls.at(-1)).toMatchObject({ outcome: 'failed', error, memory: { completeness: null, failures: 1 } })
  }
})
