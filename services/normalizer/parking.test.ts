import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { counted, emptyTally, pastLimit } from './parking.ts'

const limit = { inARow: 4, share: 0.5, ofLast: 10, atLeast: 6 }
const ours = ['schema', 'type', 'step', 'bug']
const upstreams = ['not-json', 'upstream-rejected', 'outside-window', 'conflicting-rows', 'too-many-keys']

const tallyAfter = (reasons: (string | undefined)[]) =>
  reasons.reduce((tally, reason) => counted(tally, reason, limit), emptyTally)

/** The rule once more, the long way round, over the whole history. */
function shouldPark(reasons: (string | undefined)[]): boolean {
  const counting = reasons.filter((reason) => reason === undefined || ours.includes(reason))
  let run = 0
  for (const reason of counting) run = reason === undefined ? 0 : run + 1
  const last = counting.slice(-10)
  return run >= 4 || (last.length >= 6 && last.filter((reason) => reason !== undefined).length * 2 > last.length)
}

describe('a dataset is parked', () => {
  test('after so many refusals in a row, however few answers there were', () => {
    expect(pastLimit(tallyAfter(['bug', 'type', 'step']), limit)).toBeUndefined()
    expect(pastLimit(tallyAfter(['bug', 'type', 'step', 'schema']), limit)).toBe('4 answers in a row were refused')
  })
  test('when more than the share of the newest were refused', () => {
    const half = ['bug', undefined, 'bug', undefined, 'bug', undefined]
    expect(pastLimit(tallyAfter(half), limit)).toBeUndefined()
    expect(pastLimit(tallyAfter([...half, 'bug']), limit)).toBe('4 of the last 7 answers were refused')
  })
  test('never for what is upstream’s fault, which breaks no run either', () => {
    expect(
      pastLimit(tallyAfter(Array.from({ length: 100 }, (_, index) => upstreams[index % 5])), limit),
    ).toBeUndefined()
    expect(pastLimit(tallyAfter(['bug', 'not-json', 'bug', 'not-json', 'bug', 'not-json', 'bug']), limit)).toBeDefined()
  })
  test('after twenty in a row, or when more than half of fifty to two hundred were refused', () => {
    const run = (length: number) => Array.from({ length }, () => true)
    expect(pastLimit(run(19))).toBeUndefined()
    expect(pastLimit(run(20))).toBeDefined()
    const twoOfThree = (length: number) => Array.from({ length }, (_, index) => index % 3 > 0)
    expect(pastLimit(twoOfThree(49))).toBeUndefined()
    expect(pastLimit(twoOfThree(50))).toBeDefined()
    expect(
      pastLimit([...run(190).map((_, index) => index % 2 === 0), ...run(200).map((_, index) => index % 2 === 0)]),
    ).toBeUndefined()
  })
  test('by the rule, whatever the history', () => {
    const reason = fc.option(fc.constantFrom(...ours, ...upstreams), { nil: undefined })
    fc.assert(
      fc.property(fc.array(reason, { maxLength: 60 }), (reasons) => {
        expect(pastLimit(tallyAfter(reasons), limit) !== undefined).toBe(shouldPark(reasons))
      }),
      { numRuns: 1_000 },
    )
  })
  test('by a tally that does not grow without end', () => {
    expect(tallyAfter(Array.from({ length: 1_000 }, () => undefined)).length).toBe(10)
  })
})
