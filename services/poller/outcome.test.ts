import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { noMemory } from '#core/poll-memory.ts'
import type { Coverage } from '#sources/source.ts'
import { isNewAnswer, judgeAnswer, judgeFailure, judgeNotModified, knownAtMs } from './outcome.ts'

const answer = (contentHash: string) => ({ contentHash, etag: '"e"', lastModified: 'Mon' })
const coverages: (Coverage | undefined)[] = ['complete', 'partial', 'empty', 'refused', undefined]

test('each coverage has its outcome, for new bytes and for the same', () => {
  const outcomes = (memory: typeof noMemory, hash: string) =>
    coverages.map((coverage) => judgeAnswer(memory, answer(hash), coverage, 5).outcome)
  expect(outcomes(noMemory, 'x')).toEqual(['changed', 'changed', 'empty', 'refused', 'unreadable'])
  const had = { ...noMemory, lastGoodHash: 'x', lastGoodFetchedAt: 1, hadRows: true }
  expect(outcomes(had, 'x')).toEqual(['unchanged', 'unchanged', 'emptied', 'refused', 'unreadable'])
  expect(outcomes(had, 'y')).toEqual(['changed', 'changed', 'emptied', 'refused', 'unreadable'])
})

describe('a window whose rows go and come back', () => {
  const first = judgeAnswer(noMemory, answer('rows'), 'complete', 10).memory
  const emptied = judgeAnswer(first, answer('[]'), 'empty', 20)
  test('[] is emptied and goes to raw, the second [] is emptied and does not', () => {
    expect(isNewAnswer(first, '[]')).toBe(true)
    expect(emptied).toMatchObject({
      outcome: 'emptied',
      memory: { lastChangedAt: 20, hadRows: true, completeness: 'empty' },
    })
    expect(isNewAnswer(emptied.memory, '[]')).toBe(false)
    expect(judgeAnswer(emptied.memory, answer('[]'), 'empty', 30)).toMatchObject({
      outcome: 'emptied',
      memory: { lastChangedAt: 20, lastGoodFetchedAt: 30 },
    })
  })
  test('the same rows again are a change', () => {
    expect(isNewAnswer(emptied.memory, 'rows')).toBe(true)
    expect(judgeAnswer(emptied.memory, answer('rows'), 'complete', 40).outcome).toBe('changed')
  })
})

test('validators are kept only for answers with rows, because a 304 would hide an error page', () => {
  const kept = (coverage: Coverage | undefined) => judgeAnswer(noMemory, answer('x'), coverage, 5).memory.etag
  expect(coverages.map(kept)).toEqual(['"e"', '"e"', null, null, null])
})

test('an answer that cannot be read does not touch what is known of the window’s completeness', () => {
  const partial = judgeAnswer(noMemory, answer('x'), 'partial', 5).memory
  expect(judgeAnswer(partial, answer('y'), undefined, 6).memory).toMatchObject({
    completeness: 'partial',
    hadRows: true,
  })
  // The completeness stays unknown, so the window is polled on.
  expect(judgeAnswer(noMemory, answer('y'), undefined, 6)).toMatchObject({
    outcome: 'unreadable',
    memory: { completeness: null },
  })
})

test('a failure changes nothing but the count, and the next good answer ends the count', () => {
  const good = judgeAnswer(noMemory, answer('x'), 'complete', 5).memory
  const failed = judgeFailure(judgeFailure(good).memory)
  expect(failed).toEqual({ outcome: 'failed', memory: { ...good, failures: 2 } })
  expect(judgeNotModified(failed.memory, 9)).toEqual({
    outcome: 'unchanged',
    memory: { ...good, failures: 0, lastGoodFetchedAt: 9 },
  })
})

test('whatever the clock says, each answer of an identity is known at least 1 ms after the one before', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 2 }), (lastBytes) => {
      let memory = noMemory
      let before = Number.NEGATIVE_INFINITY
      for (const [index, lastByteAtMs] of lastBytes.entries()) {
        const knownAt = knownAtMs(memory, lastByteAtMs)
        expect(knownAt).toBeGreaterThanOrEqual(Math.max(before + 1, lastByteAtMs))
        expect(knownAt).toBeLessThanOrEqual(Math.max(before + 1, lastByteAtMs))
        memory = judgeAnswer(memory, answer(String(index)), 'complete', knownAt).memory
        before = knownAt
      }
    }),
  )
})
