import { expect, test, vi } from 'vitest'
import { keepsUp, startHeartbeat } from './heartbeat.ts'

const at = (end: number, done: number) => ({ ends: new Map([['t/0', end]]), committed: new Map([['t/0', done]]) })

test.each([
  ['all is done', at(5, 5), at(5, 5), true],
  ['what stood there is done, and more has come', at(5, 2), at(9, 5), true],
  ['it goes on', at(100, 2), at(200, 40), true],
  ['nothing is done of what stood there', at(5, 2), at(9, 2), false],
  ['nothing was ever done', at(5, -1), at(5, -1), false],
  ['nothing was ever there', at(0, -1), at(0, -1), true],
])('%s', (_, before, now, expected) => {
  expect(keepsUp(before, now)).toBe(expected)
})

test('it beats while the groups keep up, and not while Kafka is away', async () => {
  vi.useFakeTimers()
  try {
    let done = 5
    let isAway = false
    const beats: number[] = []
    const by = (offset: () => number) => async () => {
      if (isAway) throw new Error('Kafka is away')
      return new Map([['t', new Map([[0, offset()]])]])
    }
    const offsets = { ends: by(() => 5), committed: by(() => done) }
    const log = { warn: vi.fn() }
    const heartbeat = startHeartbeat(offsets, [{ group: 'g', topics: ['t'] }], log, () => beats.push(1))
    await vi.advanceTimersByTimeAsync(1)
    expect(beats).toHaveLength(1)
    done = 3
    await vi.advanceTimersByTimeAsync(20_000)
    expect(beats).toHaveLength(1)
    expect(log.warn).toHaveBeenCalled()
    done = 5
    await vi.advanceTimersByTimeAsync(10_000)
    expect(beats).toHaveLength(2)
    isAway = true
    await vi.advanceTimersByTimeAsync(30_000)
    expect(beats).toHaveLength(2)
    heartbeat.stop()
  } finally {
    vi.useRealTimers()
  }
})
