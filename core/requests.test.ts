import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Poll, PollRequest } from '#schemas/generated/records.ts'
import { pollPartitions } from '#schemas/topics.ts'
import { partitionOfHost } from './host.ts'
import { createRequests, noRequests, type RequestPlace, requestAttempts, requestsAfter } from './requests.ts'

const request: PollRequest = {
  requestIdentity: 'i',
  dataset: 'a',
  windowStart: 0,
  windowEnd: 1,
  requestedAt: 0,
  requestedBy: 'test',
  liftsPauseOf: null,
  confirmsEmpty: false,
}
const host = 'h'
const partition = partitionOfHost(host, pollPartitions)
/** A poll whose poller had read the requests before `requestsReadTo`. */
const poll = (outcome: string, requestsReadTo: number | null, sentAt = 1) =>
  ({ requestIdentity: 'i', host, outcome, sentAt, requestsReadTo }) as Poll
const asked = { partition, offset: 7 }

test('a request is open until a poll came whose poller had read it', () => {
  const requests = createRequests()
  requests.addPoll(poll('changed', 7))
  requests.addRequest(request, asked)
  expect(requests.open()).toEqual([{ request, at: asked, attempts: 0 }])
  requests.addPoll(poll('unchanged', 8))
  expect(requests.open()).toEqual([])
})

test('a request that confirms an empty answer still does after a plain request for the window, until a poll came', () => {
  const records = [
    { request: { ...request, confirmsEmpty: true }, at: { partition, offset: 3 } },
    { request, at: asked },
  ]
  for (const order of [records, records.toReversed()]) {
    const requests = createRequests()
    for (const { request, at } of order) requests.addRequest(request, at)
    expect(requests.open()).toEqual([{ request: { ...request, confirmsEmpty: true }, at: asked, attempts: 0 }])
    requests.addPoll(poll('changed', 4))
    expect(requests.open()).toEqual([{ request, at: asked, attempts: 0 }])
  }
})

test('a request that confirms an empty answer and failed too often confirms no later answer', () => {
  const requests = createRequests()
  requests.addRequest({ ...request, confirmsEmpty: true }, { partition, offset: 3 })
  for (let sentAt = 1; sentAt <= 5; sentAt++) requests.addPoll(poll('failed', 4, sentAt))
  expect(requests.open()).toEqual([])
  requests.addRequest(request, asked)
  expect(requests.open()).toEqual([{ request, at: asked, attempts: 0 }])
})

test('a poll that was sent before its poller read the request does not answer it, however late it is written', () => {
  const requests = createRequests()
  requests.addRequest(request, asked)
  requests.addPoll(poll('changed', 7))
  requests.addPoll(poll('changed', null))
  expect(requests.open().length).toBe(1)
})

test('any answer closes a request, also a refusal or an unreadable one', () => {
  for (const outcome of ['changed', 'unchanged', 'empty', 'emptied', 'refused', 'unreadable']) {
    const requests = createRequests()
    requests.addRequest(request, asked)
    requests.addPoll(poll(outcome, 8))
    expect(requests.open()).toEqual([])
  }
})

test('failures are counted since the request was read, each once, and end it when they are too many', () => {
  const requests = createRequests()
  requests.addPoll(poll('failed', 7, 1))
  requests.addRequest(request, asked)
  for (let attempt = 1; attempt < requestAttempts; attempt++) {
    requests.addPoll(poll('failed', 8, 100 + attempt))
    requests.addPoll(poll('failed', 8, 100 + attempt))
    expect(requests.open()).toMatchObject([{ attempts: attempt }])
  }
  requests.addPoll(poll('failed', 8, 999))
  expect(requests.open()).toEqual([])
})

test('a new request opens it again; reading the old ones again does not', () => {
  const requests = createRequests()
  requests.addRequest(request, asked)
  requests.addPoll(poll('changed', 8))
  requests.addRequest(request, asked)
  expect(requests.open()).toEqual([])
  requests.addRequest(request, { partition, offset: 8 })
  requests.addRequest(request, asked)
  expect(requests.open()).toMatchObject([{ at: { offset: 8 } }])
})

test('the next offset to read is known in the partition of each host', () => {
  const requests = createRequests()
  expect(requests.readTo(host)).toBe(0)
  requests.addRequest(request, asked)
  requests.addRequest(request, { partition, offset: 3 })
  requests.addRequest(request, { partition: (partition + 1) % pollPartitions, offset: 99 })
  expect(requests.readTo(host)).toBe(8)
})

describe('a request for the upstream at another address', () => {
  const elsewhere = { partition: (partition + 1) % pollPartitions, offset: 2 }
  test('is not answered by polls of this address', () => {
    const requests = createRequests()
    requests.addRequest(request, asked)
    requests.addRequest(request, elsewhere)
    requests.addPoll(poll('changed', 8))
    expect(requests.openOf('i')).toEqual([{ request, at: elsewhere, attempts: 0 }])
  })
  test('is answered when this process polled the window for it, and ends after as many failures', () => {
    const requests = createRequests()
    requests.addRequest(request, elsewhere)
    const open = requests.openOf('i')
    requests.addPoll(poll('changed', 0), open)
    expect(requests.open()).toEqual([])
    requests.addRequest(request, { ...elsewhere, offset: 3 })
    for (let attempt = 0; attempt < requestAttempts; attempt++) {
      requests.addPoll(poll('failed', 0, attempt), requests.openOf('i'))
    }
    expect(requests.open()).toEqual([])
  })
})

test('in whatever order and however often records are read, a request is open until a poll had read it', () => {
  type Read = { ask: number } | { readTo: number; failed: boolean; sentAt: number }
  const read = fc.oneof(
    fc.record({ ask: fc.nat(9) }),
    fc.record({ readTo: fc.nat(10), failed: fc.boolean(), sentAt: fc.nat(9) }),
  )
  const readAll = (records: Read[]) => {
    const requests = createRequests()
    for (const record of records) {
      if ('ask' in record) requests.addRequest(request, { partition, offset: record.ask })
      else requests.addPoll(poll(record.failed ? 'failed' : 'changed', record.readTo, record.sentAt))
    }
    return requests.open().map(({ at, attempts }): RequestPlace & { attempts: number } => ({ ...at, attempts }))
  }
  fc.assert(
    fc.property(
      fc.uniqueArray(read, { selector: (each) => ('sentAt' in each ? each.sentAt : `${each.ask}`) }),
      (once) => {
        const newest = Math.max(...once.map((each) => ('ask' in each ? each.ask : -1)))
        const since = once.flatMap((each) => ('readTo' in each && each.readTo > newest ? [each] : []))
        const failed = since.filter((each) => each.failed).length
        const done = newest < 0 || failed < since.length || failed >= requestAttempts
        const expected = done ? [] : [{ partition, offset: newest, attempts: failed }]
        expect(readAll(once)).toEqual(expected)
        expect(readAll([...once.toReversed(), ...once])).toEqual(expected)
        // Another process reads the requests, and the memory that these polls left.
        const polls = once.flatMap((each) =>
          'readTo' in each ? [poll(each.failed ? 'failed' : 'changed', each.readTo, each.sentAt)] : [],
        )
        const requests = createRequests()
        const asks = () => {
          for (const each of once) if ('ask' in each) requests.addRequest(request, { partition, offset: each.ask })
        }
        asks()
        for (let first = polls.length; first >= 0; first--) {
          requests.addProgress('i', host, polls.slice(0, first).reduce(requestsAfter, noRequests))
        }
        asks()
        expect(requests.open().map(({ at, attempts }) => ({ ...at, attempts }))).toEqual(expected)
      },
    ),
  )
})
