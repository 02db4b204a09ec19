import { createHash } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type IdentityProgress, noProgress } from '#core/memory-records.ts'
import { noMemory } from '#core/poll-memory.ts'
import { RefusedSend } from '#platform/kafka/send-errors.ts'
import { createLogger } from '#platform/process/log.ts'
import { TransientError } from '#platform/process/transient-error.ts'
import type { Poll, RawResponse } from '#schemas/generated/records.ts'
import type { Dataset } from '#sources/source.ts'
import type { Candidate } from './candidate.ts'
import type { EmptyConfirmation } from './confirm-empty.ts'
import { openFetcher } from './fetch.ts'
import { noPause, type RequestedPause } from './host-budget.ts'
import type { KnownIdentity } from './memory.ts'
import { pollWindow } from './poll-window.ts'
import type { RememberedPoll } from './publish.ts'

// The order of the steps, and what is written after a failure in each step.
let body = 'rows'
let status = 200
let asked: IncomingHttpHeaders[] = []
let events: string[] = []
let server: Server
let baseUrl = ''
const fetcher = openFetcher('tidemark/test')
beforeAll(async () => {
  server = createServer(({ headers }, response) => {
    asked.push(headers)
    const unchanged = headers['if-none-match'] === '"1"'
    response.writeHead(unchanged ? 304 : status, { etag: '"1"' }).end(unchanged ? '' : body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  await fetcher.close()
  server.close()
})
beforeEach(() => {
  body = 'rows'
  status = 200
  asked = []
  events = []
})

const window = { startMs: 0, endMs: 86_400_000 }
const dataset = {
  name: 'a.b.c',
  asking: {
    meaningfulStatuses: [],
    maxBodyBytes: 1_000,
    requestPath: () => '/data',
    assess: (bytes: Uint8Array) => {
      events.push('assess')
      const text = Buffer.from(bytes).toString()
      if (text.includes('"code":-1121')) return { reason: 'upstream-rejected', message: 'no such symbol, see SYMBOLS' }
      if (text === 'no') return 'refused'
      if (text.startsWith('html')) throw new Error(`no JSON${text.slice(4)}`)
      return text === '[]' ? 'empty' : 'complete'
    },
  },
} as unknown as Dataset
const now = { nowMs: 5_000_000, monotonicMs: 0 }

interface Wishes {
  known?: KnownIdentity
  confirming?: EmptyConfirmation
  holds?: () => boolean
  raw?: () => Promise<{ partition: number; offset: number }>
  carried?: IdentityProgress
  remembered?: () => Promise<void>
  recorded?: () => Promise<void>
  dataset?: Dataset
  headers?: Record<string, string>
  intervalMs?: number
  pause?: RequestedPause
}

function poll(wishes: Wishes = {}) {
  const raws: RawResponse[] = []
  const memories: RememberedPoll[] = []
  const polls: Poll[] = []
  const given = wishes.dataset ?? dataset
  const { asking } = given
  if (asking === undefined) throw new Error('a dataset that is not asked for')
  const candidate: Candidate = {
    identity: 'i',
    dataset: given,
    window,
    selector: 's',
    lane: 'live',
    dueInMs: 0,
    first: true,
  }
  const result = pollWindow({
    deps: {
      clock: { now: () => now, realMs: (ms) => ms, spanMs: (ms) => ms, stop: () => {} },
      fetcher,
      publisher: {
        raw: async (_, answer) => {
          const place = await (wishes.raw ?? (async () => ({ partition: 2, offset: 7 })))()
          events.push('raw acknowledged')
          raws.push(answer)
          return place
        },
        memory: async (remembered) => {
          await wishes.remembered?.()
          events.push('memory acknowledged')
          memories.push(remembered)
        },
        poll: async (record) => {
          await wishes.recorded?.()
          events.push('poll acknowledged')
          polls.push(record)
        },
        hostLog: async () => {},
        disconnect: async () => {},
      },
      origin: 'live',
      poller: 'me',
      log: createLogger('test', 'silent'),
    },
    host: new URL(baseUrl).host,
    hosted: {
      ...{ dataset: given, asking, source: 'a', baseUrl, headers: wishes.headers ?? {} },
      ...{ selectors: ['s'], schedule: 'auto', autoBackfill: true, intervalMs: wishes.intervalMs ?? null },
    },
    candidate,
    known: wishes.known,
    lease: { signal: new AbortController().signal, holds: wishes.holds ?? (() => true) },
    confirming: wishes.confirming ?? 'after-a-while',
    requestsReadTo: 42,
    carried: () => wishes.carried ?? noProgress,
    onArrival: () => {},
    onResponse: () => {
      events.push('came')
      return wishes.pause ?? noPause
    },
    path: () => asking.requestPath({ window, selector: 's' }),
  })
  return result.then((polled) => ({ polled, raws, memories, polls }))
}

const away = async () => {
  throw new TransientError('Kafka did not take 1 records')
}

test('the bytes are acknowledged before anything is decided from them, then the memory, then the log', async () => {
  const { raws, memories, polls } = await poll()
  expect(events).toEqual(['came', 'raw acknowledged', 'assess', 'memory acknowledged', 'poll acknowledged'])
  expect(memories).toEqual([
    { poll: polls[0], carried: { raw: { partition: 2, offset: 7 }, requests: { answeredTo: 42, failures: [] } } },
  ])
  const contentHash = createHash('sha256').update('rows').digest('hex')
  expect(raws).toMatchObject([
    { body: Buffer.from('rows'), contentHash, status: 200, fetchedAt: 5_000_000, url: `${baseUrl}/data` },
  ])
  expect(polls).toMatchObject([
    {
      outcome: 'changed',
      rawPartition: 2,
      rawOffset: 7,
      contentHash,
      requestsReadTo: 42,
      memory: { lastGoodHash: contentHash, etag: '"1"' },
    },
  ])
})

test('an answer that assess() cannot read is kept, and the poll says so', async () => {
  body = 'html'
  const { raws, polls } = await poll()
  expect(events).toEqual(['came', 'raw acknowledged', 'assess', 'memory acknowledged', 'poll acknowledged'])
  expect(raws.length).toBe(1)
  expect(polls).toMatchObject([{ outcome: 'unreadable', error: 'the answer cannot be read: no JSON', rawOffset: 7 }])
})

test('when the bytes cannot be kept the poll has failed, and nothing is decided', async () => {
  const { polled, polls } = await poll({ raw: away })
  expect(events).toEqual(['came', 'memory acknowledged', 'poll acknowledged'])
  expect(polls).toMatchObject([
    {
      outcome: 'failed',
      error: 'the answer could not be kept: Kafka did not take 1 records',
      contentHash: null,
      memory: { ...noMemory, failures: 1 },
    },
  ])
  // Perhaps only the acknowledgement is lost, so raw must be searched for the answer.
  expect(polled?.unrecorded).toBe('i')
})

test('what Kafka does not take, memory or log, is sent again while this process has the right', async () => {
  const awayOnce = () => {
    let times = 0
    return async () => (times++ === 0 ? away() : undefined)
  }
  for (const kafka of [{ remembered: awayOnce() }, { recorded: awayOnce() }]) {
    const { polled, memories, polls } = await poll(kafka)
    expect(polled?.poll.outcome).toBe('changed')
    expect([memories.length, polls.length]).toEqual([1, 1])
  }
})

test('when the right is lost meanwhile, an answer without its memory is dropped, and a log is left to the next owner', async () => {
  let isHeld = true
  const lose = async () => {
    isHeld = false
    return away()
  }
  expect(await poll({ remembered: lose, holds: () => isHeld })).toMatchObject({ polled: undefined, memories: [] })
  isHeld = true
  const { polled, memories, polls } = await poll({ recorded: lose, holds: () => isHeld })
  expect(polls).toEqual([])
  expect(polled?.poll).toEqual(memories[0]?.poll)
})

test('what an earlier poll left is carried forward: the place of the newest answer, the requests that failed', async () => {
  const raw = { partition: 1, offset: 3 }
  const failures = [{ sentAtMs: 1, readTo: 41 }]
  status = 500
  const { memories } = await poll({ carried: { raw, requests: { answeredTo: 40, failures } } })
  const failed = { sentAtMs: 5_000_000, readTo: 42 }
  expect(memories[0]?.carried).toEqual({ raw, requests: { answeredTo: 40, failures: [failed, ...failures] } })
})

test('a poll that Kafka will never take is an error, or upstream would get the same request for ever', async () => {
  const refused = new RefusedSend('Kafka will not take records for polls, to which our user may not write')
  await expect(poll({ remembered: () => Promise.reject(refused) })).rejects.toBe(refused)
  await expect(poll({ recorded: () => Promise.reject(refused) })).rejects.toBe(refused)
  const { polls } = await poll({ raw: () => Promise.reject(refused) })
  expect(polls).toMatchObject([{ outcome: 'failed', error: `the answer could not be kept: ${refused.message}` }])
})

test('without the lease nothing is written: neither the answer, nor the poll of an answer in raw', async () => {
  expect(await poll({ holds: () => false })).toEqual({ polled: undefined, raws: [], memories: [], polls: [] })
  const { raws, ...rest } = await poll({ holds: () => !events.includes('raw acknowledged') })
  expect(raws.length).toBe(1)
  expect(rest).toEqual({ polled: undefined, memories: [], polls: [] })
})

test('the same bytes again write no raw record, and are known later, whatever the clock says', async () => {
  const first = (await poll()).polls[0]!
  const known: KnownIdentity = {
    memory: { ...first.memory, lastGoodFetchedAt: 9_000_000, etag: null },
    host: first.host,
    polledAtMs: 0,
    polledMonotonicMs: 0,
    windowStartMs: 0,
  }
  const { raws, polls } = await poll({ known })
  expect(raws).toEqual([])
  expect(polls).toMatchObject([
    {
      outcome: 'unchanged',
      rawOffset: null,
      fetchedAt: 9_000_001,
      contentHash: first.contentHash,
      changesState: false,
    },
  ])
  status = 500
  const failed = await poll({ known })
  expect([first, ...failed.polls].map(({ changesState }) => changesState)).toEqual([true, true])
})

test('a dataset whose request cannot be made has a failed poll, and nothing worse', async () => {
  const broken = {
    ...dataset,
    asking: {
      ...dataset.asking,
      requestPath: () => {
        throw new Error('no such day')
      },
    },
  } as Dataset
  const { polls } = await poll({ dataset: broken })
  expect(polls).toMatchObject([{ outcome: 'failed', error: 'the request cannot be made: no such day', status: null }])
})

test('an ETag that stays while the bytes change is believed until the next UTC day only', async () => {
  const first = (await poll()).polls[0]!
  body = 'other rows'
  const heldFrom = (lastGoodFetchedAt: number): KnownIdentity => {
    const times = { polledAtMs: 0, polledMonotonicMs: 0, windowStartMs: 0 }
    return { memory: { ...first.memory, lastGoodFetchedAt }, host: first.host, ...times }
  }
  expect((await poll({ known: heldFrom(0) })).polls).toMatchObject([{ status: 304, outcome: 'unchanged' }])
  expect((await poll({ known: heldFrom(-1) })).polls).toMatchObject([{ status: 200, outcome: 'changed', rawOffset: 7 }])
  expect(asked.map((headers) => headers['if-none-match'])).toEqual([undefined, '"1"', undefined])
})

test('control characters of upstream’s reach neither the error nor what is shown of the answer', async () => {
  body = 'html\u001b[2J\u009b1m\r\nok'
  const unreadable = (await poll()).polls[0]
  expect(unreadable?.error).toBe('the answer cannot be read: no JSON�[2J�1m��ok')
  status = 500
  const failed = (await poll()).polls[0]
  expect(failed).toMatchObject({ error: 'HTTP 500: html�[2J�1m', errorBody: 'html�[2J�1m��ok' })
})

test('a tick keeps every good answer, also the same again, and asks without validators', async () => {
  const first = (await poll({ intervalMs: 10_000 })).polls[0]!
  const known: KnownIdentity = {
    memory: first.memory,
    host: first.host,
    polledAtMs: 0,
    polledMonotonicMs: 0,
    windowStartMs: 0,
  }
  const { raws, polls } = await poll({ intervalMs: 10_000, known })
  expect(raws.length).toBe(1)
  expect(polls).toMatchObject([{ outcome: 'changed', rawOffset: 7, contentHash: first.contentHash }])
  expect(asked.map((headers) => headers['if-none-match'])).toEqual([undefined, undefined])
})

test('a secret goes to the host and nowhere else', async () => {
  const { raws, polls } = await poll({ headers: { 'x-key': 'hush-hush' } })
  expect(asked.map((headers) => headers['x-key'])).toEqual(['hush-hush'])
  expect(JSON.stringify([raws, polls])).not.toContain('hush-hush')
})

test('what upstream says with an error is told with the poll', async () => {
  status = 400
  body = '{"code":-1003,"msg":"Way too many requests."}'
  const { raws, polls } = await poll()
  expect(raws).toEqual([])
  expect(polls).toMatchObject([
    { outcome: 'failed', status: 400, error: 'HTTP 400: Way too many requests. (-1003)', errorBody: body },
  ])
})

test('where the source reads the error, its words are told: they say what to do', async () => {
  body = '{"code":-1121,"msg":"Invalid symbol."}'
  const refused = await poll()
  expect(refused.raws.length).toBe(1)
  expect(refused.polls).toMatchObject([{ outcome: 'refused', error: 'no such symbol, see SYMBOLS' }])
  status = 400
  const failed = await poll()
  expect(failed.polls).toMatchObject([{ outcome: 'failed', error: 'HTTP 400: no such symbol, see SYMBOLS' }])
  // A source that only returns `refused`.
  status = 200
  body = 'no'
  expect((await poll()).polls).toMatchObject([{ outcome: 'refused', error: 'upstream refused the request: no' }])
})

test('a secret that upstream repeats in its words is told nowhere', async () => {
  status = 403
  body = '{"message":"no right for hush\\/hush"}'
  const { raws, polls } = await poll({ headers: { 'x-key': 'hush/hush' } })
  expect(polls).toMatchObject([{ error: 'HTTP 403: no right for ***', errorBody: '{"message":"no right for ***"}' }])
  expect(JSON.stringify([raws, polls])).not.toMatch(/hush/)
})

test('a pause that the answer asked for stands in its poll and in the memory of its host', async () => {
  status = 429
  const told = { pausedUntil: 12_200_000, pauseReason: '429, Retry-After 7200' }
  const { memories, polls } = await poll({ pause: { ...told, attempts: 3 } })
  expect(polls).toMatchObject([{ ...told, outcome: 'failed', status: 429 }])
  const pause = {
    until: 12_200_000,
    lengthMs: 7_200_000,
    reason: '429, Retry-After 7200',
    attempts: 3,
    recordedAt: null,
  }
  expect(memories.map((memory) => memory.pause)).toEqual([pause])
})
