import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addToTally, emptyTally, exceededLimit, type JudgedAnswer, parkingLimit } from './parking.ts'

const limit = { inARow: 4, share: 0.5, ofLast: 10, atLeast: 6 }
const ours = ['schema', 'type', 'step', 'bug']
const upstreams = ['not-json', 'upstream-rejected', 'outside-window', 'conflicting-rows', 'too-many-keys']
const minuteMs = 60_000

const tallyOf = (answers: JudgedAnswer[], within = limit) =>
  answers.reduce((tally, answer) => addToTally(tally, answer, within), emptyTally)
/** One answer each of as many requests. */
const ofRequests = (reasons: (string | undefined)[]): JudgedAnswer[] =>
  reasons.map((reason, index) => ({ requestIdentity: `request ${index}`, fetchedAt: index, reason }))
const tallyAfter = (reasons: (string | undefined)[]) => tallyOf(ofRequests(reasons))

/** Answers of one request at a fixed interval. */
const again = (requestIdentity: string, everyMinutes: number, times: number): JudgedAnswer[] =>
  Array.from({ length: times }, (_, index) => {
    return { requestIdentity, fetchedAt: index * everyMinutes * minuteMs, reason: 'type' }
  })
/** Merges answers by fetch time. */
const byTime = (...answers: JudgedAnswer[][]) =>
  answers.flat().toSorted((one, other) => one.fetchedAt - other.fetchedAt)
const well = (answers: JudgedAnswer[]) => answers.map((answer) => ({ ...answer, reason: undefined }))

/** Returns true if the answers park the dataset: the same rule, computed from the whole history. */
function shouldPark(answers: JudgedAnswer[]): boolean {
  const counting: (string | null)[] = []
  const last = new Map<string, number>()
  for (const { requestIdentity, fetchedAt, reason } of answers) {
    if (reason === undefined) counting.push(null)
    else if (ours.includes(reason) && !(fetchedAt < (last.get(requestIdentity) ?? -Infinity) + 60 * minuteMs)) {
      last.set(requestIdentity, fetchedAt)
      counting.push(requestIdentity)
    }
  }
  let row: string[] = []
  for (const request of counting) row = request === null ? [] : [...row, request]
  const newest = counting.slice(-10)
  const bad = newest.filter((request) => request !== null)
  const several = (requests: string[]) => requests.some((request) => request !== requests[0])
  return (row.length >= 4 && several(row)) || (newest.length >= 6 && bad.length * 2 > newest.length && several(bad))
}

describe('a dataset is parked', () => {
  test('after so many refusals in a row, however few answers there were', () => {
    expect(exceededLimit(tallyAfter(['bug', 'type', 'step']), limit)).toBeUndefined()
    expect(exceededLimit(tallyAfter(['bug', 'type', 'step', 'schema']), limit)).toBe('4 answers in a row were refused')
  })
  test('when more than the share of the newest were refused', () => {
    const half = ['bug', undefined, 'bug', undefined, 'bug', undefined]
    expect(exceededLimit(tallyAfter(half), limit)).toBeUndefined()
    expect(exceededLimit(tallyAfter([...half, 'bug']), limit)).toBe('4 of the last 7 answers were refused')
  })
  test('never for what is upstream’s fault, which breaks no run either', () => {
    expect(
      exceededLimit(tallyAfter(Array.from({ length: 100 }, (_, index) => upstreams[index % 5])), limit),
    ).toBeUndefined()
    expect(
      exceededLimit(tallyAfter(['bug', 'not-json', 'bug', 'not-json', 'bug', 'not-json', 'bug']), limit),
    ).toBeDefined()
  })
  test('after twenty in a row, or when more than half of fifty to two hundred were refused', () => {
    const limitPast = (reasons: (string | undefined)[]) => exceededLimit(tallyOf(ofRequests(reasons), parkingLimit))
    const run = (length: number) => Array.from({ length }, () => 'bug')
    expect(limitPast(run(19))).toBeUndefined()
    expect(limitPast(run(20))).toBeDefined()
    const twoOfThree = (length: number) => Array.from({ length }, (_, index) => (index % 3 > 0 ? 'bug' : undefined))
    expect(limitPast(twoOfThree(49))).toBeUndefined()
    expect(limitPast(twoOfThree(50))).toBeDefined()
    const everyOther = (length: number) => Array.from({ length }, (_, index) => (index % 2 === 0 ? 'bug' : undefined))
    expect(limitPast(everyOther(390))).toBeUndefined()
  })
  test('by the rule, whatever the history', () => {
    const answer = fc.record({
      requestIdentity: fc.constantFrom('a', 'b', 'c', 'd'),
      reason: fc.option(fc.constantFrom(...ours, ...upstreams), { nil: undefined }),
      minutes: fc.constantFrom(-70, 0, 1, 25, 59, 60, 61),
    })
    fc.assert(
      fc.property(fc.array(answer, { maxLength: 60 }), (steps) => {
        let fetchedAt = 0
        const answers = steps.map(({ minutes, ...rest }) => {
          fetchedAt += minutes * minuteMs
          return { ...rest, fetchedAt }
        })
        expect(exceededLimit(tallyOf(answers), limit) !== undefined).toBe(shouldPark(answers))
      }),
      { numRuns: 2_000 },
    )
  })
  test('by a tally that does not grow without end', () => {
    expect(tallyAfter(Array.from({ length: 1_000 }, () => undefined)).answers.length).toBe(10)
    expect(tallyAfter(Array.from({ length: 2_100 }, () => 'bug')).countedAtMs.size).toBe(2_000)
  })
})

describe('a request that is refused again and again', () => {
  const secondly = 1 / 6
  test('counts once an hour', () => {
    const two = byTime(again('BTC-USD', secondly, 6 * 60), again('ETH-USD', secondly, 6 * 60))
    expect(tallyOf(two).answers).toEqual(['BTC-USD', 'ETH-USD'])
    expect(exceededLimit(tallyOf(two), limit)).toBeUndefined()
    const longer = byTime(again('BTC-USD', secondly, 6 * 61), again('ETH-USD', secondly, 6 * 61))
    expect(exceededLimit(tallyOf(longer), limit)).toBe('4 answers in a row were refused')
  })
  test('parks nothing by itself, neither at every tick of days nor where the others have no news', () => {
    const bad = again('BTC-USD', secondly, 6 * 60 * 48)
    expect(exceededLimit(tallyOf(bad, parkingLimit))).toBeUndefined()
    expect(
      exceededLimit(tallyOf(byTime(bad, well(again('ETH-USD', secondly, 6 * 60 * 48))), parkingLimit)),
    ).toBeUndefined()
    expect(exceededLimit(tallyOf(byTime(bad, well(again('ETH-USD', 60 * 12, 4))), parkingLimit))).toBeUndefined()
  })
})
