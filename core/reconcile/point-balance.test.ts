import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AnswerContent, balanceOf, type StoredRows } from './point-balance.ts'

const content = (points: number, transformVersion = 1, over: Partial<AnswerContent> = {}): AnswerContent => ({
  ...{ points, transformVersion, replaces: true, partition: 0, offset: 0 },
  ...over,
})
const part = (points: number, transformVersion: number, offset: number) =>
  content(points, transformVersion, { replaces: false, offset })
const rows = (...byVersion: number[]): StoredRows[] =>
  byVersion.map((rows, index) => ({ rows, transformVersion: index + 1 }))

describe('an answer of one content', () => {
  test.each([
    ['has a row for each point', content(3), rows(3), [3, 3, 0, 0]],
    ['lacks two', content(3), rows(1), [3, 1, 2, 0]],
    ['lacks all', content(3), [], [3, 0, 3, 0]],
    ['has one in excess', content(3), rows(4), [3, 4, 0, 1]],
    ['has no points, as a window that is confirmed empty', content(0), [], [0, 0, 0, 0]],
    // A replay has stored its points already, and its answer not yet. Its code yields one point more.
    ['is being replayed', content(3), rows(1, 3), [3, 4, 0, 1]],
    // A replay that has not erased yet: newer code yields two points less.
    ['was replayed, and its older rows are not erased yet', content(1, 2), rows(2, 1), [1, 1, 0, 2]],
    [
      'lacks a row of the newer version, although one of the older version is there',
      content(2, 2),
      rows(1, 1),
      [2, 1, 1, 1],
    ],
  ])('%s', (_, one, stored, [expected, found, missing, surplus]) => {
    expect(balanceOf([one], stored)).toEqual({ expected, found, missing, surplus })
  })
})

describe('an answer of which parts were sent back', () => {
  // Version 1 refused two markets of the answer: one altogether, and one figure of the other. Newer code reads them.
  const contents = [content(10, 1, { replaces: false }), part(4, 2, 5), part(3, 2, 6)]
  test.each([
    // The second part names two points of the answer again: 10 + 4 + 1 points.
    ['has all', rows(8, 7), 0],
    ['lacks a point of a part', rows(8, 6), 1],
    ['lacks points of the answer: only what the parts cannot have named again is known to be missing', rows(0, 7), 3],
    ['lacks all', [], 10],
  ])('%s', (_, stored, missing) => {
    expect(balanceOf(contents, stored)).toMatchObject({ missing, surplus: 0 })
  })

  test('has rows that no content can have named', () => {
    expect(balanceOf(contents, rows(11, 7))).toMatchObject({ expected: 17, found: 18, missing: 0, surplus: 1 })
  })

  test('was replayed with its parts: the answer names what the parts name', () => {
    const replayed = contents.map((each, at) => ({ ...each, transformVersion: 3, points: [15, 4, 3][at]! }))
    expect(balanceOf(replayed, rows(0, 0, 15))).toMatchObject({ expected: 15, missing: 0, surplus: 0 })
    expect(balanceOf(replayed, rows(0, 0, 14))).toMatchObject({ expected: 15, missing: 1 })
  })

  test('replaced the same millisecond: what both name has one row', () => {
    const both = [content(3), content(4, 2, { offset: 1 })]
    expect(balanceOf(both, rows(0, 4))).toMatchObject({ expected: 4, missing: 0, surplus: 0 })
    expect(balanceOf(both, rows(3, 4))).toMatchObject({ expected: 7, missing: 0, surplus: 0 })
  })
})

/** An answer with markets. `refusedBy` older code are the last figures of a market: all of them, or some. */
const market = fc
  .record({
    figures: fc.integer({ min: 1, max: 4 }),
    refused: fc.nat({ max: 4 }),
    sentBackAt: fc.constantFrom(0, 2, 3),
  })
  .map(({ figures, refused, sentBackAt }) => ({ figures, refused: Math.min(figures, refused), sentBackAt }))
const answer = fc.record({
  markets: fc.array(market, { minLength: 1, maxLength: 4 }),
  /** The version that reads the answer and its parts again, if any, and whether it still finds the answer in raw. */
  replayedBy: fc.option(fc.constantFrom(3, 4), { nil: undefined }),
  isRawKept: fc.boolean(),
  removed: fc.array(fc.nat(), { maxLength: 3 }),
})

test('of any answer nothing is missing while all rows are there, and never more than was removed', () => {
  fc.assert(
    fc.property(answer, ({ markets, replayedBy, isRawKept, removed }) => {
      const contents: AnswerContent[] = []
      const versionOf = new Map<string, number>()
      const read = (offset: number, version: number, points: string[]) => {
        if (points.length === 0) return
        contents.push({ ...part(points.length, version, offset), offset })
        for (const point of points) versionOf.set(point, Math.max(versionOf.get(point) ?? 0, version))
      }
      const figuresOf = (at: number, from = 0) =>
        Array.from({ length: markets[at]!.figures }, (_, figure) => `${at}.${figure}`).slice(from)
      const whole = replayedBy !== undefined && isRawKept ? replayedBy : 1
      read(
        0,
        whole,
        markets.flatMap(({ figures, refused }, at) => figuresOf(at).slice(0, whole > 1 ? figures : figures - refused)),
      )
      markets.forEach(({ refused, sentBackAt }, at) => {
        if (refused > 0 && sentBackAt > 0) read(at + 1, replayedBy ?? sentBackAt, figuresOf(at))
      })
      if (contents.length === 0) return
      const left = [...versionOf].filter((_, index) => !removed.some((each) => each % versionOf.size === index))
      const stored = [...Map.groupBy(left, ([, version]) => version)].map(([transformVersion, { length }]) => {
        return { transformVersion, rows: length }
      })
      const { missing, surplus, expected, found } = balanceOf(contents, stored)
      expect(surplus).toBe(0)
      expect(expected).toBe(found + missing)
      const gone = versionOf.size - left.length
      if (contents.length === 1) expect(missing).toBe(gone)
      expect(missing).toBeLessThanOrEqual(gone)
    }),
    { numRuns: 2_000 },
  )
})
