import { describe, expect, test } from 'vitest'
import type { Poll, PollRequest } from '#schemas/generated/records.ts'
import { createRequests, requestAttempts } from './requests.ts'

const request: PollRequest = {
  requestIdentity: 'i',
  dataset: 'a',
  windowStart: 0,
  windowEnd: 1,
  requestedAt: 0,
  requestedBy: 'test',
  liftsPauseOf: null,
}
const poll = (outcome: string, sentAt: number, durationMs = 100) =>
  ({ requestIdentity: 'i', outcome, sentAt, durationMs }) as Poll
const asked = { partition: 0, offset: 7, writtenAtMs: 50_000 }

test('a request is open until its window was polled since it was written', () => {
  const requests = createRequests()
  requests.polled(poll('changed', 1), 49_000)
  requests.ask(request, asked)
  expect(requests.open()).toMatchObject([{ request: { requestIdentity: 'i' }, attempts: 0 }])
  requests.polled(poll('unchanged', 2), 50_100)
  expect(requests.open()).toEqual([])
})

test('a poll that was sent before the request was written does not answer it', () => {
  const requests = createRequests()
  requests.ask(request, asked)
  requests.polled(poll('changed', 1, 2_000), 51_000)
  expect(requests.open().length).toBe(1)
})

test('any answer answers it, also one that is of no use', () => {
  for (const outcome of ['changed', 'unchanged', 'empty', 'emptied', 'refused', 'unreadable']) {
    const requests = createRequests()
    requests.ask(request, asked)
    requests.polled(poll(outcome, 1), 60_000)
    expect(requests.open()).toEqual([])
  }
})

test('failures are counted since the request, each once, and end it when they are too many', () => {
  const requests = createRequests()
  requests.polled(poll('failed', 1), 40_000)
  requests.ask(request, asked)
  for (let attempt = 1; attempt < requestAttempts; attempt++) {
    requests.polled(poll('failed', 100 + attempt), 60_000 + attempt)
    requests.polled(poll('failed', 100 + attempt), 60_000 + attempt)
    expect(requests.open()).toMatchObject([{ attempts: attempt }])
  }
  requests.polled(poll('failed', 999), 70_000)
  expect(requests.open()).toEqual([])
})

test('a new request opens it again; reading the old ones again does not', () => {
  const requests = createRequests()
  requests.ask(request, asked)
  requests.polled(poll('changed', 1), 60_000)
  requests.ask(request, asked)
  expect(requests.open()).toEqual([])
  requests.ask(request, { partition: 0, offset: 8, writtenAtMs: 70_000 })
  requests.ask(request, asked)
  expect(requests.open()).toMatchObject([{ request: { writtenAtMs: 70_000 } }])
})

describe('when the clock steps back between request and poll', () => {
  test('a poll of this process that began after it had read the request answers it', () => {
    const requests = createRequests()
    requests.ask(request, asked)
    requests.polled(poll('changed', 1), 10_000, requests.newestOffset('i'))
    expect(requests.open()).toEqual([])
  })
  test('and failures count, so that it is not tried for ever', () => {
    const requests = createRequests()
    requests.ask(request, asked)
    for (let attempt = 0; attempt < requestAttempts; attempt++) {
      requests.polled(poll('failed', attempt), 10_000, requests.newestOffset('i'))
    }
    expect(requests.open()).toEqual([])
  })
})

test('a request for an upstream at another address is newer by its time, whatever its offset there', () => {
  const requests = createRequests()
  requests.ask(request, asked)
  requests.polled(poll('changed', 1), 60_000, 7)
  requests.ask(request, { partition: 3, offset: 0, writtenAtMs: 70_000 })
  expect(requests.open()).toMatchObject([{ attempts: 0 }])
  requests.ask(request, asked)
  expect(requests.newestOffset('i')).toBe(0)
  requests.polled(poll('changed', 2), 80_000, 0)
  expect(requests.open()).toEqual([])
})
