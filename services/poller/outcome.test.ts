import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { noMemory } from '#core/poll-memory.ts'
import type { Coverage } from '#sources/source.ts'
import {
  changesState,
  isNewAnswer,
  type Judgement,
  judgeAnswer,
  judgeFailure,
  judgeNotModified,
  knownAtMs,
} from './outcome.ts'

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

describe('whether a poll changes what is known of its window', () => {
  type Answer = { body: string; coverage: Coverage | undefined }
  const coverageOf: Record<string, Coverage | undefined> = {
    ...{ rows: 'complete', others: 'complete', half: 'partial', '[]': 'empty', '[ ]': 'empty', no: 'refused' },
    html: undefined,
  }
  type Step = 'failure' | 'not modified' | 'confirmed' | Answer
  const step = fc.oneof(
    fc.constantFrom<Step[]>('failure', 'not modified', 'confirmed'),
    fc.constantFrom(...Object.keys(coverageOf)).map((body): Step => ({ body, coverage: coverageOf[body] })),
  )

  /** Judges the steps as the poller does. Returns for each whether it changes the state. */
  function byPoller(steps: Step[]): boolean[] {
    let memory: typeof noMemory | undefined
    return steps.map((each, index) => {
      const before = memory ?? noMemory
      const answer = typeof each === 'object' ? each : { body: '[]', coverage: 'empty' as const }
      const confirms = each === 'confirmed' && before.hadRows && !before.emptyConfirmed
      const isKept =
        typeof each === 'object' || each === 'confirmed' ? answer.body !== before.lastGoodHash || confirms : false
      const judged: Judgement =
        each === 'failure'
          ? judgeFailure(before)
          : each === 'not modified'
            ? judgeNotModified(before, index)
            : judgeAnswer(
                before,
                { ...answer, contentHash: answer.body, etag: null, lastModified: null },
                answer.coverage,
                index,
                isKept,
                confirms,
              )
      const changes = changesState(memory, judged.memory, isKept)
      memory = judged.memory
      return changes
    })
  }

  /** What somebody notes who hears of every poll: the kept answers, the failures, what the window says and is. */
  function byReader(steps: Step[]): boolean[] {
    const notes: string[] = []
    let [kept, failing, completeness, hadRows, confirmed] = [[] as string[], 0, 'unknown', false, false]
    return steps.map((each) => {
      if (each === 'failure') failing += 1
      else {
        failing = 0
        const body = each === 'not modified' ? kept.at(-1) : each === 'confirmed' ? '[]' : each.body
        if (each === 'confirmed' && hadRows && !confirmed) {
          kept = [...kept, '[]']
          confirmed = true
        } else if (body !== undefined && body !== kept.at(-1)) kept = [...kept, body]
        const coverage = body === undefined ? undefined : coverageOf[body]
        if (each !== 'not modified' && coverage !== undefined) {
          completeness = coverage
          const isRows = coverage === 'complete' || coverage === 'partial'
          if (isRows || (coverage === 'empty' && !hadRows)) confirmed = false
          hadRows ||= isRows
        }
      }
      const note = JSON.stringify([kept, failing, completeness, confirmed])
      const isNews = note !== notes.at(-1)
      notes.push(note)
      return isNews
    })
  }

  test('is true exactly where a reader of all polls has something new to note', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        const [, ...later] = byReader(steps)
        // The first poll of an identity is always news.
        expect(byPoller(steps)).toEqual([true, ...later])
      }),
      { numRuns: 1_000 },
    )
  })

  test('of an empty or refused window is true once, and again when it fails or is back', () => {
    const empty: Step = { body: '[]', coverage: 'empty' }
    const refused: Step = { body: 'no', coverage: 'refused' }
    expect(byPoller([empty, empty, empty, refused, refused, 'failure', 'failure', refused, refused])).toEqual([
      ...[true, false, false, true, false, true, true, true, false],
    ])
  })

  test('of a window in pages is true where a page changed, although no answer of the window itself went to raw', () => {
    const before = { ...noMemory, lastChangedAt: 5, completeness: 'complete', hadRows: true, countedRows: 25 }
    expect(changesState(before, { ...before, lastGoodFetchedAt: 9 }, false)).toBe(false)
    expect(changesState(before, { ...before, lastGoodFetchedAt: 9, lastChangedAt: 8 }, false)).toBe(true)
  })
})
